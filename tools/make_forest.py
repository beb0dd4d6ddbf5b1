"""Make core/gallery/forest.safetensors, the forest of the gallery, anew: `python tools/make_forest.py`.

Nine trees of scikit-learn's own settings on California: as many as fit into 400,000 bytes without loss. The same
versions of the libraries make the same bytes; `tests/pages/test_shipped.py` looks whether they still do.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from core.artifact import encode, from_trained  # noqa: E402  (needs the root on sys.path)
from core.train import train  # noqa: E402
from pages._shipped import FILE, FOREST, LABEL  # noqa: E402


def forest() -> bytes:
    """Return the file: the original alone, with the size of joblib's file among its figures."""
    found = train(FOREST.data, FOREST.train)
    metrics = {"joblib_bytes": found.report.joblib_bytes}
    return encode(from_trained(found, metrics=metrics, label=LABEL).only("original"))


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_bytes(forest())
    print(f"{FILE.relative_to(ROOT)}: {FILE.stat().st_size:,} bytes")
