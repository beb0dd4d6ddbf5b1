"""What single rows do, on tables with texts, flags and gaps: nothing is measured that has no measure."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from core.agreement import worst
from core.comparison import Comparison
from core.config import own_data, starting
from core.datasets import Dataset, split
from core.diagnose import diagnose
from core.diagnose.rows import beyond, inputs_out_of_range, one_row_carries
from core.evaluate import compare
from core.parts import Floats
from core.quant import Scheme
from core.train import Trained, train_on
from tests.own_tables import WORDS, mixed, mixed_table

BITS = (2, 8)


@cache
def flagged() -> Trained:
    """Return a model of the mixed table with a flag beside, rarely true, and a word that no training row has."""
    table = mixed_table(600)
    train, test = split(table, 0.2, 42)
    X = np.column_stack([table.X, np.arange(len(table.y)) % 40 == 0])
    X[train, 1] = np.where(X[train, 1] == 3, 0, X[train, 1])
    X[test[0], 1] = 3
    X[test[0], [0, 2, 3]] = np.nanmedian(X[train][:, [0, 2, 3]], axis=0)
    flag = replace(table.features[0], name="f4", label="F4", low=0.0, high=1.0, flag=True)
    data = Dataset(**{**vars(table), "X": X, "features": (*table.features, flag), "sha256": "0" * 64})
    return train_on(data, own_data(data), starting(data))


def carried(c: Comparison, row: int) -> Comparison:
    """Return `c` as if one test row alone made the whole difference."""
    assert c.difference is not None
    differences = np.zeros(len(c.differences))
    differences[row] = 1.0
    one = replace(c.difference, row=row, value=-0.01, row_effect=-0.01, value_without=0.0)
    return replace(c, differences=differences, difference=one)


def oddest(t: Trained, row: Floats) -> tuple[str, float]:
    """Return the number that lies most deviations from its mean, gaps filled for the mean alone, counted by hand."""
    train = t.rows("train")[0]
    away = {}
    for i, feature in enumerate(t.dataset.features):
        if not feature.categories and not feature.flag and not np.isnan(row[i]):
            column = np.where(np.isnan(train[:, i]), np.nanmedian(train[:, i]), train[:, i])
            away[feature.name] = abs(row[i] - column.mean()) / column.std()
    name = max(away, key=lambda n: away[n])
    return name, away[name]


def test_the_row_that_carries_is_described_by_a_number() -> None:
    """For every test row: never by a text, a flag or what is missing; its deviations are those of the filled column."""
    t = flagged()
    c = compare(t, Scheme("symmetric", 2))
    for number, row in enumerate(t.rows("test")[0]):
        found = one_row_carries(t, carried(c, number))
        assert found is not None
        name, away = oddest(t, row)
        assert found.evidence["feature"] == name
        assert found.evidence["value"] == row[t.dataset.feature_names.index(name)]
        # Mean and deviation of hundreds of numbers, added in two orders.
        assert found.evidence["deviations"] == pytest.approx(away, rel=1e-12)
        assert "nan" not in found.text


def test_a_row_without_a_number_is_only_named() -> None:
    """Where every number is missing the sentence ends with the difference."""
    table = mixed_table()
    X = np.array(table.X)
    rows = split(table, 0.2, 42)[1]
    X[rows[3], [0, 2, 3]] = np.nan
    data = Dataset(**{**vars(table), "X": X, "sha256": "1" * 64})
    t = train_on(data, own_data(data), starting(data))
    found = one_row_carries(t, carried(compare(t, Scheme("symmetric", 2)), 3))
    assert found is not None
    assert found.text == "Test row 3 alone moves the difference in R² from +0.00000 to −0.01000."
    assert "feature" not in found.evidence


def test_beyond_takes_no_gap_for_outside_and_a_text_as_seen_or_not() -> None:
    """A gap is inside, a seen text too; a text that no training row has is one width outside, whatever its number."""
    t = flagged()
    low, high = t.sketch[:, 0], t.sketch[:, -1]
    rows = np.array([
        [np.nan, np.nan, np.nan, np.nan, 0.0],
        [high[0] + 2 * (high[0] - low[0]), 0.0, low[2], high[3], 1.0],
        [low[0], 3.0, low[2] - (high[2] - low[2]) / 2, low[3], 0.0],
        [low[0], -1.0, low[2], low[3], 1.0],
    ])  # fmt: skip
    expected = [[0, 0, 0, 0, 0], [2, 0, 0, 0, 0], [0, 1, 0.5, 0, 0], [0, 1, 0, 0, 0]]
    np.testing.assert_allclose(beyond(t, rows), expected, rtol=1e-12, atol=1e-12)


def test_a_word_that_training_never_saw_is_said_as_a_word() -> None:
    """The finding names the category, and neither its number nor a range of numbers."""
    t = flagged()
    row = t.rows("test")[0][0]
    assert row[1] == 3
    c = carried(compare(t, Scheme("symmetric", 2)), 0)
    found = inputs_out_of_range(t, c)
    assert found is not None
    assert found.evidence["row"] == 0
    assert found.evidence["value"] == WORDS[3]
    assert found.text.endswith(f"in row 0 f1 is {WORDS[3]}, which no training row has.")


@pytest.mark.parametrize("model", ["ridge", "logistic"])
@pytest.mark.parametrize("bits", BITS)
def test_texts_and_gaps_need_no_warning(model: str, bits: int) -> None:
    """All diagnoses and the worst rows go through with texts and gaps, warnings being errors; answers are finite."""
    t = mixed(model)
    c = compare(t, Scheme("asymmetric", bits))
    assert all("nan" not in found.text for found in diagnose(t, c))
    found = worst(c, t)
    rows, _ = t.rows("test")
    np.testing.assert_array_equal(found.features, rows[found.rows])
    assert np.isnan(found.features).any()
    assert np.isfinite([found.original, found.quantized, found.difference]).all()
    size = np.abs([found.original, found.quantized]).max()
    # The differences come from another sum over the same rows.
    np.testing.assert_allclose(found.quantized - found.original, found.difference, rtol=0, atol=1e-12 * size)
