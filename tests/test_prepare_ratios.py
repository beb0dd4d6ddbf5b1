"""Engineered ratios: how they are written, what they hold, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.prepare import KNOWN, Ratio, fit, parse, resolve
from tests.support import READERS

ALLOWED = (
    "ratios must be two different columns of numbers as a/b or name=a/b, or one of rooms_per_household, "
    "bedrooms_per_room, population_per_household, got"
)


@pytest.mark.parametrize(
    ("text", "names", "ratio"),
    [
        ("a/b", ("a", "b"), Ratio("a/b", "a", "b")),
        ("b/a", ("a", "b"), Ratio("b/a", "b", "a")),
        ("share=a/b", ("a", "b"), Ratio("share", "a", "b")),
        ("km/h/price", ("km/h", "price"), Ratio("km/h/price", "km/h", "price")),
        ("price/km/h", ("km/h", "price", "h"), Ratio("price/km/h", "price", "km/h")),
        ("x=a/b", ("x=a", "b"), Ratio("x=a/b", "x=a", "b")),
        ("=a/b", ("=a", "b"), Ratio("=a/b", "=a", "b")),
        ("bedrooms_per_room", ("total_bedrooms", "total_rooms"),
         Ratio("bedrooms_per_room", "total_bedrooms", "total_rooms")),
        ("rooms_per_household", ("households", "x", "total_rooms"),
         Ratio("rooms_per_household", "total_rooms", "households")),
        ("population_per_household", ("households", "population"),
         Ratio("population_per_household", "population", "households")),
    ],
)  # fmt: skip
def test_a_ratio_is_read_as_it_is_written(text: str, names: tuple[str, ...], ratio: Ratio) -> None:
    """With a name, without one, and where names of columns hold the same signs."""
    assert resolve([text], names) == (ratio,)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a/c", ("a", "b")), ("a/a", ("a", "b")), ("A/b", ("a", "b")), ("a / b", ("a", "b")), ("a/b/a", ("a", "b")),
        ("rooms_per_household", ("total_rooms",)),
    ],
)  # fmt: skip
def test_a_ratio_of_no_two_columns_is_refused(text: str, names: tuple[str, ...]) -> None:
    """A column that is not there, the same twice, another spelling."""
    with pytest.raises(InvalidInput) as caught:
        resolve([text], names)
    assert str(caught.value) == f'{ALLOWED} "{text}"'


@pytest.mark.parametrize("text", ["a", "/", "a/", "/b", "=", "x=", "rooms"])
def test_what_is_no_ratio_is_refused_before_there_are_columns(text: str) -> None:
    """Already where the setting is made."""
    with pytest.raises(InvalidInput) as caught:
        parse(text)
    assert str(caught.value) == f'{ALLOWED} "{text}"'


def test_a_ratio_that_can_be_read_twice_is_refused() -> None:
    """Between two readings nothing is guessed."""
    for text, names in (("a/b/c", ("a", "b/c", "a/b", "c")), ("x=a/b", ("x=a", "a", "b"))):
        with pytest.raises(InvalidInput) as caught:
            resolve([text], names)
        assert str(caught.value) == f'ratios must be a text that can be read in one way only, got "{text}"'


@READERS
@given(st.text(alphabet="ab/=", max_size=7))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Every reading puts the text together again."""
    try:
        readings = parse(text)
    except InvalidInput:
        assert "/" not in text[1:-1]
        return
    for name, over, under in readings:
        assert text in (f"{over}/{under}", f"{name}={over}/{under}")


def test_known_ratios_are_those_of_the_reference_system() -> None:
    """Three names, each of two columns of its table."""
    assert {name: "/".join(of) for name, of in KNOWN.items()} == {
        "rooms_per_household": "total_rooms/households",
        "bedrooms_per_room": "total_bedrooms/total_rooms",
        "population_per_household": "population/households",
    }


def test_what_cannot_be_divided_gets_the_median_of_the_training_rows() -> None:
    """0/0, x/0 and a quotient beyond all numbers count as missing, on training rows and on others."""
    rows = np.array([[1.0, 2], [3, 2], [0, 0], [5, 0], [8, 2], [1e150, 1e-300]])
    made, columns = fit(rows, ("a", "b"), 1, "none", engineered=("a/b", "r=b/a"))
    assert columns[:, 2].tolist() == [0.5, 1.5, 1.5, 1.5, 4, 1.5]
    # 1e-300/1e150 is too small for a number, and its nearest is 0.
    assert columns[:, 3].tolist() == [2, 2 / 3, 0.25, 0, 0.25, 0]
    assert [r.fill for r in made.ratios] == [1.5, 0.25]
    assert made.expand(np.array([[-7.0, 0.0]]))[0].tolist() == [-7, 0, 1.5, -0.0]


def test_ratios_are_taken_of_filled_numbers() -> None:
    """First the gaps, then the division, then the products of two."""
    rows = np.array([[2.0, 4], [np.nan, 2], [6, 3]])
    _, columns = fit(rows, ("a", "b"), 2, "none", impute="median", engineered=("a/b",))
    assert columns[1].tolist() == [4, 2, 2, 16, 8, 8, 4, 4, 4]


def test_a_ratio_without_any_value_is_0() -> None:
    """Where every divisor is 0 there is no median, and the column is constant."""
    made, columns = fit(np.array([[1.0, 0], [2, 0]]), ("a", "b"), 1, "none", engineered=("a/b",))
    assert columns[:, 2].tolist() == [0, 0]
    assert made.scale[2] == 1


def test_texts_are_no_part_of_a_ratio() -> None:
    """The number of a category is no amount."""
    with pytest.raises(InvalidInput, match=r'^ratios must be two different columns of numbers .* got "a/b"$'):
        fit(np.ones((3, 2)), ("a", "b"), 1, "none", categories=((), ("x", "y")), engineered=("a/b",))
