"""What the tests of the REST interface send over the wire: bodies that are none, requests that no library makes."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import threading
import time
from urllib.parse import urlsplit

from tests.api_support import row
from tests.running import Server

GOOD = json.dumps({"rows": [row()]}).encode()
TYPE = "content-type: application/json"


def spelt(method: str = "POST", path: str = "/api/predict", *more: str, data: bytes = b"", host: str = "x") -> bytes:
    """Return a request as it goes over the wire, with these header lines and no others but host and length."""
    lines = [f"{method} {path} HTTP/1.1", f"host: {host}", f"content-length: {len(data)}", *more]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + data


def posted(*more: str, data: bytes = GOOD) -> bytes:
    """Return a POST whose header lines are all named; with none it is a good one."""
    more = more or (f"content-length: {len(data)}",)
    return "\r\n".join(["POST /api/predict HTTP/1.1", "host: x", TYPE, *more, "", ""]).encode("latin-1") + data


def answer_to(server: Server, data: bytes, method: str = "POST") -> tuple[int, bytes]:
    """Return status and body of the answer to these bytes; status 0 where the server hangs up without a word."""
    address = urlsplit(server.address)
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        try:
            connection.sendall(data)
            answer = http.client.HTTPResponse(connection, method=method)
            answer.begin()
            return answer.status, answer.read()
        except (ConnectionError, http.client.RemoteDisconnected):
            return 0, b""


class Slow(threading.Thread):
    """A client that sends half of its body, and then waits for what the server says."""

    def __init__(self, server: Server) -> None:
        """Be about to send."""
        super().__init__(daemon=True)
        self.server, self.status, self.seconds = server, -1, 0.0

    def run(self) -> None:
        """Send and wait."""
        started = time.monotonic()
        self.status, _ = answer_to(self.server, posted(f"content-length: {len(GOOD)}", data=GOOD[:20]))
        self.seconds = time.monotonic() - started


NUMBERS = "1,2,3,4,5,6,7,8"
# What stands as rows, and the row and the column that the refusal names.
VALUES: dict[str, tuple[str, int | None, str | None]] = {
    "NaN": ("[[NaN,2,3,4,5,6,7,8]]", 0, "MedInc"),
    "Infinity": (f"[[{NUMBERS}],[1,Infinity,3,4,5,6,7,8]]", 1, "HouseAge"),
    "-Infinity": ("[[1,2,3,4,5,6,7,-Infinity]]", 0, "Longitude"),
    "1e400": ("[[1,2,1e400,4,5,6,7,8]]", 0, "AveRooms"),
    "a whole number of 400 digits": (f"[[1,2,{10**399},4,5,6,7,8]]", 0, "AveRooms"),
    "3 of the features": ("[[1,2,3]]", 0, None),
    "one too many": (f"[[{NUMBERS},9]]", 0, None),
    "ragged": (f"[[{NUMBERS}],[1,2,3,4,5,6,7]]", 1, None),
    "a number as a text": ('[[1,2,"5.1",4,5,6,7,8]]', 0, "AveRooms"),
    "true": ("[[1,2,true,4,5,6,7,8]]", 0, "AveRooms"),
    "null": ("[[1,2,null,4,5,6,7,8]]", 0, "AveRooms"),
    "a list": ("[[1,2,[3],4,5,6,7,8]]", 0, "AveRooms"),
    "names that are others": ('[{"a": 1}]', 0, "MedInc"),
    "1,001 rows": ("[" + ",".join([f"[{NUMBERS}]"] * 1001) + "]", None, None),
    "no rows": ("[]", None, None),
    "rows twice": (f'[[{NUMBERS}]], "rows": [[{NUMBERS}]]', None, None),
    "100,000 deep": ("[" * 100_000 + "]" * 100_000, None, None),
    "100,000 names deep": ('{"a":' * 100_000 + "1" + "}" * 100_000, None, None),
}

CHUNKED = b"%x\r\n%s\r\n0\r\n\r\n" % (len(GOOD), GOOD)
TWO_LENGTHS = (f"content-length: {len(GOOD)}", f"content-length: {len(GOOD) - 1}")
# What is sent, and what may come back; 0 is a connection that is closed without a word.
ODD: dict[str, tuple[bytes, set[int]]] = {
    "an empty body": (spelt("POST", "/api/predict", TYPE), {422}),
    "no body and no length": (posted("accept: */*", data=b""), {422}),
    "no type": (spelt(data=GOOD), {415}),
    "a form": (spelt("POST", "/api/predict", "content-type: multipart/form-data; boundary=x", data=GOOD), {415}),
    "two types": (spelt("POST", "/api/predict", TYPE, "content-type: text/plain", data=GOOD), {200, 415}),
    "gzip": (spelt("POST", "/api/predict", TYPE, "content-encoding: gzip", data=gzip.compress(bytes(10**7))), {415}),
    "gzip unannounced": (spelt("POST", "/api/predict", TYPE, data=gzip.compress(GOOD)), {422}),
    "chunks without a length": (posted("transfer-encoding: chunked", data=CHUNKED), {200}),
    "chunks of gzip": (posted("transfer-encoding: gzip, chunked", data=CHUNKED), {400}),
    "chunks that are none": (posted("transfer-encoding: chunked", data=b"zz\r\n" + GOOD), {400}),
    "a chunk longer than all numbers": (posted("transfer-encoding: chunked", data=b"f" * 21 + b"\r\n" + GOOD), {400}),
    "chunks and a length": (posted("transfer-encoding: chunked", "content-length: 3", data=CHUNKED), {200, 400}),
    "two lengths": (posted(*TWO_LENGTHS), {400}),
    "a length below nothing": (posted("content-length: -1"), {400}),
    "a length in words": (posted("content-length: many"), {400}),
    "a length that asks before": (posted(f"content-length: {len(GOOD)}", "expect: 100-continue"), {200}),
    "an unknown route": (spelt("POST", "/api/nothing", TYPE, data=GOOD), {404}),
    "a path upwards": (spelt("GET", "/api/..%2f..%2f..%2fetc/passwd"), {400, 404}),
    "a path with an end in it": (spelt("GET", "/api/health%00"), {400, 404}),
    "a path of 60,000 characters": (spelt("GET", "/api/" + "a" * 60_000), {404}),
    "a query of 60,000 characters": (spelt("GET", "/api/health?" + "a" * 60_000), {200}),
    "OPTIONS": (spelt("OPTIONS", data=GOOD), {405}),
    "PUT": (spelt("PUT", "/api/predict", TYPE, data=GOOD), {405}),
    "a method of nobody's": (spelt("BREW", "/api/predict", TYPE, data=GOOD), {405}),
    "5,000 headers": (spelt("GET", "/api/health", *["a: b"] * 5000), {200, 400, 431}),
    "a header of a megabyte": (spelt("GET", "/api/health", "a: " + "b" * 2**20), {0, 400, 431}),
    "headers without end": (b"GET /api/health HTTP/1.1\r\n" + b"a: b\r\n" * 500_000, {0, 400, 431}),
    "an end within a header": (spelt("GET", "/api/health", "a: b\x00c"), {400}),
    "letters of a header from anywhere": (spelt("GET", "/api/health", "a: \xff\xfe"), {200, 400}),
    "no host": (b"GET /api/health HTTP/1.1\r\n\r\n", {400}),
    "another host": (spelt("GET", "/api/health", host="evil.example"), {200, 400}),
    "HTTP/1.0": (b"GET /api/health HTTP/1.0\r\n\r\n", {200}),
    "HTTP/9": (b"GET /api/health HTTP/9.9\r\nhost: x\r\n\r\n", {200, 400, 505}),
    "another protocol": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500), {0, 400}),
    "a websocket": (
        b"GET /api/predict HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
        b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        {400, 403, 404, 426},
    ),
}  # fmt: skip
