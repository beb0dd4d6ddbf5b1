"""Slow work in real worker processes: every way in which a job can end, and what is left afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest

from core import logs
from core.jobs import CANCELLED, FAILED, FINISHED, KILLED, QUEUED, RUNNING, Busy, Jobs, JobState
from core.jobs.process import Worker, default_workers, packed
from core.jobs.state import seconds_left
from core.settings import ROOT
from tests import job_functions as do

MEMORY = 1536 * 1024 * 1024
# Within this many seconds a worker is free again.
AT_ONCE = 2.0


def wait(found: Callable[[], Any], seconds: float = 20.0) -> Any:
    """Return the first true answer of `found`, asked every few milliseconds; fail when there is none in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = found()
        if answer:
            return answer
        time.sleep(0.005)
    raise AssertionError("waited in vain")


def ended(jobs: Jobs, id: str, seconds: float = 20.0) -> JobState:
    """Return the state of a job once it neither waits nor runs."""
    return wait(lambda: (state := jobs.state(id)) is not None and not state.live and state, seconds)


def seen_working(jobs: Jobs, id: str) -> JobState:
    """Return the state of a job once it has told of progress."""
    return wait(lambda: (state := jobs.state(id)) is not None and state.done > 0 and state)


def workers() -> list[int]:
    """Return the worker processes of this process that are alive or not yet reaped."""
    found = []
    for child in psutil.Process().children(recursive=True):
        try:
            if "core.jobs.worker" in child.cmdline() or child.status() == psutil.STATUS_ZOMBIE:
                found.append(child.pid)
        except psutil.NoSuchProcess:
            continue
    return found


@pytest.fixture(scope="module")
def shared() -> Iterator[Jobs]:
    """One manager with one worker, for all tests that leave it working."""
    with closing(Jobs(1, 8, MEMORY, 60)) as jobs:
        yield jobs


def test_a_job_tells_of_its_progress_and_keeps_its_result(shared: Jobs) -> None:
    """Progress grows, words and the time left come with it, and the result can be asked for again and again."""
    id = shared.submit("a", "counting", do.count, 6, 0.4)
    seen: list[JobState] = []
    end = time.monotonic() + 20
    while (state := shared.state(id)) is not None and state.live and time.monotonic() < end:
        seen.append(state)
        time.sleep(0.02)
    steps = sorted({s.done for s in seen})
    assert len(steps) >= 4 and steps[-1] <= 6, steps
    at_three = next(s for s in seen if s.done == 3)
    assert (at_three.total, at_three.words, at_three.share) == (6, "number 3 of 6", 0.5)
    # Three of six done: as long again, less what has passed since they were.
    assert at_three.left is not None and at_three.left == pytest.approx(at_three.seconds, abs=0.5)
    states = [shared.state(id) for _ in range(2)]
    assert states[0] == states[1]
    assert states[0] is not None and (states[0].status, states[0].result[0]) == (FINISHED, 6)
    assert states[0].seconds >= 6 * 0.4


def test_twenty_jobs_in_a_row_share_a_warm_worker(shared: Jobs) -> None:
    """A worker serves many jobs, is replaced after twenty, and there is never more than one."""
    pids = []
    for i in range(20):
        pids.append(ended(shared, shared.submit("a", "counting", do.count, i, 0.0)).result[1])
        assert len(workers()) <= 1
    assert len(set(pids)) in (1, 2)


def test_much_progress_holds_up_neither_side(shared: Jobs) -> None:
    """Only some of what a job tells is sent, so that telling often costs little."""
    start = time.monotonic()
    assert ended(shared, shared.submit("a", "chatter", do.chatter, 200_000)).result == 200_000
    assert time.monotonic() - start < 5


def test_bad_input_fails_with_its_own_message(shared: Jobs) -> None:
    """What the user can mend is said in the words of the check."""
    state = ended(shared, shared.submit("a", "refuse", do.refuse))
    assert (state.status, state.message) == (FAILED, "alpha must be a number from 0 to 10, got -1")


def test_an_error_of_ours_is_named_but_not_quoted(shared: Jobs, tmp_path: Path) -> None:
    """The message and the log say which kind of error and where, and nothing that a user gave."""
    logs.configure(tmp_path, console=False)
    try:
        state = ended(shared, shared.submit("a", "break", do.break_down, "a secret value"))
    finally:
        logs.shut()
    assert (state.status, state.message) == (
        FAILED,
        "The job failed with an error of ours (KeyError); the log says where.",
    )
    text = (tmp_path / logs.FILE).read_text()
    assert '"error": "KeyError"' in text and "job_functions.py:" in text
    assert "secret" not in text


