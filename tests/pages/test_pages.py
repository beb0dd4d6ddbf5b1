"""Every page as a visitor finds it: complete, exact, without an exception, and without a training of its own."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from core import bundled, evaluate
from core.api import library
from core.config import Experiment, TrainConfig
from core.datasets import split
from core.diagnose import effects
from core.evaluate import compare
from core.quant import METHOD_NAMES, PRESETS, Scheme
from pages import _caches, _shared
from pages._format import money, number, signed
from tests.pages.visit import PAGES, Visit, decoded, unescaped
from tests.support import california

DEFAULT = (
    "**8 bits, symmetric:** :orange[R² 0.5763] against :blue[0.5758] on 4,128 test rows, "
    "no evidence of a difference; 72 bytes become 16, and 32 for the scaling."
)
ANSWER = (
    r"**8 bits, symmetric:** the quantised model says :orange[\$222,501], \$556 less than "
    r":blue[\$223,056] of the original."
)
TRAINED = re.compile(
    r"\*\*Linear regression\*\* explains :blue\[57\.6%\] of the variance of 4,128 test rows and is off by "
    r"\\\$53,320 on average; 16,512 rows, [\d,]+ ms\."
)
WIDGETS = ("slider", "selectbox", "number_input", "checkbox", "button", "download_button", "segmented_control",
           "text_input", "file_uploader")  # fmt: skip


def unfolded(page: str, **query: Any) -> Visit:
    """Open a page with everything in the sidebar unfolded."""
    return Visit(page, **query).unfold("presets_box").unfold("advanced_box").unfold("files_box")


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_cold(page: str) -> None:
    """Without a click each page has its finding, its charts and no message; nothing on it is not a number."""
    visit = Visit(page)
    assert visit.errors == []
    assert [w.value for w in visit.at.warning] == []
    assert visit.finding
    assert len(visit.at.get("plotly_chart")) >= 2
    assert not re.search(r"\b(nan|None|inf|NaN)\b", visit.words())


def test_the_default_finding_is_exact() -> None:
    """Quantise, under both of its paths, and Compare open with the same sentence, word for word."""
    for page in ("home", "quantise", "compare"):
        assert Visit(page).finding == DEFAULT


def test_train_and_predict_open_with_their_findings() -> None:
    """The sentences of Train and of Predict for the default model and the first place."""
    assert TRAINED.fullmatch(Visit("train").finding)
    assert Visit("predict").finding == ANSWER


@pytest.mark.parametrize(
    ("query", "finding"),
    [
        (
            {"bits": "1", "method": "window"},
            "**1 bit, window:** :orange[R² 0.5795] against :blue[0.5758] on 4,128 test rows, "
            "no evidence of a difference; 72 bytes become 69, and 32 for the scaling.",
        ),
        (
            {"bits": "4", "method": "auto"},
            "**4 bits, best found (",
        ),
        (
            {"method": "window", "space": "raw", "intercept": "quantised", "scaling": "none"},
            "**8 bits, window:** :orange[R² 0.4854] against :blue[0.5758] on 4,128 test rows, measurably worse; "
            "72 bytes become 81.",
        ),
        (
            {"test_size": "0.5", "method": "asymmetric"},
            "**8 bits, asymmetric:** :orange[R² ",
        ),
    ],
)
def test_the_finding_follows_the_setting(query: dict[str, str], finding: str) -> None:
    """Bits, method, R², verdict and bytes of the sentence are those of the comparison."""
    visit = Visit(**query)
    c = visit.comparison
    assert visit.finding.startswith(finding)
    before, after = (c.metrics[m]["test"]["r2"] for m in ("original", "quantized"))
    assert f"[R² {number(after)}] against :blue[{number(before)}] on {len(c.differences):,} test rows" in visit.finding
    q = c.sizes["quantized"]
    assert f"{c.sizes['original'].numbers} bytes become {q.numbers - q.scaling}" in visit.finding
    assert (f", and {q.scaling} for the scaling" in visit.finding) == (q.scaling > 0)
    assert c.difference is not None
    assert c.difference.verdict in visit.finding


def test_the_cards_are_those_of_core() -> None:
    """R² of both models, their difference with its interval, and bytes, straight from the comparison."""
    visit, c = Visit(), compare(california(), Scheme())
    assert c.difference is not None
    shown = {m.label: (m.value, m.delta) for m in visit.at.metric}
    d, q = c.difference, c.sizes["quantized"]
    assert shown == {
        "Original R²": ("0.5758", "train 0.6126"),
        "Quantised R²": ("0.5763", "train 0.6125"),
        "Difference": (signed(d.value), f"95 %: {signed(d.low)} to {signed(d.high)}"),
        "Bytes": (f"{q.numbers} of 72", f"{q.bits_per_parameter:.1f} bits per parameter"),
    }
    helps = next(m.proto.help for m in visit.at.metric if m.label == "Difference")
    assert f"Test row {d.row} moves it most, by {signed(d.row_effect, 6)}" in helps
    assert f"without that row it is {signed(d.value_without, 6)}" in helps


def test_the_table_of_codes_is_that_of_core() -> None:
    """Integer and binary code, original, quantised value and error of each parameter."""
    c = compare(california(), Scheme())
    rows = Visit().table("Every parameter and its code")
    assert [r["parameter"] for r in rows] == [p.name for p in c.parameters]
    for row, p in zip(rows, c.parameters, strict=True):
        assert float(row["original"]) == float(f"{p.original:.6g}")
        assert float(row["quantised"]) == float(f"{p.quantized:.6g}")
        if p.code is None:
            assert (row["code"], row["binary"]) == ("float32", "")
        else:
            assert int(row["code"]) == int(row["binary"], 2) == p.code
            assert len(row["binary"]) == 8


def test_the_metrics_and_bytes_of_compare_are_those_of_core() -> None:
    """Both tables of Compare show the comparison's figures with six decimals, and bytes in full."""
    visit, c = Visit("compare"), compare(california(), Scheme())
    rows = {r["metric"]: r for r in visit.table("Metrics of both models")}
    for part in ("test", "train"):
        for name, label in (("r2", "R²"), ("rmse", "RMSE"), ("mae", "MAE")):
            row = rows[f"{label}, {part}"]
            assert float(row["original"]) == pytest.approx(c.metrics["original"][part][name], abs=5e-7)
            assert float(row["quantised"]) == pytest.approx(c.metrics["quantized"][part][name], abs=5e-7)
    sizes = {r["model"]: r for r in visit.table("Bytes of every candidate")}
    assert [sizes["quantised"][n] for n in ("payload", "side")] == [8, 40]
    assert [sizes[f"float{w} cast"]["payload"] for w in (32, 16)] == [36, 18]
    assert int(sizes["quantised"]["file"].replace(",", "")) == c.sizes["quantized"].file


