"""The compose file, the proxy's file, the workflow and the smoke test: valid, consistent, and nothing secret in them."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from tests.deploy_support import faults, upstream, yaml
from tests.running import free_port
from tests.sources import ROOT
from tests.test_container import only
from tests.test_docs import targets
from tools import image

COMPOSE, WORKFLOW = yaml("compose.yaml"), yaml(".github/workflows/ci.yml")
BITDIAL, PROXY = COMPOSE["services"]["bitdial"], COMPOSE["services"]["proxy"]
CADDYFILE = (ROOT / "deploy" / "Caddyfile").read_text(encoding="utf-8")
CADDY = shutil.which("caddy")
FIRST = "first predictions, original: 0.719 1.764 2.710 2.839 2.605"


@pytest.mark.parametrize(("document", "schema"), [(COMPOSE, "compose-spec"), (WORKFLOW, "github-workflows")])
def test_both_files_are_valid_by_their_schema(document: dict[str, Any], schema: str) -> None:
    """As the published schemas have it; a planted fault is found."""
    assert faults(document, schema) == []
    planted = {**document, "services": {"a": {"imag": "b"}}, "jobs": {"a": {"step": []}}}
    assert faults(planted, schema)


def test_the_services_have_no_rights() -> None:
    """Neither writes into its image, gains rights, or has any but the proxy's for low ports."""
    for service in (BITDIAL, PROXY):
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    assert "cap_add" not in BITDIAL
    assert PROXY["cap_add"] == ["NET_BIND_SERVICE"]


