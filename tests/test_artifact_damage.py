"""Damaged and foreign files: none is opened, none does harm."""

from __future__ import annotations

import json
import os
import pickle
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save as pack_arrays

from core.artifact import decode, encode, load, loads
from core.artifact.codec import KEY, canonical
from core.artifact.reader import parse
from core.errors import ArtifactError
from tests.own_tables import mixed_bytes
from tests.support import (
    READERS,
    classifier_bytes,
    pair_bytes,
    repack,
    small_bytes,
)


@pytest.mark.parametrize("made", [small_bytes, classifier_bytes])
def test_a_file_cut_short_anywhere_is_refused(made: Callable[[], bytes]) -> None:
    """Every proper beginning of a file is refused, and so is a file with anything behind its end."""
    data = made()
    for length in range(len(data)):
        with pytest.raises(ArtifactError):
            decode(data[:length])
    for tail in (b"\0", b"\0" * 8, data):
        with pytest.raises(ArtifactError):
            decode(data + tail)


def mutations(data: bytes, count: int) -> Iterator[bytes]:
    """Yield seeded random changes of a file: bits, bytes, runs, removals, insertions, exchanges."""
    draw = random.Random(7)
    for _ in range(count):
        changed = bytearray(data)
        for _ in range(draw.choice([1, 1, 1, 2, 8])):
            at, kind = draw.randrange(len(changed)), draw.randrange(6)
            if kind == 0:
                changed[at] ^= 1 << draw.randrange(8)
            elif kind == 1:
                changed[at] = draw.randrange(256)
            elif kind == 2:
                changed[at : at + 8] = draw.randbytes(8)
            elif kind == 3:
                del changed[at : at + draw.randrange(1, 9)]
            elif kind == 4:
                changed[at:at] = draw.randbytes(draw.randrange(1, 9))
            else:
                other = draw.randrange(len(changed))
                changed[at], changed[other] = changed[other], changed[at]
        yield bytes(changed)


def test_two_thousand_random_changes_are_refused() -> None:
    """Every changed file is refused by `ArtifactError`: none crashes, none opens with other numbers."""
    for data in (small_bytes(), pair_bytes(), classifier_bytes()):
        refused = 0
        for changed in mutations(data, 1000):
            if changed == data:
                continue
            with pytest.raises(ArtifactError):
                decode(changed)
            refused += 1
        assert refused > 950


@pytest.mark.parametrize("made", [small_bytes, classifier_bytes])
def test_every_changed_bit_of_the_numbers_is_seen(made: Callable[[], bytes]) -> None:
    """No single bit of any array can be changed without the checksum seeing it."""
    data = bytearray(made())
    start = 8 + int.from_bytes(data[:8], "little")
    for at in range(start, len(data)):
        data[at] ^= 1 << (at % 8)
        with pytest.raises(ArtifactError, match=r"altered|not a whole safetensors file"):
            decode(bytes(data))
        data[at] ^= 1 << (at % 8)
    assert decode(bytes(data)).variants == decode(made()).variants


@pytest.mark.parametrize("made", [pair_bytes, classifier_bytes, mixed_bytes])
@READERS
@given(st.data())
def test_changes_that_know_the_layout_are_refused(made: Callable[[], bytes], data: st.DataObject) -> None:
    """A changed field of the header, under the old checksum, is refused whatever it is changed to."""
    header, arrays = parse(made())
    header = json.loads(canonical(header))
    name = data.draw(st.sampled_from(sorted(header)))
    inner = header[name] if isinstance(header[name], dict) and header[name] else header
    key = data.draw(st.sampled_from(sorted(inner)))
    was = inner[key]
    inner[key] = data.draw(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
        | st.text() | st.just([]) | st.just({})
    )  # fmt: skip
    if canonical({"x": inner[key]}) == canonical({"x": was}):
        return
    with pytest.raises(ArtifactError):
        decode(bytes(pack_arrays(dict(arrays), {KEY: canonical(header)})))


