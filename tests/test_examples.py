"""The example configurations: one for every model, each setting explained, and comments in JSON at all."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from core.cli import main
from core.config import preset_experiment
from core.config_file import read_config, without_comments
from core.errors import InvalidInput
from core.evaluate import compare
from core.models import MODELS
from core.settings import ROOT
from core.train import train

FOLDER = ROOT / "examples"
FLAT = "system-004"
EXAMPLES = (*MODELS, FLAT)

SETTING = re.compile(r'\s*"(\w+)": ')


def path(name: str) -> Path:
    """Return the file of an example."""
    return FOLDER / f"{name}.json"


def text(name: str) -> str:
    """Return an example as it is written."""
    return path(name).read_text(encoding="utf-8")


def plain(name: str) -> Any:
    """Return what an example says, its comments left out."""
    return json.loads(without_comments(text(name)))


def test_there_is_one_example_for_every_model() -> None:
    """The folder has a configuration named after each model, the flat one of system 004, and no other."""
    assert sorted(p.name for p in FOLDER.glob("*.json")) == sorted(f"{name}.json" for name in EXAMPLES)


@pytest.mark.parametrize("name", MODELS)
def test_an_example_names_the_whole_experiment(name: str) -> None:
    """Data, training and scheme stand in it with all their settings, and it is of the model it is named after."""
    e = read_config(str(path(name)))
    assert e.train.model == name
    assert plain(name) == e.to_json()


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_setting_is_explained(name: str) -> None:
    """A comment stands right above every setting and every section, and no line is too long."""
    lines = text(name).splitlines()
    explained = [i for i, line in enumerate(lines) if SETTING.match(line)]
    assert len(explained) >= 5
    for i in explained:
        comment = lines[i - 1].strip()
        assert comment.startswith("// "), lines[i]
        assert comment.endswith("."), comment
    assert lines[0].startswith("// ")
    assert f"examples/{name}.json" in "\n".join(lines[:3])
    assert max(map(len, lines)) <= 120


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_can_be_compared(name: str) -> None:
    """The setting trains without a complaint of the solver, and both models have figures on the test rows."""
    e = read_config(str(path(name)))
    trained = train(e.data, e.train)
    c = compare(trained, e.scheme)
    assert not any("solver" in note for note in trained.report.notes)
    assert c.score("original") is not None
    assert c.score("quantized") is not None


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_commands_take_the_examples(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Train, compare and sweep accept the file with --config, and an option beside it wins."""
    out = tmp_path / "model.safetensors"
    config = ["--config", str(path(name))]
    assert main(["train", *config, "--json", "--out", str(out)]) == 0
    assert json.loads(capsys.readouterr().out)["experiment"] == read_config(str(path(name))).to_json()
    assert out.stat().st_size > 0
    assert main(["compare", *config, "--json", "--bits", "5"]) == 0
    assert json.loads(capsys.readouterr().out)["scheme"]["bits"] == 5
    assert main(["sweep", *config, "--methods", "symmetric", "--bits", "2,3", "--json"]) == 0
    assert [p["bits"] for p in json.loads(capsys.readouterr().out)["points"]] == [2, 3]


def test_the_flat_example_is_the_model_of_system_004() -> None:
    """The flat settings train the same model as the preset."""
    flat, preset = read_config(str(path(FLAT))), preset_experiment(FLAT)
    assert (flat.data, flat.train) == (preset.data, preset.train)
    assert set(plain(FLAT)) == {"C", "solver", "max_iter", "random_state", "test_size"}


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ('// a\n{"b": 1}', '\n{"b": 1}'),
        ('{\n  \t// a\n"b": 1}', '{\n\n"b": 1}'),
        ('{"b": 1} // a', '{"b": 1} // a'),
        ('{"b": "// a"}', '{"b": "// a"}'),
        ('{"b": "http://a"}', '{"b": "http://a"}'),
        ("/ a\n# b", "/ a\n# b"),
        ('{"b": "c\u2028// a"}', '{"b": "c\u2028// a"}'),
        ("{}\r\n// a\r\n", "{}\r\n\n"),
    ],
)
def test_comments_are_whole_lines(given: str, left: str) -> None:
    """Only a line whose first visible characters are // is left out; lines keep their numbers."""
    assert without_comments(given) == left
    assert left.count("\n") == given.count("\n")


NOT_JSON = "config must be a JSON file of settings (it is not JSON)"


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ('{"data": {}} // a', NOT_JSON),
        ('/* a */ {"data": {}}', NOT_JSON),
        ('# a\n{"data": {}}', NOT_JSON),
        ("// nothing else", NOT_JSON),
        ('// a\n{"data": {"seed": 1,}}', NOT_JSON),
        ('// a\n{"data": {}, "data": {}}', "config must be a JSON file of settings (it names a key twice)"),
        ('// a\n{"train": {"model": "forest"}}', "model must be one of"),
        ('// a\n{"data": {"seeds": 1}}', "setting of data must be one of dataset, test_size, seed"),
        ('// a\n{"C": 0}', "C must be a number above 0"),
        ('// a\n{"C": 1, "penalty": "l2"}', "setting of experiment must be one of data, train, scheme"),
        ("// a\n[]", "experiment must be an object with data, train, scheme"),
    ],
)
def test_a_bad_configuration_is_refused(
    written: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A comment elsewhere, other comment marks and bad settings end with status 2 and say what is wrong."""
    file = tmp_path / "config.json"
    file.write_text(written, encoding="utf-8")
    with pytest.raises(InvalidInput, match=re.escape(message)):
        read_config(str(file))
    assert main(["compare", "--config", str(file)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"error: {message}")
