"""Cases 82 and 83 of the torture plan: bad addresses and bad files of settings, each with its exact message."""

from __future__ import annotations

import json

import pytest

from core.config import Experiment
from core.config_file import MAX_BYTES, parse_config
from core.errors import InvalidInput
from core.permalink import LONGEST, from_query
from core.quant import Scheme

BITS = "bits must be a whole number from 1 to 16, got"
IN_ADDRESS = (
    "setting in the address must be one of bits, dataset, degree, fill, granularity, impute, indicator, intercept, "
    "method, model, positive, ratios, rounding, scale, scaling, seed, space, test_size, v, got"
)
TABLES = "dataset must be one of california_housing, diabetes, digits, wine, breast_cancer, got"
VERSION = "v must be 1, the version of these settings, got"

CASE_82: dict[str, tuple[dict[str, str], str]] = {
    "wrong base64": ({"config": "%%%=not-base64"}, f'{IN_ADDRESS} "config"'),
    "base64 of something": ({"s": "eyJiaXRzIjogNH0="}, f'{IN_ADDRESS} "s"'),
    "version 99": ({"v": "99"}, f'{VERSION} "99"'),
    "version 0": ({"v": "0"}, f'{VERSION} "0"'),
    "2 KB and a byte": ({"bits": "8" * 2049}, f'address must be at most {LONGEST} characters of settings, got "…"'),
    "a path as table": ({"dataset": "../../etc/passwd"}, f'{TABLES} "../../etc/passwd"'),
    "a path as setting": ({"../../etc/passwd": "1"}, f'{IN_ADDRESS} "../../etc/passwd"'),
    "a path as method": (
        {"method": "file:///etc/passwd"},
        'method must be one of symmetric, asymmetric, window, codebook, auto, got "file:///etc/passwd"',
    ),
    "0 bits": ({"bits": "0"}, f"{BITS} 0"),
    "-1 bits": ({"bits": "-1"}, f"{BITS} -1"),
    "1e9 bits": ({"bits": "1e9"}, f'{BITS} "1e9"'),
    "1000000000 bits": ({"bits": "1000000000"}, f"{BITS} 1000000000"),
    "quoted bits": ({"bits": '"8"'}, f'{BITS} ""8""'),
    "NaN bits": ({"bits": "NaN"}, f'{BITS} "NaN"'),
    "mark-up": ({"bits": "<img src=x onerror=alert(1)>"}, f'{BITS} "<img src=x onerror=alert(1)>"'),
    "control characters": ({"bits": "8\x1b[31m\n"}, f'{BITS} "8\\x1b[31m\\x0a"'),
    "an endless word": ({"bits": "x" * 900}, f'{BITS} "{"x" * 79}…"'),
}


@pytest.mark.parametrize("name", CASE_82)
def test_case_82_a_bad_address(name: str) -> None:
    """One message in full, and the default settings."""
    query, message = CASE_82[name]
    e, errors = from_query(query)
    assert e == Experiment()
    assert [str(error) for error in errors] == [message]
    assert message.isprintable()


@pytest.mark.parametrize("name", [n for n in CASE_82 if n not in ("version 99", "version 0", "2 KB and a byte")])
def test_case_82_what_is_right_beside_it_holds(name: str) -> None:
    """A good value next to a bad one is kept, unless the bad one makes the whole address unreadable."""
    e, errors = from_query({"intercept": "keep", **CASE_82[name][0]})
    assert e == Experiment(scheme=Scheme(intercept="keep"))
    assert len(errors) == 1


JSON = "config must be a JSON file of settings"


def scheme(**fields: object) -> bytes:
    """Return a file of settings with these fields of the scheme."""
    return json.dumps({"scheme": fields}).encode()


CASE_83: dict[str, tuple[bytes, str]] = {
    "base64": (b"eyJiaXRzIjogNH0=", f'{JSON} (it is not JSON), got "mine.json"'),
    "wrong base64": (b"%%%=", f'{JSON} (it is not JSON), got "mine.json"'),
    "empty": (b"", f'{JSON} (it is not JSON), got "mine.json"'),
    "not text": (b"\x80\x04\x95", f'{JSON} (it is not UTF-8 text), got "mine.json"'),
    "version 99": (b'{"v": 99}', 'setting of experiment must be one of data, train, scheme, got "v"'),
    "too long": (
        b'{"data": {}}' + b" " * MAX_BYTES, 'config must be a JSON file of at most 65536 bytes, got "mine.json"'
    ),
    "2 KB and a byte": (
        scheme(method="x" * 2049),
        f'method must be one of symmetric, asymmetric, window, codebook, auto, got "{"x" * 79}…"',
    ),
    "a path as table": (b'{"data": {"dataset": "../../etc/passwd"}}', f'{TABLES} "../../etc/passwd"'),
    "a path as setting": (
        b'{"data": {"../../etc/passwd": 1}}',
        'setting of data must be one of dataset, test_size, seed, got "../../etc/passwd"',
    ),
    "0 bits": (scheme(bits=0), f"{BITS} 0"),
    "-1 bits": (scheme(bits=-1), f"{BITS} -1"),
    "1e9 bits": (b'{"scheme": {"bits": 1e9}}', f"{BITS} 1000000000.0"),
    "quoted bits": (scheme(bits="8"), f'{BITS} "8"'),
    "half a bit": (scheme(bits=8.5), f"{BITS} 8.5"),
    "bits true": (scheme(bits=True), f"{BITS} True"),
    "no bits": (scheme(bits=None), f"{BITS} None"),
    "NaN bits": (
        b'{"scheme": {"bits": NaN}}', f'{JSON} (it holds NaN, which is not a number), got "mine.json"'
    ),
    "1e400 bits": (
        b'{"scheme": {"bits": 1e400}}', f'{JSON} (it holds 1e400, which is not a number), got "mine.json"'
    ),
    "a number of 5,000 digits": (
        b'{"scheme": {"bits": ' + b"1" * 5000 + b"}}", f'{JSON} (it is not JSON), got "mine.json"'
    ),
    "a key twice": (b'{"scheme": {"bits": 4, "bits": 8}}', f'{JSON} (it names a key twice), got "mine.json"'),
    "100,000 deep": (b"[" * 30_000 + b"]" * 30_000, f'{JSON} (it is not JSON), got "mine.json"'),
    "a list": (b"[]", "experiment must be an object with data, train, scheme, got []"),
    "a word": (b'"8"', 'experiment must be an object with data, train, scheme, got "8"'),
    "nothing": (b"null", "experiment must be an object with data, train, scheme, got None"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASE_83)
def test_case_83_a_bad_file_of_settings(name: str) -> None:
    """One message in full, which names the file or the setting."""
    data, message = CASE_83[name]
    with pytest.raises(InvalidInput) as caught:
        parse_config(data, "mine.json")
    assert str(caught.value) == message
    assert message.isprintable()


def test_case_83_after_a_refusal_the_defaults_are_as_they_were() -> None:
    """Nothing of a refused file stays: the next one is read as if it were the first."""
    for data, _ in CASE_83.values():
        with pytest.raises(InvalidInput):
            parse_config(data, "mine.json")
        assert parse_config(b"{}", "mine.json") == Experiment()
