"""`POST /predict` and `POST /quantize`: the numbers of the models themselves, and a refusal for everything else."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from core import bundled, cost
from core.api import library, pool, predict, quantize
from core.artifact import load
from core.cli.main import main
from core.config import DataConfig, Experiment, TrainConfig
from core.evaluate import compare
from core.quant import Scheme
from core.settings import settings
from tests.api_support import NAMES, error, mounted, row
from tests.cli_support import original_file, pair_file
from tests.sources import ROOT
from tests.support import bundled as trained_once
from tests.support import california

FLATS = ROOT / "examples" / "flats.csv"
NUMBER = "a finite number"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a folder with a pair, an original alone, a twin alone, and a model with texts and gaps."""
    found = tmp_path_factory.mktemp("models")
    pair = pair_file(found)
    original_file(found)
    load(pair).only("quantized").save(found / "twin.safetensors")
    lines = [f"{i % 7},{i * i % 11 or ''},{'true' if i % 3 else 'false'},{i + i % 5}" for i in range(60)]
    (found / "flags.csv").write_text("\n".join(["a,b,lit,y", *lines]), encoding="utf-8")
    for name, table in (("flats", FLATS), ("flags", found / "flags.csv")):
        assert main(["train", "--data", str(table), "--json", "--out", str(found / f"{name}.safetensors")]) == 0
    patch = pytest.MonkeyPatch()
    patch.setenv("BITDIAL_ARTIFACTS", str(found))
    settings.cache_clear()
    library.clear()
    yield found
    patch.undo()
    settings.cache_clear()
    library.clear()


@pytest.fixture(scope="module")
def client(folder: Path) -> TestClient:
    """Return a client of the interface that serves the models in the folder."""
    return mounted()


