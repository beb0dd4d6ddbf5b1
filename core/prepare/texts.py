"""Columns of text: in a row stands the number of the category; the model gets a column of 0 and 1 for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.parts import Floats

# More than a menu can show, and more columns than most models can learn.
MOST_CATEGORIES = 100
QUANTILES = np.linspace(0, 1, 21)
QUANTILES.setflags(write=False)


@dataclass(frozen=True)
class Text:
    """The text feature number `feature`: its categories, and the share of the training rows that has each.

    A category that no training row has gets no column, and neither has a text that is no category: all its
    columns are 0. The shares of a feature with missing texts add up to less than 1.
    """

    feature: int
    categories: tuple[str, ...]
    shares: tuple[float, ...]

    @property
    def seen(self) -> tuple[int, ...]:
        """The numbers of the categories that occur on the training rows: one column each."""
        return tuple(i for i, share in enumerate(self.shares) if share > 0)

    def columns(self, codes: Floats) -> Floats:
        """Return a column of 0 and 1 for each seen category, (n, k), from the numbers of categories (n,)."""
        return np.asarray(codes[:, None] == np.array(self.seen, np.float64), np.float64)


def texts_of(rows: Floats, categories: Sequence[Sequence[str]]) -> tuple[Text, ...]:
    """Return the text features of the training `rows` (n, p); `categories` has one entry a feature, or none."""
    found = []
    for i, names in enumerate(categories):
        if names:
            shares = [float((rows[:, i] == code).mean()) for code in range(len(names))]
            found.append(Text(i, tuple(names), tuple(shares)))
    return tuple(found)


def sketch(rows: Floats, categories: Sequence[Sequence[str]] = ()) -> Floats:
    """Return 21 quantiles of what is there of each raw feature, smallest and largest included, shape (p, 21).

    Of a text feature they are numbers of categories, so that each is one; what is there of an empty column is 0.
    """
    found = np.zeros((rows.shape[1], len(QUANTILES)))
    for i, column in enumerate(rows.T):
        there = column[~np.isnan(column)]
        if there.size and categories and categories[i]:
            found[i] = np.quantile(there, QUANTILES, method="inverted_cdf")
        elif there.size:
            found[i] = np.quantile(there, QUANTILES)
    return found


def from_json(data: Mapping[str, Any]) -> Text:
    """Return the text feature that was written as a JSON object of its three fields."""
    categories, shares = data["categories"], data["shares"]
    return Text(int(data["feature"]), tuple(str(c) for c in categories), tuple(float(s) for s in shares))