def test_the_words_of_compare_are_those_of_core() -> None:
    """Verdict and its row, bits per parameter, errors and agreement are spelt out from the comparison."""
    visit, c = Visit("compare", method="asymmetric"), compare(california(), Scheme("asymmetric"))
    d, q, a = c.difference, c.sizes["quantized"], c.agreement
    assert d is not None
    row = next(r for r in visit.table("Metrics of both models") if r["metric"] == "R², test")
    assert row["95 % interval"] == f"{signed(d.low, 5)} to {signed(d.high, 5)}"
    assert float(row["difference"].replace("−", "-")) == pytest.approx(d.value, abs=5e-7)
    median, p99, largest = (money(v * 1e5, "$") for v in (a.median, a.p99, a.largest))
    # The first caption says what a prediction needs on a device.
    said = [unescaped(caption.value) for caption in visit.at.main.caption][1:]
    assert said[0].startswith(
        f"R² on the test rows: {d.verdict}. Test row {d.row} moves the difference most, by "
        f"{signed(d.row_effect, 6)}; without it the difference is {signed(d.value_without, 6)}."
    )
    assert said[1].startswith(f"Quantised: {q.bits_per_parameter:.1f} bits per parameter, 32 of the {q.side} bytes")
    assert said[2].startswith(f"Mean {c.errors.mean():.6g}, {c.errors.mean() / c.coef_range:.4%} of their range")
    assert f"largest {c.errors.max():.6g}" in said[2]
    assert f"move by less than {median}, 99 % by less than {p99}; the largest move is {largest}." in said[3]


