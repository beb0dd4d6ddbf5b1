"""Processes that begin their work at the same moment: each says that it is ready, and all are let go together."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack

from core.settings import ROOT


def together(code: str, *args: str, count: int) -> list[str]:
    """Run `code` in `count` processes and return what each printed; one that fails fails the test.

    The code prints "ready" when all is imported, reads a line, and then does its work.
    """
    command, pipe = [sys.executable, "-c", code, *args], subprocess.PIPE
    with ExitStack() as held:
        others = [
            held.enter_context(subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True))
            for _ in range(count)
        ]
        for one in others:
            assert one.stdout is not None
            assert one.stdout.readline() == "ready\n"
        # Asked for one after the other and answered at the same time.
        for one in others:
            assert one.stdin is not None
            one.stdin.write("go\n")
            one.stdin.flush()
        said = [one.communicate(timeout=60)[0] for one in others]
    assert [one.returncode for one in others] == [0] * count
    return said
