"""The texts of one column, each distinct one once: how often it stands, and what it may be read as."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.parts import Array
from core.tables.limits import SHOWN_ROWS, some

# Cells that hold no value, spelt exactly so; spaces around them do not count.
MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?", "-")

# From this share of numbers on, a column is one of numbers, and what else stands in it is a mistake.
MOSTLY = 0.9

_EXPONENT = r"([eE][+-]?[0-9]+)?$"
_POINT = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)" + _EXPONENT
_COMMA = r"^[+-]?([0-9]+,?[0-9]*|,[0-9]+)" + _EXPONENT
# 1_000, 1'000, 1,000,000 or 1.000,5: digits in groups of three, also with the spaces of typographers.
_GROUPED = r"^[+-]?[0-9]{1,3}([,._'\x{a0}\x{202f}][0-9]{3})+([.,][0-9]+)?$"
_INFINITE = r"(?i)^[+-]?inf(inity)?$"


@dataclass(frozen=True)
class Texts:
    """One column: its distinct texts without outer spaces, and the place of each row's text among them."""

    name: str
    words: pa.StringArray
    codes: Array

    @cached_property
    def counts(self) -> Array:
        """How many rows hold each word."""
        return np.bincount(self.codes, minlength=len(self.words))

    @cached_property
    def present(self) -> Array:
        """Which words are values, not one of the signs that there is none."""
        return ~_bools(pc.is_in(self.words, pa.array(MISSING, pa.string())))

    @cached_property
    def n_present(self) -> int:
        """How many rows hold a value."""
        return int(self.counts[self.present].sum())

    @cached_property
    def with_point(self) -> Array:
        """Which words are numbers where the decimal mark is a point."""
        return self.match(_POINT)

    @cached_property
    def with_comma(self) -> Array:
        """Which words are numbers where the decimal mark is a comma."""
        return self.match(_COMMA)

    @cached_property
    def infinite(self) -> Array:
        """Which words stand for infinity."""
        return self.match(_INFINITE)

    @cached_property
    def is_numbers(self) -> bool:
        """Whether nearly all values look like numbers, however they are written."""
        if not self.n_present:
            return False
        if (self.with_point == self.present).all():
            return True
        return self.share(self.with_point | self.with_comma | self.match(_GROUPED) | self.infinite) >= MOSTLY

    def match(self, pattern: str) -> Array:
        """Tell which words match; a word for a missing value matches nothing."""
        return _bools(pc.match_substring_regex(self.words, pattern)) & self.present

    def share(self, chosen: Array) -> float:
        """Return which share of the values is one of the `chosen` words."""
        return float(self.counts[chosen].sum() / self.n_present)

    def where(self, chosen: Array) -> str:
        """Return the first rows (from 1) that hold one of the `chosen` words, with their texts, as one short line."""
        rows = np.flatnonzero(chosen[self.codes])
        return some([(int(r) + 1, self.at(r)) for r in rows[:SHOWN_ROWS]], rows.size)

    def first(self, chosen: Array) -> str:
        """Return the text of the first row that holds one of the `chosen` words."""
        return self.at(int(np.argmax(chosen[self.codes])))

    def at(self, row: int) -> str:
        """Return the text of a row, numbered from 0."""
        return str(self.words[int(self.codes[row])].as_py())


def texts(name: str, cells: pa.Array) -> Texts:
    """Return the texts of the rows of a column, given plainly or by a dictionary; a null is an empty text."""
    if not pa.types.is_dictionary(cells.type):
        encoded = pc.utf8_trim_whitespace(cells.fill_null("")).dictionary_encode()
        return Texts(name, encoded.dictionary, np.asarray(encoded.indices))
    given = cells.dictionary.cast(pa.string()).fill_null("")
    trimmed = pc.utf8_trim_whitespace(pa.concat_arrays([given, pa.array([""])]))  # the last one is for nulls
    words = trimmed.dictionary_encode()  # texts that differ by outer spaces become one
    places = np.asarray(cells.indices.fill_null(len(given)))
    return Texts(name, words.dictionary, np.asarray(words.indices)[places])


def _bools(found: pa.BooleanArray) -> Array:
    return np.asarray(found.to_numpy(zero_copy_only=False), bool)
