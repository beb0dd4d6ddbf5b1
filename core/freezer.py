"""A frozen garbage collector: what lives when the server is ready is not looked through after every rerun."""

from __future__ import annotations

import gc


def refreeze() -> None:
    """Collect, then move every living object out of the garbage collector's sight.

    Streamlit runs a full collection after each rerun. With the libraries loaded that costs about 100 ms a
    rerun; frozen objects are not visited.
    """
    gc.collect()
    gc.freeze()
    # Frozen objects no longer count, and Python would look through the few others all the time.
    gc.set_threshold(20_000, 10, 10)


def imported_late() -> None:
    """Freeze once more after the late import of a heavy library, where this process is frozen: a server's is."""
    if gc.get_freeze_count():
        refreeze()
