"""Collects `bench_*.py` under `--benchmark-only` alone, and prints the two times and their ratio."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """Take the measurements when measurements are asked for; they are no tests."""
    wanted = parent.config.getoption("benchmark_only", default=False)
    if not wanted or not file_path.name.startswith("bench_") or parent.session.isinitpath(file_path):
        return None
    module: pytest.Module = pytest.Module.from_parent(parent, path=file_path)
    return module


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was measured side by side, with its ratios."""
    lines = []
    measured = sys.modules.get("tests.bench.bench_sweep")
    if measured is not None and len(measured.MEDIANS) == 2:
        lines.append(measured.side_by_side())
    for name in ("bench_candidates", "bench_api"):
        lines += getattr(sys.modules.get(f"tests.bench.{name}"), "LINES", [])
    for line in ["", *lines] if lines else []:
        terminalreporter.write_line(line)
