"""Somebody should look: a line in the log, and where the operator has set an address a message to it."""

from __future__ import annotations

import json
from threading import Thread
from urllib.request import HTTPRedirectHandler, Request, build_opener

from core import logs
from core.drift.history import STATISTICS, Entry, Rule
from core.settings import settings

# Seconds within which the receiver must answer.
PATIENCE = 5.0


class _Straight(HTTPRedirectHandler):
    """Follows no redirect: the message goes where the operator said, and nowhere else."""

    def redirect_request(self, *args: object) -> None:
        """Return no other request."""


_opener = build_opener(_Straight)


def alert(rule: Rule, entry: Entry) -> Thread | None:
    """Log that `rule` fires at `entry`, and send that to the operator's address; return the thread that does, if any.

    Nothing of a visitor's is in it: no names of features, no values but the statistic of the rule.
    """
    value = entry.statistics.get(rule.test)
    logs.event(
        "drift rule fired", "warning", test=rule.test, limit=rule.limit, batches=rule.batches, value=value,
        rows=entry.rows, verdict=entry.verdict, features=len(entry.drifting),
    )  # fmt: skip
    address = settings().webhook
    if not address:
        return None
    said = {
        "event": "drift rule fired",
        "time": entry.time,
        "test": rule.test,
        "meaning": STATISTICS[rule.test],
        "limit": rule.limit,
        "batches": rule.batches,
        "value": value,
        "rows": entry.rows,
        "verdict": entry.verdict,
    }
    thread = Thread(target=_send, args=(address, json.dumps(said).encode()), name="drift-webhook", daemon=True)
    thread.start()
    return thread


def _send(address: str, data: bytes) -> None:
    """Send one message; a receiver that is not there costs a line in the log."""
    request = Request(address, data, {"content-type": "application/json"}, method="POST")  # noqa: S310  (http or https)
    try:
        with _opener.open(request, timeout=PATIENCE) as answer:
            logs.event("drift webhook answered", status=answer.status)
    except (OSError, ValueError) as error:
        logs.failure("drift webhook failed", error)
