"""The key of a workspace, which a browser keeps, and the name of its folder, from which nobody finds the key."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets

COOKIE = "bitdial_workspace"
HEADER = "X-Bitdial-Workspace"
# Seconds for which a browser keeps the key after its last visit.
AGE = 30 * 24 * 3600
# In words, for those who send another text; the text itself is never repeated.
ALLOWED = "the key of a workspace, 43 letters, as Predict shows it beside a saved model"

_KEY = re.compile(r"[A-Za-z0-9_-]{43}")
_IN_COOKIES = re.compile(rf"(?:^|;)\s*{COOKIE}=([A-Za-z0-9_-]{{43}})(?=\s*(?:;|$))")


def new_key() -> str:
    """Return a key that nobody guesses: 256 random bits."""
    return secrets.token_urlsafe(32)


def is_key(text: str) -> bool:
    """Return whether a text has the form of a key."""
    return _KEY.fullmatch(text) is not None


def key_in(cookies: str) -> str:
    """Return the key in a Cookie header, or "" where there is none."""
    found = _IN_COOKIES.findall(cookies)
    return str(found[-1]) if found else ""


def folder_of(key: str) -> str:
    """Return the name of the folder of a workspace: 26 letters of a hash, which do not open it."""
    return base64.b32encode(hashlib.sha256(key.encode()).digest())[:26].decode().lower()


def short(folder: str) -> str:
    """Return what logs call a workspace."""
    return folder[:6]
