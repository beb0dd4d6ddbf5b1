"""The image that the Dockerfile describes, laid out as folders without an engine: COPY, ENV, and RUN without a network.

Only what our Dockerfile uses is understood; anything else is an error, so that nothing is skipped in silence. The
installation of the packages is the one step that is replaced: they are those of the Python that runs this.
"""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Where the Dockerfile puts the environment, and where its base image has Python.
ENVIRONMENT = "/opt/venv"
PYTHON_HOME = "/usr/local"
_NOTHING_TO_DO = {"ARG", "LABEL", "EXPOSE", "STOPSIGNAL"}


@dataclass(frozen=True)
class Step:
    """One instruction of a Dockerfile: its word and the rest, continued lines joined."""

    word: str
    rest: str


@dataclass
class Image:
    """One stage while it is laid out, and the image when the last one is; paths in it begin with a slash."""

    root: Path
    workdir: str = "/"
    user: str = "0:0"
    environment: dict[str, str] = field(default_factory=dict)
    volumes: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)

    def path(self, name: str) -> Path:
        """Return where the path `name` of the image lies; a relative one starts from its working folder."""
        return self.root / os.path.normpath(os.path.join(self.workdir, name)).lstrip("/")

    @property
    def variables(self) -> dict[str, str]:
        """The environment as a process on this machine needs it: the folders of PATH are those of the image first."""
        inside = self.environment.get("PATH", "$PATH").replace("$PATH", f"{PYTHON_HOME}/bin:{os.defpath}").split(":")
        moved = [str(self.path(p)) if self.path(p).is_dir() else p for p in inside if p]
        # A Python that is one program and one library looks for the library where it was built.
        return {**self.environment, "PATH": ":".join(moved), "LD_LIBRARY_PATH": str(self.path(f"{PYTHON_HOME}/lib"))}


def steps(text: str) -> list[Step]:
    """Return the instructions of a Dockerfile."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [Step(word.upper(), rest) for word, _, rest in (line.partition(" ") for line in joined.splitlines())]


def pairs(rest: str) -> dict[str, str]:
    """Return the names and values of an ENV or LABEL."""
    found = re.findall(r'([\w.]+)=("[^"]*"|\S*)', rest)
    return {name: value.strip('"') for name, value in found}


def context(root: Path = ROOT) -> list[str]:
    """Return the files that .dockerignore lets into a build, relative to `root`; the last rule that fits decides."""
    lines = (root / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    files = (p.relative_to(root).as_posix() for p in _files(root, rules))
    return sorted(name for name in files if not _ignored(name, rules))


def _files(root: Path, rules: list[str]) -> Iterator[Path]:
    """Yield the files below what the rules let in: nothing else of the folder is looked at."""
    for rule in (r[1:] for r in rules if r.startswith("!")):
        for path in root.glob(rule):
            yield from (p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]


def _ignored(name: str, rules: list[str]) -> bool:
    ignored, parts = False, name.split("/")
    beginnings = ["/".join(parts[: i + 1]) for i in range(len(parts))]
    for rule in rules:
        pattern = rule.removeprefix("!")
        candidates = [*beginnings, *parts] if pattern.startswith("**/") else beginnings
        if any(fnmatch.fnmatchcase(c, pattern.removeprefix("**/")) for c in candidates):
            ignored = not rule.startswith("!")
    return ignored


def lay_out(folder: Path, quick: bool = False) -> Image:
    """Build the image in `folder` by the Dockerfile; `quick` leaves out what starts Python while building."""
    stages: dict[str, Image] = {}
    image = Image(folder)
    for step in steps((ROOT / "Dockerfile").read_text(encoding="utf-8")):
        if step.word == "FROM":
            name = step.rest.partition(" AS ")[2] or "last"
            image = stages[name] = Image(folder / name)
            base(image)
        elif step.word == "COPY":
            _copy(step.rest, image, stages)
        elif step.word == "RUN":
            _run(step.rest, image, quick)
        elif step.word not in _NOTHING_TO_DO:
            _set(step, image)
    return image


def _set(step: Step, image: Image) -> None:
    if step.word == "ENV":
        image.environment |= pairs(step.rest)
    elif step.word == "WORKDIR":
        image.workdir = step.rest
        image.path(".").mkdir(parents=True, exist_ok=True)
    elif step.word == "USER":
        image.user = step.rest
    elif step.word == "VOLUME":
        image.volumes = json.loads(step.rest)
    elif step.word == "CMD":
        image.command = json.loads(step.rest)
    elif step.word == "HEALTHCHECK":
        image.health = json.loads(step.rest.partition("CMD ")[2])
    else:
        raise ValueError(f"this instruction is not understood: {step}")


def _copy(rest: str, image: Image, stages: dict[str, Image]) -> None:
    *options, source, target = rest.split()
    if options:
        (stage,) = (o.removeprefix("--from=") for o in options)
        shutil.copytree(stages[stage].path(source), image.path(target), symlinks=True,
                        copy_function=_link, dirs_exist_ok=True)  # fmt: skip
        return
    for name in context():
        if source == "." or fnmatch.fnmatchcase(name, source):
            path = image.path(target) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, path)


def _run(command: str, image: Image, quick: bool) -> None:
    if f"venv --without-pip {ENVIRONMENT}" in command:
        packages(image)
    elif not (quick and "python" in command):
        subprocess.run(["sh", "-ec", command], cwd=image.path("."), env=image.variables, check=True)  # noqa: S603, S607


def base(image: Image) -> None:
    """Put the Python that runs this where the base image has its own, as links to the same files.

    Its own place may be one that nobody else may look into.
    """
    home, library = image.path(PYTHON_HOME), Path(sysconfig.get_path("stdlib"))
    program = Path(os.path.realpath(sys._base_executable))  # type: ignore[attr-defined]
    (home / "bin").mkdir(parents=True)
    _link(str(program), str(home / "bin" / "python3"))
    for shared in Path(sys.base_prefix, "lib").glob("libpython*"):
        (home / "lib").mkdir(exist_ok=True)
        _link(str(shared), str(home / "lib" / shared.name))
    unused = shutil.ignore_patterns("site-packages", "dist-packages", "test", "idlelib", "tkinter")
    shutil.copytree(library, home / "lib" / library.name, copy_function=_link, ignore=unused)


def packages(image: Image) -> None:
    """Make the environment with the packages of the Python that runs this, in their place where all may look there."""
    folder = image.path(ENVIRONMENT)
    command = [image.path(PYTHON_HOME) / "bin" / "python3", "-m", "venv", "--without-pip", folder]
    subprocess.run(command, env=image.variables, check=True)  # noqa: S603
    found = Path(sysconfig.get_path("purelib"))
    target = folder / "lib" / found.parent.name / found.name
    target.rmdir()
    if all(path.stat().st_mode & 0o005 == 0o005 for path in (found, *found.parents)):
        target.symlink_to(found)
    else:
        shutil.copytree(found, target, copy_function=_link)


def _link(source: str, target: str) -> str:
    """Give the file a second name, which costs no bytes; copy it where that is not possible."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)
    return target
