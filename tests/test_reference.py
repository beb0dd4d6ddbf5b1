"""Every stated figure of systems 000, 001 and 004: reproduced, wrong and why, or no figure of a model."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError
from functools import cache
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.cli import main
from core.reference import FILE, OTHER, REPRODUCED, STATUSES, SYSTEMS, WRONG, Figure, figures, summary
from core.reference.california import selected
from core.reference.figure import judge, within
from core.settings import ROOT
from tests.sources import sources

# The figures whose statement is wrong, with the right ones and words that the reason must have.
WRONG_ONES: dict[str, tuple[Any, tuple[str, ...]]] = {
    "000 performance_improvement_pct": (-0.0019, ("row 3722", "-0.000011", "0.1628 %", "no evidence")),
    "000 bytes_quantised": (21, ("16 bytes", "scale", "zero point")),
    "000 compression_ratio": (3.4286, ("72 / 16", "72 / 21", "497 bytes against 414")),
    "000 model_size_change_pct": (-70.8333, ("scale", "zero point", "left out")),
    "000 sample_mean_abs_error": (0.7563, ("0.756", "median is 0.623")),
    "001 ci_table_rmse": (0.7456, ("cut off",)),
    "001 R2 of the 0.38 KB variant": (-4190.0099, ("first version", "0.5758")),
    "001 ~5x smaller": (None, ("486 bytes",)),
    "004 training_accuracy": (1.0, ("repeats the test accuracy", "100.00 %")),
    "004 f1": ({"macro": 0.9581, "weighted": 0.9584, "micro": 0.9583}, ("micro", "accuracy")),
}
TESTS = ("000 tests_passed", "001 tests", "004 unit tests")


@cache
def found() -> tuple[Figure, ...]:
    """Return all figures, computed once a session."""
    return figures()


@cache
def entries() -> list[dict[str, Any]]:
    """Return what the file of stated figures has."""
    data: list[dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))
    return data


def named(name: str) -> Figure:
    """Return the figure with this system and name."""
    return next(f for f in found() if f"{f.system} {f.name}" == name)


NAMES = [f"{e['system']} {e['name']}" for e in entries()]


def test_no_figure_is_missing() -> None:
    """Each entry of the file gives one figure, in its order, with the stated value untouched."""
    assert [f"{f.system} {f.name}" for f in found()] == NAMES
    assert len(set(NAMES)) == len(NAMES) == 51
    assert [f.to_json()["stated"] for f in found()] == [e["stated"] for e in entries()]
    assert {name: sum(n.startswith(name) for n in NAMES) for name in SYSTEMS} == {"000": 28, "001": 19, "004": 4}


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_has_the_status_that_is_expected(name: str) -> None:
    """A figure is wrong or of no model only where this file says so; all others are reproduced."""
    expected = WRONG if name in WRONG_ONES else OTHER if name in TESTS else REPRODUCED
    assert named(name).status == expected


@pytest.mark.parametrize("name", [n for n in NAMES if n not in WRONG_ONES and n not in TESTS])
def test_what_is_reproduced_lies_within_its_tolerance(name: str) -> None:
    """Ours differs from the stated figure by no more than the tolerance in the file."""
    f = named(name)
    if isinstance(f.ours, str):
        assert f.ours == f.stated
        return
    text = f.stated.lstrip("~").rstrip("xKB ") if isinstance(f.stated, str) else f.stated
    stated, ours = np.array(text, dtype=np.float64), np.array(f.ours, dtype=np.float64)
    assert f.tolerance is not None
    assert ours.shape == stated.shape
    assert np.abs(ours - stated).max() <= f.tolerance + 1e-12


@pytest.mark.parametrize("name", WRONG_ONES)
def test_what_is_wrong_says_why_and_what_is_right(name: str) -> None:
    """The right value stands beside a wrong figure, and one sentence names the cause with its numbers."""
    f, (right, words) = named(name), WRONG_ONES[name]
    if right is not None:
        assert f.to_json()["ours"] == pytest.approx(right, abs=5e-5)
    assert f.why.endswith(".")
    for word in words:
        assert word in f.why


def test_all_codes_of_the_window_are_one_value() -> None:
    """The note on system 001's R² says that all nine codes are 128."""
    assert "All 9 codes are 128" in named("001 quant_r2").why
    assert "72 bytes of numbers become 81" in named("001 size ratio").why


