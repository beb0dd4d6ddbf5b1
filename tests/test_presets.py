"""The reference systems come out of the general path, to the last printed digit."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from core.comparison import Comparison
from core.config import preset_experiment
from core.evaluate import compare
from core.intervals import SAME, WORSE
from core.quant import METHODS, PRESETS
from core.settings import ROOT
from tests.support import bundled, california

# As the reference systems state them; if one of these stands in the program, it was not computed.
STATED = (
    "576287", "576725", "0.5758", "575788", "0.7456", "0.5332", "0.6126", "0.7197", "0.5286", "0.4854",
    "485358", "485438", "0.8212", "4190", "00191418", "00276473", "0.1093", "645682",
)  # fmt: skip


@cache
def compared(name: str) -> Comparison:
    """Return the comparison of a preset, made once a session."""
    e = preset_experiment(name)
    return compare(bundled(e.data, e.train), e.scheme)


def printed(figures: Any, *names: str) -> list[str]:
    """Return figures with four decimals."""
    return [f"{figures[name]:.4f}" for name in names]


def test_the_symmetric_reference() -> None:
    """System 000, symmetric 8 bits: test R² 0.576287."""
    found = compared("system-000-symmetric").to_json()
    assert f"{found['quantized']['test']['r2']:.6f}" == "0.576287"
    assert found["difference"]["verdict"] == SAME


def test_the_asymmetric_reference() -> None:
    """System 000, asymmetric 8 bits: test R² 0.576725, and every other figure that it states."""
    found = compared("system-000-asymmetric").to_json()
    assert f"{found['quantized']['test']['r2']:.6f}" == "0.576725"
    assert printed(found["original"]["test"], "r2", "rmse", "mae") == ["0.5758", "0.7456", "0.5332"]
    assert printed(found["original"]["train"], "r2", "rmse", "mae") == ["0.6126", "0.7197", "0.5286"]
    assert printed(found["quantized"]["test"], "rmse", "mae") == ["0.7448", "0.5335"]
    errors = found["parameters"]
    assert f"{errors['mean_absolute_error']:.8f}" == "0.00191418"
    assert f"{errors['max_absolute_error']:.8f}" == "0.00276473"
    assert f"{100 * errors['relative_error']:.4f}" == "0.1093"
    assert [v["code"] for v in errors["values"][:-1]] == [255, 149, 88, 180, 131, 125, 0, 4]
    q = compared("system-000-asymmetric").quantized
    assert f"{q.tables['coef']['scale'][0]:.10f}" == "0.0068678902"
    assert q.tables["coef"]["zero_point"].tolist() == [131]


def test_the_gain_of_the_asymmetric_reference_is_one_row() -> None:
    """The verdict is "no evidence", and without test row 3722 (AveRooms 132.5) the gain is a loss."""
    comparison = compared("system-000-asymmetric")
    difference = comparison.to_json()["difference"]
    assert difference["verdict"] == "no evidence of a difference"
    assert difference["ci95"][0] < 0 < difference["ci95"][1]
    assert f"{difference['value']:+.6f}" == "+0.000937"
    assert difference["row"]["index"] == 3722
    assert f"{difference['row']['effect']:+.6f}" == "+0.000949"
    assert f"{difference['row']['value_without']:+.6f}" == "-0.000011"
    rows, _ = california().rows("test")
    rooms = california().dataset.feature_names.index("AveRooms")
    assert f"{rows[3722, rooms]:.1f}" == "132.5"


def test_the_window_reference() -> None:
    """System 001: R² 0.4854, RMSE 0.8212, its first predictions, and every code the middle one."""
    found = compared("system-001-window").to_json()
    assert printed(found["quantized"]["test"], "r2", "rmse") == ["0.4854", "0.8212"]
    first = {name: " ".join(f"{p:.3f}" for p in values) for name, values in found["predictions"].items()}
    assert first["quantized"] == "0.983 2.063 2.962 3.163 2.806"
    assert first["original"] == "0.719 1.764 2.710 2.839 2.605"
    assert found["difference"]["verdict"] == WORSE
    assert {v["code"] for v in found["parameters"]["values"]} == {128}
    coefficients = [f"{v['quantized']:.4f}" for v in found["parameters"]["values"]]
    assert coefficients == [
        "0.4489", "0.0099", "-0.1231", "0.7833", "0.0002", "-0.0033", "-0.4196", "-0.4335", "-37.0231",
    ]  # fmt: skip


def test_the_window_stores_more_than_the_original() -> None:
    """Nine codes and eighteen floats are more than nine float64, and the reason is said."""
    sizes = compared("system-001-window").to_json()["sizes"]
    quantized, original = sizes["quantized"], sizes["original"]
    assert quantized["payload"] + quantized["side"] == 9 + 36 + 36
    assert original["payload"] + original["side"] == 72
    assert "81 bytes against 72" in sizes["not_smaller"]
    assert "36 bytes of scales" in sizes["not_smaller"]
    assert "36 bytes of lower ends" in sizes["not_smaller"]


def test_the_first_version_of_system_001() -> None:
    """One range over coefficients and intercept: R² about -4190, with the codes of the reference."""
    comparison = compared("system-001-global")
    found = comparison.to_json()
    assert round(found["quantized"]["test"]["r2"]) == -4190
    assert [v["code"] for v in found["parameters"]["values"]] == [253, 250, 249, 255, 250, 250, 247, 247, 0]
    assert found["difference"]["verdict"] == WORSE


@pytest.mark.parametrize("name", PRESETS)
def test_presets_take_the_general_path(name: str) -> None:
    """A preset is nothing but settings: the same settings by hand give the same numbers."""
    preset = PRESETS[name]
    assert preset.scheme.method in METHODS
    e = preset_experiment(name)
    by_hand = compare(bundled(e.data, e.train), preset.scheme)
    assert by_hand.to_json() == compared(name).to_json()


@pytest.mark.parametrize("stated", STATED)
def test_no_stated_figure_stands_in_the_program(stated: str) -> None:
    """No file of the program contains a figure that it should compute."""
    files = [p for folder in ("core", "pages") for p in sorted((ROOT / folder).rglob("*.py"))]
    assert len(files) > 30
    assert [p.name for p in files if stated in p.read_text(encoding="utf-8")] == []
