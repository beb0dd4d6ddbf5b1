"""Workspaces: what is saved under one key is there for that key alone; bounds, what goes, and what saving may not do."""

from __future__ import annotations

import errno
import json
import os
import re
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import logs, workspaces
from core.artifact import encode, loads
from core.errors import ArtifactError
from core.settings import MIB, settings
from core.workspaces import janitor, labels, places, quota
from tests.support import pair_bytes, small_file
from tests.together import together

DAY = 24 * 3600


@pytest.fixture
def artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Point the settings at a folder that does not exist yet."""
    monkeypatch.setenv("BITDIAL_ARTIFACTS", str(tmp_path / "kept" / "artifacts"))
    settings.cache_clear()
    yield tmp_path / "kept" / "artifacts"
    monkeypatch.undo()
    settings.cache_clear()


def bounded(monkeypatch: pytest.MonkeyPatch, **values: int) -> None:
    """Set variables of the environment, by the end of their names."""
    for name, value in values.items():
        monkeypatch.setenv(f"BITDIAL_{name}", str(value))
    settings.cache_clear()


def workspace() -> str:
    """Return the folder of a workspace of its own."""
    return workspaces.folder_of(workspaces.new_key())


def file_of(folder: str, name: str) -> Path:
    """Return where a saved model lies."""
    return settings().artifacts / "workspaces" / folder / f"{name}.safetensors"


def filled(folder: str, size: int, age: float = 0.0) -> Path:
    """Save a model, make its file `size` bytes long, and the workspace unused for `age` seconds."""
    path = file_of(folder, workspaces.save(folder, small_file()))
    os.truncate(path, size)
    stamp = time.time() - age
    os.utime(path.parent, (stamp, stamp))
    # What was measured a moment ago is measured again; people do not change files behind the server's back.
    quota._sizes.clear()
    return path


def test_a_key_is_unguessable_and_its_folder_does_not_tell_it() -> None:
    """256 bits, and a folder that is named by a hash of it."""
    keys = {workspaces.new_key() for _ in range(100)}
    assert len(keys) == len({workspaces.folder_of(key) for key in keys}) == 100
    for key in keys:
        assert workspaces.is_key(key)
        assert re.fullmatch("[a-z2-7]{26}", workspaces.folder_of(key))
        assert workspaces.folder_of(key) == workspaces.folder_of(key)
        assert workspaces.folder_of(key)[:6] not in key.lower()
    # Known once and for all, or what people have saved would be lost with a new version.
    assert workspaces.folder_of("k" * 43) == "ubeeuymfwmsof42vdfhtgrec7r"


@pytest.mark.parametrize("text", ["", "k" * 42, "k" * 44, "k" * 42 + "/", "../" * 14 + "x", "k" * 42 + "\n", "é" * 43])
def test_other_texts_are_no_keys(text: str) -> None:
    """Of another length or with other letters."""
    assert not workspaces.is_key(text)
    assert workspaces.key_in(f"bitdial_workspace={text}") == ""


def test_what_is_saved_is_listed_read_and_deleted(artifacts: Path) -> None:
    """The folder comes with the first file and goes with the last; the newest stands first."""
    folder = workspace()
    assert workspaces.saved(folder) == ()
    assert not artifacts.exists()
    first = workspaces.save(folder, small_file())
    os.utime(file_of(folder, first), (1e9, 1e9))  # two files may have one time: the clock ticks in milliseconds
    second = workspaces.save(folder, small_file())
    found = workspaces.saved(folder)
    assert [(one.id, one.label, one.bytes, one.shared) for one in found] == [
        (second, "small", len(pair_bytes()), False),
        (first, "small", len(pair_bytes()), False),
    ]
    assert encode(loads(workspaces.read(folder, first))) == pair_bytes()
    workspaces.delete(folder, first)
    workspaces.delete(folder, first)
    assert [one.id for one in workspaces.saved(folder)] == [second]
    workspaces.delete(folder, second)
    assert list((artifacts / "workspaces").iterdir()) == []


def test_one_workspace_is_nothing_to_another(artifacts: Path) -> None:
    """Not to be read, listed or deleted, by whatever path one tries; a link leads nowhere."""
    mine, theirs = workspace(), workspace()
    secret = workspaces.save(theirs, small_file())
    workspaces.save(mine, small_file())
    tricks = [secret, theirs, f"../{theirs}/{secret}", f"workspaces/{theirs}/{secret}", f"..%2f{theirs}%2f{secret}",
              f"{secret}.safetensors", f"{theirs}\0", "", ".", ".."]  # fmt: skip
    for name in tricks:
        assert not workspaces.holds(mine, name)
        workspaces.delete(mine, name)
        with pytest.raises(ArtifactError, match="No such file or directory"):
            workspaces.read(mine, name)
    assert secret not in {one.id for one in (*workspaces.saved(mine), *workspaces.shared())}
    assert [one.id for one in workspaces.saved(theirs)] == [secret]
    for folder in ("", ".", "..", f"../workspaces/{theirs}", theirs.upper(), theirs + "/", theirs[:25]):
        assert workspaces.saved(folder) == ()
        assert workspaces.reset(folder) == (0, 0)
    (artifacts / "workspaces" / mine / f"{'a' * 26}.safetensors").symlink_to(file_of(theirs, secret))
    link = workspace()
    (artifacts / "workspaces" / link).symlink_to(artifacts / "workspaces" / theirs)
    assert not workspaces.holds(mine, "a" * 26)
    with pytest.raises(ArtifactError, match="No such file"):
        workspaces.read(mine, "a" * 26)
    assert workspaces.saved(link) == ()
    with pytest.raises(ArtifactError, match=r"^saving is off: the folder of workspaces is a link$"):
        workspaces.save(link, small_file())
    assert workspaces.reset(mine)[0] == 1
    assert workspaces.holds(theirs, secret)


def test_the_models_of_the_operator_are_everybodys_to_read_and_nobodys_to_change(artifacts: Path) -> None:
    """Listed with their label, or without one where they do not open; no delete and no reset reaches them."""
    artifacts.mkdir(parents=True)
    (artifacts / "good.safetensors").write_bytes(pair_bytes())
    (artifacts / "bad.safetensors").write_bytes(b"\xff" * 40)
    (artifacts / ".hidden.safetensors").write_bytes(pair_bytes())
    folder = workspace()
    workspaces.save(folder, small_file())
    assert {(one.id, one.label, one.shared) for one in workspaces.shared()} == {
        ("good", "small", True),
        ("bad", "", True),
    }
    assert workspaces.read(folder, "good") == pair_bytes()
    for name in ("good", "bad"):
        workspaces.delete(folder, name)
    workspaces.reset(folder)
    assert len(workspaces.shared()) == 2


def test_labels_are_read_once_for_each_version(artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And at most sixty letters of them; what has none, or lies about its length, has none."""
    reads: list[Path] = []
    read = labels._read
    monkeypatch.setattr(labels, "_read", lambda path: reads.append(path) or read(path))
    folder = workspace()
    for _ in range(3):
        workspaces.save(folder, small_file())
    for _ in range(5):
        assert [one.label for one in workspaces.saved(folder)] == ["small"] * 3
    assert len(reads) == 3
    path = artifacts / "x.safetensors"
    text = json.dumps({"label": "é\n" * 100})
    head = json.dumps({"__metadata__": {"bitdial": text}}).encode()
    path.write_bytes(len(head).to_bytes(8, "little") + head)
    assert workspaces.shared()[0].label == "é\n" * 30
    for data in (b"", b"\xff" * 100, b"\x02" + b"\0" * 7 + b"[]", (10**6).to_bytes(8, "little") + b"{" * 10**6):
        path.write_bytes(data)
        assert workspaces.shared()[0].label == ""


