"""What the process does before the first visit: warm caches, undelayed sockets, a frozen garbage collector."""

from __future__ import annotations

import ctypes
import os
import socket
import stat
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, cast

from streamlit import git_util, net_util, runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

from core import logs, workspaces
from core.freezer import refreeze
from core.settings import settings

# Streamlit asks a server on the internet for this machine's address, at start and for every foreign origin.
# Nothing may leave the machine; browsers reach it by the name that they used.
net_util.get_external_ip = lambda: None
# Any visitor may ask for the state of the working copy that the server runs from: git would run several times while
# everybody waits, and the answer names files. Nothing of ours shows it.
git_util._run_git = lambda args, *, cwd: None


@asynccontextmanager
async def lifespan(_app: Any) -> AsyncIterator[None]:
    """Prepare the process, then serve; nobody is let in before this is done."""
    from pages import _failures, _jobs, _shared  # here, so that importing this module costs nothing

    started = time.perf_counter()
    few_arenas()
    logs.configure(settings().logs)
    left = workspaces.sweep()
    _failures.keep_values_out()
    # In this thread and not in another: nothing else runs yet, and the event loop has nobody to serve.
    _shared.warm()
    listeners = undelay_listeners()
    refreeze()
    _jobs.manager()
    logs.event("ready", seconds=round(time.perf_counter() - started, 1), undelayed=listeners, swept=left)
    try:
        yield
    finally:
        _jobs.close()
        logs.event("stopped")
        logs.shut()


def held(session_id: str) -> tuple[int, int]:
    """Return how many bytes of uploaded files are kept: of one session, and of all."""
    manager = cast(MemoryUploadedFileManager, runtime.get_instance().uploaded_file_mgr)
    files = list(manager.file_storage.get(session_id, {}).values())
    return sum(len(file.data) for file in files), manager._total_bytes


# The number of this setting in malloc.h.
_M_ARENA_MAX = -8


def few_arenas() -> None:
    """Let all threads share two heaps, where the C library is GNU's: with a heap each, what one freed helps no other.

    Fifty uploads of 10 MB left 60 MB behind; 40 with this, 13 where MALLOC_ARENA_MAX=2 is set before the start, as in
    the container. Python's own lock keeps the threads apart anyway.
    """
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)


def undelay_listeners() -> int:
    """Set TCP_NODELAY on every listening TCP socket of this process; return on how many it is set.

    Streamlit's listener is made in a way that keeps asyncio from setting the option, so that head and body
    of an answer leave as two segments and wait 40 ms for each other. Accepted connections inherit it from the
    listener (Linux). Where there is no /proc, nothing is done.
    """
    try:
        numbers = [int(name) for name in os.listdir("/proc/self/fd")]
    except (OSError, ValueError):
        return 0
    return sum(_undelay(number) for number in numbers)


def _undelay(number: int) -> bool:
    """Set TCP_NODELAY on the file descriptor `number` if it is a listening TCP socket; tell whether it was."""
    with suppress(OSError):
        if not stat.S_ISSOCK(os.fstat(number).st_mode):
            return False
        with socket.socket(fileno=os.dup(number)) as copy:  # closing the copy leaves the server's own open
            if copy.family not in (socket.AF_INET, socket.AF_INET6) or copy.type != socket.SOCK_STREAM:
                return False
            if not copy.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                return False
            copy.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return True
    return False
