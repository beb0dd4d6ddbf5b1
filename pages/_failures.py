"""An error of ours on a page: the visitor sees an id, and the log has it with the kind and the place of the error."""

from __future__ import annotations

import logging
import traceback

import streamlit as st

from core import logs
from core.gate.failures import error_id, words


def show(error: Exception) -> bool:
    """Log what a page's script raised and say so on the page; return that it has been shown."""
    id = error_id()
    logs.failure("page failed", error, id=id)
    st.error(
        f"{words(id)} Your settings are kept in the address: change one, or load the page again.",
        icon=":material/error:",
    )
    return True


def keep_values_out() -> None:
    """Let Streamlit's own log of such errors say where they arose, and no more."""
    logging.getLogger("streamlit.error_util").addFilter(_without_message)


def _without_message(record: logging.LogRecord) -> bool:
    """Replace an error by its kind and its lines of code: its message may quote what a visitor gave."""
    if record.exc_info and record.exc_info[0] is not None:
        kind, _, trace = record.exc_info
        lines = "".join(traceback.format_tb(trace))
        record.msg, record.args, record.exc_info = f"{record.getMessage()}: {kind.__name__}\n{lines}", (), None
    return True
