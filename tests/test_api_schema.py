"""The description of the REST interface against the interface: what it allows, and next to that, is never an error."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from core.api import library
from tests.api_support import mounted

# Nothing below knows more of the interface than it says itself, here and in its list of models.
DOCUMENT: dict[str, Any] = mounted().get("/api/openapi.json").json()
BASE: str = DOCUMENT["servers"][0]["url"]
SCHEMAS = DOCUMENT["components"]["schemas"]
EXAMPLES = settings(derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
JSON = "application/json"
OPERATIONS = [(path, method) for path, methods in DOCUMENT["paths"].items() for method in methods]
READ = [path for path, method in OPERATIONS if method == "get"]
WRITTEN = [path for path, method in OPERATIONS if method == "post"]
NAMES = [f["name"] for f in mounted().get(f"{BASE}/models").json()["models"][0]["features"]]

# Anything at all that JSON can spell, and numbers that it cannot but Python writes.
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
ANYTHING = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4), max_leaves=8)  # fmt: skip


def from_schema(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return values that fit `schema`, in the part of JSON Schema that the description uses."""
    if "$ref" in schema:
        return from_schema(SCHEMAS[schema["$ref"].rpartition("/")[2]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "anyOf" in schema:
        return st.one_of([from_schema(one) for one in schema["anyOf"]])
    kind = schema.get("type")
    if kind == "object":
        return _object(schema)
    if kind == "array":
        most = min(schema.get("maxItems", 3), 3)
        return st.lists(from_schema(schema["items"]), min_size=schema.get("minItems", 0), max_size=most)
    return {
        "string": st.text(max_size=min(schema.get("maxLength", 8), 8)),
        "boolean": st.booleans(),
        "null": st.none(),
        "integer": st.integers(schema.get("minimum"), schema.get("maximum")),
        "number": _number(schema),
    }[str(kind)]


def _number(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    low = schema.get("exclusiveMinimum", schema.get("minimum"))
    high = schema.get("exclusiveMaximum", schema.get("maximum"))
    return st.floats(
        low, high, allow_nan=False, allow_infinity=False,
        exclude_min="exclusiveMinimum" in schema, exclude_max="exclusiveMaximum" in schema,
    )  # fmt: skip


def _object(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    needed = set(schema.get("required", ()))
    fields = {name: from_schema(one) for name, one in schema.get("properties", {}).items()}
    found = st.fixed_dictionaries(
        {n: s for n, s in fields.items() if n in needed}, optional={n: s for n, s in fields.items() if n not in needed}
    )
    more = schema.get("additionalProperties", True)
    if more is False or fields:
        return found
    values = ANYTHING if more is True else from_schema(more)
    return st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=8), values, max_size=4)


def broken(value: Any, draw: Any) -> Any:
    """Return `value` with one place in it replaced, dropped or added, by what `draw` draws."""
    if isinstance(value, dict) and value and draw(st.booleans()):
        name = draw(st.sampled_from(sorted(value)))
        return {**value, name: broken(value[name], draw)}
    if isinstance(value, list) and value and draw(st.booleans()):
        i = draw(st.integers(0, len(value) - 1))
        return [*value[:i], broken(value[i], draw), *value[i + 1 :]]
    if isinstance(value, dict) and draw(st.booleans()):
        return {**value, draw(st.text(max_size=8)): draw(ANYTHING)}
    return draw(ANYTHING)


ROWS = st.lists(
    st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**70), 2**70), min_size=len(NAMES), max_size=len(NAMES))
    | st.fixed_dictionaries({name: st.floats(-1e6, 1e6) for name in NAMES}),
    min_size=1, max_size=4,
)  # fmt: skip


@pytest.fixture(scope="module")
def client() -> TestClient:
    """Return a client with the default model loaded."""
    library.find(library.DEFAULT)
    return mounted()


def check(answer: Any, path: str, method: str) -> int:
    """Look whether an answer has a status that is described, and the form that is described for it."""
    described = DOCUMENT["paths"][path][method]["responses"]
    status = str(answer.status_code)
    assert answer.status_code < 500, answer.text
    assert status in described, (status, answer.text)
    (kind, content), *_ = described[status]["content"].items()
    assert answer.headers["content-type"].partition(";")[0] == kind
    if kind == JSON:
        rooted = {**content["schema"], "components": DOCUMENT["components"]}
        jsonschema.Draft202012Validator(rooted).validate(_strict(answer.text))
    return int(answer.status_code)


def _strict(text: str) -> Any:
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def send(client: TestClient, path: str, body: bytes) -> int:
    """Send a body, look at the answer, return its status."""
    return check(client.post(f"{BASE}{path}", content=body, headers={"content-type": JSON}), path, "post")


def spelt(value: Any) -> bytes:
    """Return `value` as JSON, with what is none (NaN, halves of letters) as Python spells it."""
    return json.dumps(value).encode()


def body_schema(path: str) -> dict[str, Any]:
    """Return what the description says of the body of a path."""
    schema: dict[str, Any] = DOCUMENT["paths"][path]["post"]["requestBody"]["content"][JSON]["schema"]
    return schema


