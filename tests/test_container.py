"""The container without an engine: what enters the image, how it runs, and the rehearsal of it as another user."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from core.version import VERSION
from tests.sources import ROOT
from tools import image, rehearse_container

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
STEPS = image.steps(DOCKERFILE)
# The stages, each with what follows its FROM.
STARTS = [i for i, step in enumerate(STEPS) if step.word == "FROM"]
LAST = STEPS[STARTS[-1] :]


def only(word: str) -> str:
    """Return the rest of the one instruction of this word in the last stage."""
    (found,) = (step.rest for step in LAST if step.word == word)
    return found


def test_only_what_the_server_needs_enters_the_image() -> None:
    """Program, pages, example tables and the health check; no tests, no tools, no saved models, no history."""
    names = image.context()
    assert {name.split("/")[0] for name in names} == {
        ".streamlit", "LICENSE", "app.py", "core", "deploy", "examples", "pages", "requirements.lock",
    }  # fmt: skip
    assert [n for n in names if n.startswith(("deploy/", ".streamlit/"))] == [
        ".streamlit/config.toml",
        "deploy/health.py",
    ]
    assert {"core/gallery/forest.safetensors", "pages/pad.js", "examples/template.csv"} <= set(names)
    assert not [n for n in names if n.endswith(".pyc") or "secret" in n]


@pytest.mark.parametrize(
    ("name", "ignored"),
    [
        ("README.md", True),
        ("core/parts.py", False),
        ("core/__pycache__/parts.cpython-311.pyc", True),
        ("core/old.pyc", True),
        ("examples/flats.csv", False),
        ("examples/linear.json", True),
        (".streamlit/secrets.toml", True),
        ("deploy/Caddyfile", True),
    ],
)
def test_the_last_rule_that_fits_decides(name: str, ignored: bool) -> None:
    """A rule of .dockerignore that lets in is taken back by a later one."""
    rules = [r for r in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if r and r[0] != "#"]
    assert image._ignored(name, rules) is ignored


def test_the_image_is_built_in_two_stages_from_the_lock() -> None:
    """pip runs in the first one only, by hashes; the second takes over results and installs nothing."""
    assert len(STARTS) == 2
    first = " ".join(step.rest for step in STEPS[: STARTS[-1]])
    assert "--require-hashes -r requirements.lock" in first
    assert "python -m core inspect models/default.safetensors" in first
    assert not [s for s in LAST if s.word == "RUN" and re.search(r"pip|apt|curl", s.rest)]
    assert all(s.rest.startswith("--from=build ") for s in LAST if s.word == "COPY")


def test_the_base_can_be_pinned_without_a_change_of_the_file() -> None:
    """Both stages start from one argument, whose default is a tag."""
    assert {step.rest.split()[0] for step in STEPS if step.word == "FROM"} == {"${PYTHON}"}
    assert [step.rest for step in STEPS if step.word == "ARG"] == ["PYTHON=python:3.11-slim"]


def test_the_image_runs_without_rights_and_stops_when_asked() -> None:
    """A user by number in group 0, one volume, the server as process 1, and labels that say what it is."""
    assert only("USER") == "10001:0"
    assert only("VOLUME") == '["/app/artifacts"]'
    assert only("STOPSIGNAL") == "SIGTERM"
    assert '"sh", "-c", "exec python -m streamlit run app.py ' in only("CMD")
    labels = image.pairs(only("LABEL"))
    assert labels["org.opencontainers.image.version"] == VERSION
    assert labels["org.opencontainers.image.licenses"] == "MIT"


def test_what_is_not_understood_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An instruction that the rehearsal would skip stops it."""
    (tmp_path / "Dockerfile").write_text("# nothing\nFROM a\nSHELL \\\n  ['sh']\n", encoding="utf-8")
    monkeypatch.setattr(image, "ROOT", tmp_path)
    monkeypatch.setattr(image, "base", lambda found: found.root.mkdir(parents=True))
    with pytest.raises(ValueError, match="not understood: Step"):
        image.lay_out(tmp_path / "image")


def test_a_check_that_does_not_hold_ends_the_rehearsal() -> None:
    """The message says what was expected and what was seen."""
    assert rehearse_container.expect(True, "it runs") == "it runs"
    with pytest.raises(AssertionError, match="not so: it runs; 500"):
        rehearse_container.expect(False, "it runs", 500)


@pytest.mark.skipif(bool(rehearse_container.reason_not_to()), reason=rehearse_container.reason_not_to())
def test_the_container_works_for_a_user_that_owns_nothing() -> None:
    """Health, pages, interface and command line, under a base path; what is not the volume cannot be written to."""
    said = list(rehearse_container.rehearse(quick=True))
    assert len(said) == len(set(said)) >= 12
    assert any(line.startswith("SIGTERM ends the server") for line in said)
    assert os.getuid() == 0
