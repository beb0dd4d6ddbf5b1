"""A token bucket: a steady rate with room for a burst, in three numbers."""

from __future__ import annotations

from collections import OrderedDict


class Bucket:
    """Holds up to `burst` tokens and gains `rate` a second; each `take` is told the time, in seconds."""

    __slots__ = ("_at", "_burst", "_rate", "_tokens")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        """Start full."""
        self._rate, self._burst, self._tokens, self._at = rate, burst, burst, now

    def take(self, now: float) -> float:
        """Take a token and return 0; where there is none take nothing, and return the seconds until there is one."""
        self._fill(now)
        if self._tokens >= 1:
            self._tokens -= 1
            return 0.0
        return (1 - self._tokens) / self._rate

    def book(self, now: float) -> float:
        """Take a token in any case; return the seconds until it is there, which are to be waited."""
        self._fill(now)
        self._tokens -= 1
        return max(0.0, -self._tokens / self._rate)

    @property
    def is_rested(self) -> bool:
        """Whether half of the burst is there again."""
        return self._tokens >= (self._burst - 1) / 2

    def _fill(self, now: float) -> None:
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now


class Buckets:
    """One bucket for each name, the `keep` that were asked for last; who is forgotten starts full again."""

    def __init__(self, rate: float, burst: float, keep: int = 4096) -> None:
        """Start with none."""
        self._rate, self._burst, self._keep = rate, burst, keep
        self._found: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, name: str, now: float) -> float:
        """Take a token of `name`, as `Bucket.take` does."""
        bucket = self._found.get(name)
        if bucket is None:
            bucket = self._found[name] = Bucket(self._rate, self._burst, now)
            if len(self._found) > self._keep:
                self._found.popitem(last=False)
        self._found.move_to_end(name)
        return bucket.take(now)