def test_only_the_proxy_is_reached_and_only_it_gets_out() -> None:
    """Bitdial publishes no port and is in a network that leads nowhere; it believes that network's addresses only."""
    assert "ports" not in BITDIAL
    assert BITDIAL["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert {p.split(":")[0] for p in PROXY["ports"]} == {"80", "443"}
    (pool,) = COMPOSE["networks"]["inside"]["ipam"]["config"]
    assert BITDIAL["environment"]["BITDIAL_TRUSTED_PROXIES"] == pool["subnet"]
    assert ip_network(pool["subnet"]).is_private
    assert BITDIAL["environment"]["BITDIAL_HOSTED"] == "1"


def test_compose_and_image_agree() -> None:
    """User, volume, port and health check are those of the Dockerfile."""
    assert BITDIAL["user"] == only("USER")
    assert [v.split(":")[1] for v in BITDIAL["volumes"]] == json.loads(only("VOLUME"))
    assert BITDIAL["expose"] == [only("EXPOSE")]
    options, _, command = only("HEALTHCHECK").partition(" CMD ")
    check = BITDIAL["healthcheck"]
    assert check["test"] == ["CMD", *json.loads(command)]
    given = dict(re.findall(r"--([\w-]+)=(\S+)", options))
    assert {k.replace("_", "-"): str(v) for k, v in check.items() if k != "test"} == given
    for named in re.findall(r"--volume \"?\$?folder:(\S+?):ro", (ROOT / "deploy" / "smoke.sh").read_text()):
        assert named == "/models"


def test_compose_sets_what_is_read_and_nothing_secret() -> None:
    """Every variable of ours is one that the settings know; none is called a key, a password or a token."""
    names = set(BITDIAL["environment"])
    known = set(re.findall(r'"(BITDIAL_[A-Z_]+)"', (ROOT / "core" / "settings.py").read_text(encoding="utf-8")))
    assert names <= known
    everything = [*names, *PROXY["environment"]]
    assert not [n for n in everything if re.search(r"KEY|SECRET|PASSWORD|TOKEN", n)]


def test_the_proxy_file_uses_the_variables_that_compose_sets() -> None:
    """Name of the site and address of the server come from outside, the latter to the port that is exposed."""
    assert set(re.findall(r"\{\$(\w+):", CADDYFILE)) == set(PROXY["environment"])
    assert PROXY["environment"]["UPSTREAM"] == f"bitdial:{BITDIAL['expose'][0]}"
    assert "./deploy/Caddyfile:/etc/caddy/Caddyfile:ro" in PROXY["volumes"]
    for line in ("respond @closed 404", "header_up X-Forwarded-For {remote_host}", "max_size 12MB", "admin off"):
        assert line in CADDYFILE
    assert "*/_stcore/metrics" in CADDYFILE


@contextmanager
def proxied(folder: Path, server: int) -> Iterator[int]:
    """Run the proxy by its file, without TLS, before the server at that port; yield its own port."""
    port = free_port()
    environment = {
        **os.environ,
        "SITE": f"http://127.0.0.1:{port}",
        "UPSTREAM": f"127.0.0.1:{server}",
        "HOME": str(folder),
    }
    command = [str(CADDY), "run", "--config", str(ROOT / "deploy" / "Caddyfile"), "--adapter", "caddyfile"]
    with (folder / "proxy.txt").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def asked(address: str, size: int | None = None, **headers: str) -> int:
    """Return the status of a request: a POST of `size` bytes, or a GET."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(address, None if size is None else bytes(size), named)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.mark.skipif(CADDY is None, reason="the proxy, caddy, is not installed")
def test_the_proxy_does_what_its_file_says(tmp_path: Path) -> None:
    """Pages and websockets pass, counters do not, bodies have a limit, and nobody gives himself an address."""
    with upstream() as inside, proxied(tmp_path, inside.port) as port:
        address = f"http://127.0.0.1:{port}"
        for path in ("/_stcore/metrics", "/dial/_stcore/metrics", "/_stcore/script-health-check"):
            assert asked(f"{address}{path}") == 404
        assert inside.seen == []
        for path in ("/", "/train", "/_stcore/health", "/api/health"):
            assert asked(f"{address}{path}", X_Forwarded_For="1.2.3.4, 5.6.7.8") == 200
        assert [headers["x-forwarded-for"] for _, headers, _ in inside.seen] == ["127.0.0.1"] * 4
        for path, size, status in (
            ("/upload", 11_534_336, 200),
            ("/upload", 12_000_001, 413),
            ("/api/predict", 2_000_001, 413),
        ):
            assert asked(f"{address}{path}", size) == status
        with socket.create_connection(("127.0.0.1", port), 10) as browser:
            browser.sendall(
                b"GET /_stcore/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
            )
            reader = browser.makefile("rb")
            assert b" 101 " in reader.readline()
            while reader.readline().strip():
                pass
            browser.sendall(b"hello")
            assert reader.read(5) == b"hello"


def steps(job: str) -> list[dict[str, Any]]:
    """Return the steps of a job of the workflow."""
    found: list[dict[str, Any]] = WORKFLOW["jobs"][job]["steps"]
    return found


def test_the_workflow_runs_what_the_makefile_has() -> None:
    """Each line that is run is the script of all checks or a target of the Makefile, on both Pythons."""
    lines = [step["run"] for job in WORKFLOW["jobs"] for step in steps(job) if "run" in step]
    assert lines == ["bash .ci/run", "make models", "make container-smoke IMAGE=bitdial:ci"]
    assert {line.split()[1] for line in lines if line.startswith("make")} <= targets()
    assert "\nmake test\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert WORKFLOW["jobs"]["test"]["strategy"]["matrix"]["python-version"] == ["3.11", "3.13"]


def test_the_models_go_from_job_to_job_and_are_kept() -> None:
    """Uploaded for thirty days from where `make models` writes them, and put back there before the container is tried."""
    (up,) = (s["with"] for s in steps("train-and-quantise") if s.get("uses", "").startswith("actions/upload-artifact@"))
    (down,) = (s["with"] for s in steps("container") if s.get("uses", "").startswith("actions/download-artifact@"))
    assert (up["name"], up["path"]) == (down["name"], down["path"])
    assert up["retention-days"] == 30
    assert f"MODELS  := {up['path']}\n" in (ROOT / "Makefile").read_text(encoding="utf-8")
    assert WORKFLOW["jobs"]["container"]["needs"] == ["test", "train-and-quantise"]


def test_only_a_tag_is_pushed_and_only_that_job_may_write() -> None:
    """The registry is reached by the workflow's own token, after all else has passed."""
    assert WORKFLOW["permissions"] == {"contents": "read"}
    writing = [n for n, job in WORKFLOW["jobs"].items() if "write" in job.get("permissions", {}).values()]
    pushing = [n for n in WORKFLOW["jobs"] for s in steps(n) if s.get("with", {}).get("push") is True]
    assert writing == pushing == ["push"]
    job = WORKFLOW["jobs"]["push"]
    assert (job["if"], job["needs"]) == ("startsWith(github.ref, 'refs/tags/v')", ["container"])
    assert job["permissions"] == {"contents": "read", "packages": "write"}
    assert "secrets." not in json.dumps(WORKFLOW)
    assert all(
        re.fullmatch(r"(actions|docker)/[\w-]+@v\d+", s["uses"])
        for n in WORKFLOW["jobs"]
        for s in steps(n)
        if "uses" in s
    )


ENGINE = """#!/bin/sh
case "$1" in
  run) echo box ;;
  inspect) case "$3" in *Health*) echo "$HEALTH" ;; *) echo "$CODE" ;; esac ;;
  exec) echo "$ANSWER" ;;
  logs) echo why ;;
  rm) touch "$REMOVED" ;;
esac
"""


@pytest.mark.parametrize(
    ("health", "answer", "code", "status"),
    [
        ("healthy", FIRST, "143", 0),
        ("healthy", FIRST, "137", 1),
        ("healthy", FIRST.replace("0.719", "0.718"), "0", 1),
        ("unhealthy", FIRST, "0", 1),
    ],
)
def test_the_smoke_test_sees_what_is_wrong(tmp_path: Path, health: str, answer: str, code: str, status: int) -> None:
    """With an engine that only answers: health, predictions and the way it ended each decide; it is removed in any case."""
    engine, removed = tmp_path / "engine", tmp_path / "removed"
    engine.write_text(ENGINE, encoding="utf-8")
    engine.chmod(0o755)
    told = {"HEALTH": health, "ANSWER": answer, "CODE": code, "REMOVED": str(removed), "ENGINE": str(engine)}
    command = ["bash", str(ROOT / "deploy" / "smoke.sh"), "bitdial", str(tmp_path)]
    found = subprocess.run(command, env={**os.environ, **told}, capture_output=True, text=True, check=False)
    assert found.returncode == status, found.stderr
    assert removed.exists()


def test_the_rehearsal_and_the_smoke_test_ask_for_the_same() -> None:
    """One line of predictions stands in both, and both run as the same user."""
    smoke = (ROOT / "deploy" / "smoke.sh").read_text(encoding="utf-8")
    rehearsal = Path(image.__file__).with_name("rehearse_container.py").read_text(encoding="utf-8")
    assert f'"{FIRST}"' in smoke
    assert f'"{FIRST}"' in rehearsal
    assert "--user 12345:0" in smoke
    assert "USER, GROUP = 12345, 0" in rehearsal
