"""How often the interface may be asked: by one address, and by all together."""

from __future__ import annotations

from math import ceil
from time import monotonic

from starlette.types import Scope

from core.api.refusal import Refusal
from core.gate.address import address_of
from core.gate.bucket import Bucket, Buckets
from core.settings import settings

# Asked by those who look after the server, also while it is busy.
_FREE = "/health"


class Throttle:
    """Two buckets: every request takes one token of its address and one of all."""

    def __init__(self) -> None:
        """Start full."""
        s = settings()
        limits, self._trusted = s.limits, s.trusted_proxies
        burst = limits.request_burst
        self._rate, self._rate_of_all = limits.requests, limits.all_requests
        self._each = Buckets(limits.requests, burst) if limits.requests else None
        # As many at once as one address may send within two seconds beside others.
        self._all = Bucket(limits.all_requests, 2 * limits.all_requests, monotonic()) if limits.all_requests else None

    def check(self, scope: Scope) -> None:
        """Raise `Refusal` where this request comes too early."""
        if scope["path"].removeprefix(scope.get("root_path", "")) == _FREE:
            return
        now = monotonic()
        if self._each is not None:
            wait = self._each.take(address_of(scope, self._trusted), now)
            if wait:
                raise _too_early(wait, f"one of at most {self._rate} a second from one address")
        if self._all is not None and (wait := self._all.take(now)):
            raise _too_early(wait, f"one of at most {self._rate_of_all} a second from everybody together")


def _too_early(wait: float, allowed: str) -> Refusal:
    seconds = ceil(wait)
    return Refusal(
        429, "request", "one too many", f"{allowed}: come again in {seconds} s", headers={"retry-after": str(seconds)}
    )
