"""The sidebar of every page: the dial, the byte budget, the current model, presets, advanced switches, files."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial

import streamlit as st

from core.artifact import SUFFIX, loads
from core.config import preset_experiment
from core.errors import ArtifactError, InvalidInput
from core.fields import Choice
from core.models import MODELS
from core.quant import PRESETS, SWITCHES, params_of
from core.settings import settings
from core.sweep.plan import LARGE
from pages import _budget, _dial, _opening, _reset, _runs_save, _runs_store, _saved, _shared, _state
from pages._fields import draw
from pages._format import literal, size

# The switches that say something about models of a family, with the options they have there.
ADVANCED: dict[str, dict[str, tuple[str, ...]]] = {
    "linear": {name: SWITCHES[name].options for name in ("space", "scale", "intercept", "granularity")},
    "trees": {"scale": SWITCHES["scale"].options, "granularity": ("tensor", "row")},
}


def render(page: str) -> None:
    """Draw the sidebar of the page with this title."""
    _runs_store.collect()
    with st.sidebar:
        _dial.dial()
        _budget.control()
        _model_line()
        with st.expander("Presets", key="presets_box", on_change="rerun") as box:
            if box.open:
                _presets()
        with st.expander("Advanced", key="advanced_box", on_change="rerun") as box:
            if box.open:
                _advanced()
        _files(page)


def problems() -> None:
    """Show one message for each value that was refused; the settings before it are kept."""
    for text in st.session_state.problems:
        st.error(literal(text), icon=":material/error:")
    if st.session_state.notice:
        st.success(literal(st.session_state.notice), icon=":material/check_circle:")
        st.session_state.notice = ""


def _model_line() -> None:
    trained = _state.trained()
    config = trained.config
    if config is None:
        st.caption(f"**{literal(trained.dataset.label)}**, opened from a file")
        st.button("Close the file", key="close_model", on_click=_opening.close_model, width="stretch")
        return
    extra = " of degree 2" if config.degree == 2 else ""
    scaling = ", standardised features" if config.scaling == "standard" else ", raw features"
    # Trees ask about one column at a time: its scale says nothing.
    scaling = "" if trained.parts.family == "trees" else scaling
    st.caption(f"**{MODELS[config.model].label}**{extra} on {literal(trained.dataset.label)}{scaling}")
    if _state.opened()[1] is not None:
        st.caption("The numbers are those of the opened file.")


def _presets() -> None:
    for name, preset in PRESETS.items():
        if st.button(preset.label, key=f"preset_{name}", help=preset.note, width="stretch"):
            _state.take(preset_experiment(name))
            st.rerun()


def _advanced() -> None:
    scheme = _state.experiment().scheme
    for name, options in ADVANCED.get(_state.family(), ADVANCED["linear"]).items():
        choice = SWITCHES[name]
        if name == "scale" and (scheme.method == "auto" or "mse" not in _scales(scheme.method)):
            options = ("minmax",)
        key = f"switch_{name}"
        draw(Choice(choice.default, options, choice.label, choice.help), key, getattr(scheme, name),
             _state.change_scheme, name)  # fmt: skip
    values = dict(scheme.params)
    for name, field in params_of(scheme.method).items():
        draw(field, f"param_{scheme.method}_{name}", values[name], _state.change_method_param, name)


def _scales(method: str) -> tuple[str, ...]:
    from core.quant import METHODS

    return METHODS[method].scales if method in METHODS else ("minmax",)


def _files(page: str) -> None:
    e = _state.experiment()
    own = _state.trained().config is None
    kind = "own-model" if own else f"{e.data.dataset}-{e.train.model}"
    name = f"{kind}-{e.scheme.method}-{e.scheme.bits}bit"
    pair = _file(_shared.PAIR)
    st.download_button(
        f"Download the {e.scheme.bits}-bit model",
        pair,
        file_name=f"{name}{SUFFIX}",
        mime="application/octet-stream",
        key="download",
        on_click="ignore",
        icon=":material/download:",
        width="stretch",
        help=f"Original and quantised model in one file{_size(pair)}. It opens here, on the command line and in "
        "Python, and nothing in it can run.",
    )
    _runs_save.control(page)
    with st.expander("Save and open", key="files_box", on_change="rerun") as box:
        if box.open:
            _save_and_open(name)


def _file(variants: tuple[str, ...]) -> bytes | Callable[[], bytes]:
    """Return the file of the pair or of one of the two; of a large model what makes it once it is asked for."""
    if _state.trained().parts.n_parameters <= LARGE:
        return _shared.file_bytes(_state.experiment(), variants, _state.opened())
    return partial(_shared.encoded, variants, _state.trained(), _state.comparison())


def _size(file: bytes | Callable[[], bytes]) -> str:
    """Return the size of a file that is made already, as the end of a sentence."""
    return f", {size(len(file))}" if isinstance(file, bytes) else ""


def _save_and_open(name: str) -> None:
    alone = _file(("quantized",))
    st.download_button(
        "Download the quantised model alone",
        alone,
        file_name=f"{name}-alone{SUFFIX}",
        mime="application/octet-stream",
        key="download_alone",
        on_click="ignore",
        width="stretch",
        help=f"Without the original and without training statistics{_size(alone)}.",
    )
    _saved.render(name)
    e = _state.experiment()
    if _state.trained().config is not None:
        st.download_button(
            "Download the settings",
            json.dumps(e.to_json(), indent=2),
            file_name=f"{name}.json",
            mime="application/json",
            key="download_settings",
            on_click="ignore",
            width="stretch",
            help="Everything that makes this result, as JSON: for --config on the command line, or to open here.",
        )
    st.file_uploader(
        "Open a model file or settings",
        type=[SUFFIX.removeprefix("."), "json"],
        key="upload",
        max_upload_size=max(1, settings().max_artifact_bytes // 1024**2),
        on_change=_upload,
    )
    _reset.render()


def _upload() -> None:
    file = st.session_state.upload
    if file is None:
        return
    try:
        data = file.getvalue()
        # The contents decide: a name proves nothing.
        if data.lstrip()[:1] in (b"{", b"/"):
            _opening.open_settings(data)
            st.session_state.notice = f"Opened the settings in {file.name[:60]}."
            return
        _opening.open_model(loads(data), _shared.digest(data))
    except (ArtifactError, InvalidInput) as error:
        st.session_state.problems = [f"{file.name[:60]} cannot be opened: {error}"]
        return
    st.session_state.notice = f"Opened {file.name[:60]}: checksum and probe rows are right."
