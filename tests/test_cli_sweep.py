"""The sweep on the command line: every switch, the front, goals met and out of reach, its own timer."""

from __future__ import annotations

import re

import pytest

from core.evaluate import compare
from core.quant import scheme_from_json
from core.sweep import Goal, dominators, front, full_sweep, seek
from tests.cli_support import Shell
from tests.support import california, digits


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    """Return what runs commands."""
    return Shell(capsys)


def test_all_turns_every_switch_and_lists_the_front(shell: Shell) -> None:
    """Points, front and who beats whom are those of core; the timer is in the output, in seconds."""
    found, expected = shell.json("sweep", "--all"), full_sweep(california())
    assert [p["test_r2"] for p in found["points"]] == [p.test for p in expected.points]
    assert [scheme_from_json({k: p[k] for k in expected.points[0].scheme.to_json()}) for p in found["points"]] == [
        p.scheme for p in expected.points
    ]
    everybody = [*expected.points, *expected.casts]
    assert found["front"] == list(front(everybody, "train"))
    assert found["dominated_by"] == list(dominators(everybody, "train"))
    assert set(found["seconds"]) == {"statistics", "sweep"}
    assert all(0 < s < 60 for s in found["seconds"].values())


def test_people_read_the_front_and_the_timer(shell: Shell) -> None:
    """A table of the widths, one of the front in words, and how long it took."""
    lines = shell.text("sweep", "--all", "--bits", "4,8", "--methods", "symmetric").splitlines()
    assert lines[1].split() == ["bits", "symmetric", "bytes"]
    start = next(i for i, line in enumerate(lines) if line.startswith("front: R² on the training rows"))
    assert lines[start].split()[-5:] == ["there", "on", "the", "test", "rows"]
    assert any(line.startswith("8 bits, symmetric, raw features, scale by output error") for line in lines[start:])
    assert re.fullmatch(r"48 settings in \d\.\d{3} s, statistics of the rows before that in \d\.\d{3} s", lines[-1])


def test_switches_on_the_line_stay(shell: Shell) -> None:
    """What is named is not turned."""
    found = shell.json("sweep", "--all", "--space", "raw", "--intercept", "refit", "--bits", "4")
    assert {(p["space"], p["intercept"]) for p in found["points"]} == {("raw", "refit")}


def test_a_large_model_says_what_was_left_out(shell: Shell) -> None:
    """The digits have 650 parameters."""
    argv = ("sweep", "--all", "--dataset", "digits", "--methods", "symmetric", "--bits", "4")
    assert shell.json(*argv)["skipped"] == ["intercept other than refit", "scale by mse"]
    assert shell.text(*argv).splitlines()[-1].startswith("left out for a model of this size: intercept")
    assert digits().parts.n_parameters == 650


@pytest.mark.parametrize(
    ("option", "goal"), [(("--max-bytes", "24"), Goal("bytes", 24)), (("--max-loss", "0.01"), Goal("loss", 0.01))]
)
def test_goals_are_met_and_reported_on_the_test_rows(shell: Shell, option: tuple[str, str], goal: Goal) -> None:
    """The setting is core's; its test figure and interval come from one comparison."""
    found, expected = shell.json("sweep", *option)["chosen"], seek(full_sweep(california()), goal)
    assert found["scheme"] == expected.point.scheme.to_json()
    assert (found["numbers"], found["loss"]) == (expected.point.numbers, expected.loss)
    c = compare(california(), expected.point.scheme)
    assert c.difference is not None
    assert found["test"] == c.score("quantized")
    assert found["difference"] == c.difference.to_json()
    assert found["goal"] == {"kind": goal.kind, "amount": goal.amount, "basis": "train"}
    text = shell.text("sweep", *option)
    assert expected.point.scheme.words in text
    assert f"{expected.point.numbers} bytes; loses {expected.loss:.6f} of R² on the training rows" in text
    assert "95 % interval" in text.splitlines()[-2]


def test_a_goal_by_folds(shell: Shell) -> None:
    """`--by cv` chooses by the folds and says so."""
    argv = ("sweep", "--max-bytes", "50", "--by", "cv", "--bits", "3,6", "--methods", "symmetric")
    found = shell.json(*argv)
    best = max(p["cv_r2"] for p in found["points"] if p["numbers"] <= 50)
    assert found["chosen"]["goal"]["basis"] == "cv"
    assert found["chosen"]["loss"] == pytest.approx(found["original"]["cv_r2"] - best, abs=1e-11)
    assert "on the folds of the training rows, by which it was chosen" in shell.text(*argv)


def test_a_cast_that_does_it_too_is_named(shell: Shell) -> None:
    """With codebooks alone the float16 cast is smaller."""
    text = shell.text("sweep", "--max-loss", "0.01", "--methods", "codebook", "--space", "standardised")
    assert text.splitlines()[-1] == "a plain float16 cast does it too, in 18 bytes"


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--max-bytes", "5"], "bytes must be at least 6, the bytes of the smallest setting, got 5"),
        (["--max-loss", "0", "--bits", "2", "--methods", "symmetric"], "loss must be at least 0.0339, the loss of the best setting (75 bytes), got 0.0"),
        (["--max-bytes", "0"], "max-bytes must be a whole number from 1 to 1e+09, got 0"),
        (["--max-bytes", "2.5"], 'max-bytes must be a whole number from 1 to 1e+09, got "2.5"'),
        (["--max-loss", "-1"], "max-loss must be a number from 0 to 10, got -1.0"),
        (["--max-loss", "NaN"], 'max-loss must be a number from 0 to 10, got "NaN"'),
        (["--max-loss", "0.1", "--max-bytes", "24"], '--max-loss must be left out beside --max-bytes, got "0.1"'),
        (["--by", "cv"], '--by must be left out without --max-loss or --max-bytes, got "cv"'),
        (["--max-bytes", "24", "--by", "test"], 'by must be one of train, cv, got "test"'),
        (["--all", "--methods", "auto"], 'method must be one of symmetric, asymmetric, window, codebook, got "auto"'),
    ],
)  # fmt: skip
def test_goals_that_cannot_be_are_refused(shell: Shell, argv: list[str], message: str) -> None:
    """One message, status 2, with the nearest goal that can be reached."""
    assert shell.refused("sweep", *argv) == message
    assert shell.refused("sweep", *argv, "--json") == message
