"""What is saved in this browser's workspace: save, list, open and delete; the operator's models beside them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core import workspaces
from core.artifact import loads
from core.errors import ArtifactError, InvalidInput
from core.evaluate import model_file
from core.settings import settings
from core.workspaces import Saved
from pages import _opening, _shared, _state
from pages._format import listed, literal, size

# How many results of a visit are known by the ids of their files.
_MOST_PUBLISHED = 20


def render(name: str) -> None:
    """Draw the field for a name, which is `name` where it stays empty, the button, and what is saved."""
    reason = workspaces.off()
    st.text_input("Name", key="save_name", max_chars=60, placeholder=name)
    st.button("Save", key="save", on_click=_save, icon=":material/save:", width="stretch", disabled=bool(reason))
    if reason:
        st.warning(f"saving is off: {literal(reason)}")
    mine = workspaces.saved(_state.folder())
    if mine:
        s = settings()
        st.caption(
            f"Saved in this browser: {len(mine)} of {s.workspace_files} models, {size(sum(one.bytes for one in mine))} "
            f"of {size(s.workspace_bytes)}."
        )
    _list((*mine, *workspaces.shared()))


def _list(found: Sequence[Saved]) -> None:
    if not found:
        return
    labels = {one.id: _label(i, one) for i, one in enumerate(found, 1)}
    chosen = st.session_state.saved_id if st.session_state.saved_id in labels else found[0].id
    key = _state.sync("saved_choice", chosen)
    st.selectbox("Saved models", list(labels), format_func=labels.__getitem__, key=key, on_change=_choose)
    one = next(one for one in found if one.id == chosen)
    columns = st.columns(2)
    columns[0].button("Open", key="open_saved", on_click=_open, args=(chosen, _name(one)), width="stretch")
    if one.shared:
        return
    with columns[1].popover("Delete", key="delete_box", on_change="rerun", width="stretch"):
        st.markdown(f"{literal(_name(one))} is gone for good then.")
        st.button("Delete it", key="delete_saved", on_click=_delete, args=(chosen, _name(one)), width="stretch")


def _name(one: Saved) -> str:
    return one.label or f"{one.id[:6]}…, which does not open"


def _label(number: int, one: Saved) -> str:
    """Return an entry of the list, of which no two are the same."""
    return f"{number}. {listed(_name(one))}, {size(one.bytes)}{', shared' if one.shared else ''}"


def _choose() -> None:
    st.session_state.saved_id = st.session_state.saved_choice


def _save() -> None:
    state = st.session_state
    label = state.save_name.strip()[:60] or state.experiment.scheme.label
    try:
        found = workspaces.save(_state.folder(), model_file(_state.trained(), _state.comparison(), label))
    except ArtifactError as error:
        state.problems = [str(error)]
        return
    state.saved_id = found
    state.published = dict([*state.published.items(), (_state.key(), found)][-_MOST_PUBLISHED:])
    if _shared.is_own(state.experiment, _state.opened()):
        state.own_saved = [*state.own_saved, found]
    state.problems, state.notice = [], f"Saved as {label}: listed under Save and open, in this browser only."


def _open(found: str, label: str) -> None:
    try:
        data = workspaces.read(_state.folder(), found)
        _opening.open_model(loads(data), _shared.digest(data))
    except (ArtifactError, InvalidInput) as error:
        st.session_state.problems = [f"{label} cannot be opened: {error}"]
        return
    st.session_state.notice = f"Opened {label}: checksum and probe rows are right."


def _delete(found: str, label: str) -> None:
    state = st.session_state
    state.delete_box = False
    state.problems = forget([found])
    state.notice = "" if state.problems else f"Deleted {label}."


def forget(ids: Sequence[str]) -> list[str]:
    """Delete models of this visit's workspace, and return what went wrong."""
    state, problems = st.session_state, []
    for found in ids:
        try:
            workspaces.delete(_state.folder(), found)
        except ArtifactError as error:
            problems.append(f"a saved model is still there: {error}")
    state.published = {key: one for key, one in state.published.items() if one not in ids}
    return problems
