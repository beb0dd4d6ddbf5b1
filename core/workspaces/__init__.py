"""A workspace for each browser: an unguessable key, a folder of saved models, bounds, and what is shared with all."""

from core.workspaces.janitor import sweep
from core.workspaces.keys import AGE, ALLOWED, COOKIE, HEADER, folder_of, is_key, key_in, new_key
from core.workspaces.places import GIVEN, at, made, off, paths
from core.workspaces.store import MOST_LISTED, Saved, delete, holds, listed, read, reset, save, saved, shared

__all__ = [
    "AGE",
    "ALLOWED",
    "COOKIE",
    "GIVEN",
    "HEADER",
    "MOST_LISTED",
    "Saved",
    "at",
    "delete",
    "folder_of",
    "holds",
    "is_key",
    "key_in",
    "listed",
    "made",
    "new_key",
    "off",
    "paths",
    "read",
    "reset",
    "save",
    "saved",
    "shared",
    "sweep",
]
