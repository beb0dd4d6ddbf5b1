"""Long use of the real server: a thousand reruns, two hundred visits and fifty files leave nothing behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import loops, soak
from tests.running import Server, running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Start the dashboard; it forgets closed visits so soon that the end of them is seen."""
    patch = pytest.MonkeyPatch()
    for name, value in soak.KEPT.items():
        patch.setenv(name, value)
    with running(tmp_path_factory.mktemp("server")) as found:
        yield found
    patch.undo()


@pytest.mark.parametrize(("what", "megabytes"), [("reruns", 10), ("visits", 20), ("uploads", 20)])
def test_nothing_is_left_of_long_use(server: Server, what: str, megabytes: int) -> None:
    """Memory grows by less than this after the first quarter; every thread and descriptor is given back.

    The last visit is still kept for its browser before and after: both times it holds the same.
    """
    found = loops.run(soak.course(server, what, soak.USES[what][1]))
    assert found.growth < megabytes * soak.MIB, found
    assert found.after.threads <= found.before.threads, found
    assert found.after.descriptors <= found.before.descriptors, found
    assert server.health()["status"] == "ok"
