"""What reading costs: processor time and memory for the largest good files and the worst bad ones, in a fresh process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache

import pytest

from core.settings import ROOT
from core.tables import limits
from tests.tables_support import MB

# Prints for each input: processor seconds, growth of the peak of memory in MB, and "" or the start of the message.
# The first read loads what Arrow needs; the inputs are made beforehand, so that they do not count.
PROGRAM = """
import json, time
import numpy as np
from core.errors import InvalidInput
from core.tables import read

def memory(line):
    with open("/proc/self/status") as file:
        return next(int(text.split()[1]) for text in file if text.startswith(line)) / 1024

def forget_peak():
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")

def grid(rows, columns, cells):
    header = ",".join(f"c{i}" for i in range(columns)) + "\\n"
    return (header + "\\n".join(",".join(r) for r in np.resize(cells, (rows, columns)))).encode()

draw = np.random.default_rng(1)
names = ",".join(f"c{i}" for i in range(100_000)).encode()
inputs = {
    "100,000 equal names": b"a," * 99_999 + b"a\\n",
    "100,000 names": names + b"\\n",
    "10 million commas": b"," * 10_000_000,
    "10 million commas in a row": b"a,b\\n" + b"," * 10_000_000,
    "a field of 10 MB": b"a,b\\n1," + b"x" * 10_000_000,
    "a quote never closed": b'a,b\\n1,"' + b"x\\n" * 5_000_000,
    "10 million blank lines": b"a,b\\n" + b"\\n" * 10_000_000,
    "a file of 200 MB": bytes(200 * 2**20),
    "10 million quotes": b'"' * 10_000_000,
    "good: numbers": grid(199_999, 10, np.char.mod("%.2f", draw.random(99_991) * 9)),
    "good: different numbers": grid(199_999, 5, np.char.mod("%.6f", draw.random(999_991) * 9)),
    "good: different texts": grid(199_999, 5, np.char.mod("x%07x", draw.integers(0, 2**28, 999_991))),
    "good: 500 columns": grid(4_000, 500, np.array(["1.5"])),
}
read(b"a,b\\n" + b"1.5,x\\n" * 20)
found = {}
for name, data in inputs.items():
    forget_peak()
    before, start, message = memory("VmRSS"), time.process_time(), ""
    try:
        read(data)
    except InvalidInput as error:
        message = str(error)[:60]
    found[name] = [time.process_time() - start, memory("VmHWM") - before, message]

before = memory("VmRSS")
for i in range(50):
    try:
        read(inputs[("10 million commas", "a quote never closed", "100,000 names", "a field of 10 MB")[i % 4]])
    except InvalidInput:
        pass
found["after 50 bad files"] = [0, memory("VmRSS") - before, ""]
print(json.dumps(found))
"""


@cache
def costs() -> dict[str, tuple[float, float, str]]:
    """Return processor seconds, growth of memory and message of every input, measured once."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, cwd=ROOT, check=True, capture_output=True, text=True
    )
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize("name", ["100,000 equal names", "100,000 names"])
def test_a_header_is_checked_before_anything_else(name: str) -> None:
    """Half a second is the promise; pandas would take minutes over equal names."""
    seconds, _, message = costs()[name]
    assert message == 'table must be at most 500 columns, got "100000 columns"'
    assert seconds < 0.5


@pytest.mark.parametrize("name", [
    "10 million commas", "10 million commas in a row", "a field of 10 MB", "a quote never closed",
    "10 million blank lines", "a file of 200 MB", "10 million quotes",
])  # fmt: skip
def test_a_bad_file_of_the_largest_size_costs_little(name: str) -> None:
    """It ends with a message, in seconds and within fifteen times its size."""
    seconds, growth, message = costs()[name]
    assert message
    assert seconds < 5
    assert growth < 15 * limits.MAX_BYTES / MB


@pytest.mark.parametrize(
    "name", ["good: numbers", "good: different numbers", "good: different texts", "good: 500 columns"]
)
def test_a_good_file_of_the_largest_size_is_read_soon(name: str) -> None:
    """About a second on an idle machine, within fifteen times the size of the file."""
    seconds, growth, message = costs()[name]
    assert message == ""
    assert seconds < 5
    assert growth < 15 * limits.MAX_BYTES / MB


def test_bad_files_leave_nothing_behind() -> None:
    """After fifty of them the process holds less than 50 MB more than before."""
    assert costs()["after 50 bad files"][1] < 50


def test_the_document_states_the_limits() -> None:
    """The table in docs/inputs.md has the numbers that the code has."""
    document = (ROOT / "docs" / "inputs.md").read_text(encoding="utf-8")
    for line in (
        f"| Size of the file | {limits.MAX_BYTES:,} bytes ({limits.MAX_BYTES // MB} MB) |",
        f"| Rows below the header | {limits.MIN_ROWS} to {limits.MAX_ROWS:,} |",
        f"| Columns | {limits.MIN_COLUMNS} to {limits.MAX_COLUMNS} |",
        f"| Cells | {limits.MAX_CELLS:,} |",
        f"| Characters in a cell | {limits.MAX_CELL:,} |",
        f"| Characters in a name | {limits.MAX_NAME} |",
        f"| Different texts in a feature, classes in a target | {limits.MAX_CLASSES} |",
    ):
        assert line in document
