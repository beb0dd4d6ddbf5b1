"""The Predict page as a visitor without a browser sees it."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

from core import families
from core.parts import Floats
from core.quant import Scheme, dequantize, quantize
from core.train import Trained
from tests.sources import ROOT

ROUTER = str(Path(ROOT) / "pages" / "_router.py")
CLASSES = ("digits", "wine", "breast_cancer")


def opened(dataset: str = "digits", bits: int = 8, **more: str) -> AppTest:
    """Return the Predict page as the first visit to it sees it."""
    model = "logistic" if dataset in CLASSES else "linear"
    at = AppTest.from_file(ROUTER, default_timeout=60)
    query = {"v": "1", "dataset": dataset, "model": model, "method": "symmetric", "bits": str(bits), **more}
    for name, value in query.items():
        at.query_params[name] = value
    at.run()
    return whole(at.switch_page("predict.py").run())


def whole(at: AppTest) -> AppTest:
    """Return `at` once it has been seen to be without an exception."""
    assert [e.message for e in at.exception] == []
    return at


def finding(at: AppTest) -> str:
    """Return the sentence that is the finding, without the escapes of Markdown."""
    return str(at.markdown[0].value).replace("\\", "")


def metrics(at: AppTest) -> dict[str, str]:
    """Return what the cards show."""
    return {m.label: m.value for m in at.metric}


def keys(at: AppTest, kind: str) -> set[str]:
    """Return the keys of all elements of one kind."""
    return {e.key for e in at.get(kind) if e.key}


def both(t: Trained, bits: int, row: Floats) -> list[Floats]:
    """Return the probabilities that original and quantised model give to a raw row."""
    twin = dequantize(quantize(t.parts, Scheme(bits=bits), t.moments))
    return [families.outputs(p, t.preparation.expand(row[None, :]))[0] for p in (t.parts, twin)]
