"""The environment, read once, as a frozen dataclass; names of variables stand here and nowhere else."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from core.errors import InvalidInput

ROOT = Path(__file__).resolve().parent.parent

MIB = 1024 * 1024
# The libraries under numpy and scikit-learn read these when they are first imported.
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "LOKY_MAX_CPU_COUNT")
# Read when MLflow is imported. Nothing leaves the machine unasked, nothing that is loaded can run, who waits for a
# server that is away waits seconds and not minutes.
_MLFLOW = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
}
Network = IPv4Network | IPv6Network
_SERVER = re.compile(r"https?://[^\s/?#]+(/[^\s?#]*)?")
# What may stand in a Content-Security-Policy as a host, and nothing that would end its line or its list.
_HOST = re.compile(r"(https?://)?[A-Za-z0-9*-]+(\.[A-Za-z0-9-]+)*(:\d{1,5})?")
_ADDRESS = re.compile(r"https?://[^\s/?#@]+([/?]\S*)?")


@dataclass(frozen=True)
class Limits:
    """What one visitor and all of them may ask of the server; 0 is no limit. Sizes in bytes, times in seconds.

    `visits` may be open at a time, `address_visits` of them from one address (a class behind one router is one). A
    visit sends `frames` a second and `frame_burst` at once; what is over waits, and who keeps it up for
    `frame_seconds` is closed. `visit_uploads` and `uploads` bound the uploaded files that are held, of one visit and
    of all, and an upload takes `upload_seconds` at most. An address sends `requests` to the REST interface a second
    and `request_burst` at once; all together send `all_requests`.
    """

    visits: int = 0
    address_visits: int = 0
    frames: int = 0
    frame_burst: int = 0
    frame_seconds: int = 0
    visit_uploads: int = 0
    uploads: int = 0
    upload_seconds: int = 0
    requests: int = 0
    request_burst: int = 0
    all_requests: int = 0


# What BITDIAL_HOSTED=1 puts in force.
HOSTED = Limits(60, 60, 20, 40, 10, 40 * MIB, 300 * MIB, 60, 10, 20, 40)


@dataclass(frozen=True)
class Settings:
    """What the operator may set from outside; sizes in bytes, times in seconds.

    `workers` processes do slow work, one fewer than there are cores where it is 0; `queue` jobs may wait for one.
    """

    artifacts: Path = ROOT / "artifacts"
    max_artifact_bytes: int = 8 * MIB
    logs: Path = ROOT / "artifacts" / "logs"
    workers: int = 0
    queue: int = 8
    job_memory: int = 1536 * MIB
    job_seconds: int = 300
    hosted: bool = False
    workspace_bytes: int = 50 * MIB
    workspace_files: int = 50
    workspaces_bytes: int = 2048 * MIB
    limits: Limits = Limits()
    trusted_proxies: tuple[Network, ...] = ()
    tracking_uri: str = ""
    frame_ancestors: tuple[str, ...] = ()
    webhook: str = ""


def _limits() -> Limits:
    """Return the limits of a hosted server, or none; each number of the first can be set by itself."""
    if not _whole("BITDIAL_HOSTED", 0, 0, 1):
        return Limits()
    most = 1_000_000
    return replace(
        HOSTED,
        visits=_whole("BITDIAL_MAX_VISITS", HOSTED.visits, 0, most),
        address_visits=_whole("BITDIAL_MAX_ADDRESS_VISITS", HOSTED.address_visits, 0, most),
        frames=_whole("BITDIAL_FRAMES", HOSTED.frames, 0, most),
        frame_burst=_whole("BITDIAL_FRAME_BURST", HOSTED.frame_burst, 1, most),
        frame_seconds=_whole("BITDIAL_FRAME_SECONDS", HOSTED.frame_seconds, 0, 3600),
        visit_uploads=_whole("BITDIAL_VISIT_UPLOADS", HOSTED.visit_uploads // MIB, 0, most) * MIB,
        uploads=_whole("BITDIAL_UPLOADS", HOSTED.uploads // MIB, 0, most) * MIB,
        upload_seconds=_whole("BITDIAL_UPLOAD_SECONDS", HOSTED.upload_seconds, 0, 86_400),
        requests=_whole("BITDIAL_REQUESTS", HOSTED.requests, 0, most),
        request_burst=_whole("BITDIAL_REQUEST_BURST", HOSTED.request_burst, 1, most),
        all_requests=_whole("BITDIAL_ALL_REQUESTS", HOSTED.all_requests, 0, most),
    )


def _listed(name: str) -> tuple[str, ...]:
    """Return the parts of the variable `name`, which commas separate."""
    return tuple(part for part in (p.strip() for p in os.environ.get(name, "").split(",")) if part)


def _networks(name: str) -> tuple[Network, ...]:
    try:
        return tuple(ip_network(text, strict=False) for text in _listed(name))
    except ValueError as error:
        raise InvalidInput(name, os.environ[name], "addresses or networks like 10.0.0.2 or 10.0.0.0/8") from error


def _hosts(name: str) -> tuple[str, ...]:
    found = _listed(name)
    if not all(_HOST.fullmatch(host) for host in found):
        raise InvalidInput(name, os.environ[name], "hosts like https://school.example, separated by commas")
    return found


def _address(name: str) -> str:
    found = os.environ.get(name, "").strip()
    if found and not _ADDRESS.fullmatch(found):
        raise InvalidInput(name, found, "an address like https://hooks.example/drift")
    return found


def _server(name: str) -> str:
    """Return the address of a server in the variable `name`; raises `InvalidInput`, without what may be a password."""
    found = os.environ.get(name, "")
    if found and not _SERVER.fullmatch(found):
        raise InvalidInput(name, "another text", "the address of a server like http://mlflow.example:5000, or empty")
    return found


def _whole(name: str, default: int, low: int, high: int) -> int:
    """Return the whole number in the variable `name`; raises `InvalidInput` for anything else."""
    text = os.environ.get(name, "")
    if not text:
        return default
    number = int(text) if text.isdecimal() and len(text) < 10 else None
    if number is None or not low <= number <= high:
        raise InvalidInput(name, text, f"a whole number from {low} to {high}")
    return number


@cache
def settings() -> Settings:
    """Return the settings of this process; raises `InvalidInput` for a number that is none.

    `BITDIAL_ARTIFACTS` moves the folder of saved models, `BITDIAL_LOGS` that of the logs. `BITDIAL_WORKERS`,
    `BITDIAL_QUEUE`, `BITDIAL_JOB_MEMORY` (MiB) and `BITDIAL_JOB_SECONDS` bound slow work. `BITDIAL_WORKSPACE_SIZE`
    (MiB) and `BITDIAL_WORKSPACE_FILES` bound what one browser may save, `BITDIAL_WORKSPACES_SIZE` (MiB) what all may
    together.

    `BITDIAL_HOSTED=1` puts `Limits` in force: `BITDIAL_MAX_VISITS`, `BITDIAL_MAX_ADDRESS_VISITS`, `BITDIAL_FRAMES`,
    `BITDIAL_FRAME_BURST`, `BITDIAL_FRAME_SECONDS`, `BITDIAL_VISIT_UPLOADS` and `BITDIAL_UPLOADS` (MiB),
    `BITDIAL_UPLOAD_SECONDS`, `BITDIAL_REQUESTS`, `BITDIAL_REQUEST_BURST`, `BITDIAL_ALL_REQUESTS`. The last address
    that a proxy in `BITDIAL_TRUSTED_PROXIES` names in X-Forwarded-For is the visitor's. Pages of the hosts in
    `BITDIAL_FRAME_ANCESTORS` may show ours in a frame. Workspaces that were not used for a day then go even where there
    is room.

    Runs are kept on the MLflow server at `MLFLOW_TRACKING_URI`, without it in a store of this process's own beside the
    saved models. What a drift rule finds is sent to the address `BITDIAL_WEBHOOK`.
    """
    moved, logs = os.environ.get("BITDIAL_ARTIFACTS", ""), os.environ.get("BITDIAL_LOGS", "")
    artifacts = Path(moved).resolve() if moved else Settings.artifacts
    return Settings(
        artifacts=artifacts,
        logs=Path(logs).resolve() if logs else artifacts / "logs",
        workers=_whole("BITDIAL_WORKERS", Settings.workers, 0, 64),
        queue=_whole("BITDIAL_QUEUE", Settings.queue, 0, 1000),
        job_memory=_whole("BITDIAL_JOB_MEMORY", Settings.job_memory // MIB, 256, 1024 * 1024) * MIB,
        job_seconds=_whole("BITDIAL_JOB_SECONDS", Settings.job_seconds, 1, 86_400),
        hosted=_whole("BITDIAL_HOSTED", 0, 0, 1) == 1,
        workspace_bytes=_whole("BITDIAL_WORKSPACE_SIZE", Settings.workspace_bytes // MIB, 1, 1024 * 1024) * MIB,
        workspace_files=_whole("BITDIAL_WORKSPACE_FILES", Settings.workspace_files, 1, 10_000),
        workspaces_bytes=_whole("BITDIAL_WORKSPACES_SIZE", Settings.workspaces_bytes // MIB, 1, 1024 * 1024) * MIB,
        limits=_limits(),
        trusted_proxies=_networks("BITDIAL_TRUSTED_PROXIES"),
        tracking_uri=_server("MLFLOW_TRACKING_URI"),
        frame_ancestors=_hosts("BITDIAL_FRAME_ANCESTORS"),
        webhook=_address("BITDIAL_WEBHOOK"),
    )


def worker_environment() -> dict[str, str]:
    """Return the environment of a worker process: this one's, with one thread for the linear algebra.

    More threads than free cores made boosting thirty times slower.
    """
    return {**os.environ, **dict.fromkeys(_ONE_THREAD, "1")}


def set_mlflow_up() -> None:
    """Set what MLflow reads of the environment when it is imported, where it is not set from outside."""
    for name, value in _MLFLOW.items():
        os.environ.setdefault(name, value)