@pytest.mark.parametrize("name", TESTS)
def test_numbers_of_tests_are_no_figures_of_a_model(name: str) -> None:
    """Such a figure has no value of ours, no tolerance, and a reason."""
    f = named(name)
    assert (f.ours, f.tolerance, f.ours_text()) == (None, None, "–")
    assert "tests of that program" in f.why


def test_files_of_arrays_are_exact_and_the_estimator_s_is_not_promised() -> None:
    """Joblib files of arrays have their stated bytes; that of the estimator says that it depends on versions."""
    assert named("001 quant_model.joblib size").ours == 486
    assert named("001 0.38 KB (quant_params + scale)").ours == 0.38
    assert "234 bytes of codes and 146" in named("001 0.38 KB (quant_params + scale)").why
    for name in ("001 linear_model.joblib size", "001 size ratio"):
        assert "other versions of them write another size" in named(name).why


@pytest.mark.parametrize(
    ("symmetric", "asymmetric", "wide", "chosen"),
    [
        (0.6, 0.6, 0.0, "symmetric"),
        (0.61, 0.6, 0.0, "symmetric"),
        (0.6, 0.61, 0.0, "asymmetric"),
        (0.4, 0.51, 0.0, "asymmetric"),
        (0.5, 0.5, 0.51, "16 bits"),
        (0.4, 0.3, 0.51, "16 bits"),
        (0.4, 0.5, 0.5, "none"),
    ],
)
def test_the_selection_of_system_000(symmetric: float, asymmetric: float, wide: float, chosen: str) -> None:
    """Symmetric wins ties, nothing at or below an R² of one half is taken, and 16 bits are the last resort."""
    assert selected(symmetric, asymmetric, lambda: wide) == chosen


@pytest.mark.parametrize(
    ("stated", "ours", "tolerance", "fits"),
    [
        (0.5, 0.55, 0.05, True),
        (0.5, 0.5501, 0.05, False),
        ("~2.2x", 2.25, 0.1, True),
        ("~2.2x", 2.31, 0.1, False),
        ("1.1 KB", 1.0, 0.1, True),
        ("-3 %", 3, 0.1, False),
        ([1.0, 2.0], (1.0, 2.1), 0.1, True),
        ([1.0, 2.0], (1.0, 2.2), 0.1, False),
        (0.5, {"a": 0.5, "b": 0.7}, 0.1, False),
        (0.5, {"a": 0.5, "b": 0.5}, 0, True),
        ("one", "one", 0, True),
        ("one", "two", 0, False),
        (1, float("nan"), 1, False),
    ],
)
def test_what_counts_as_reproduced(stated: Any, ours: Any, tolerance: float, fits: bool) -> None:
    """The tolerance is inclusive, holds for each of several values, and reads the number in a text."""
    assert within(stated, ours, tolerance) is fits


def test_a_changed_statement_changes_the_status() -> None:
    """The status follows from the figures: the same answer beside another statement is wrong."""
    entry = {"system": "000", "name": "a", "stated": 0.5, "tolerance": 0.01}
    assert judge(entry, (0.505, "")).status == REPRODUCED
    assert judge({**entry, "stated": 0.6}, (0.505, "")).status == WRONG


def test_figures_cannot_be_changed() -> None:
    """Figures are shared between visitors: neither a field nor a value inside one can be replaced."""
    f = named("004 f1")
    with pytest.raises(FrozenInstanceError):
        f.status = REPRODUCED  # type: ignore[misc]
    with pytest.raises(TypeError):
        f.ours["micro"] = 0.0  # type: ignore[index,call-overload]
    assert isinstance(named("001 coefficients").stated, tuple)


