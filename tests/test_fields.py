"""Settings as data: what a number, a choice and a flag take."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.fields import Choice, Field, Fields, Flag, Number, Texts, complete, spell
from tests.support import READERS

BITS = Number(8, 1, 16, integer=True)
SHARE = Number(0.2, 0, 1, open_low=True, open_high=True)
PENALTY = Number(1.0, 0, 1e9)
WIDTH = Number(0.05, 0, 10, open_low=True)
COLOUR = Choice("red", ("red", "blue"))


@pytest.mark.parametrize("value", [0, 17, -1, 2.5, 8.0, "8", None, True, math.nan, math.inf, [8], 10**400])
def test_a_whole_number_refuses_everything_else(value: object) -> None:
    """Out of range, a fraction, text, NaN, a bool, a list: each is refused with field and range."""
    with pytest.raises(InvalidInput, match=r"^bits must be a whole number from 1 to 16, got ") as caught:
        BITS.check("bits", value)
    assert caught.value.field == "bits"
    assert caught.value.value is value


@pytest.mark.parametrize("value", [0, 1, 0.0, 1.0, -0.1, math.nan, -math.inf, "0.2", True, 10**400])
def test_an_open_range_excludes_its_ends(value: object) -> None:
    """A test share of 0 or 1 is refused, and so is everything that is no number."""
    with pytest.raises(InvalidInput, match=r"^share must be a number above 0 and below 1, got "):
        SHARE.check("share", value)


def test_a_half_open_range_says_which_end_is_out() -> None:
    """The words say "above" for an excluded end and "at most" for an included one."""
    assert WIDTH.allowed == "a number above 0 and at most 10"
    assert Number(1, 0, 5, open_high=True).allowed == "a number at least 0 and below 5"
    assert WIDTH.check("width", 10) == 10.0


def test_checked_numbers_have_the_type_of_their_field() -> None:
    """A field of whole numbers gives int, any other gives float, so that equal settings are equal."""
    assert type(BITS.check("bits", 3)) is int
    assert type(PENALTY.check("alpha", 3)) is float


@pytest.mark.parametrize("text", ["2.5", "8.0", "", " 8", "8 ", "eight", "1e1", "0x8", "٨", "8\n", "9" * 19, "--8"])
def test_a_whole_number_is_spelt_with_digits_alone(text: str) -> None:
    """A text that is not plain digits is refused and never rounded or trimmed to fit."""
    with pytest.raises(InvalidInput, match=r"^bits must be a whole number from 1 to 16, got \""):
        BITS.parse("bits", text)


@pytest.mark.parametrize("text", ["nan", "inf", "1e999", "1_0", "", ".", "1e", "0,5", "١", "1e9999", "0x1p3"])
def test_a_decimal_is_spelt_plainly(text: str) -> None:
    """Words for NaN and infinity, overflowing numbers, separators and foreign digits are refused."""
    with pytest.raises(InvalidInput, match=r"^alpha must be a number from 0 to 1e\+09, got (\"|inf)"):
        PENALTY.parse("alpha", text)


@pytest.mark.parametrize(("text", "value"), [("0.5", 0.5), (".5", 0.5), ("5.", 5.0), ("+1e3", 1000.0), ("2e-3", 0.002)])
def test_the_usual_spellings_of_a_decimal_are_read(text: str, value: float) -> None:
    """A point, an exponent and a sign are read as one would expect."""
    assert PENALTY.parse("alpha", text) == value


@pytest.mark.parametrize("value", ["green", "", "RED", None, 1, ["red"], {"red": 1}])
def test_a_choice_refuses_all_but_its_words(value: object) -> None:
    """Only the exact words are taken; what cannot be compared with a word is refused as well."""
    with pytest.raises(InvalidInput, match=r"^colour must be one of red, blue, got "):
        COLOUR.check("colour", value)


def test_a_choice_of_one_word_names_it() -> None:
    """A choice of one word says that word instead of "one of"."""
    with pytest.raises(InvalidInput, match=r"^rounding must be nearest, got \"up\"$"):
        Choice("nearest", ("nearest",)).check("rounding", "up")


@pytest.mark.parametrize("value", [0, 1, "true", None])
def test_a_flag_takes_bools_only(value: object) -> None:
    """Numbers and words are no bools."""
    with pytest.raises(InvalidInput, match=r"^positive must be true or false, got "):
        Flag(False).check("positive", value)


@pytest.mark.parametrize("text", ["True", "1", "yes", ""])
def test_a_flag_is_spelt_true_or_false(text: str) -> None:
    """Only the two words are read."""
    with pytest.raises(InvalidInput, match=r"^positive must be true or false, got \""):
        Flag(False).parse("positive", text)


def test_complete_fills_in_defaults_in_the_order_of_the_fields() -> None:
    """The result has every field, in order, whatever was given and however it was ordered."""
    fields: Fields = {"bits": BITS, "colour": COLOUR, "alpha": PENALTY}
    assert complete("x", fields, {"alpha": 2, "bits": 4}) == (("bits", 4), ("colour", "red"), ("alpha", 2.0))


def test_complete_refuses_an_unknown_name() -> None:
    """A mistyped name is refused with the names there are; so is any name where there is none."""
    with pytest.raises(InvalidInput, match=r'^setting of ridge must be one of alpha, got "alhpa"$'):
        complete("ridge", {"alpha": PENALTY}, {"alhpa": 1.0})
    with pytest.raises(InvalidInput, match=r'^setting of symmetric must be none: it has no settings, got "width"$'):
        complete("symmetric", {}, {"width": 1.0})


@READERS
@given(
    st.one_of(
        st.booleans(),
        st.integers(-(10**17), 10**17),
        st.floats(allow_nan=False, allow_infinity=False),
        st.sampled_from(["red", "blue"]),
    )
)
def test_parse_reads_back_what_spell_writes(value: bool | int | float | str) -> None:
    """Every value of every kind of field survives being written as text, to the last bit."""
    everything = 1.8e308
    fields: dict[type, Field] = {
        bool: Flag(False),
        int: Number(0, -everything, everything, integer=True),
        float: Number(0, -everything, everything),
        str: COLOUR,
    }
    back = fields[type(value)].parse("x", spell(value))
    assert back == value
    assert type(back) is type(value)


@READERS
@given(st.text())
def test_no_text_does_worse_than_being_refused(text: str) -> None:
    """Any text is either read as an allowed value or refused with `InvalidInput`."""
    for field in (BITS, SHARE, PENALTY, WIDTH, COLOUR, Flag(True)):
        try:
            value = field.parse("x", text)
        except InvalidInput:
            continue
        assert field.check("x", value) == value


LIST = Texts(4, 9)


@pytest.mark.parametrize(
    "value", ["ab", None, 5, [1], ["a", "a"], [""], ["x" * 10], list("abcde"), ["\udc80"], {"a": 1}]
)
def test_a_list_of_texts_refuses_everything_else(value: object) -> None:
    """A bare text, other kinds, twice the same, an empty, a long or half a character, and too many."""
    with pytest.raises(
        InvalidInput, match=r"^names must be a list of at most 4 different texts of 1 to 9 characters, "
    ):
        LIST.check("names", value)


@pytest.mark.parametrize("text", ["", ",", "a,", ",a", "a,,b", "a,a", "\\", "a\\b", "a\\", "a,b,c,d,e", "x" * 10])
def test_a_damaged_list_is_refused(text: str) -> None:
    """An empty entry and a backslash before anything but a comma or another one are not read."""
    with pytest.raises(
        InvalidInput, match=r"^names must be a list of at most 4 different texts of 1 to 9 characters, "
    ):
        LIST.parse("names", text)


@READERS
@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=9), min_size=1, max_size=4, unique=True))
def test_every_list_survives_its_spelling(values: list[str]) -> None:
    """Commas, backslashes and line ends inside come back."""
    assert LIST.check("names", values) == tuple(values)
    assert LIST.parse("names", spell(tuple(values))) == tuple(values)
