"""`Jobs`: takes slow work from many owners, gives it to few workers, and always knows what became of it."""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from core import logs
from core.jobs.process import LOST, Message, Worker, default_workers, outcome, packed
from core.jobs.state import CANCELLED, FAILED, FINISHED, KILLED, LIVE, QUEUED, RUNNING, Busy, JobState, seconds_left

# How often limits and leases are looked at, in seconds.
_LOOK = 0.25
# A worker is replaced after so many jobs, and ended after so many idle seconds, to give its memory back.
_MAX_JOBS = 20
_IDLE = 300.0
# A worker may take so long to start before its job's time runs, on a machine that is busy with other things.
_START = 30.0


class _Job:
    """A job as the manager keeps it; read and written under the manager's lock."""

    def __init__(self, id: str, owner: str, kind: str, payload: bytes) -> None:
        self.id, self.owner, self.kind, self.payload = id, owner, kind, payload
        self.status = QUEUED
        self.worker: Worker | None = None
        self.ending: tuple[str, str] | None = None  # status and message that a running job is being ended with
        self.begun = False  # the worker has the job, and its time runs
        self.started = self.told = self.ended = 0.0
        self.done = self.total = 0
        self.words = self.message = ""
        self.result: Any = None


class Jobs:
    """The jobs of one server process: made once, shared by all visits.

    `workers` jobs run at a time (0: one fewer than there are cores) and `queue` more may wait, one of each owner.
    A job may use `memory` bytes and run for `seconds`. The job of an owner who has not asked for `lease` seconds
    (whose tab is closed) is ended; where `present` is given, an owner whom it knows counts as asking. At most `keep`
    results are kept, each for `keep_seconds` after its owner asked last.
    """

    def __init__(
        self,
        workers: int,
        queue: int,
        memory: int,
        seconds: float,
        lease: float = 30.0,
        keep: int = 32,
        keep_seconds: float = 900.0,
        present: Callable[[str], bool] | None = None,
    ) -> None:
        """Start nothing yet: the first job starts the first worker."""
        self._workers, self._queue = workers or default_workers(), queue
        self._memory, self._seconds = memory, seconds
        self._lease, self._keep, self._keep_seconds, self._present = lease, keep, keep_seconds, present
        self._lock = threading.RLock()
        self._jobs: dict[str, _Job] = {}
        self._waiting: deque[_Job] = deque()
        self._running: dict[_Job, threading.Thread] = {}
        self._idle: list[Worker] = []
        self._seen: dict[str, float] = {}
        self._closed = threading.Event()
        self._watcher: threading.Thread | None = None

    def submit(self, owner: str, kind: str, function: Callable[..., Any], *args: Any) -> str:
        """Return the id of a new job: `function(*args, progress)` in a worker.

        `function` stands in a module; arguments and result are plain data. Raises `Busy` when `owner` has a job
        already, when the queue is full and when the server is ending.
        """
        payload = packed(self._seconds, function, args)
        with self._lock:
            if self._closed.is_set():
                raise Busy("The server is stopping and takes no more work.")
            if any(job.owner == owner and job.status in LIVE for job in self._jobs.values()):
                raise Busy("Your last job is not done yet: wait for it, or cancel it.")
            if len(self._waiting) + len(self._running) >= self._workers + self._queue:
                raise Busy("The machine is busy, and its queue is full: try again in a few minutes.")
            job = _Job(secrets.token_hex(16), owner, kind, payload)
            self._jobs[job.id] = job
            self._waiting.append(job)
            self._seen[owner] = time.monotonic()
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._watch, name="jobs", daemon=True)
                self._watcher.start()
            self._fill()
        return job.id

    def state(self, id: str) -> JobState | None:
        """Return what is known of a job now, or None when it is unknown or no longer kept. Asking renews the lease."""
        with self._lock:
            job = self._jobs.get(id)
            if job is None:
                return None
            now = self._seen[job.owner] = time.monotonic()
            position = self._waiting.index(job) + 1 if job.status == QUEUED else 0
            until = job.ended if job.ended else now
            left = None
            if job.status == RUNNING:
                left = seconds_left(job.done, job.total, job.told - job.started, now - job.told)
            return JobState(
                job.id, job.kind, job.status, position, job.done, job.total, job.words,
                until - job.started if job.started else 0.0, left, job.result, job.message,
            )  # fmt: skip

    def cancel(self, id: str) -> None:
        """End a job that waits or runs, whatever it is doing; its worker is free for the next at once."""
        with self._lock:
            job = self._jobs.get(id)
            if job is not None:
                self._end(job, CANCELLED, "Cancelled.")

    def touch(self, owner: str) -> None:
        """Note that `owner` is still there."""
        with self._lock:
            if owner in self._seen:
                self._seen[owner] = time.monotonic()

    def forget(self, id: str) -> None:
        """Drop a result that is no longer needed; a job that is not done is cancelled first."""
        self.cancel(id)
        with self._lock:
            self._jobs.pop(id, None)

    def leave(self, owner: str) -> None:
        """Cancel and forget everything that belongs to `owner`."""
        with self._lock:
            for id in [job.id for job in self._jobs.values() if job.owner == owner]:
                self.forget(id)
            self._seen.pop(owner, None)

    def close(self) -> None:
        """End all jobs and all workers; no process is left, and no job is taken any more."""
        self._closed.set()
        with self._lock:
            threads = list(self._running.values())
            for job in list(self._jobs.values()):
                self._end(job, CANCELLED, "The server was stopped.")
        for thread in threads:
            thread.join()
        if self._watcher is not None:
            self._watcher.join()
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.end()

    # From here on: with the lock held, except in what `_run` and `_watch` do at their own pace.

    def _fill(self) -> None:
        """Start as many of the waiting jobs as may run."""
        while self._waiting and len(self._running) < self._workers:
            job = self._waiting.popleft()
            job.status, job.started = RUNNING, time.monotonic()
            job.told = job.started
            self._running[job] = threading.Thread(target=self._run, args=(job,), name="job", daemon=True)
            self._running[job].start()
            logs.event("job started", job=job.id, kind=job.kind)

    def _end(self, job: _Job, status: str, message: str) -> None:
        """End a live job early."""
        if job.status == QUEUED:
            self._waiting.remove(job)
            self._finish(job, status, message)
        elif job.status == RUNNING and job.ending is None:
            job.ending = (status, message)
            if job.worker is not None:
                job.worker.kill()

    def _finish(self, job: _Job, status: str, message: str, result: Any = None) -> None:
        """Note a job's end, and drop the oldest result when there are too many."""
        job.status, job.message, job.result = status, message, result
        job.ended, job.payload, job.worker = time.monotonic(), b"", None
        spent = round(job.ended - job.started, 3) if job.started else 0.0
        logs.event(f"job {status}", "info" if status in (FINISHED, CANCELLED) else "warning", job=job.id,
                   kind=job.kind, seconds=spent, reason=message if status == KILLED else "")  # fmt: skip
        ended = [j for j in self._jobs.values() if j.status not in LIVE]
        for old in sorted(ended, key=lambda j: j.ended)[: -self._keep]:
            del self._jobs[old.id]

    def _take(self) -> Worker:
        """Return a worker: a warm one, if there is any."""
        with self._lock:
            worker = self._idle.pop() if self._idle else None
        return worker or Worker(self._memory)

    def _run(self, job: _Job) -> None:
        """Do one job in a thread of its own, which only waits for the worker's messages."""
        status, message, result = FAILED, "The job failed for a reason that we did not foresee.", None
        try:
            status, message, result = self._work(job)
        finally:
            with self._lock:
                if job.ending is not None:
                    (status, message), result = job.ending, None
                self._finish(job, status, message, result)
                del self._running[job]
                self._fill()

    def _work(self, job: _Job) -> tuple[str, str, Any]:
        """Return status, message and result of a job, once it has come to some end in a worker."""
        while job.ending is None:
            try:
                worker = self._take()
            except OSError as error:
                logs.failure("no worker could be started", error)
                return FAILED, "No worker could be started: the machine is out of processes or memory.", None
            last = self._work_in(worker, job)
            if last != LOST:
                return outcome(last, self._memory)
        return (*job.ending, None)

    def _work_in(self, worker: Worker, job: _Job) -> Message:
        """Return the last message of a job that `worker` is given; keep the worker if it is fit for more."""
        keep = False
        try:
            with self._lock:
                job.worker = worker
                if job.ending is not None:
                    worker.kill()
            last = worker.run(job.payload, lambda told: self._listen(job, told))
            keep = last[0] in ("result", "refused", "error") and worker.jobs < _MAX_JOBS
        finally:
            with self._lock:
                job.worker = None
                keep = keep and job.ending is None
                if keep:
                    self._idle.append(worker)
            if not keep:
                worker.end()
        return last

    def _listen(self, job: _Job, told: Message) -> None:
        """Note what a worker says of its job; the clock starts when it has it."""
        kind, *rest = told
        if kind == "event":
            name, level, fields = rest
            logs.event(name, level, **fields)
            return
        with self._lock:
            job.told = time.monotonic()
            if kind == "started":
                job.started, job.begun = job.told, True
            else:
                job.done, job.total, job.words = rest

    def _watch(self) -> None:
        """Look after limits and leases for as long as the manager is open."""
        while not self._closed.wait(_LOOK):
            with self._lock:
                owners = {job.owner for job in self._jobs.values()}
            for owner in owners:
                if self._is_present(owner):
                    self.touch(owner)
            with self._lock:
                now = time.monotonic()
                for job in list(self._jobs.values()):
                    self._look_at(job, now)
                self._seen = {o: at for o, at in self._seen.items() if any(j.owner == o for j in self._jobs.values())}
                old = [worker for worker in self._idle if now - worker.idle_since > _IDLE]
                self._idle = [worker for worker in self._idle if worker not in old]
            for worker in old:
                worker.end()

    def _is_present(self, owner: str) -> bool:
        """Ask whoever knows; who cannot say must not keep this thread from its other work."""
        try:
            return self._present is not None and self._present(owner)
        except Exception as error:  # noqa: BLE001  (it is not our function)
            logs.failure("presence is unknown", error)
            return False

    def _look_at(self, job: _Job, now: float) -> None:
        """End a job that is over its time or whose owner is gone; drop a result that nobody asks for."""
        absent = now - self._seen[job.owner]
        if job.status not in LIVE:
            if min(absent, now - job.ended) > self._keep_seconds:
                self._jobs.pop(job.id, None)
        elif absent > self._lease:
            self._end(job, CANCELLED, "Ended, because the page that asked for it was closed.")
        elif job.status == RUNNING and now - job.started > self._seconds + (0 if job.begun else _START):
            self._end(job, KILLED, f"Stopped after {self._seconds:g} s, the time limit of one job.")
