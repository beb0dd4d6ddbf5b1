"""Requests that take more than a moment: in a few threads of their own, so that nobody else waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from core.api.refusal import Refusal

Done = TypeVar("Done")

THREADS = 2
# So many may be at work or wait; what comes then is told to come again.
MOST_WAITING = 8
# Seconds after which nobody waits for an answer any longer; a thread cannot be stopped, and keeps its place until done.
PATIENCE = 30.0
_AGAIN = {"retry-after": "5"}

_threads = ThreadPoolExecutor(THREADS, thread_name_prefix="api")
# A list, because the callbacks of done work come from its threads: both of its operations are one step each.
_busy: list[object] = []


async def run(work: Callable[..., Done], *args: object) -> Done:
    """Return what `work` returns, done in a thread; raises `Refusal` where there are too many, or it takes too long."""
    if len(_busy) >= MOST_WAITING:
        allowed = f"one of at most {MOST_WAITING} that are answered at a time: come again in a few seconds"
        raise Refusal(503, "request", "one too many", allowed, headers=_AGAIN)
    token = object()
    _busy.append(token)
    started: Future[Done] = _threads.submit(work, *args)
    started.add_done_callback(partial(_leave, token))
    try:
        # Shielded: a future that is cancelled would free its place while its thread is still at work.
        return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(started)), PATIENCE)
    except TimeoutError as error:
        allowed = f"one that is answered within {PATIENCE:g} s: the server is busy, or it is too much work"
        raise Refusal(503, "request", "not done yet", allowed, headers=_AGAIN) from error


def _leave(token: object, _done: Future[Done]) -> None:
    _busy.remove(token)