def test_a_result_that_cannot_be_sent_fails_the_job_only(shared: Jobs) -> None:
    """The worker lives on."""
    assert ended(shared, shared.submit("a", "unsendable", do.unsendable)).status == FAILED
    assert ended(shared, shared.submit("a", "counting", do.count, 1, 0.0)).status == FINISHED


def test_a_function_that_no_worker_can_find_is_refused_at_once(shared: Jobs) -> None:
    """A mistake of the caller's is an error there, not a failed job."""
    with pytest.raises(TypeError, match="plain data and a module's function"):
        shared.submit("a", "lambda", lambda progress: None)
    with pytest.raises(TypeError, match="plain data and a module's function"):
        shared.submit("a", "lock", do.count, threading.Lock())


@pytest.mark.parametrize("kind", ["sleeping", "in C", "in another process"])
def test_cancelling_frees_the_worker_at_once(shared: Jobs, kind: str) -> None:
    """Whatever the job is doing, the next one has run two seconds after the cancel, and nothing of it is left."""
    work: dict[str, tuple[Any, ...]] = {
        "sleeping": (do.count, 1000, 0.1), "in C": (do.compute,), "in another process": (do.parent,)
    }  # fmt: skip
    id = shared.submit("a", kind, *work[kind])
    words = seen_working(shared, id).words
    child = int(words) if kind == "in another process" else None
    start = time.monotonic()
    shared.cancel(id)
    state = ended(shared, id)
    assert (state.status, state.message, state.result) == (CANCELLED, "Cancelled.", None)
    following = shared.submit("a", "next", do.count, 1, 0.0)
    assert (shared.state(following) or state).status != QUEUED
    assert time.monotonic() - start < AT_ONCE
    assert ended(shared, following).status == FINISHED
    assert child is None or not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE


def test_cancelling_again_or_too_late_changes_nothing(shared: Jobs) -> None:
    """A finished job stays finished; an unknown id is no error."""
    id = shared.submit("a", "counting", do.count, 1, 0.0)
    state = ended(shared, id)
    shared.cancel(id)
    shared.cancel(id)
    shared.cancel("unknown")
    assert shared.state(id) == state
    assert shared.state("unknown") is None


def test_a_worker_killed_by_hand_leaves_a_message_and_the_next_job_works(shared: Jobs) -> None:
    """In the middle of a job, and again while it is idle."""
    id = shared.submit("a", "counting", do.count, 1000, 0.05)
    seen_working(shared, id)
    os.kill(workers()[0], signal.SIGKILL)
    state = ended(shared, id, AT_ONCE)
    assert state.status == KILLED
    assert state.message == "Its worker was stopped from outside: by hand, or by the machine for lack of memory."
    pid = ended(shared, shared.submit("a", "next", do.count, 1, 0.0)).result[1]
    os.kill(pid, signal.SIGKILL)
    state = ended(shared, shared.submit("a", "after idle", do.count, 1, 0.0))
    assert state.status == FINISHED and state.result[1] != pid


