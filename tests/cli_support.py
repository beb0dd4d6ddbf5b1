"""What the tests of the command line share: running a command in this process, and model files to run it on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.artifact import from_trained, save
from core.cli.main import main
from core.evaluate import compare, model_file
from core.quant import Scheme
from tests.support import california


class Shell:
    """Runs commands as `python -m core` would, and keeps what they print."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Read the output through `capsys`."""
        self.capsys = capsys

    def run(self, *argv: object) -> tuple[int, str, str]:
        """Return exit status, standard output and standard error of one command."""
        try:
            status = main([str(a) for a in argv])
        except SystemExit as stopped:  # how argparse ends
            status = int(stopped.code or 0)
        out, error = self.capsys.readouterr()
        return status, out, error

    def text(self, *argv: object) -> str:
        """Return what a command prints for people; it must succeed and complain of nothing."""
        status, out, error = self.run(*argv)
        assert (status, error) == (0, "")
        return out

    def json(self, *argv: object) -> dict[str, Any]:
        """Return the one JSON object that a command prints with `--json`, and nothing besides."""
        out = self.text(*argv, "--json")
        assert out.endswith("\n")
        assert out.count("\n") == 1
        found = json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
        assert isinstance(found, dict)
        return found

    def refused(self, *argv: object) -> str:
        """Return the message of a command that must end with status 2, silent on standard output."""
        status, out, error = self.run(*argv)
        assert (status, out) == (2, "")
        assert error.startswith("error: ")
        assert error.count("\n") == 1
        return error.removeprefix("error: ").rstrip("\n")


def original_file(folder: Path) -> Path:
    """Write the default model without a twin, and return the path."""
    return save(from_trained(california()), folder / "original.safetensors")


def pair_file(folder: Path, scheme: Scheme | None = None) -> Path:
    """Write the default model with its twin, and return the path."""
    trained = california()
    return save(model_file(trained, compare(trained, scheme or Scheme(bits=6)), "pair"), folder / "pair.safetensors")
