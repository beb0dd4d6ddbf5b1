"""Saving, downloading and opening on the pages: whole files come back as they were, all others change nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from core.artifact import encode, from_trained, load, loads
from core.artifact.reopen import reopen
from core.config import DataConfig, Experiment, TrainConfig
from core.evaluate import compare, model_file
from core.quant import Scheme
from core.settings import settings
from core.train import Trained
from pages import _shared
from pages._format import number, size
from tests.pages.test_bad_input import no_model
from tests.pages.test_pages import DEFAULT
from tests.pages.visit import Visit, unescaped
from tests.support import california, repack

OTHER = Experiment(DataConfig(seed=7), TrainConfig("ridge", params=(("alpha", 5.0),)), Scheme("asymmetric", 5))
OWN = "The numbers are those of the opened file."


def other_visit() -> Visit:
    """Open the pages at a setting that is not the default one, with the drawer of files open."""
    return Visit(model="ridge", alpha="5", seed="7", method="asymmetric", bits="5").unfold("files_box")


def upload(visit: Visit, data: bytes, name: str = "model.safetensors") -> Visit:
    """Give a file to the upload field."""
    visit.widget("file_uploader", "upload").set_value((name, data, "application/octet-stream"))
    return visit.run()


def pair(trained: Trained | None = None, scheme: Scheme | None = None) -> bytes:
    """Return the bytes of a file with both models."""
    trained = trained or california()
    return encode(model_file(trained, compare(trained, scheme or Scheme("asymmetric", 6)), "pair"))


def said(visit: Visit) -> list[str]:
    """Return what the green boxes say."""
    return [unescaped(s.value) for s in visit.at.success]


def test_a_saved_model_is_opened_again() -> None:
    """Save, go elsewhere, open: setting, address and numbers are those of the saved model."""
    visit = other_visit()
    finding = visit.finding
    visit.at.text_input(key="save_name").set_value("  my ridge  ")
    visit.press("save")
    assert said(visit) == ["Saved as my ridge: listed under Save and open, in this browser only."]
    assert visit.run().at.success.len == 0
    visit.unfold("presets_box").press("preset_system-001-window")
    assert visit.finding != finding
    menu = visit.widget("selectbox", "saved_choice")
    assert menu.options == [f"1. my ridge, {size(visit.saved[0].stat().st_size)}"]
    visit.press("open_saved")
    assert said(visit) == ["Opened my ridge: checksum and probe rows are right."]
    assert visit.experiment == OTHER
    assert visit.finding == finding
    assert visit.address["alpha"] == "5"


def test_the_saved_file_is_the_pair_that_was_shown() -> None:
    """The published file holds both models, the setting, the metrics and the name, under a name nobody can guess."""
    visit = other_visit().press("save")
    (path,) = visit.saved
    model = load(path)
    assert (model.data, model.config, model.label) == (OTHER.data, OTHER.train, "5 bits, asymmetric")
    assert model.quantized is not None
    assert model.quantized.scheme == OTHER.scheme
    r2 = visit.comparison.metrics["quantized"]["test"]["r2"]
    assert model.metrics["quantized"]["test"]["r2"] == r2
    other = other_visit().press("save").saved[0]
    assert (other.stem, other.parent) != (path.stem, path.parent)
    assert re.fullmatch("[a-z2-7]{26}", path.stem)
    assert re.fullmatch("[a-z2-7]{26}", path.parent.name)


def test_every_saved_model_of_a_visit_can_be_chosen() -> None:
    """Several saved models stand in a list, the newest first and chosen, and each opens as itself."""
    visit = Visit().unfold("files_box")
    for bits in (2, 3, 4):
        visit.set("slider", "bits", bits).press("save")
    menu = visit.widget("selectbox", "saved_choice")
    assert [text.split(", ")[0] for text in menu.options] == ["1. 4 bits", "2. 3 bits", "3. 2 bits"]
    assert menu.value == visit.saved[0].stem
    newest = [path.stem for path in visit.saved]
    for choice, bits in ((1, 3), (2, 2), (0, 4)):
        visit.set("selectbox", "saved_choice", newest[choice]).press("open_saved")
        assert visit.experiment.scheme.bits == bits


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (Path.unlink, "the file cannot be read: No such file or directory"),
        (lambda p: p.write_bytes(b""), "not a Bitdial model: the file is empty or cut short"),
        (lambda p: p.write_bytes(p.read_bytes()[:-5]), "not a Bitdial model: not a whole safetensors file"),
    ],
)
def test_a_saved_file_that_was_lost_or_damaged_changes_nothing(damage: Callable[[Path], object], reason: str) -> None:
    """One message with the name and the reason; the settings stay."""
    visit = other_visit().press("save")
    visit.set("slider", "bits", 9)
    damage(visit.saved[0])
    finding = visit.finding
    visit.press("open_saved")
    assert visit.errors == [f"5 bits, asymmetric cannot be opened: {reason}"]
    assert (visit.finding, visit.experiment.scheme.bits) == (finding, 9)
    assert visit.press("save").errors == []


def test_a_folder_that_cannot_be_written_is_said_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With a file where the folder should be saving is off, with the reason, and everything else works."""
    blocked = tmp_path / "file"
    blocked.write_text("x", encoding="utf-8")
    visit = Visit().unfold("files_box")
    # The press is under way when the folder goes.
    monkeypatch.setattr("core.workspaces.places.settings", lambda: replace(settings(), artifacts=blocked))
    visit.press("save")
    assert visit.errors == ["saving is off: Not a directory"]
    assert [unescaped(w.value) for w in visit.at.warning] == ["saving is off: Not a directory"]
    assert visit.at.button(key="save").disabled
    assert visit.finding == DEFAULT


