"""The container's health check: ends with 0 when the server can serve a complete page, else with 1 and the reason.

Every unknown path answers 200 with the HTML page, so a status proves nothing: the JSON of /api/health is read.
"""

from __future__ import annotations

import json
import os
import sys
from urllib.request import urlopen


def fault(address: str) -> str:
    """Return what is wrong with the server at `address`; "" when nothing is."""
    try:
        with urlopen(address, timeout=4) as answer:  # noqa: S310  (our own server)
            said = json.load(answer)
    except (OSError, ValueError) as error:
        return f"no health at {address}: {error}"
    if not isinstance(said, dict) or said.get("status") != "ok" or said.get("default_model_ready") is not True:
        return f"not ready at {address}: {str(said)[:200]}"
    return ""


if __name__ == "__main__":
    folder = os.environ.get("BASE_PATH", "").strip("/")
    path = f"{folder}/api/health" if folder else "api/health"
    sys.exit(fault(f"http://127.0.0.1:{os.environ.get('PORT', '8501')}/{path}") or 0)
