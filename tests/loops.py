"""Coroutines in tests: each in a thread of its own, because a browser's event loop may live in this one."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Return what the coroutine returns, run to its end."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(asyncio.run, work).result()