def test_the_description_is_valid_and_so_are_its_examples() -> None:
    """Every schema is one, and every example fits its own."""
    for schema in SCHEMAS.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    count = 0
    for methods in DOCUMENT["paths"].values():
        for operation in methods.values():
            contents = [operation.get("requestBody", {}), *operation["responses"].values()]
            for content in (c.get("content", {}).get(JSON, {}) for c in contents):
                if "example" in content:
                    rooted = {**content["schema"], "components": DOCUMENT["components"]}
                    jsonschema.Draft202012Validator(rooted).validate(content["example"])
                    count += 1
    assert count >= 4


@pytest.mark.parametrize("path", READ)
def test_what_can_be_read_has_the_form_that_is_described(client: TestClient, path: str) -> None:
    """Health, models, the description itself and its page."""
    assert check(client.get(f"{BASE}{path}"), path, "get") == 200


@pytest.mark.parametrize("path", WRITTEN)
def test_the_examples_of_the_description_are_answered(client: TestClient, path: str) -> None:
    """Sent as they stand they are right, and the answer is the one that is shown."""
    example = DOCUMENT["paths"][path]["post"]["requestBody"]["content"][JSON]["example"]
    assert send(client, path, spelt(example)) == 200
    shown = DOCUMENT["paths"][path]["post"]["responses"]["200"]["content"][JSON].get("example")
    if shown is not None:
        assert client.post(f"{BASE}{path}", json=example).json() == shown


def example_of(path: str) -> dict[str, Any]:
    """Return the body that the description shows for a path, with rows of both forms and all of its fields."""
    shown = DOCUMENT["paths"][path]["post"]["requestBody"]["content"][JSON]["example"]
    if "rows" not in shown:
        return dict(shown)
    # True values would have to be as many as the rows, so that hardly any change were answered.
    shown = {**shown, "contributions": True} if path == "/predict" else {"model": shown["model"], "rows": shown["rows"]}
    return {**shown, "rows": [*shown["rows"], list(shown["rows"][0].values())]}


def allowed(data: st.DataObject, path: str) -> bytes:
    """Draw a body that the description of a path allows; rows are those of the first model in half of them."""
    body = data.draw(from_schema(body_schema(path)))
    if "rows" in body and data.draw(st.booleans()):
        body = {n: v for n, v in body.items() if n not in ("model", "experiment")} | {"rows": data.draw(ROWS)}
    return spelt(body)


def beside(data: st.DataObject, path: str) -> bytes:
    """Draw a body that is the example of a path, or an allowed one, with one thing in it changed to anything."""
    good = data.draw(st.just(example_of(path)) | from_schema(body_schema(path)))
    return spelt(broken(good, data.draw))


def noise(data: st.DataObject, path: str) -> bytes:
    """Draw what is not JSON, or JSON of any other form."""
    return data.draw(st.binary(max_size=200) | st.text(max_size=100).map(str.encode) | ANYTHING.map(spelt))


# How many of each kind are sent to a path. A comparison takes far longer than a prediction.
KINDS: dict[str, tuple[Callable[[st.DataObject, str], bytes], dict[str, int]]] = {
    "allowed": (allowed, {"/predict": 240, "/quantize": 40, "/monitor": 60}),
    "beside": (beside, {"/predict": 260, "/quantize": 60, "/monitor": 60}),
    "noise": (noise, {"/predict": 200, "/quantize": 80, "/monitor": 60}),
}
READS = 10


def test_a_thousand_requests_are_answered_as_it_is_described(client: TestClient) -> None:
    """To every path, allowed and hostile: no error of the server's own, a described status and a described form."""
    sent: Counter[tuple[str, str, str, int]] = Counter()

    def run(kind: str, draw: Callable[[st.DataObject, str], bytes], path: str, count: int) -> None:
        @settings(EXAMPLES, max_examples=count)
        @given(st.data())
        def one(data: st.DataObject) -> None:
            sent[path, "post", kind, send(client, path, draw(data, path))] += 1

        one()

    @settings(EXAMPLES, max_examples=READS)
    @given(st.sampled_from(READ), st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3))
    def read(path: str, query: dict[str, str]) -> None:
        answer = client.get(f"{BASE}{path}", params=query)
        sent[path, "get", "query", check(answer, path, "get")] += 1

    for kind, (draw, counts) in KINDS.items():
        assert counts.keys() == set(WRITTEN)
        for path, count in counts.items():
            run(kind, draw, path, count)
    read()
    assert sent.total() >= 1000
    assert {(path, method) for path, method, *_ in sent} == set(OPERATIONS)
    for path in WRITTEN:
        for kind in KINDS:
            found = {status: n for (p, _, k, status), n in sent.items() if (p, k) == (path, kind)}
            assert found.get(422, 0) > 0 or kind == "allowed", (path, kind, found)
            assert found.get(200, 0) > 0 or kind != "allowed", (path, kind, found)


def test_the_strategies_draw_what_fits_and_what_does_not(client: TestClient) -> None:
    """A body that is drawn as allowed is; rows of the first model are answered but for those too large for it."""
    validator = jsonschema.Draft202012Validator({**body_schema("/predict"), "components": DOCUMENT["components"]})
    kinds = {"fits": 0, "answered": 0}

    @settings(EXAMPLES, max_examples=100)
    @given(from_schema(body_schema("/predict")), ROWS)
    def look(body: Any, rows: Any) -> None:
        kinds["fits"] += validator.is_valid(body)
        kinds["answered"] += send(client, "/predict", spelt({"rows": rows})) == 200

    look()
    assert kinds["fits"] == 100
    assert kinds["answered"] > 50
    assert not validator.is_valid({"rows": [[math.nan]], "more": 1})