def test_the_number_of_models_is_bounded(artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says which bound it is and what frees space; nothing is lost, and another workspace is not meant."""
    bounded(monkeypatch, WORKSPACE_FILES=2)
    folder = workspace()
    ids = [workspaces.save(folder, small_file()) for _ in range(2)]
    with pytest.raises(ArtifactError) as error:
        workspaces.save(folder, small_file())
    assert str(error.value) == (
        "not saved: 2 of 2 models are saved here; delete one under Save and open, or take Reset there"
    )
    assert {one.id for one in workspaces.saved(folder)} == set(ids)
    workspaces.save(workspace(), small_file())
    workspaces.delete(folder, ids[0])
    workspaces.save(folder, small_file())


def test_the_bytes_of_a_workspace_are_bounded(artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Full to the last byte is allowed, one more is not."""
    bounded(monkeypatch, WORKSPACE_SIZE=1)
    folder, size = workspace(), len(pair_bytes())
    filled(folder, MIB - size + 1)
    with pytest.raises(ArtifactError, match=r"^not saved: 1\.0 of 1\.0 MiB are used here, and this takes 0\.0; delete"):
        workspaces.save(folder, small_file())
    assert len(workspaces.saved(folder)) == 1
    workspaces.reset(folder)
    filled(folder, MIB - size)
    workspaces.save(folder, small_file())
    assert sum(one.bytes for one in workspaces.saved(folder)) == MIB


def test_when_all_are_full_the_idle_go_first(artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those unused for a day, the oldest first, and no more of them than needed; never one in use, never one's own."""
    bounded(monkeypatch, WORKSPACES_SIZE=1)
    oldest, older, recent, mine = (workspace() for _ in range(4))
    for folder, age in ((oldest, 3 * DAY), (older, 2 * DAY), (recent, DAY - 60), (mine, 4 * DAY)):
        filled(folder, MIB // 4, age)
    workspaces.save(mine, small_file())
    assert not (artifacts / "workspaces" / oldest).exists()
    assert [len(workspaces.saved(folder)) for folder in (recent, mine)] == [1, 2]
    assert (artifacts / "workspaces" / older).exists()
    filled(recent, MIB // 4)
    workspaces.save(mine, small_file())
    assert not (artifacts / "workspaces" / older).exists()
    filled(recent, MIB // 4)
    with pytest.raises(ArtifactError) as error:
        workspaces.save(workspace(), small_file())
    assert str(error.value) == (
        "not saved: all visitors together use 1.0 of 1.0 MiB, and nobody's models have been idle for a day; delete one "
        "under Save and open, or take Reset there, or come again later"
    )
    assert len(list((artifacts / "workspaces").iterdir())) == 2


@pytest.mark.parametrize("hosted", [0, 1])
def test_hosted_the_idle_go_in_any_case(artifacts: Path, monkeypatch: pytest.MonkeyPatch, hosted: int) -> None:
    """At the next save of anybody; elsewhere they stay while there is room."""
    bounded(monkeypatch, HOSTED=hosted)
    idle, recent, seen = workspace(), workspace(), workspace()
    filled(idle, 1000, DAY + 60)
    filled(recent, 1000, DAY - 60)
    filled(seen, 1000, 3 * DAY)
    # Whoever looks at what is saved uses it.
    assert len(workspaces.saved(seen)) == 1
    workspaces.save(workspace(), small_file())
    left = {path.name for path in (artifacts / "workspaces").iterdir()}
    assert {recent, seen} <= left
    assert (idle in left) == (not hosted)


def test_a_workspace_that_was_just_used_is_not_dropped(artifacts: Path) -> None:
    """Between the look at its time and its end it may have been used: then it stays."""
    folder = workspace()
    path = filled(folder, 1000, 2 * DAY)
    (held,) = quota._all()
    os.utime(path.parent)
    assert quota._drop(held) == 0
    assert path.exists()


SAVER = """
import sys
from core import workspaces
from core.artifact import loads
from core.errors import ArtifactError
model, folder, saved = loads(open(sys.argv[1], "rb").read()), sys.argv[2], 0
print("ready", flush=True)
sys.stdin.readline()
try:
    while True:
        workspaces.save(folder, model)
except ArtifactError as error:
    print(str(error).split(";")[0], flush=True)
"""


def test_two_processes_exceed_a_bound_by_one_file_each_at_most(
    artifacts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both save into one workspace until it is full: at least as many as allowed, two more at most, and all are whole."""
    bounded(monkeypatch, WORKSPACE_FILES=20)
    folder, file = workspace(), tmp_path / "pair"
    file.write_bytes(pair_bytes())
    said = together(SAVER, str(file), folder, count=2)
    assert all(re.match(r"not saved: \d\d of 20 models are saved here", text) for text in said)
    found = workspaces.saved(folder)
    assert 20 <= len(found) <= 22
    assert all(workspaces.read(folder, one.id) == pair_bytes() for one in found)


def test_the_janitor_takes_old_temporary_files_and_nothing_else(artifacts: Path) -> None:
    """Of the folder of models and of the workspaces; no model, no log, no link, nothing that is an hour young."""
    folder = workspace()
    place = file_of(folder, workspaces.save(folder, small_file())).parent
    old = time.time() - janitor.OLD - 60
    kept = [artifacts / "a.safetensors", artifacts / "x.tmp", artifacts / "logs" / ".a.tmp", place / ".young.tmp",
            artifacts / ".b.tmp.json", artifacts / "workspaces" / ".c.tmp", artifacts / "other" / ".d.tmp"]  # fmt: skip
    gone = [artifacts / ".0123.tmp", place / ".4567.tmp"]
    for path in (*kept, *gone):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
        os.utime(path, None if path.name == ".young.tmp" else (old, old))
    (artifacts / ".link.tmp").symlink_to(artifacts / "a.safetensors")
    (artifacts / ".folder.tmp").mkdir()
    assert workspaces.sweep() == len(gone)
    assert all(path.exists() for path in kept)
    assert not any(path.exists() for path in gone)
    assert (artifacts / ".link.tmp").is_symlink()
    assert len(workspaces.saved(folder)) == 1


def test_reset_takes_what_was_cut_off_too(artifacts: Path) -> None:
    """Nothing of the workspace is left, and what was deleted is counted."""
    folder = workspace()
    path = file_of(folder, workspaces.save(folder, small_file()))
    (path.parent / ".0123.tmp").write_bytes(b"x")
    assert workspaces.reset(folder) == (1, len(pair_bytes()))
    assert not path.parent.exists()
    assert workspaces.reset(folder) == (0, 0)


def test_logs_name_a_workspace_by_six_letters(artifacts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Saved, deleted, emptied, dropped: never the key, nor the whole name of the folder, nor the id of a file."""
    logs.configure(tmp_path / "logs", console=False)
    bounded(monkeypatch, HOSTED=1)
    try:
        key = workspaces.new_key()
        folder, idle = workspaces.folder_of(key), workspace()
        filled(idle, 1000, 2 * DAY)
        ids = [workspaces.save(folder, small_file()) for _ in range(2)]
        workspaces.delete(folder, ids[0])
        workspaces.reset(folder)
    finally:
        logs.shut()
    text = (tmp_path / "logs" / logs.FILE).read_text(encoding="utf-8")
    events = [(e["event"], e["workspace"]) for e in map(json.loads, text.splitlines())]
    assert [one for one in events if one[1] == folder[:6]] == [
        ("model saved", folder[:6]), ("model saved", folder[:6]), ("model deleted", folder[:6]),
        ("workspace emptied", folder[:6]),
    ]  # fmt: skip
    assert ("workspace dropped", idle[:6]) in events
    for secret in (key, folder[:7], idle[:7], *ids):
        assert secret not in text


def off_when(folder: Path) -> tuple[str, str]:
    """Return what is said beforehand and what a save says, for a folder of models that must not change."""
    before = sorted(folder.rglob("*")) if folder.is_dir() else folder.exists()
    said = workspaces.off()
    with pytest.raises(ArtifactError) as error:
        workspaces.save(workspace(), small_file())
    assert (sorted(folder.rglob("*")) if folder.is_dir() else folder.exists()) == before
    return said, str(error.value)


def test_a_missing_folder_is_made(artifacts: Path) -> None:
    """With all that is above it; until then nothing is wrong."""
    assert workspaces.off() == ""
    assert workspaces.shared() == workspaces.saved(workspace()) == ()
    assert workspaces.sweep() == 0
    workspaces.save(workspace(), small_file())


@pytest.mark.parametrize("place", ["artifacts", "workspaces"])
def test_a_file_in_place_of_the_folder_is_a_reason(artifacts: Path, place: str) -> None:
    """Said beforehand and by the save, and everything that only looks finds nothing."""
    blocked = artifacts if place == "artifacts" else artifacts / place
    blocked.parent.mkdir(parents=True)
    blocked.write_text("in the way", encoding="utf-8")
    assert off_when(artifacts)[0] == "Not a directory"
    assert re.match(r"saving is off: (Not a directory|File exists)$", off_when(artifacts)[1])
    assert workspaces.saved(workspace()) == ()
    assert workspaces.sweep() == 0
    assert workspaces.reset(workspace()) == (0, 0)


@pytest.mark.parametrize(("name", "code"), [("mkdir", errno.EROFS), ("mkdir", errno.EACCES), ("mkdir", errno.ENOSPC)])
def test_a_folder_that_cannot_be_written_is_a_reason(
    artifacts: Path, monkeypatch: pytest.MonkeyPatch, name: str, code: int
) -> None:
    """Whatever the system says of it is what people are told."""
    artifacts.mkdir(parents=True)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, name, refuse)
    with pytest.raises(ArtifactError, match=f"^saving is off: {os.strerror(code)}$"):
        workspaces.save(workspace(), small_file())


def test_a_read_only_folder_is_seen_before_anybody_saves(artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its rights, by how its disk is mounted, and by what is free on it."""
    artifacts.mkdir(parents=True)
    disk = os.statvfs(artifacts)

    class Disk:
        f_flag, f_bavail, f_frsize = disk.f_flag, 10**6, 4096

    assert places.off() == ""
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert places.off() == "Permission denied"
    monkeypatch.setattr(os, "statvfs", lambda _: Disk)
    monkeypatch.setattr(Disk, "f_flag", disk.f_flag | os.ST_RDONLY)
    assert places.off() == "Read-only file system"
    monkeypatch.setattr(os, "access", lambda *_: True)
    monkeypatch.setattr(Disk, "f_flag", disk.f_flag & ~os.ST_RDONLY)
    assert places.off() == ""
    monkeypatch.setattr(Disk, "f_bavail", 10)
    assert places.off() == "No space left on device"


@pytest.mark.skipif(os.getuid() == 0, reason="the super-user may write anywhere")
def test_a_folder_without_the_right_to_write_is_a_reason(artifacts: Path) -> None:
    """As the system has it, without any pretence."""
    artifacts.mkdir(parents=True, mode=0o555)
    assert off_when(artifacts) == ("Permission denied", "saving is off: Permission denied")


def test_a_full_disk_changes_nothing(artifacts: Path) -> None:
    """When the bytes do not fit, the message says so; what was saved is whole, and no piece is left behind."""
    folder = workspace()
    first = workspaces.save(folder, small_file())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        for one in (folder, workspace()):
            with pytest.raises(ArtifactError, match=r"File too large; nothing was changed$"):
                workspaces.save(one, small_file())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [path.name for path in (artifacts / "workspaces").rglob("*")] == [folder, f"{first}.safetensors"]
    assert workspaces.read(folder, first) == pair_bytes()
