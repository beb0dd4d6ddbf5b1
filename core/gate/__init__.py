"""What stands between the network and the dashboard: headers, limits, and no naked error."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.middleware import Middleware

from core.gate.closed import Closed
from core.gate.failures import LastResort
from core.gate.headers import SecurityHeaders, script_hash
from core.gate.uploads import Held, Uploads
from core.gate.visits import Visits
from core.settings import settings

__all__ = ["middleware", "script_hash"]


def middleware(base_path: str, scripts: Iterable[str], held: Held, largest: int) -> list[Middleware]:
    """Return the gate, outermost first.

    `base_path` is where the pages live, `scripts` are the hashes of the page's inline scripts, `held` tells how much
    of the uploaded files is kept, and `largest` is the size of the largest file that is taken.
    """
    s = settings()
    return [
        Middleware(SecurityHeaders, scripts=tuple(scripts), ancestors=s.frame_ancestors),
        Middleware(LastResort),
        Middleware(Closed, base_path=base_path),
        Middleware(Visits, settings=s, base_path=base_path),
        Middleware(Uploads, limits=s.limits, held=held, largest=largest, base_path=base_path),
    ]