def test_a_worker_killed_while_it_sends_its_result_holds_nothing_up(
    shared: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a result is none; the next job works."""
    size, read_on = 50_000_000, threading.Event()
    listen = Jobs._listen

    def stop_reading(self: Jobs, job: Any, told: Any) -> None:
        listen(self, job, told)
        if told[0] == "progress":
            read_on.wait(20)

    with monkeypatch.context() as patch:
        patch.setattr(Jobs, "_listen", stop_reading)
        id = shared.submit("a", "large", do.large, size)
        seen_working(shared, id)
        worker = psutil.Process(workers()[0])
        # The result and its packed copy exist, and the worker sleeps: the pipe is full of the first of it.
        wait(lambda: worker.memory_info().rss > 2 * size and worker.status() == psutil.STATUS_SLEEPING)
        worker.kill()
        read_on.set()
        assert ended(shared, id, AT_ONCE).status == KILLED
    assert ended(shared, shared.submit("a", "next", do.count, 1, 0.0)).status == FINISHED


@pytest.mark.parametrize(("code", "cause"), [(7, "code 7"), (-signal.SIGSEGV, "SIGSEGV"), (-signal.SIGABRT, "SIGABRT")])
def test_a_crash_of_the_worker_is_the_end_of_its_job_only(shared: Jobs, code: int, cause: str) -> None:
    """The message names the cause, and the next job works."""
    state = ended(shared, shared.submit("a", "crash", do.stop_working, code))
    assert state.status == KILLED
    assert state.message == f"Its worker ended unexpectedly ({cause}), perhaps for lack of memory."
    assert ended(shared, shared.submit("a", "next", do.count, 1, 0.0)).status == FINISHED


def test_too_much_memory_ends_the_job(shared: Jobs) -> None:
    """The limit is the job's, whatever the machine has; what is below it works, libraries and all."""
    state = ended(shared, shared.submit("a", "hog", do.allocate, 4 * MEMORY))
    assert state.status == KILLED
    assert state.message == "Stopped, because it needed more than 1.5 GiB of memory, the limit of one job."
    state = ended(shared, shared.submit("a", "libraries", do.load_everything))
    assert state.result == ["pandas", "pyarrow", "sklearn"]
    assert ended(shared, shared.submit("a", "half", do.allocate, MEMORY // 2)).result == MEMORY // 2


def test_a_worker_finds_one_thread_low_priority_and_nothing_of_the_servers(shared: Jobs) -> None:
    """It shares no file with the server, loads no page, and hears no Ctrl-C."""
    with (ROOT / "README.md").open():
        pid = ended(shared, shared.submit("a", "pid", do.count, 0, 0.0)).result[1]
        found = ended(shared, shared.submit("a", "circumstances", do.circumstances)).result
    assert found["threads"] == ["1", "1", "1"]
    assert found["niceness"] >= max(os.nice(0), 1)
    assert (found["streamlit"], found["group"], found["session"]) == (False, True, True)
    inherited = [name for name in found["files"] if name != "/dev/null" and not name.startswith("/proc")]
    assert len(inherited) == 1 and inherited[0].startswith("socket:"), inherited
    limits = psutil.Process(pid)
    assert limits.rlimit(psutil.RLIMIT_CORE) == (0, 0)
    assert limits.rlimit(psutil.RLIMIT_DATA) == (MEMORY, MEMORY)
    assert limits.rlimit(psutil.RLIMIT_CPU)[0] in range(60, 130)
    os.kill(pid, signal.SIGINT)
    assert ended(shared, shared.submit("a", "after Ctrl-C", do.count, 0, 0.0)).result == (0, pid)


def test_what_a_worker_logs_reaches_the_servers_log(shared: Jobs, tmp_path: Path) -> None:
    """Beside the start and the end of the job; the server alone writes the file."""
    logs.configure(tmp_path, console=False)
    try:
        ended(shared, shared.submit("a", "noting", do.note))
    finally:
        logs.shut()
    text = (tmp_path / logs.FILE).read_text()
    events = [line.split('"event": "')[1].split('"')[0] for line in text.splitlines()]
    assert events == ["job started", "noted in a worker", "job finished"]
    assert '"rows": 3' in text


def test_the_queue_has_places_and_an_end() -> None:
    """One job runs, two wait at places 1 and 2, the fourth is refused; a cancelled one makes room and moves others."""
    with closing(Jobs(1, 2, MEMORY, 60)) as jobs:
        ids = [jobs.submit(owner, "counting", do.count, 1000, 0.05) for owner in "abc"]
        states = [jobs.state(id) for id in ids]
        assert [(s.status, s.position) for s in states if s] == [(RUNNING, 0), (QUEUED, 1), (QUEUED, 2)]
        with pytest.raises(Busy, match="queue is full"):
            jobs.submit("d", "counting", do.count, 1, 0.0)
        jobs.cancel(ids[1])
        state = jobs.state(ids[1])
        assert state is not None and (state.status, state.seconds) == (CANCELLED, 0.0)
        assert (jobs.state(ids[2]) or state).position == 1
        ids.append(jobs.submit("d", "counting", do.count, 1, 0.0))
        jobs.cancel(ids[0])
        seen_working(jobs, ids[2])
        assert (jobs.state(ids[3]) or state).position == 1


def test_an_owner_has_one_job_at_a_time() -> None:
    """Queued or running; another owner is free to ask, and so is the same one afterwards."""
    with closing(Jobs(1, 5, MEMORY, 60)) as jobs:
        first = jobs.submit("a", "counting", do.count, 1000, 0.05)
        second = jobs.submit("b", "counting", do.count, 1, 0.0)
        for owner in "ab":
            with pytest.raises(Busy, match="not done yet"):
                jobs.submit(owner, "counting", do.count, 1, 0.0)
        jobs.cancel(first)
        assert ended(jobs, second).status == FINISHED
        assert ended(jobs, jobs.submit("b", "counting", do.count, 1, 0.0)).status == FINISHED


def test_too_much_time_ends_the_job() -> None:
    """The clock starts with the work, not with the waiting, and the next job has all of its time."""
    with closing(Jobs(1, 5, MEMORY, 1.0)) as jobs:
        slow = jobs.submit("a", "in C", do.compute)
        after = jobs.submit("b", "counting", do.count, 2, 0.1)
        state = ended(jobs, slow)
        assert (state.status, state.message) == (KILLED, "Stopped after 1 s, the time limit of one job.")
        assert 1.0 <= state.seconds < 1.0 + AT_ONCE
        assert ended(jobs, after).status == FINISHED


def test_a_closed_tab_ends_its_job_queued_or_running() -> None:
    """Who does not ask for the length of the lease is gone; who asks, or is known to be there, is not."""
    there = {"kept"}
    with closing(Jobs(2, 5, MEMORY, 60, lease=1.5, present=lambda owner: owner in there)) as jobs:
        gone = jobs.submit("gone", "counting", do.count, 1000, 0.05)
        kept = jobs.submit("kept", "counting", do.count, 1000, 0.05)
        queued = jobs.submit("queued", "counting", do.count, 1000, 0.05)
        asks = jobs.submit("asks", "counting", do.count, 1000, 0.05)
        end = time.monotonic() + 3.0
        while time.monotonic() < end:
            jobs.touch("asks")
            time.sleep(0.05)
        messages = [(s.status, s.message) for s in (jobs.state(gone), jobs.state(queued)) if s]
        assert messages == [(CANCELLED, "Ended, because the page that asked for it was closed.")] * 2
        assert [s.live for s in (jobs.state(kept), jobs.state(asks)) if s] == [True, True]


def test_a_presence_that_cannot_be_asked_is_none(tmp_path: Path) -> None:
    """The job ends with its lease, and the log says why."""

    def broken(owner: str) -> bool:
        raise RuntimeError(owner)

    logs.configure(tmp_path, console=False)
    try:
        with closing(Jobs(1, 5, MEMORY, 60, lease=0.3, present=broken)) as jobs:
            id = jobs.submit("secret", "counting", do.count, 1000, 0.05)
            time.sleep(1.2)
            state = jobs.state(id)
            assert state is not None and state.status == CANCELLED
    finally:
        logs.shut()
    text = (tmp_path / logs.FILE).read_text()
    assert "presence is unknown" in text and "secret" not in text


def test_results_are_kept_for_a_while_and_not_without_bound() -> None:
    """The oldest makes room for the newest; one that nobody asks for goes by itself; one can be forgotten."""
    with closing(Jobs(1, 5, MEMORY, 60, keep=3, keep_seconds=1.5)) as jobs:
        ids = []
        for owner in "abcd":
            ids.append(jobs.submit(owner, "counting", do.count, 1, 0.0))
            ended(jobs, ids[-1])
        assert [jobs.state(id) is None for id in ids] == [True, False, False, False]
        jobs.forget(ids[1])
        assert jobs.state(ids[1]) is None
        jobs.leave("c")
        assert jobs.state(ids[2]) is None
        end = time.monotonic() + 2.5
        while time.monotonic() < end:
            assert jobs.state(ids[3]) is not None  # asking keeps it
            time.sleep(0.1)
        time.sleep(2.5)
        assert jobs.state(ids[3]) is None


def test_leaving_ends_the_job_and_frees_the_worker() -> None:
    """What belongs to an owner who deletes their data is gone at once."""
    with closing(Jobs(1, 5, MEMORY, 60)) as jobs:
        id = jobs.submit("a", "counting", do.count, 1000, 0.05)
        seen_working(jobs, id)
        jobs.leave("a")
        assert jobs.state(id) is None
        assert ended(jobs, jobs.submit("a", "next", do.count, 1, 0.0)).status == FINISHED


def test_nothing_is_left_after_closing() -> None:
    """Whether workers compute, start, or idle, and however many jobs wait; nothing is taken afterwards."""
    before, threads = workers(), threading.active_count()
    jobs = Jobs(2, 5, MEMORY, 60)
    running = jobs.submit("a", "in C", do.compute)
    idle = jobs.submit("b", "counting", do.count, 1, 0.0)
    seen_working(jobs, running)
    ended(jobs, idle)
    starting = jobs.submit("c", "counting", do.count, 1000, 0.05)
    waiting = jobs.submit("d", "counting", do.count, 1000, 0.05)
    start = time.monotonic()
    jobs.close()
    assert time.monotonic() - start < AT_ONCE
    assert workers() == before
    assert threading.active_count() == threads
    for id in (running, starting, waiting):
        state = jobs.state(id)
        assert state is not None and (state.status, state.message) == (CANCELLED, "The server was stopped.")
    with pytest.raises(Busy, match="stopping"):
        jobs.submit("e", "counting", do.count, 1, 0.0)
    jobs.close()


def test_a_manager_that_was_never_asked_starts_nothing() -> None:
    """Neither process nor thread, nor a heavy library, before the first job."""
    before, threads = workers(), threading.active_count()
    with closing(Jobs(0, 0, MEMORY, 60)):
        assert (workers(), threading.active_count()) == (before, threads)
    code = "import sys, core.jobs; print([m for m in ('sklearn', 'pandas', 'scipy', 'streamlit') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True).stdout == "[]\n"


def test_workers_end_with_a_server_that_is_killed() -> None:
    """Also in the middle of a job that never says a word, and would not notice."""
    code = (
        "import sys, time; from core.jobs import Jobs; from tests import job_functions as do\n"
        "jobs = Jobs(1, 1, 2**30, 60); id = jobs.submit('a', 'labour', do.labour)\n"
        "while jobs.state(id).done == 0: time.sleep(0.01)\n"
        "print('running', flush=True); time.sleep(60)"
    )
    server = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None and server.stdout.readline() == "running\n"
    found = psutil.Process(server.pid).children()
    assert len(found) == 1
    server.kill()
    server.wait()
    server.stdout.close()
    assert psutil.wait_procs(found, timeout=AT_ONCE)[1] == []


def test_when_the_machine_starts_no_process_the_job_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the next one has its chance."""

    def fail(self: Worker, memory: int) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    with closing(Jobs(1, 1, MEMORY, 60)) as jobs:
        with monkeypatch.context() as patch:
            patch.setattr(Worker, "__init__", fail)
            state = ended(jobs, jobs.submit("a", "counting", do.count, 1, 0.0))
        assert (state.status, state.message.split(":")[0]) == (FAILED, "No worker could be started")
        assert ended(jobs, jobs.submit("a", "counting", do.count, 1, 0.0)).status == FINISHED


def test_idle_workers_give_their_memory_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while without work there is no worker; the next job starts one."""
    from core.jobs import manager

    with closing(Jobs(1, 1, MEMORY, 60)) as jobs:
        pid = ended(jobs, jobs.submit("a", "counting", do.count, 1, 0.0)).result[1]
        assert pid in workers()
        monkeypatch.setattr(manager, "_IDLE", 0.1)
        wait(lambda: pid not in workers())
        assert ended(jobs, jobs.submit("a", "counting", do.count, 1, 0.0)).status == FINISHED


def test_the_time_left_follows_the_pace() -> None:
    """Half done in ten seconds leaves ten, less what has passed since; nothing is known before the first unit."""
    assert seconds_left(0, 10, 5.0, 0.0) is None
    assert seconds_left(5, 0, 5.0, 0.0) is None
    assert seconds_left(5, 10, 10.0, 0.0) == 10.0
    assert seconds_left(5, 10, 10.0, 4.0) == 6.0
    assert seconds_left(5, 10, 10.0, 40.0) == 0.0


def test_one_core_is_left_to_the_server() -> None:
    """At least one worker, and one fewer than there are cores."""
    assert default_workers() == max(1, len(os.sched_getaffinity(0)) - 1)


def test_the_message_to_a_worker_is_plain_bytes() -> None:
    """It is packed when the job is taken, so that later changes of the arguments do not reach it."""
    numbers = [1]
    payload = packed(1.0, do.count, (numbers,))
    numbers.append(2)
    assert payload == packed(1.0, do.count, ([1],))
