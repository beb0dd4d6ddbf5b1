"""The documents are about this program: every name is in them, and every line of code in them works."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from itertools import pairwise
from pathlib import Path

import pytest

import core
from core.artifact import save
from core.cli.main import main, parser
from core.datasets import DATASETS
from core.evaluate import compare, model_file
from core.models import MODELS
from core.quant import METHOD_NAMES, PRESETS, SWITCHES, Scheme
from core.version import VERSION
from pages._format import METHOD_LABELS
from tests.support import california

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
ROUTER = (ROOT / "pages" / "_router.py").read_text(encoding="utf-8")

# Language and text of each fenced block.
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.M | re.S)
CODE = "\n".join(text for language, text in BLOCKS if language != "python")
# What stands in a sentence as code; words that no file and no option can be are left out by the callers.
INLINE = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", README, flags=re.M | re.S))
COMMANDS = [line.strip() for line in CODE.splitlines() if line.strip().startswith("python -m core")]
SUBCOMMANDS = next(a for a in parser()._actions if a.dest == "command").choices or {}


def targets() -> set[str]:
    """Return the targets that the Makefile declares as commands."""
    return set(next(line for line in MAKEFILE.splitlines() if line.startswith(".PHONY:")).split()[1:])


def variables() -> set[str]:
    """Return the environment variables of our own that any file of the project reads."""
    files = [p for folder in ("core", "pages", "tests") for p in (ROOT / folder).rglob("*.py")]
    files += [ROOT / name for name in ("app.py", "Makefile", "Dockerfile", "compose.yaml", ".ci/run")]
    return {name for path in files for name in re.findall(r"\bBITDIAL_[A-Z_]+\b", path.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("name", [*DATASETS, *MODELS, *METHOD_NAMES, *PRESETS])
def test_the_readme_names_everything_that_can_be_chosen(name: str) -> None:
    """Every data set, model, method and preset of the registries stands in the README."""
    spelt = f"`{name}`"
    shown = DATASETS[name].label if name in DATASETS else spelt
    assert shown in README


def test_the_readme_gives_every_choice_the_label_of_the_screen() -> None:
    """A row of the tables carries the label that the menus show beside the name of the command line."""
    for name, label in [*((n, m.label) for n, m in MODELS.items()), *METHOD_LABELS.items()]:
        assert re.search(rf"^\| {re.escape(label)} \| `{name}`", README, re.M), name


def test_the_readme_names_every_page_with_its_path() -> None:
    """Each page in the navigation stands in the table of pages with the address that opens it."""
    listed = re.findall(r'st\.Page\("(\w+)\.py", title="(\w+)"(.*)\)', ROUTER)
    assert len(listed) >= 4
    for file, title, more in listed:
        if "hidden" in more:
            continue
        path = "/" if "default=True" in more else f"/{file}"
        assert f"| {title} (`{path}`) |" in README


def test_the_readme_names_every_command() -> None:
    """Every command of the command line has a line that shows how it is used."""
    assert {shlex.split(line)[3] for line in COMMANDS} == set(SUBCOMMANDS)


@pytest.mark.parametrize("name", [n for n, choice in SWITCHES.items() if len(choice.options) > 1])
def test_the_readme_names_every_switch_with_a_choice(name: str) -> None:
    """A switch that offers more than one value is explained."""
    assert f"`--{name}`" in README


def test_the_readme_names_every_environment_variable() -> None:
    """All variables of our own that are read anywhere, and the port, stand in the README; no others do."""
    assert {*re.findall(r"\bBITDIAL_[A-Z_]+\b", README)} == variables()
    assert "| `PORT` |" in README


def test_the_table_of_variables_is_that_of_the_settings() -> None:
    """Each variable that the settings read has a row, and no row is about another; the image's own two stand below."""
    settings = (ROOT / "core" / "settings.py").read_text(encoding="utf-8")
    cells = re.findall(r"^\| (`[A-Z_]+`(?:, `[A-Z_]+`)*) \| \S", README, re.M)
    rows = [name for cell in cells for name in re.findall("[A-Z_]+", cell)]
    assert set(rows) == {*re.findall(r'"(BITDIAL_[A-Z_]+|MLFLOW_TRACKING_URI)"', settings), "PORT", "BASE_PATH"}
    assert len(rows) == len(set(rows))
    assert {"PORT", "BASE_PATH"} <= set(re.findall(r"\b([A-Z_]+)=", (ROOT / "Dockerfile").read_text(encoding="utf-8")))


def test_every_make_target_in_the_readme_exists() -> None:
    """Whatever the README tells people to make, the Makefile knows."""
    named = {word for text in [CODE, *INLINE] for word in re.findall(r"\bmake ([a-z]+)", text)}
    assert {"run", "test"} <= named <= targets()


def test_every_make_target_is_a_rule() -> None:
    """What the Makefile declares as a command has a rule."""
    for target in targets():
        assert re.search(rf"^{target}:", MAKEFILE, re.M), target


