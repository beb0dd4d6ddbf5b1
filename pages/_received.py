"""A file that came through an upload field: taken out of Streamlit's hands, and kept with what was made of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx


@dataclass(frozen=True, eq=False)
class Sent:
    """A file as it came, and its SHA-256."""

    name: str
    sha: str
    data: bytes


def kept(place: str) -> dict[str, Any]:
    """Return what the visit keeps of the file of a `place`: among the results of its own data, with which it goes."""
    found: dict[str, Any] = st.session_state.setdefault("own_results", {}).setdefault(place, {})
    return found


def made(place: str, name: str, owner: object, make: Callable[[], Any]) -> Any:
    """Return what `make` makes of the file of a `place` for `owner`: once, until one of the two is another."""
    results = kept(place)
    sha = results["sent"].sha if "sent" in results else ""
    if name not in results or results[name][0] != sha or results[name][1] is not owner:
        results[name] = (sha, owner, make())
    return results[name][2]


def received(key: str, revision: str) -> tuple[str, bytes] | None:
    """Return name and bytes of the file in the upload field `key`, None without one.

    The next field is a new and empty one, by the count in the session's `revision`: one copy in memory is enough.
    """
    state = st.session_state
    file: Any = state[key]
    if file is None:
        return None
    data, name = file.getvalue(), "".join(c for c in file.name if c.isprintable())[:60] or "your file"
    state[revision] = state.get(revision, 0) + 1
    context = get_script_run_ctx()
    if context is not None:
        manager: Any = context.uploaded_file_mgr
        manager.remove_file(context.session_id, file.file_id)
    return name, data