def test_what_is_downloaded_is_what_is_shown() -> None:
    """The pair holds both models with training statistics, the other file the quantised one alone."""
    e = OTHER
    both, alone = loads(_shared.file_bytes(e, _shared.PAIR)), loads(_shared.file_bytes(e, ("quantized",)))
    assert both.variants == ("original", "quantized")
    assert alone.variants == ("quantized",)
    assert both.moments is not None
    assert alone.moments is None
    shown = Visit(**other_visit().address)
    for model in (both, alone):
        assert (model.data, model.config) == (e.data, e.train)
        assert model.quantized is not None
        assert model.quantized.scheme == e.scheme
        assert number(model.metrics["quantized"]["test"]["r2"]) == shown.metric("Quantised R²")


@pytest.mark.parametrize("variants", [("original", "quantized"), ("quantized",)])
def test_an_uploaded_file_is_opened(variants: tuple[str, ...]) -> None:
    """A download that is given back opens with its whole setting, whether it holds the original or not."""
    data = _shared.file_bytes(OTHER, variants)
    visit = upload(Visit().unfold("files_box"), data)
    assert said(visit) == ["Opened model.safetensors: checksum and probe rows are right."]
    assert visit.errors == []
    assert visit.experiment == OTHER
    assert visit.finding == other_visit().finding
    assert OWN not in visit.words()
    # A rerun does not open it again over what was changed since.
    visit.set("slider", "bits", 2)
    assert visit.run().experiment.scheme.bits == 2


def test_an_original_alone_keeps_the_dial() -> None:
    """A file without a twin brings data and model; bits and method stay where they are."""
    data = encode(from_trained(_shared.trained(OTHER)))
    visit = upload(Visit(bits="3", method="auto").unfold("files_box"), data)
    assert visit.experiment == replace(OTHER, scheme=Scheme("auto", 3))


def foreign() -> Trained:
    """Return a model of another version's making: what the recipe gives, every coefficient a tenth larger."""
    trained = california()
    values = dict(trained.parts.values)
    return replace(trained, parts=replace(trained.parts, values=values | {"coef": values["coef"] * 1.1}))


@pytest.mark.parametrize("page", ["home", "train", "compare", "predict"])
def test_a_file_with_its_own_numbers_is_shown_with_them(page: str) -> None:
    """When the file's original differs from the recipe's, every page shows the file's, and says so."""
    data = pair(foreign(), Scheme(bits=6))
    visit = upload(Visit(page).unfold("files_box"), data)
    c = compare(reopen(loads(data)), Scheme(bits=6))
    assert OWN in visit.words()
    r2 = c.metrics["original"]["test"]["r2"]
    assert number(r2) != number(california_r2())
    if page in ("home", "compare"):
        assert f"against :blue[{number(r2)}]" in visit.finding
    elif page == "train":
        assert visit.metric("R², test") == number(r2)
        assert "differs from what this version trains" in visit.words()
    else:
        assert visit.metric("Original") != Visit("predict").metric("Original")
    assert Visit(page).shot() == Visit(page, bits="8").shot(), "other visitors see the recipe's"


def california_r2() -> float | None:
    """Return R² of the default model on the test rows."""
    return compare(california(), Scheme()).metrics["original"]["test"]["r2"]