def test_every_path_in_the_readme_exists() -> None:
    """Links, pictures, and files and folders of the repository that are named as code, are there.

    What a command makes (`.venv`, model files, the rows that one brings) and paths of the server are not
    files of the repository.
    """
    made = re.compile(r"\.venv\b|\.safetensors$|^rows\.csv$|^predictions\.csv$|^/|^http")
    linked = re.findall(r"\]\(([^)#]+)\)", README)
    words = [word.strip("`'\"").rstrip(".,;") for text in [CODE, *INLINE] for word in text.split()]
    looks = [w for w in words if re.fullmatch(r"[\w.-]*(/[\w.-]+)+/?|[\w.-]+(/|\.(py|txt|md|toml|csv))", w)]
    named = {w for w in [*linked, *looks] if not made.search(w)}
    assert {"LICENSE", "CHANGELOG.md", "app.py", "requirements.txt"} <= named
    assert [w for w in sorted(named) if not (ROOT / w).exists()] == []


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_in_the_readme_is_understood(line: str) -> None:
    """Each line is one that the parser takes as it stands."""
    args = parser().parse_args(shlex.split(line)[3:])
    assert args.command in SUBCOMMANDS


def test_the_commands_of_the_readme_run_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Typed one after the other into a folder with the examples and a rows file, every line succeeds."""
    monkeypatch.chdir(tmp_path)
    names = [f.name for f in california().dataset.features]
    row = ",".join(str(v) for v in california().rows("test")[0][0])
    (tmp_path / "rows.csv").write_text(f"{','.join(names)}\n{row}\n", encoding="utf-8")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    for line in COMMANDS:
        status = main(shlex.split(line)[3:])
        out, error = capsys.readouterr()
        assert (status, error) == (0, ""), line
        assert out.strip(), line
    assert {p.name for p in tmp_path.iterdir()} >= {"ridge.safetensors", "pair.safetensors", "predictions.csv"}


def test_the_python_in_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example prints what it promises: R² with its verdict, and one prediction."""
    monkeypatch.chdir(tmp_path)
    save(model_file(california(), compare(california(), Scheme(bits=6))), "pair.safetensors")
    examples = [text for language, text in BLOCKS if language == "python"]
    assert len(examples) == 2
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(examples[0], "README.md", "exec"), {})  # noqa: S102  (our own example)
    first, second = printed.getvalue().splitlines()
    r2, _, verdict = first.partition(" ")
    assert 0.5 < float(r2) < 0.6
    assert verdict in ("worse", "better", "no evidence of a difference")
    assert re.fullmatch(r"\[\d\.\d+\]", second)


def test_every_option_in_the_readme_exists() -> None:
    """An option that is named in a sentence or a table belongs to a command."""
    known = {o for sub in SUBCOMMANDS.values() for a in sub._actions for o in a.option_strings}
    named = {w.split("=")[0] for text in INLINE for w in text.split() if w.startswith("--")}
    assert {"--model", "--method", "--json"} <= named <= known


def test_the_newest_version_is_that_of_the_code() -> None:
    """The first release below "Unreleased" carries the version of the program."""
    versions = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d{2}-\d{2}$", CHANGELOG, re.M)
    assert versions[0] == core.__version__ == VERSION


def test_the_changelog_has_the_form_that_it_claims() -> None:
    """Unreleased on top, releases from new to old by date and number, known sections in their order."""
    headings = re.findall(r"^## (.+)$", CHANGELOG, re.M)
    assert headings[0] == "[Unreleased]"
    assert CHANGELOG.startswith("# Changelog\n")
    assert "https://keepachangelog.com/en/1.1.0/" in CHANGELOG
    releases = [re.fullmatch(r"\[(\d+)\.(\d+)\.(\d+)\] - (\d{4}-\d{2}-\d{2})", h) for h in headings[1:]]
    assert all(releases)
    dated = [(tuple(int(n) for n in r.groups()[:3]), r[4]) for r in releases if r]
    assert all(newer[0] > older[0] and newer[1] >= older[1] for newer, older in pairwise(dated))
    order = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security", "Dependencies", "Model file format"]
    for part in re.split(r"^## .+$", CHANGELOG, flags=re.M)[1:]:
        found = [re.sub(r" \d+$", "", s) for s in re.findall(r"^### (.+)$", part, re.M)]
        assert found == sorted(found, key=order.index)
        assert len(found) == len(set(found))
        for section in re.split(r"^### .+$", part, flags=re.M)[1:]:
            entries = [line for line in section.strip().splitlines() if not line.startswith("  ")]
            assert entries, "a section without an entry"
            assert all(line.startswith("- ") for line in entries if line), section


def test_every_pinned_dependency_says_why() -> None:
    """Each direct requirement is pinned to one version and carries a reason in the same line."""
    for name in ("requirements.txt", "requirements-dev.txt", "requirements-mlflow.txt"):
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
            if line and not line.startswith(("#", "-r")):
                assert re.fullmatch(r"[\w.-]+==[\w.]+(; \S.*?)? +# \S.+", line), line
