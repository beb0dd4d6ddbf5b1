"""The two errors that people see."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ArtifactError, InvalidInput, shown
from tests.support import READERS


def test_the_message_names_field_value_and_what_is_allowed() -> None:
    """The message reads "<field> must be <allowed>, got <value>", and keeps the three facts."""
    error = InvalidInput("bits", 17, "a whole number from 1 to 16")
    assert str(error) == "bits must be a whole number from 1 to 16, got 17"
    assert (error.field, error.value, error.allowed) == ("bits", 17, "a whole number from 1 to 16")


def test_text_is_quoted_and_numbers_are_not() -> None:
    """The text "8" and the number 8 look different in a message."""
    assert str(InvalidInput("bits", "8", "x")).endswith('got "8"')
    assert str(InvalidInput("bits", 8, "x")).endswith("got 8")


def test_both_errors_are_value_errors() -> None:
    """Code that knows nothing of Bitdial can catch both errors as ValueError, and tell them apart."""
    assert issubclass(InvalidInput, ValueError)
    assert issubclass(ArtifactError, ValueError)
    assert not issubclass(ArtifactError, InvalidInput)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a\nb\x00c", '"a\\x0ab\\x00c"'),
        ("right\u202eleft", '"right\\x202eleft"'),
        ("\ud800", '"\\xd800"'),
        ("grün", '"grün"'),
        (float("nan"), "nan"),
        (None, "None"),
    ],
)
def test_shown_escapes_what_cannot_be_printed(value: object, expected: str) -> None:
    """Line breaks, NUL, direction marks and lone surrogates are escaped; plain text stays."""
    assert shown(value) == expected


@READERS
@given(st.one_of(st.text(), st.integers(), st.floats(), st.lists(st.text()), st.binary()))
def test_shown_is_one_short_printable_line(value: object) -> None:
    """Whatever came is shown as at most 80 characters, each printable, as bytes of UTF-8 can hold them."""
    text = shown(value)
    # A text has its two quotation marks besides; an escape may straddle the limit by its own length.
    assert len(text) <= 80 + 2
    assert text.isprintable()
    text.encode()