def post(client: TestClient, body: Any, path: str = "predict") -> Any:
    """Return the answer to a body, which may be spelt as bytes."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(f"/api/{path}", content=data, headers={"content-type": "application/json"})


def test_both_models_answer_as_they_do_everywhere(client: TestClient, folder: Path) -> None:
    """Arrays and objects, names in any order: the predictions of the file itself, and their difference."""
    model = load(folder / "pair.safetensors")
    X, _ = california().rows("test")
    turned = [dict(reversed(row(i).items())) for i in range(3)]
    rows = [*X[:3].tolist(), *turned]
    found = post(client, {"model": "pair", "variant": "both", "rows": rows}).json()
    assert (found["model"], found["variant"], found["rows"], found["unit"]) == ("pair", "both", 6, "$100,000")
    for name in ("original", "quantized"):
        wanted = model.predict(X[[0, 1, 2, 0, 1, 2]], name)
        # The same eight products, added in an order that may depend on how many rows there are.
        assert found["predictions"][name] == pytest.approx(wanted.tolist(), rel=1e-12)
    gap = np.subtract(found["predictions"]["quantized"], found["predictions"]["original"])
    assert found["difference"] == gap.tolist()
    assert (found["unknown"], found["missing"]) == ([], 0)


def test_the_default_model_gives_the_first_predictions(client: TestClient) -> None:
    """Without a model or a variant: the pair of the first page, on the first test rows."""
    found = post(client, {"rows": [row(i) for i in range(5)]}).json()
    assert found["model"] == "default"
    assert [round(v, 3) for v in found["predictions"]["original"]] == [0.719, 1.764, 2.71, 2.839, 2.605]
    assert list(found["predictions"]) == ["original", "quantized"]


@pytest.mark.parametrize(
    ("model", "variant", "held"),
    [
        ("pair", "original", ["original"]),
        ("pair", "quantized", ["quantized"]),
        ("original", None, ["original"]),
        ("twin", None, ["quantized"]),
        ("twin", "quantized", ["quantized"]),
    ],
)
def test_the_variant_that_is_asked_for_answers(
    client: TestClient, model: str, variant: str | None, held: list[str]
) -> None:
    """One of the two, or what there is; a single answer has no difference."""
    found = post(client, {"model": model, "rows": [row()]} | ({"variant": variant} if variant else {})).json()
    assert list(found["predictions"]) == held
    assert found["variant"] == held[0]
    assert "difference" not in found


@pytest.mark.parametrize(("model", "variant"), [("twin", "original"), ("twin", "both"), ("original", "quantized")])
def test_a_variant_that_is_not_there_is_refused(client: TestClient, model: str, variant: str) -> None:
    """The answer says which there is."""
    facts = error(post(client, {"model": model, "variant": variant, "rows": [row()]}), 422)
    assert facts["field"] == "variant"
    assert facts["allowed"] == f"{'quantized' if model == 'twin' else 'original'}: the model holds no other"


def test_classes_come_by_name_with_their_probabilities(client: TestClient) -> None:
    """A recipe in place of a model: trained when it is quick, with the probabilities of the model itself."""
    trained = trained_once(DataConfig("digits"), TrainConfig("logistic"))
    X, _ = trained.rows("test")
    recipe = {"data": {"dataset": "digits"}, "scheme": {"bits": 3}}
    found = post(client, {"experiment": recipe, "rows": X[:20].tolist()}).json()
    pair = bundled.pair(Experiment(DataConfig("digits"), TrainConfig("logistic"), Scheme(bits=3)))
    assert found["model"] is None
    assert found["classes"] == [str(i) for i in range(10)]
    for name in ("original", "quantized"):
        assert found["predictions"][name] == pair.predict(X[:20], name).tolist()
        assert np.allclose(found["probabilities"][name], pair.outputs(X[:20], name), rtol=1e-12, atol=1e-15)
        assert np.allclose(np.sum(found["probabilities"][name], axis=1), 1, atol=1e-12)
    assert "difference" not in found


def test_contributions_add_up_to_the_answer(client: TestClient) -> None:
    """Base and contributions give the value; of classes the score whose softmax is the probability.

    Eight or 64 products are added in another order than in the answer: 1e-9 of the largest of them.
    """
    found = post(client, {"model": "pair", "rows": [row(0), row(1)], "contributions": True}).json()
    assert found["contributions"]["columns"] == list(NAMES)
    for name in ("original", "quantized"):
        made = found["contributions"][name]
        total = np.array(made["values"])[:, 0, :].sum(axis=1) + made["base"][0]
        assert total == pytest.approx(found["predictions"][name], rel=1e-9)
    X = trained_once(DataConfig("digits"), TrainConfig("logistic")).rows("test")[0][:4]
    asked = {"experiment": {"data": {"dataset": "digits"}}, "rows": X.tolist(), "contributions": True}
    classes = post(client, {**asked, "variant": "original"}).json()
    made = classes["contributions"]["original"]
    scores = np.array(made["values"]).sum(axis=2) + made["base"]
    soft = np.exp(scores - scores.max(axis=1, keepdims=True))
    assert np.allclose(soft / soft.sum(axis=1, keepdims=True), classes["probabilities"]["original"], atol=1e-9)


def test_contributions_are_bounded(client: TestClient) -> None:
    """Too many for one answer are refused with how many they would be."""
    rows = np.zeros((1000, 64)).tolist()
    asked = {"experiment": {"data": {"dataset": "digits"}}, "rows": rows, "contributions": True}
    facts = error(post(client, asked), 422)
    assert facts["allowed"].endswith("at most 50,000 contributions, and these are 1,280,000")


def test_values_beyond_the_training_range_are_counted(client: TestClient) -> None:
    """A row counts once, however many of its values are beyond."""
    far = {**row(), "MedInc": 99.0, "HouseAge": 900.0}
    assert post(client, {"rows": [row(), far, far]}).json()["outside_training_range"] == 2


def test_texts_and_gaps_are_taken_where_the_model_takes_them(client: TestClient, folder: Path) -> None:
    """Null is a missing value, an unknown text is reported by row and column, a flag is true or false."""
    model = load(folder / "flats.safetensors")
    names = [f.name for f in model.features]
    assert names == ["area_m2", "built", "district", "floor", "balcony"]
    rows = [[60, 1990, "Hafen", 2, "yes"], [60, None, "Mond", 2, None], [60, 1990, None, 2, " no "]]
    found = post(client, {"model": "flats", "rows": rows}).json()
    assert found["unknown"] == [{"row": 1, "column": "district", "value": "Mond"}]
    assert found["missing"] == 3
    hafen, yes, no = model.preparation.codes[2]["Hafen"], *(model.preparation.codes[4][w] for w in ("yes", "no"))
    X = np.array([[60, 1990, hafen, 2, yes], [60, np.nan, -1, 2, np.nan], [60, 1990, np.nan, 2, no]])
    assert found["predictions"]["original"] == pytest.approx(model.predict(X, "original").tolist(), rel=1e-12)
    described = {m["id"]: m["features"] for m in client.get("/api/models").json()["models"]}
    assert [f["kind"] for f in described["flats"]] == ["number", "number", "text", "number", "text"]
    assert [f["kind"] for f in described["flags"]] == ["number", "number", "flag"]
    assert all(f["may_be_missing"] for f in described["flats"])
    assert "Hafen" in described["flats"][2]["categories"]


def test_a_flag_is_true_or_false_or_their_numbers(client: TestClient) -> None:
    """All four spellings count as two values."""
    rows = [[1, None, True], [1, None, 1], [1, None, False], [1, None, 0.0]]
    said = post(client, {"model": "flags", "rows": rows}).json()["predictions"]["original"]
    assert said[0] == said[1] != said[2] == said[3]


@pytest.mark.parametrize(
    ("model", "column", "value", "allowed"),
    [
        ("flats", "district", 5, "a text, or null where it is missing"),
        ("flats", "district", True, "a text, or null where it is missing"),
        ("flats", "area_m2", "60", f"{NUMBER}, or null where it is missing"),
        ("flats", "area_m2", True, f"{NUMBER}, or null where it is missing"),
        ("flats", "floor", [2], f"{NUMBER}, or null where it is missing"),
        ("flags", "lit", "true", f"{NUMBER}, true or false, or null where it is missing"),
        ("flags", "a", False, f"{NUMBER}, or null where it is missing"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_there_too(
    client: TestClient, model: str, column: str, value: Any, allowed: str
) -> None:
    """A text is no number, a number is no text, and a flag is spelt as JSON spells it."""
    good = {"flats": {"area_m2": 60, "built": 1990, "district": "Hafen", "floor": 2, "balcony": "yes"},
            "flags": {"a": 1, "b": 1, "lit": True}}[model]  # fmt: skip
    facts = error(post(client, {"model": model, "rows": [good, {**good, column: value}]}), 422)
    assert (facts["row"], facts["column"], facts["allowed"]) == (1, column, allowed)


GOOD = [1.0, 2, 3, 4, 5, 6, 7, 8]


def spelt(rows: str) -> bytes:
    """Return a body with `rows` as they are spelt."""
    return b'{"rows": ' + rows.encode() + b"}"


@pytest.mark.parametrize(
    ("rows", "field", "value"),
    [
        ("[[NaN,2,3,4,5,6,7,8]]", "rows[0].MedInc", "nan"),
        ("[[1,2,3,4,5,6,7,8],[1,Infinity,3,4,5,6,7,8]]", "rows[1].HouseAge", "inf"),
        ("[[1,2,3,4,5,6,7,-Infinity]]", "rows[0].Longitude", "-inf"),
        ("[[1,2,1e400,4,5,6,7,8]]", "rows[0].AveRooms", "inf"),
        (f"[[1,2,{10**400},4,5,6,7,8]]", "rows[0].AveRooms", "inf"),
        ('[[1,2,"5.1",4,5,6,7,8]]', "rows[0].AveRooms", "5.1"),
        ("[[1,2,true,4,5,6,7,8]]", "rows[0].AveRooms", True),
        ("[[1,2,null,4,5,6,7,8]]", "rows[0].AveRooms", None),
        ("[[1,2,[3],4,5,6,7,8]]", "rows[0].AveRooms", "[3]"),
        ("[[1,2,3]]", "rows[0]", "3 values"),
        ("[[1,2,3,4,5,6,7,8],[1,2,3,4,5,6,7]]", "rows[1]", "7 values"),
        ("[[1,2,3,4,5,6,7,8,9]]", "rows[0]", "9 values"),
        ("[[]]", "rows[0]", "0 values"),
        ("[7]", "rows[0]", 7),
        ('["row"]', "rows[0]", "row"),
        ("[null]", "rows[0]", None),
        ("[]", "rows", "0 rows"),
        ("null", "rows", None),
        ('{"MedInc": 1}', "rows", "{'MedInc': 1}"),
    ],
)
def test_rows_that_are_none_are_refused_by_row_and_column(
    client: TestClient, rows: str, field: str, value: Any
) -> None:
    """Numbers only, finite, as many as there are features: the first that is not is named."""
    facts = error(post(client, spelt(rows)), 422)
    assert (facts["field"], facts["value"]) == (field, value)
    if "." in field:
        assert (facts["row"], facts["column"], facts["allowed"]) == (int(field[5]), field.partition(".")[2], NUMBER)


def test_names_in_a_row_are_exactly_the_features(client: TestClient) -> None:
    """One that is missing and one too many are named, harmlessly."""
    short = dict.fromkeys(NAMES[1:], 1)
    facts = error(post(client, {"rows": [short]}), 422)
    assert (facts["field"], facts["value"], facts["column"]) == ("rows[0]", "no MedInc", "MedInc")
    odd = {**row(), "<img src=x>\u202e": 1}
    facts = error(post(client, {"rows": [odd]}), 422)
    assert (facts["row"], facts["value"]) == (0, "<img src=x>\\x202e")


def test_a_row_too_large_for_an_answer_is_refused(client: TestClient) -> None:
    """What overflows on the way is a row that cannot be answered, not an error and not a null."""
    asked = {"experiment": {"train": {"degree": 2}}, "rows": [row(), {**row(), "MedInc": 1e308}]}
    facts = error(post(client, asked), 422)
    assert (facts["field"], facts["value"], facts["row"]) == ("rows[1]", 1e308, 1)
    assert facts["allowed"] == "small enough for a finite answer"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"{", "body"),
        (b"[]", "body"),
        (b'"rows"', "body"),
        (b"\xff\xfe", "body"),
        (b'{"rows": [], "rows": []}', "body"),
        (b'{"rows": [{"MedInc": 1, "MedInc": 2}]}', "body"),
        (b"[" * 100_000, "body"),
        (b'{"rows":' * 20_000, "body"),
        (b'{"rows": ' + b"9" * 10_000 + b"}", "body"),
        (b"{}", "body"),
        (b'{"rows": [], "extra": 1}', "body"),
        (b'{"rows": [], "model": 5}', "model"),
        (b'{"rows": [], "model": null}', "model"),
        (b'{"rows": [], "variant": "all"}', "variant"),
        (b'{"rows": [], "variant": null}', "variant"),
        (b'{"rows": [], "variant": ["both"]}', "variant"),
        (b'{"rows": [], "contributions": 1}', "contributions"),
        (b'{"rows": [], "model": "default", "experiment": {}}', "experiment"),
        (b'{"rows": [], "experiment": null}', "experiment"),
        (b'{"rows": [], "experiment": {"data": {"dataset": "own"}}}', "sha256"),
        (b'{"rows": [], "experiment": {"scheme": {"bits": 99}}}', "bits"),
        (b'{"rows": [], "experiment": {"train": {"model": "\\ud800"}}}', "model"),
    ],
)
def test_a_body_that_is_none_is_refused(client: TestClient, body: bytes, field: str) -> None:
    """Not JSON, a name twice, nested without end, unknown fields, values of the wrong kind: one form for all."""
    assert error(post(client, body), 422)["field"] == field


def test_a_thousand_rows_are_answered_and_one_more_is_refused(client: TestClient) -> None:
    """The limit itself is allowed."""
    rows = [GOOD] * 1000
    assert len(post(client, {"rows": rows}).json()["predictions"]["original"]) == 1000
    facts = error(post(client, {"rows": [*rows, GOOD]}), 422)
    assert (facts["field"], facts["value"]) == ("rows", "1,001 rows")


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ('Application/JSON; charset="UTF-8"', 200),
        ("application/json; charset=latin-1", 415),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("", 415),
    ],
)
def test_only_json_is_taken(client: TestClient, kind: str, status: int) -> None:
    """What a form of another site could send is no JSON."""
    answer = client.post("/api/predict", content=spelt(f"[{GOOD}]"), headers={"content-type": kind})
    assert answer.status_code == status
    if status == 415:
        assert error(answer, 415)["field"] == "content-type"


def test_compressed_bodies_are_refused(client: TestClient) -> None:
    """A few bytes could unfold to any number."""
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    answer = client.post("/api/predict", content=b"\x1f\x8b", headers=headers)
    assert error(answer, 415)["field"] == "content-encoding"


def test_a_recipe_that_takes_long_is_refused_with_the_reason(client: TestClient) -> None:
    """Both routes train only what is quick, and say how long it would take."""
    recipe = {"data": {"dataset": "digits"}, "train": {"model": "logistic", "degree": 2}}
    seconds = cost.seconds_to_fit(
        trained_once(DataConfig("digits"), TrainConfig("logistic")).dataset,
        DataConfig("digits"),
        TrainConfig("logistic", degree=2),
    )
    for path, more in (("predict", {"rows": [[0] * 64]}), ("quantize", {})):
        facts = error(post(client, {"experiment": recipe, **more}, path), 422)
        assert (facts["field"], facts["value"]) == ("train", "logistic")
        assert f"this one may take {seconds:,.0f} s" in facts["allowed"]


def test_quantize_gives_the_comparison_of_a_recipe(client: TestClient) -> None:
    """The JSON of `compare`, to the last digit."""
    recipe = Experiment(train=TrainConfig("ridge"), scheme=Scheme("asymmetric", 4))
    found = post(client, {"experiment": recipe.to_json()}, "quantize")
    assert found.status_code == 200
    wanted = compare(trained_once(recipe.data, recipe.train), recipe.scheme).to_json()
    assert json.loads(json.dumps(wanted)) == {n: v for n, v in found.json().items() if n != "notes"}


@pytest.mark.parametrize("model", ["default", "pair", "original", "flats"])
def test_quantize_takes_a_saved_model_with_its_own_numbers(client: TestClient, model: str) -> None:
    """By its id, with any scheme; one whose table is not here has no test rows to be measured on."""
    found = post(client, {"model": model, "scheme": {"bits": 5}}, "quantize").json()
    assert found["scheme"]["bits"] == 5
    own = model == "flats"
    assert (found["difference"] is None) == own
    assert any("is not open here" in note for note in found["notes"]) == own


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"model": "twin"}, 422, "model"),
        ({"model": "nobody"}, 404, "model"),
        ({"model": "default", "experiment": {}}, 422, "body"),
        ({"experiment": {}, "scheme": {}}, 422, "body"),
        ({"scheme": {"bits": 0}}, 422, "bits"),
        ({"scheme": {"bits": "8"}}, 422, "bits"),
        ({"scheme": None}, 422, "scheme"),
        ({"schema": {}}, 422, "body"),
        ({"experiment": {"data": {"path": "x"}}}, 422, "setting of data"),
        ({"experiment": {"data": {"test_size": 1e-9}}}, 422, None),
    ],
)
def test_quantize_refuses_what_it_cannot_do(client: TestClient, body: Any, status: int, field: str | None) -> None:
    """A twin without its original, unknown models and fields, values out of range."""
    facts = error(post(client, body, "quantize"), status)
    assert field in (facts["field"], None)


def test_a_crowd_is_told_to_come_again(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many wait and no more; whoever comes then is refused at once, and served when there is room again."""
    go = threading.Event()
    slow = quantize.answer
    monkeypatch.setattr(quantize, "answer", lambda *wanted: go.wait(30) and slow(*wanted))
    answers: list[Any] = []
    asking = [
        threading.Thread(target=lambda: answers.append(post(mounted(), {}, "quantize")))
        for _ in range(pool.MOST_WAITING)
    ]
    for one in asking:
        one.start()
    end = time.monotonic() + 30
    while len(pool._busy) < pool.MOST_WAITING and time.monotonic() < end:
        time.sleep(0.01)
    refused = post(client, {}, "quantize")
    assert error(refused, 503)["field"] == "request"
    assert refused.headers["retry-after"] == "5"
    assert post(client, {"rows": [row()]}).status_code == 200  # what is at hand waits for nobody
    go.set()
    for one in asking:
        one.join(30)
    assert [a.status_code for a in answers] == [200] * pool.MOST_WAITING
    assert post(client, {}, "quantize").status_code == 200
    assert pool._busy == []


def test_an_answer_that_never_comes_is_given_up(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client hears of it; the thread keeps its place until it is done."""
    go = threading.Event()
    monkeypatch.setattr(pool, "PATIENCE", 0.05)
    monkeypatch.setattr(quantize, "answer", lambda *wanted: {"waited": go.wait(30)})
    try:
        assert error(post(client, {}, "quantize"), 503)["value"] == "not done yet"
        assert len(pool._busy) == 1
    finally:
        go.set()
    end = time.monotonic() + 30
    while pool._busy and time.monotonic() < end:
        time.sleep(0.01)
    assert pool._busy == []


def test_only_linear_models_have_contributions() -> None:
    """A model of another family says so instead of inventing some."""

    class Other:
        family = "trees"

    with pytest.raises(predict.Refusal, match="a model of the family trees has none"):
        predict._contributions(Other(), ("original",), np.zeros((1, 2)))  # type: ignore[arg-type]