def test_the_files_own_numbers_follow_the_dial_and_end_with_the_model() -> None:
    """Bits and method turn the file's own model; another model, split or preset lets go of it."""
    data = pair(foreign(), Scheme(bits=6))
    visit = upload(Visit().unfold("files_box"), data)
    visit.set("slider", "bits", 3)
    assert OWN in visit.words()
    c = compare(reopen(loads(data)), Scheme(bits=3))
    assert f"[R² {number(c.metrics['quantized']['test']['r2'])}]" in visit.finding
    visit.go("train").set("selectbox", "model", "lasso")
    assert OWN not in visit.words()
    visit.set("selectbox", "model", "linear")
    assert OWN not in visit.words()
    assert visit.metric("R², test") == number(california_r2())


def wrong_data(data: bytes) -> bytes:
    """Return the file with the checksum of another data set."""
    return repack(data, lambda h, a: h["data"].__setitem__("sha256", "0" * 64))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda d: b"", "not a Bitdial model: the file is empty or cut short"),
        (lambda d: d[: len(d) // 2], "not a Bitdial model: not a whole safetensors file"),
        (
            lambda d: d[:-1] + bytes([d[-1] ^ 1]),
            "the file was altered: its contents do not match its checksum",
        ),
        (lambda d: b"\x80\x04\x95cos\nsystem\n(S'true'\ntR.", "not a Bitdial model: not a whole safetensors file"),
        (
            lambda d: repack(d, lambda h, a: h.__setitem__("format", 2)),
            "the file has format 2; this version reads format 1",
        ),
        (
            lambda d: repack(d, lambda h, a: h["train"].__setitem__("model", "forest")),
            f"the file does not fit this version: {no_model('forest')}",
        ),
        (wrong_data, "the bundled data set is not the one that this file was made from"),
        (lambda d: d + b"\x00" * settings().max_artifact_bytes, "not a Bitdial model: larger than 8388608 bytes"),
    ],
)
def test_a_file_that_is_not_ours_or_not_whole_changes_nothing(damage: Callable[[bytes], bytes], reason: str) -> None:
    """One message with the file's name and the reason; the settings and every number stay."""
    visit = other_visit()
    before, address = visit.shot(), visit.address
    upload(visit, damage(pair()), "theirs.safetensors")
    assert visit.errors == [f"theirs.safetensors cannot be opened: {reason}"]
    assert {n: v for n, v in visit.shot().items() if not n.startswith("error")} == before
    assert (visit.experiment, visit.address) == (OTHER, address)
    upload(visit, pair())
    assert visit.errors == []
    assert visit.experiment.scheme == Scheme("asymmetric", 6)


def test_taking_the_file_away_changes_nothing() -> None:
    """The cross beside the uploaded file empties the field and leaves the opened model where it is."""
    visit = upload(Visit().unfold("files_box"), pair())
    before = visit.run().shot()
    visit.widget("file_uploader", "upload").clear()
    assert visit.run().shot() == before


@pytest.mark.parametrize("name", ["<img src=x>", "../../x", "a" * 5000, "x\u202excod", "[a](http://x)", "a\nb"])
def test_a_hostile_file_name_is_shown_letter_by_letter(name: str) -> None:
    """The name of a file is text of at most 60 characters, in the message of success and in that of failure."""
    spelt = "".join(c if c.isprintable() else " " for c in f"{name}.safetensors"[:60])
    visit = upload(Visit().unfold("files_box"), pair(), f"{name}.safetensors")
    assert said(visit) == [f"Opened {spelt}: checksum and probe rows are right."]
    upload(visit, b"x" * 20, f"{name}.safetensors")
    assert visit.errors == [f"{spelt} cannot be opened: not a Bitdial model: not a whole safetensors file"]
    assert "<" not in visit.at.error[0].value.replace("\\<", "")


def test_a_hostile_label_is_shown_letter_by_letter() -> None:
    """What one types as a name, or a file brings as one, is text."""
    visit = Visit().unfold("files_box")
    visit.at.text_input(key="save_name").set_value("**b** <i> [a](http://x)")
    visit.press("save")
    assert said(visit) == ["Saved as **b** <i> [a](http://x): listed under Save and open, in this browser only."]
    assert "**" not in visit.at.success[0].value
    assert load(visit.saved[0]).label == "**b** <i> [a](http://x)"
    visit.at.session_state.delete_box = True
    assert "**b** <i>" in unescaped(visit.run().words())
    assert "**b** <i>" not in visit.words()