def test_the_answers_of_predict_are_those_of_core() -> None:
    """Both answers, their difference and the true value of the first place, in dollars."""
    trained, c = california(), compare(california(), Scheme())
    row = trained.dataset.places[0].row
    X = trained.dataset.X[row]
    answers = [float(X @ p.values["coef"][0] + p.values["intercept"][0]) * 1e5 for p in (trained.parts, c.decoded)]
    visit = Visit("predict")
    assert visit.metric("Original") == money(answers[0], "$")
    assert visit.metric("Quantised") == money(answers[1], "$")
    assert visit.metric("Difference") == money(answers[1] - answers[0], "$")
    assert visit.metric("True value") == money(float(trained.dataset.y[row]) * 1e5, "$")


def test_the_contributions_add_up_to_the_answer() -> None:
    """Base and bars of the chart give both answers of the finding, to a dollar."""
    visit = Visit("predict")
    bars = {t["name"]: np.array(decoded(t["x"])) for t in visit.chart("pushes")["data"]}
    said = next(unescaped(c.value) for c in visit.at.caption if "average training row" in c.value)
    base = [float(v.replace(",", "")) for v in re.findall(r"\$([\d,]+)", said)]
    for name, label, start in zip(("original", "quantised"), ("Original", "Quantised"), base, strict=True):
        answer = float(visit.metric(label).replace("$", "").replace(",", ""))
        # Base and answer are each rounded to whole dollars.
        assert start + bars[name].sum() == pytest.approx(answer, abs=1.0)


def test_a_collapse_is_explained() -> None:
    """When the quantised model is measurably worse the page names the coefficient and what it does in dollars."""
    visit = Visit(**{"method": "window", "space": "raw", "intercept": "quantised", "scaling": "none"})
    c = visit.comparison
    worst = effects(_shared.trained(visit.experiment), c)[0]
    said = unescaped(visit.at.main.get_by_key("findings").markdown[0].value)
    assert f"What costs most is {worst.name}: its coefficient moved by {signed(worst.error, 6)}" in said
    assert f"changes predictions by {money(worst.spread * 1e5, '$')} (one standard deviation)" in said
    assert f"shifts all of them by about {money(worst.shift * 1e5, '$')}" in said
    assert "The intercept is not refitted, so the shift stays" in said
    assert [unescaped(w.value) for w in visit.at.warning] == [c.not_smaller]
    assert "What costs most" not in Visit().words()


@pytest.mark.parametrize("page", PAGES)
def test_everything_can_be_reached_and_read(page: str) -> None:
    """Every widget has a key and a label, every chart and table words for those who cannot see it."""
    visit = unfolded(page, method="asymmetric")
    for kind in WIDGETS:
        for widget in getattr(visit.at, kind):
            assert widget.key, widget
            assert widget.label, widget
    for chart in visit.at.get("plotly_chart"):
        assert chart.proto.alt
    for table in visit.at.dataframe:
        assert table.proto.alt


ELSE = {"model": "ridge", "degree": "2", "scaling": "none", "seed": "7", "test_size": "0.35", "alpha": "3",
        "method": "asymmetric", "bits": "5"}  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
def test_every_page_after_training_something_else(page: str) -> None:
    """With another model, degree, scaling, seed and share each page is as complete as before."""
    visit = Visit()
    before = visit.go(page).shot()
    visit.go("train")
    visit.set("selectbox", "model", "ridge").set("number_input", "hyper_ridge_alpha", 3.0)
    visit.set("selectbox", "scaling", "none").set("segmented_control", "degree", 2)
    visit.set("number_input", "seed", 7).set("slider", "test_size", 0.35)
    visit.set("selectbox", "method", "asymmetric").set("slider", "bits", 5)
    after = visit.go(page).shot()
    assert visit.errors == []
    assert visit.address == {"v": "1", "dataset": "california_housing", **ELSE}
    assert after.keys() - {"warning 0"} >= {k for k in before if k.startswith(("metric", "chart", "table"))}
    same = [k for k in before if k.startswith(("metric", "chart", "table")) and before[k] == after[k]]
    # The data is the same: ranges of the whole table, the true value of the same district, and no drift in either part.
    assert set(same) <= {"table Features with units and observed ranges", "metric True value 3", "metric Drift 0"}
    assert not re.search(r"\b(nan|None|inf|NaN)\b", visit.words())
    # Whoever comes by the address sees the same.
    assert Visit(page, **ELSE).shot() == after


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("preset", PRESETS)
def test_every_page_shows_every_preset(page: str, preset: str) -> None:
    """Even the model that collapses has all its figures on every page."""
    visit = Visit(page).unfold("presets_box").press(f"preset_{preset}")
    assert visit.experiment.scheme == PRESETS[preset].scheme
    assert not re.search(r"\b(nan|None|inf|NaN)\b", visit.words())


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("method", METHOD_NAMES)
def test_every_page_shows_many_columns(page: str, method: str) -> None:
    """With all 44 columns of degree 2 each page works by each method."""
    assert Visit(page, degree="2", method=method, bits="3").errors == []


