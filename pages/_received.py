"""A file that came through an upload field: taken out of Streamlit's hands, its name made harmless."""

from __future__ import annotations

from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx


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
