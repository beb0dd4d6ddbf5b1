"""`Parts`: plain arrays that cannot be changed."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.parts import Parts, frozen, plain, read_only
from tests.support import READERS

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


def test_frozen_is_an_equal_copy_that_cannot_be_written() -> None:
    """Neither the copy nor, through it, the original can change."""
    array = np.arange(3.0)
    kept = frozen(array)
    array[0] = 9
    assert kept.tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="read-only"):
        kept[0] = 1


def test_a_read_only_view_of_a_writable_array_is_copied() -> None:
    """A view that looks read-only can change through its base; what is kept cannot."""
    base = np.arange(4.0)
    view = base[:2]
    view.setflags(write=False)
    kept = frozen(view)
    base[0] = 9
    assert kept.tolist() == [0, 1]


def test_frozen_does_not_copy_twice() -> None:
    """An array that is read-only and owns its memory is taken as it is."""
    kept = frozen(np.arange(3.0))
    assert frozen(kept) is kept


def test_parts_count_their_floats_and_keep_their_own_copies() -> None:
    """The number of parameters is the number of values; arrays, mappings and lists are copied and frozen."""
    coef, listed = np.ones((1, 3)), ["a", "b", "c"]
    meta = {"features": listed}
    parts = Parts("linear", {"coef": coef, "intercept": np.zeros(1)}, {"ids": np.arange(2)}, meta)
    coef[:] = 7
    listed.append("d")
    meta["features"] = []
    assert parts.n_parameters == 4
    assert parts.values["coef"].tolist() == [[1, 1, 1]]
    assert parts.meta["features"] == ("a", "b", "c")
    assert not parts.structure["ids"].flags.writeable


@READERS
@given(JSON)
def test_plain_undoes_read_only(value: Any) -> None:
    """What was frozen is written to JSON exactly as it came."""
    assert plain(read_only(value)) == value
    assert json.loads(json.dumps(plain(read_only(value)))) == value


def test_read_only_goes_all_the_way_down() -> None:
    """A dict in a list in a dict cannot be changed either."""
    kept = read_only({"a": [{"b": [1]}]})
    with pytest.raises(TypeError):
        kept["a"][0]["b"] = 2
    assert kept["a"][0]["b"] == (1,)