def equal_targets() -> dict[str, str]:
    """Return the address of a split whose two test rows have equal targets."""
    dataset = california().dataset
    y = dataset.y
    for seed in range(2000):
        part = y[split.__wrapped__(dataset, 0.00009, seed)[1]]
        if len(part) == 2 and part[0] == part[1]:
            return {"test_size": "0.00009", "seed": str(seed)}
    raise AssertionError("no such split")


@pytest.mark.parametrize("page", PAGES)
def test_where_there_is_no_r2_the_page_says_so(page: str) -> None:
    """With two equal test targets R² is a dash on every page, never NaN, and the charts stay readable."""
    visit = Visit(page, **equal_targets())
    assert visit.errors == []
    assert not re.search(r"\b(nan|None|inf|NaN)\b", visit.words())
    if page == "home":
        assert "no R², because all test targets are equal" in visit.finding
        assert visit.metric("Original R²") == visit.metric("Difference") == "–"
        note = visit.chart("curve")["layout"]["annotations"][0]["text"]
        assert note == "All targets of the test rows are equal: there is no R²."


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Return a list that grows by one with every fit anywhere in the process."""
    library.clear()
    bundled.default.cache_clear()
    bundled.trained.cache_clear()
    counted: list[str] = []
    training = sys.modules["core.train"]
    fit_rows = training.fit_rows

    def counting(*args: Any) -> Any:
        counted.append(next(a for a in args if isinstance(a, TrainConfig)).model)
        return fit_rows(*args)

    monkeypatch.setattr(training, "fit_rows", counting)
    monkeypatch.setattr(evaluate, "fit_rows", counting)
    yield counted
    _caches.forget()


def test_the_first_visit_trains_nothing(fits: list[str]) -> None:
    """After the warm-up, one training, no page of a default visit trains, nor does any rerun or second visitor."""
    _caches.forget()
    _shared.warm()
    assert fits == ["linear"]
    for page in PAGES:
        visit = Visit(page)
        visit.run().set("slider", "bits", 5).set("selectbox", "method", "asymmetric")
        visit.set("selectbox", "method", "auto").unfold("files_box")
    assert fits == ["linear"]


def test_the_first_visit_computes_no_width_of_its_own(fits: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """After the warm-up the default method is ready at every width: sliding the dial compares nothing anew."""
    _caches.forget()
    _shared.warm()
    compared: list[Scheme] = []
    monkeypatch.setattr(evaluate, "compare", lambda t, s: compared.append(s) or compare(t, s))
    visit = Visit()
    for bits in (1, 5, 16, 8):
        visit.set("slider", "bits", bits)
    assert compared == []
    visit.set("selectbox", "method", "window")
    assert compared == [Scheme("window")]
    assert fits == ["linear"]


def test_a_setting_is_trained_once_for_all_visitors(fits: list[str]) -> None:
    """The second visitor of a setting, and every rerun, gets what the first one's visit trained."""
    _caches.forget()
    for _ in range(3):
        for page in PAGES:
            Visit(page, model="lasso", alpha="0.125").run()
    assert fits == ["lasso"]


def test_warming_marks_the_process_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    """The health check says ready after the warm-up and not before."""
    ready = threading.Event()
    monkeypatch.setattr(sys.modules["core.api.app"], "_ready", ready)
    _shared.warm()
    assert ready.is_set()


