"""`POST /monitor`: the report of the core for rows of a request, and a refusal for everything else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from starlette.testclient import TestClient

from core import bundled
from core.drift import DRIFT, FEW, NONE, batch_of, report
from tests.api_support import NAMES, error, models_folder, mounted, row
from tests.support import california, small_classifier_file


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield a folder of models with a classifier in it."""
    for found in models_folder(tmp_path, monkeypatch):
        small_classifier_file().save(found / "classes.safetensors")
        yield found


@pytest.fixture
def client(folder: Path) -> TestClient:
    """Return a client of the interface that serves the folder."""
    return mounted()


def rows(n: int, factor: float = 1.0) -> list[dict[str, float]]:
    """Return test rows by name, the income times `factor`."""
    return [{**one, "MedInc": one["MedInc"] * factor} for one in (row(i) for i in range(n))]


def asked(client: TestClient, **body: Any) -> Any:
    """Return the answer to a body."""
    return client.post("/api/monitor", json=body)


def test_the_answer_is_the_report(client: TestClient) -> None:
    """What the interface says of rows with true values is what the core says, in the form that it describes."""
    X, y = (part[:80] for part in california().rows("test"))
    answer = asked(client, rows=rows(80), targets=y.tolist())
    assert answer.status_code == 200, answer.text
    expected = report(bundled.default(), batch_of(bundled.default(), X, y)).to_json()
    assert answer.json() == {"model": "default", **expected}
    document = client.get("/api/openapi.json").json()
    schema = {"$ref": "#/components/schemas/DriftReport", "components": document["components"]}
    jsonschema.validate(answer.json(), schema)
    assert answer.json()["verdict"] == NONE


def test_drift_is_found_and_few_rows_are_too_few(client: TestClient) -> None:
    """Twice the income is drift of that feature; one row is no batch to judge."""
    assert asked(client, rows=rows(80, 2)).json()["drifting"] == ["MedInc"]
    assert asked(client, rows=rows(80, 2)).json()["verdict"] == DRIFT
    one = asked(client, rows=[list(row().values())]).json()
    assert (one["verdict"], one["rows"], one["performance"]) == (FEW, 1, [])


def test_names_too_many_are_ignored_and_null_is_missing(client: TestClient) -> None:
    """They are listed; a null is counted also where the model takes no gap."""
    answer = asked(client, rows=[{**one, "Colour": "red", "HouseAge": None} for one in rows(60)]).json()
    assert answer["ignored"] == ["Colour"]
    assert answer["features"][1]["missing"] == 1
    assert answer["unanswered"] == 60
    assert answer["drifting"] == ["HouseAge"]


def test_classes_come_by_name(client: TestClient) -> None:
    """True classes are texts; one that is none is refused with its row."""
    given = [[0.1 * i, 1.0] for i in range(60)]
    classes = list(small_classifier_file().classes)
    found = asked(client, model="classes", rows=given, targets=[classes[i % 3] for i in range(60)])
    assert {one["metric"] for one in found.json()["performance"]} == {"accuracy"}
    facts = error(asked(client, model="classes", rows=given[:1], targets=["none"]), 422)
    assert (facts["field"], facts["row"]) == ("targets[0]", 0)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"rows": []}, "rows"),
        ({"rows": [[1.0] * 8] * 1_001}, "rows"),
        ({"rows": [[1.0] * 7]}, "rows[0]"),
        ({"rows": [{"MedInc": 1.0}]}, "rows[0]"),
        ({"rows": [[1.0] * 7 + ["2"]]}, "rows[0].Longitude"),
        ({"rows": [[1.0] * 7 + [True]]}, "rows[0].Longitude"),
        ({"rows": [[1.0] * 7 + [1e200]]}, "Longitude in row 1"),
        ({"rows": [[1.0] * 8], "targets": []}, "targets"),
        ({"rows": [[1.0] * 8], "targets": 1}, "targets"),
        ({"rows": [[1.0] * 8], "targets": ["1"]}, "targets[0]"),
        ({"rows": [[1.0] * 8], "targets": [10**400]}, "targets[0]"),
        ({"rows": [[1.0] * 8], "model": 3}, "model"),
        ({"rows": [[1.0] * 8], "limits": {}}, "limits"),
    ],
)
def test_bad_requests_are_refused_by_name(client: TestClient, body: dict[str, Any], field: str) -> None:
    """Every field and every value of a row is checked; nothing of it is an error of ours."""
    assert error(asked(client, **body), 422)["field"] in (field, "body")


def test_an_unknown_model_is_not_found(client: TestClient) -> None:
    """The id of no model is 404, as everywhere."""
    assert error(asked(client, model="none", rows=[[1.0] * 8]), 404)["field"] == "model"


def test_huge_rows_are_answered_without_an_error(client: TestClient) -> None:
    """Numbers at the edge of what is taken give a report; what is no number in it is null."""
    answer = asked(client, rows=[[1e150 * (-1) ** i] * 8 for i in range(60)], targets=[1e150] * 60)
    assert answer.status_code == 200
    assert set(NAMES) == set(answer.json()["drifting"])
