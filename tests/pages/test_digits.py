"""The picture of the digits: what a browser may send from the pad and from the table, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.config import DataConfig, TrainConfig
from core.errors import InvalidInput
from core.train import train
from pages import _digits
from tests.pages.predict_page import both, metrics, opened, whole


def send(at: AppTest, message: Any) -> AppTest:
    """Send `message` as the pad in a browser does, and run the page."""
    pad = at.get("bidi_component")[0].proto.id
    states = at._tree.get_widget_states()
    trigger = states.widgets.add()
    trigger.id = f"$$STREAMLIT_INTERNAL_KEY_{pad}__events"
    trigger.json_trigger_value = json.dumps([{"event": "drawn", "value": message}])
    return whole(at._run(states))


def picture(**changes: Any) -> dict[str, Any]:
    """Return a message of the pad: a vertical bar."""
    pixels = [16 if i % 8 in (3, 4) else 0 for i in range(64)]
    return {"seq": 1, "pixels": pixels} | changes


def test_a_drawing_reaches_both_models() -> None:
    """What the pad sends becomes the row, and both models answer it; its number goes back to the browser."""
    at = send(opened(), picture())
    row = np.array(picture()["pixels"], dtype=float)
    assert at.session_state.district == tuple(row)
    before, after = both(train(DataConfig("digits"), TrainConfig("logistic")), 8, row)
    assert metrics(at)["Original"] == str(before.argmax())
    assert metrics(at)["Quantised"] == str(after.argmax())
    assert metrics(at)["True class"] == "–"
    assert json.loads(at.get("bidi_component")[0].proto.json)["seq"] == 1


def test_ink_where_none_was_seen_is_counted() -> None:
    """Pixels beyond the training pictures are counted in one warning."""
    at = send(opened(), picture(pixels=[16] * 64))
    assert at.warning[0].value.endswith("training picture. Both models only guess there.")


HOSTILE: list[tuple[Any, str]] = [
    (None, "NoneType"),
    (7, "int"),
    ("0" * 64, "str"),
    ([0] * 64, "list"),
    ({"seq": 1}, "NoneType"),
    (picture(pixels=[0] * 63), "63 values"),
    (picture(pixels=[0] * 65), "65 values"),
    (picture(pixels={"0": 1}), "dict"),
    (picture(pixels=[*[0] * 63, 16.01]), "got 16.01"),
    (picture(pixels=[*[0] * 63, -1]), "got -1.0"),
    (picture(pixels=[*[0] * 63, 10**400]), "a number beyond"),
    (picture(pixels=[*[0] * 63, float("nan")]), "got nan"),
    (picture(pixels=[*[0] * 63, float("inf")]), "a number beyond"),
    (picture(pixels=[*[0] * 63, True]), "bool"),
    (picture(pixels=[*[0] * 63, "5"]), "str"),
    (picture(pixels=[*[0] * 63, [5]]), "list"),
    (picture(seq="1"), "str"),
    (picture(seq=-1), "int"),
    (picture(seq=2**60), "int"),
]


@pytest.mark.parametrize(("message", "words"), HOSTILE)
def test_hostile_messages_of_the_pad_are_refused(message: Any, words: str) -> None:
    """Anything but 64 numbers from 0 to 16 leaves the row as it was, with one message that the next drawing clears."""
    at = opened()
    before = at.session_state.district
    revision = json.loads(at.get("bidi_component")[0].proto.json)["revision"]
    send(at, message)
    assert at.session_state.district == before
    assert len(at.error) == 1
    assert words in at.error[0].value.replace("\\", "")
    assert "Traceback" not in at.error[0].value
    assert json.loads(at.get("bidi_component")[0].proto.json)["revision"] == revision + 1
    assert not send(at, picture()).error


def test_pictures_that_are_fine_are_taken() -> None:
    """Whole and decimal numbers from 0 to 16 pass as they are."""
    assert _digits.checked([0, 16.0, 3.5, *[0] * 61])[:3] == (0.0, 16.0, 3.5)
    with pytest.raises(InvalidInput, match=r'^picture must be 64 numbers from 0 to 16, got "2 values"$'):
        _digits.checked([1, 2])


def typed(at: AppTest, edits: Any) -> AppTest:
    """Type into the table of exact values as the browser tells it, and run the page."""
    table = at.dataframe[0].proto.id
    states = at._tree.get_widget_states()
    state = states.widgets.add()
    state.id = table
    state.string_value = json.dumps({"edited_rows": edits, "added_rows": [], "deleted_rows": []})
    return whole(at._run(states))


def table_opened() -> AppTest:
    """Return the page of the digits with the table of exact values open."""
    at = opened()
    at.session_state.pixels_box = True
    return whole(at.run())


def test_the_table_sets_exact_values() -> None:
    """A typed pixel changes that pixel alone, and the pad is told; typing goes on from there."""
    at = table_opened()
    before = at.session_state.district
    typed(at, {"2": {"3": 9}})
    after = at.session_state.district
    assert after[2 * 8 + 2] == 9
    assert [i for i in range(64) if before[i] != after[i]] == [18]
    assert json.loads(at.get("bidi_component")[0].proto.json)["pixels"][18] == 9
    typed(at, {"2": {"3": 9}, "0": {"1": 4}})
    assert (at.session_state.district[18], at.session_state.district[0]) == (9, 4)


@pytest.mark.parametrize("edits", [{"0": {"1": 17}}, {"0": {"1": -1}}, {"0": {"1": None}}])
def test_hostile_cells_of_the_table_are_refused(edits: Any) -> None:
    """A cell that is no number from 0 to 16 leaves the row as it was, with one message."""
    at = table_opened()
    before = at.session_state.district
    typed(at, edits)
    assert at.session_state.district == before
    assert len(at.error) == 1
    assert "picture must be 64 numbers" in at.error[0].value