def test_two_visitors_do_not_see_each_other() -> None:
    """Settings, messages, pins, the saved list and the district of one visit are not those of another."""
    one, two = Visit("compare"), Visit("compare", bits="17")
    one.set("slider", "bits", 3).press("pin").unfold("files_box").press("save")
    one.go("predict").set("number_input", "f_MedInc", 7.5)
    assert one.errors == []
    assert len(two.run().errors) == 1
    assert two.finding == DEFAULT
    assert two.at.session_state.pins == []
    assert two.unfold("files_box").saved == []
    assert not [s for s in two.at.selectbox if s.key == "saved_choice"]
    assert two.go("predict").finding == ANSWER
    assert one.run().widget("number_input", "f_MedInc").value == 7.5
    assert one.experiment.scheme.bits == 3
    assert len(one.at.session_state.pins) == len(one.saved) == 1
    assert Visit("compare").finding == DEFAULT


def test_shared_values_cannot_be_changed_by_a_visit() -> None:
    """Two visits are given the same objects out of the caches, and no array among them can be written to."""
    Visit()
    e = Experiment()
    trained, c, curve = _shared.trained(e), _shared.comparison(e), _shared.curve(e)
    Visit("predict")
    assert _shared.trained(e) is trained
    assert _shared.comparison(e) is c
    assert _shared.curve(e) is curve
    arrays = [
        trained.dataset.X, trained.dataset.y, trained.sketch, trained.parts.values["coef"], trained.moments.gram,
        trained.preparation.mean, c.differences, c.decoded.values["coef"], c.quantized.codes["coef"],
    ]  # fmt: skip
    for array in arrays:
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
    with pytest.raises(TypeError):
        c.metrics["original"]["test"]["r2"] = 1.0  # type: ignore[index]
    assert isinstance(curve.points, tuple)
    assert isinstance(_shared.file_bytes(e, _shared.PAIR), bytes)


def test_figures_are_shared_and_stay_as_they_are() -> None:
    """However many visits show a figure, it is the same one and is sent in the same words."""
    first = {page: Visit(page).shot() for page in PAGES}
    for _ in range(2):
        for page in PAGES:
            assert Visit(page).shot() == first[page]


def test_every_cache_is_bounded() -> None:
    """No cache of the pages grows without limit."""
    caches = [f.cache for f in vars(_shared).values() if hasattr(f, "cache_clear") and hasattr(f, "cache")]
    assert len(caches) == len(_caches.CACHES) > 6
    assert all(0 < c.maxsize <= 1000 for c in caches)
    assert _shared.key_of.cache_info().maxsize is not None


def test_a_shared_result_is_made_once_even_when_two_ask_at_a_time() -> None:
    """The second visitor of what is being made waits for it; what failed is made again for the next one."""
    made: list[str] = []
    begun, go = threading.Event(), threading.Event()

    @_caches.shared_by_all(2)
    def slowly(key: str, answer: int) -> int:
        made.append(key)
        if answer < 0:
            raise ValueError
        begun.set()
        assert go.wait(20)
        return answer

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(slowly, "a", 1)
        assert begun.wait(20)
        second = pool.submit(slowly, "a", 2)
        go.set()
        assert (first.result(20), second.result(20)) == (1, 1)
    for _ in range(2):
        with pytest.raises(ValueError):
            slowly("b", -1)
    assert slowly("c", 3) == slowly("c", 4) == 3
    assert made == ["a", "b", "b", "c"]
    _caches.CACHES.pop()


def test_the_dial_agrees_with_the_setting_on_every_page() -> None:
    """On whatever page one arrives, and from whatever page, both forms of the dial stand at the setting."""
    visit = Visit(method="asymmetric", bits="5")
    for page in ("compare", "predict", "home", "train", "quantise", "compare"):
        visit.go(page)
        assert visit.widget("slider", "bits").value == 5
        assert visit.widget("selectbox", "method").value == "asymmetric"
        keys = {b.key for b in visit.at.button}
        assert ({"bits_down", "bits_up"} <= keys) == (page != "train")
    visit.press("bits_up").pick("narrow_method", "window").go("predict")
    assert visit.widget("slider", "bits").value == visit.experiment.scheme.bits == 6
    assert visit.widget("selectbox", "method").value == visit.experiment.scheme.method == "window"