@pytest.mark.parametrize("made", [classifier_bytes, mixed_bytes])
@READERS
@given(st.data())
def test_changes_under_a_correct_checksum_are_refused_or_whole(made: Callable[[], bytes], data: st.DataObject) -> None:
    """A changed field, under a checksum that fits: refused, or a model that writes itself again.

    What has no bearing on the numbers (a label, a unit) may be anything of its kind.
    """
    header, _ = parse(made())
    path: list[Any] = []
    inner: Any = json.loads(canonical(header))
    for _ in range(5):
        if isinstance(inner, dict) and inner:
            path.append(data.draw(st.sampled_from(sorted(inner))))
        elif isinstance(inner, list) and inner:
            path.append(data.draw(st.integers(0, len(inner) - 1)))
        else:
            break
        inner = inner[path[-1]]
    value = data.draw(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(max_size=20) | st.sampled_from(["raw", "tensor", "codebook", "digits", "original"])
        | st.just([]) | st.just({}) | st.lists(st.text(max_size=3), max_size=4)
    )  # fmt: skip

    def edit(changed: dict[str, Any], arrays: dict[str, Any]) -> None:
        # What `parse` gave is shared between the parts of a header; it is changed as a copy.
        copied: Any = json.loads(canonical(changed))
        target = copied
        for key in path[:-1]:
            target = target[key]
        target[path[-1]] = value
        changed.clear()
        changed.update(copied)

    try:
        found = repack(made(), edit)
    except UnicodeEncodeError:
        return
    try:
        model = decode(found)
    except ArtifactError:
        return
    assert encode(model) == found
    rows = np.array(json.loads(canonical(header))["probe"]["rows"], dtype=np.float64)
    assert np.isfinite(model.outputs(rows, "quantized")).all()


@READERS
@given(st.binary(max_size=300))
def test_any_bytes_are_refused(data: bytes) -> None:
    """Bytes that are no file of ours are refused, and nothing else happens."""
    with pytest.raises(ArtifactError):
        decode(data)


@READERS
@given(
    st.text(max_size=300)
    | st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=8), x, max_size=3),
    ).map(json.dumps)
)
def test_any_header_is_refused(text: str) -> None:
    """Whatever text stands where the header should be, the file is refused."""
    try:
        data = bytes(pack_arrays({"x": np.zeros(2)}, {KEY: text}))
    except UnicodeEncodeError:
        return
    with pytest.raises(ArtifactError):
        decode(data)


class Bomb:
    """An object that creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        """Remember which file."""
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        """Run on unpickling."""
        return (os.mkdir, (str(self.path),))


@pytest.mark.parametrize("suffix", [".safetensors", ".joblib", ".pkl", ".csv"])
def test_a_pickle_is_refused_and_never_runs(tmp_path: Path, suffix: str) -> None:
    """Whatever it is called, a pickle or joblib file is not opened, and what it carries does not run."""
    canary = tmp_path / "canary"
    for write in (pickle.dump, joblib.dump):
        target = tmp_path / f"model{suffix}"
        with target.open("wb") as file:
            write(Bomb(canary), file)
        with pytest.raises(ArtifactError, match="not a Bitdial model"):
            load(target)
        assert not canary.exists()


def test_the_bomb_of_the_test_above_is_live(tmp_path: Path) -> None:
    """The canary would have appeared, had the file been unpickled."""
    pickle.loads(pickle.dumps(Bomb(tmp_path / "canary")))  # noqa: S301  our own bomb, to see that it works
    assert (tmp_path / "canary").exists()


@pytest.mark.parametrize("metadata", [None, {}, {"format": "pt"}, {KEY: "{}", "other": "x"}, {"bitdial ": "{}"}])
def test_a_safetensors_file_of_another_program_is_refused(metadata: dict[str, str] | None) -> None:
    """A sound file without our header, or with more than our header, is named as foreign."""
    data = bytes(pack_arrays({"weight": np.zeros((2, 2))}, metadata))
    with pytest.raises(ArtifactError, match="a safetensors file of another program"):
        decode(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"\0" * 7,
        b"\0" * 8,
        b"\xff" * 64,
        b"a,b\n1,2\n",
        b"PK\x03\x04" + b"\0" * 60,
        b"\x89PNG\r\n\x1a\n" * 9,
    ],
)
def test_foreign_bytes_are_refused(data: bytes) -> None:
    """Empty, short, CSV, zip and image files are no models."""
    with pytest.raises(ArtifactError, match=r"^not a Bitdial model: "):
        loads(data)


@pytest.mark.parametrize("dtype", ["BF16", "F8_E4M3", "F4", "U64", "I8", "BOOL", "X99"])
def test_a_lie_about_the_kind_of_an_array_is_refused(dtype: str) -> None:
    """The kind named for an array in the outer header cannot be exchanged for another."""
    data = small_bytes()
    length = int.from_bytes(data[:8], "little")
    outer = json.loads(data[8 : 8 + length])
    outer["exact.intercept"]["dtype"] = dtype
    text = json.dumps(outer, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with pytest.raises(ArtifactError):
        decode(len(text).to_bytes(8, "little") + text + data[8 + length :])