def test_only_this_reads_the_file_of_stated_figures() -> None:
    """No other module of core or pages names the file."""
    readers = [s.path for s in sources("core", "pages", "app.py") if FILE.name in s.text or FILE.stem in s.text]
    assert sorted(readers) == ["core/reference/__init__.py", "pages/_reference.py", "pages/_shared.py"]
    assert [p for p in readers if FILE.name in (ROOT / p).read_text(encoding="utf-8")] == ["core/reference/__init__.py"]


def test_no_stated_figure_stands_in_the_program() -> None:
    """No stated number of four digits or more, nor a stated text, is written in core or pages."""
    stated: set[str] = set()
    for e in entries():
        for value in e["stated"] if isinstance(e["stated"], list) else [e["stated"]]:
            spelled = f"{value:.10f}".rstrip("0") if isinstance(value, float) else str(value)
            if not isinstance(value, str) and len(spelled.strip("-0.").replace(".", "")) >= 4:
                stated.add(spelled.lstrip("-"))
            if isinstance(value, str) and any(c.isdigit() for c in value):
                stated.add(value)
    assert {"0.576287", "0.00191418", "37.0233", "~5x", "0.38 KB"} <= stated
    for source in sources("core", "pages", "app.py"):
        assert [s for s in stated if s in source.text] == [], source.path


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    """Return exit status, stdout and stderr of a command."""
    status = main(["reference", *args])
    out, err = capsys.readouterr()
    return status, out, err


def test_the_command_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    """With --json one object with all figures and the summary, and nothing else."""
    status, out, err = run(capsys, "--json")
    result = json.loads(out)
    assert (status, err) == (0, "")
    assert set(result) == {"figures", "summary"}
    assert [f["name"] for f in result["figures"]] == [f.name for f in found()]
    assert set(result["figures"][0]) == {"system", "name", "unit", "stated", "ours", "tolerance", "status", "why"}
    counts = {"figures": 51, REPRODUCED: 38, WRONG: 10, OTHER: 3}
    assert {k: v for k, v in result["summary"].items() if k != "versions"} == counts == summary(found())
    assert "scikit-learn" in result["summary"]["versions"]
    assert sum(counts[s] for s in STATUSES) == counts["figures"]


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_command_can_be_limited_to_one_system(system: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With --system only that system's figures are shown, with every reason beneath the table."""
    status, out, _ = run(capsys, "--system", system)
    lines = out.splitlines()
    mine = [f for f in found() if f.system == system]
    assert status == 0
    assert lines[0].split() == ["figure", "stated", "ours", "unit", "status"]
    assert all(line.startswith(f"{f.system} {f.name} ") for line, f in zip(lines[1:], mine, strict=False))
    for f in mine:
        assert not f.why or f"{f.system} {f.name}: {f.why}" in lines
    assert lines[len(mine) + 1] == ""


def test_an_unknown_system_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """Another system ends with status 2 and says which there are."""
    assert run(capsys, "--system", "002") == (2, "", 'error: system must be one of 000, 001, 004, got "002"\n')


def script() -> None:
    """Draw the page's section alone."""
    from pages import _reference

    _reference.render()


def test_the_section_shows_every_figure_and_every_fault() -> None:
    """The page has one row a figure, and beneath it each wrong figure with its reason, letter by letter."""
    at = AppTest.from_function(script, default_timeout=60).run()
    assert not at.exception
    table = at.dataframe[0].value
    assert table["figure"].tolist() == [f.name for f in found()]
    assert table["status"].tolist() == [f.status for f in found()]
    shown = "".join(m.value for m in at.markdown).replace("\\", "")
    for f in found():
        if f.status == WRONG:
            assert f"{f.name}, stated {f.stated_text()}, ours {f.ours_text()}: {f.why}" in shown
    assert r"\~5x" in "".join(m.value for m in at.markdown)
