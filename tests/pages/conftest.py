"""What the tests of pages share: no worker outlives the file that needed it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pages import _jobs


@pytest.fixture(scope="module", autouse=True)
def no_worker_is_left() -> Iterator[None]:
    """End the workers of the pages when the tests of a file are done."""
    yield
    _jobs.close()
