"""Files that earlier versions wrote: they open for ever, and mean what they meant."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.artifact import decode, encode, load
from core.artifact.reader import parse
from core.artifact.reopen import REBUILT, reopen
from core.config import DataConfig, TrainConfig
from core.quant import Scheme

FOLDER = Path(__file__).parent / "data"
FILES = {
    # Written before there were gaps, texts, ratios and tables of the user's own.
    "format1": (DataConfig("diabetes"), TrainConfig("ridge"), Scheme("asymmetric", 6), ()),
    "format1_classes": (
        DataConfig("wine"), TrainConfig("logistic", degree=2), Scheme("codebook", 3, granularity="row"), (REBUILT,)
    ),
}  # fmt: skip


def test_every_file_is_looked_at() -> None:
    """The list above is that of the folder."""
    assert sorted(p.name for p in FOLDER.glob("*.safetensors")) == sorted(f"{name}.safetensors" for name in FILES)


@pytest.mark.parametrize("name", FILES)
def test_an_old_file_opens_as_what_it_was(name: str) -> None:
    """Recipe and scheme are read, written again it has the same bytes, and its rows need no new word."""
    data, config, scheme, notes = FILES[name]
    path = FOLDER / f"{name}.safetensors"
    model = load(path)
    assert (model.data, model.config, model.label) == (data, config, "format 1")
    assert model.quantized is not None
    assert model.quantized.scheme == scheme
    assert encode(model) == path.read_bytes()
    assert model.preparation.may_miss == (False,) * len(model.features)
    again = reopen(decode(path.read_bytes()))
    assert [note for note in again.report.notes if note in notes] == list(notes)


@pytest.mark.parametrize("name", FILES)
def test_an_old_file_answers_as_it_did(name: str) -> None:
    """The predictions that stand in it are those of its rows, with this version's arithmetic."""
    path = FOLDER / f"{name}.safetensors"
    header, _ = parse(path.read_bytes())
    model = load(path)
    rows = np.array(header["probe"]["rows"])
    for variant in model.variants:
        assert model.outputs(rows, variant) == pytest.approx(np.array(header["probe"][variant]), rel=1e-9)
