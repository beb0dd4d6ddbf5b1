"""Trees without child ids: nodes in preorder, one bit a node that says whether it is a leaf.

In preorder the left child of a split is the node after it, and its right child is the node after the end of its
left subtree. With h_i = (splits before i) - (leaves before i), which counts the right subtrees still owed at node i,
h grows by one at a split and shrinks by one at a leaf; the left subtree of a split i therefore ends where h first
returns to h_i: the right child of i is the first j > i with h_j = h_i. A tree starts at h = 0 and is over, and only
over, when h reaches -1. Trees that follow each other are told apart by adding the number of trees that are over.
"""

from __future__ import annotations

import numpy as np

from core.parts import Array


def starts(n_nodes: Array) -> Array:
    """Return the first node of every tree, shape (n_trees,)."""
    return np.asarray(np.cumsum(n_nodes, dtype=np.int64) - n_nodes)


def owed(leaf_map: Array, n_nodes: Array) -> Array:
    """Return h of every node: how many right subtrees of its tree are still owed when it is reached."""
    step = np.where(leaf_map, -1, 1).astype(np.int32)
    before = np.cumsum(step, dtype=np.int32) - step
    return np.asarray(before + np.repeat(np.arange(len(n_nodes), dtype=np.int32), n_nodes))


def is_proper(leaf_map: Array, n_nodes: Array) -> bool:
    """Tell whether every tree is whole: over at its last node, and not before."""
    h, first = owed(leaf_map, n_nodes), starts(n_nodes)
    # A last node that is a leaf and owes nothing is where h reaches -1.
    last = first + n_nodes - 1
    whole = leaf_map[last].all() and not h[last].any()
    return bool(whole and (np.minimum.reduceat(h, first) >= 0).all())


def right_children(leaf_map: Array, n_nodes: Array) -> Array:
    """Return the right child of every split, shape (n_nodes,), counted over all trees; a leaf has itself."""
    h = owed(leaf_map, n_nodes)
    # A stable sort by h puts every split right before its right child; 16 bits sort by counting.
    order = np.argsort(h.astype(np.int16) if h.max() < 2**15 else h, kind="stable")
    following = np.empty(len(leaf_map), dtype=np.intp)
    following[order[:-1]] = order[1:]
    return np.where(leaf_map, np.arange(len(leaf_map)), following)


def positions(left: Array, right: Array, first: Array) -> Array:
    """Return the place in preorder of every node, tree after tree, for children given by number (-1: a leaf).

    `first` holds the root of each tree. Levels from the bottom up give the size of every subtree, levels from the
    top down its place: a left child stands right behind its parent, a right child behind the left subtree.
    """
    levels = [first]
    while True:
        splits = levels[-1][left[levels[-1]] >= 0]
        if not splits.size:
            break
        levels.append(np.concatenate([left[splits], right[splits]]))
    size = np.ones(len(left), dtype=np.int64)
    for level in reversed(levels):
        splits = level[left[level] >= 0]
        size[splits] += size[left[splits]] + size[right[splits]]
    place = np.empty(len(left), dtype=np.int64)
    place[first] = np.cumsum(size[first]) - size[first]
    for level in levels:
        splits = level[left[level] >= 0]
        place[left[splits]] = place[splits] + 1
        place[right[splits]] = place[splits] + 1 + size[left[splits]]
    return place
