"""Kill -9 at random moments of a save: `python tests/crash/save.py 500` tries it five hundred times.

A child saves into a workspace, over and over, one of two models; up to 60 ms after it has said that it is ready it is
killed. Then every file of the workspace must load and be one of the two, byte for byte, and the one file that is
written again and again must be the old one or the new one.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

LONGEST = 0.06


def main(times: int) -> None:
    """Kill a saving child so many times, and print what was found."""
    with tempfile.TemporaryDirectory(prefix="bitdial-crash-") as folder:
        _try(times, Path(folder))


def _try(times: int, folder: Path) -> None:
    os.environ["BITDIAL_ARTIFACTS"] = str(folder)
    from core import workspaces
    from core.artifact import Model, loads, save
    from tests.support import pair_bytes, small_bytes

    models: dict[bytes, Model] = {data: loads(data) for data in (pair_bytes(), small_bytes())}
    one = folder / "one.safetensors"
    save(models[pair_bytes()], one)
    draw, whole, cut = random.Random(times), 0, 0
    for _ in range(times):
        workspace = workspaces.folder_of(workspaces.new_key())
        pid, ready = _child(lambda workspace=workspace: _save_until_killed(workspaces, save, models, workspace, one))
        os.read(ready, 1)
        time.sleep(LONGEST * draw.random())
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(ready)
        found = [workspaces.read(workspace, saved.id) for saved in workspaces.saved(workspace)] + [one.read_bytes()]
        for data in found:
            assert data in models, "a file is neither of the two models"
            assert loads(data).label == "small", "a file does not load"
        whole += len(found)
        left = [path for path in folder.rglob(".*.tmp") if path.is_file()]
        cut += len(left)
        for path in left:
            os.utime(path, (0, 0))
        assert workspaces.sweep() == len(left), "the janitor left something behind"
        workspaces.reset(workspace)
    one.unlink()
    assert list(folder.rglob("*")) == [folder / "workspaces"], "something else is left"
    print(f"{times} kills, {cut} in mid save, {whole} files, all whole")


def _child(work: object) -> tuple[int, int]:
    """Return id and ready pipe of a process that does `work`, which says when it is ready."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        os.write(writing, b"r")
        try:
            work()  # type: ignore[operator]
        finally:
            os._exit(1)
    os.close(writing)
    return pid, reading


def _save_until_killed(
    workspaces: object, save: object, models: dict[bytes, object], workspace: str, one: Path
) -> None:
    """Save one model after the other: into the workspace until it is full, and over one file."""
    ids: list[str] = []
    parent = os.getppid()
    while os.getppid() == parent:  # or a parent that is killed itself would leave it saving
        for model in models.values():
            ids.append(workspaces.save(workspace, model))  # type: ignore[attr-defined]
            save(model, one)  # type: ignore[operator]
        if len(ids) > 20:
            workspaces.delete(workspace, ids.pop(0))  # type: ignore[attr-defined]


if __name__ == "__main__":
    main(int(sys.argv[1]))
