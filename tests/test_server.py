"""What the process does before the first visit, and how its scripts take turns."""

from __future__ import annotations

import gc
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit import git_util, net_util

from pages import _server, _shared, _turns
from pages._turns import is_free as free
from tests import loops

LINUX = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="sockets are found through /proc")
# Far longer than any of these steps takes; a test that reaches it has failed.
PATIENCE = 30.0


@pytest.fixture
def thawed() -> Iterator[None]:
    """Give what a test froze back to the garbage collector."""
    yield
    gc.unfreeze()


def test_one_script_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second script waits while the first one is at work."""
    monkeypatch.setattr(_turns, "LONGEST", PATIENCE)
    order: list[str] = []
    inside = threading.Event()

    def second() -> None:
        inside.wait(PATIENCE)
        with _turns.turn():
            order.append("second")

    other = threading.Thread(target=second)
    other.start()
    with _turns.turn():
        inside.set()
        # The other one is told to start now and can only get in after this block.
        other.join(0.05)
        order.append("first")
    other.join(PATIENCE)
    assert order == ["first", "second"]
    assert free()


def test_waiting_for_a_turn_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A script runs even while another never ends, and what it did not take it does not give back."""
    monkeypatch.setattr(_turns, "LONGEST", 0.01)
    ran: list[bool] = []

    def impatient() -> None:
        with _turns.turn():
            ran.append(free())

    with _turns.turn():
        other = threading.Thread(target=impatient)
        other.start()
        other.join(PATIENCE)
        assert ran == [False]
        assert free()  # whoever takes too long has lost his turn, and does not give back that of another
    assert free()


def test_a_turn_inside_a_turn_does_not_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same thread may come twice: the inner one passes the outer one by after the wait."""
    monkeypatch.setattr(_turns, "LONGEST", 0.01)
    with _turns.turn(), _turns.turn():
        assert not free()
    assert free()


def test_the_wait_is_short() -> None:
    """Nobody is held up by another's training for longer than half a second."""
    assert 0 < _turns.LONGEST <= 0.5


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, GeneratorExit])
def test_a_script_that_fails_gives_its_turn_back(error: type[BaseException]) -> None:
    """Streamlit stops scripts by raising; the turn is free afterwards and the error goes on."""
    with pytest.raises(error), _turns.turn():
        raise error
    assert free()


def test_many_scripts_all_get_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty scripts at once all run, never two of them inside when nobody runs out of patience."""
    monkeypatch.setattr(_turns, "LONGEST", PATIENCE)
    inside, most, done = [0], [0], [0]

    def script() -> None:
        with _turns.turn():
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            sum(range(1000))
            inside[0] -= 1
            done[0] += 1

    threads = [threading.Thread(target=script) for _ in range(20)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(PATIENCE)
    assert (done, most) == ([20], [1])


def test_turns_come_in_the_order_of_those_who_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody passes those who came before; one that takes too long is passed by all of them, still in their order."""
    monkeypatch.setattr(_turns, "LONGEST", 0.2)
    order: list[int] = []

    def script(number: int) -> None:
        with _turns.turn():
            order.append(number)

    threads = [threading.Thread(target=script, args=(number,)) for number in range(10)]
    with _turns.turn():
        for number, one in enumerate(threads):
            one.start()
            end = time.monotonic() + PATIENCE
            while len(_turns._LINE) + len(order) < number + 2 and time.monotonic() < end and _turns._LINE:
                time.sleep(0.001)
        for one in threads:
            one.join(PATIENCE)
        assert order == list(range(10))
    assert free()


@LINUX
@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_a_listener_is_undelayed_and_stays_open(family: socket.AddressFamily) -> None:
    """TCP_NODELAY is set on the listening socket itself, and it still accepts connections."""
    host = "127.0.0.1" if family == socket.AF_INET else "::1"
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        try:
            listener.bind((host, 0))
        except OSError:
            pytest.skip("this machine has no such address")
        listener.listen()
        assert listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 0
        assert _server.undelay_listeners() >= 1
        assert listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
        with socket.create_connection(listener.getsockname()[:2], timeout=PATIENCE) as client:
            served, _ = listener.accept()
            with served:
                # Accepted connections inherit the option: this is what it is set for.
                assert served.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
                served.sendall(b"hello")
                assert client.recv(5) == b"hello"


@LINUX
def test_sockets_that_do_not_listen_are_left_alone() -> None:
    """Unconnected, datagram and Unix sockets, pipes and files keep their options and do not count."""
    before = _server.undelay_listeners()
    with (
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as idle,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as local,
        Path(__file__).open("rb") as file,
    ):
        assert _server.undelay_listeners() == before
        assert idle.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 0
        assert local.fileno() >= 0
        assert file.read(3) == b'"""'


def test_a_machine_without_proc_is_served_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where open files cannot be listed nothing is set and nothing fails."""

    def missing(path: str) -> list[str]:
        raise FileNotFoundError(path)

    monkeypatch.setattr(_server.os, "listdir", missing)
    assert _server.undelay_listeners() == 0


@LINUX
def test_a_descriptor_that_has_just_been_closed_is_no_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between listing and looking a file may be gone."""
    monkeypatch.setattr(_server.os, "listdir", lambda path: ["999999"])
    assert _server.undelay_listeners() == 0


def test_refreezing_hides_what_lives_from_the_collector(thawed: None) -> None:
    """Frozen objects are out of the collector's lists; garbage made later is still collected."""
    kept = [[]]  # type: ignore[var-annotated]
    assert any(one is kept for one in gc.get_objects())
    _server.refreeze()
    assert gc.get_freeze_count() > 0
    assert not any(one is kept for one in gc.get_objects())
    loop: list[object] = []
    loop.append(loop)
    del loop
    assert gc.collect() > 0


def test_refreezing_twice_takes_in_what_came_later(thawed: None) -> None:
    """After a late import the second freeze covers the new objects, too."""
    _server.refreeze()
    late = [[]]  # type: ignore[var-annotated]
    first = gc.get_freeze_count()
    _server.refreeze()
    assert gc.get_freeze_count() > first
    assert not any(one is late for one in gc.get_objects())


def test_the_server_prepares_itself_before_anybody_is_let_in(monkeypatch: pytest.MonkeyPatch, thawed: None) -> None:
    """Warming, undelaying and freezing have happened, in this order, when serving begins."""
    steps: list[str] = []
    monkeypatch.setattr(_shared, "warm", lambda: steps.append("warm"))
    monkeypatch.setattr(_server, "undelay_listeners", lambda: steps.append("undelay") or 1)
    monkeypatch.setattr(_server, "refreeze", lambda: steps.append("freeze"))

    async def serve() -> None:
        async with _server.lifespan(None):
            steps.append("serve")

    loops.run(serve())
    assert steps == ["warm", "undelay", "freeze", "serve"]


def test_nobody_is_asked_for_the_address_of_this_machine() -> None:
    """Streamlit's question to a server on the internet is answered without it."""
    assert net_util.get_external_ip() is None


def test_nobody_is_told_of_the_working_copy() -> None:
    """Streamlit's question to git, which any visitor can ask, is answered without it: there is no repository."""
    found = git_util.GitRepo(str(_server.__file__))
    assert not found.is_repo
    assert found.get_repo_info() is None


def test_there_is_one_copy_of_each_module_of_ours() -> None:
    """One module, one cache: no page helper is loaded under a second name."""
    files = [getattr(m, "__file__", None) for n, m in sys.modules.items() if n.rpartition(".")[2] == "_shared"]
    assert [f for f in files if f and f.endswith("pages/_shared.py")] == [_shared.__file__]
