"""Settings in a JSON file, which may have whole-line comments: bytes to an Experiment, or one clear message."""

from __future__ import annotations

from pathlib import Path

from core.artifact.strict import strict_json
from core.config import Experiment, experiment_from_json
from core.errors import ArtifactError, InvalidInput

# Several times the longest settings with comments.
MAX_BYTES = 65536


def without_comments(text: str) -> str:
    """Return JSON text with every whole-line `//` comment emptied; a line inside a JSON string cannot start so."""
    return "\n".join("" if line.lstrip().startswith("//") else line for line in text.split("\n"))


def parse_config(data: bytes, name: str) -> Experiment:
    """Return the Experiment in `data`; raises `InvalidInput`. `name` says in messages where it came from."""
    if len(data) > MAX_BYTES:
        raise InvalidInput("config", name, f"a JSON file of at most {MAX_BYTES} bytes")
    try:
        found = strict_json(without_comments(data.decode("utf-8-sig")))
    except UnicodeDecodeError as error:
        raise InvalidInput("config", name, "a JSON file of settings (it is not UTF-8 text)") from error
    except ArtifactError as error:
        reason = str(error).replace("the header", "it")
        raise InvalidInput("config", name, f"a JSON file of settings ({reason})") from error
    return experiment_from_json(found)


def read_config(path: str) -> Experiment:
    """Return the Experiment in a JSON file, which may have whole-line `//` comments; raises `InvalidInput`."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InvalidInput("config", path, f"a readable JSON file ({error.strerror})") from error
    return parse_config(data, path)
