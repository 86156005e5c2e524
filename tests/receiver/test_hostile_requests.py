"""Hostile requests over real sockets: nothing of them is stored, and honest ones are still answered."""

from __future__ import annotations

import gzip
import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from typing import Any

import pytest

pytest.importorskip("uvicorn", reason="the extra `receiver` is not installed")

from mapper.receiver.web import timed_protocol
from mapper.receiver.web.app import MAX_HEAD_BYTES, Reception
from mapper.receiver.web.timed_protocol import TimedProtocol
from support.listening import listening
from support.receivers import NOW, MemoryIntake, read_sources
from support.waiting import PATIENCE

SOURCES = """
{path: /a, mapping: server, verify: {header: X-API-KEY, secrets: [{env: KEY}]}, max_body: 1MB}
{path: /open, mapping: server, verify: none, max_body: 1MB}
"""
KEY = b"X-API-KEY: s3cret-key\r\n"
# The server of `mapper serve`, and others behind which a host may mount the application.
HTTP = [TimedProtocol, "httptools", "h11"]


@dataclass
class Served:
    """A receiver that listens on loopback."""

    port: int
    intake: MemoryIntake
    reception: Reception

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def send(self, *parts: bytes) -> bytes:
        """What comes back for these bytes until the connection is closed."""
        with self.connect() as connection:
            with suppress(ConnectionError):  # the server need not read all of it
                for part in parts:
                    connection.sendall(part)
            return rest_of(connection)

    @contextmanager
    def bodies_within(self, seconds: float) -> Iterator[None]:
        """Inside, bodies have to arrive in this time; otherwise in one that passes in no test."""
        before = self.reception.body_seconds
        object.__setattr__(self.reception, "body_seconds", seconds)
        yield
        object.__setattr__(self.reception, "body_seconds", before)

    def is_well(self) -> bool:
        """True if an honest request is still taken, and nothing else was."""
        before = len(self.intake.requests)
        found = self.send(head(b"POST /a", KEY + b"Content-Length: 2\r\nConnection: close\r\n"), b"{}")
        return status(found) == 200 and before == 0 and self.intake.requests.pop().body == b"{}"


def rest_of(connection: socket.socket) -> bytes:
    """What comes until the connection is closed."""
    received = b""
    with suppress(ConnectionError):
        while part := connection.recv(65_536):
            received += part
    return received


def rest_while_sending(connection: socket.socket, part: bytes) -> bytes:
    """What comes until the connection is closed; until the first byte of it, this is sent again and again."""
    deadline = time.monotonic() + PATIENCE
    while not select.select([connection], [], [], 0.05)[0]:
        assert time.monotonic() < deadline, "neither an answer nor an end comes"
        with suppress(ConnectionError):
            connection.sendall(part)
    return rest_of(connection)


def head(line: bytes, headers: bytes = b"") -> bytes:
    return line + b" HTTP/1.1\r\nHost: a\r\n" + headers + b"\r\n"


def status(response: bytes) -> int:
    return int(response[9:12]) if response.startswith(b"HTTP/1.1 ") else 0


@pytest.fixture(params=HTTP, scope="module")
def server(request: Any) -> Iterator[Served]:
    sources = read_sources(SOURCES)
    intake = MemoryIntake()
    kept = {source.name: source.kept(frozenset()) for source in sources}
    reception = Reception(sources, kept, intake, now=lambda: NOW, body_seconds=10 * PATIENCE)
    with listening(
        reception.app(),
        http=request.param,
        h11_max_incomplete_event_size=MAX_HEAD_BYTES,
        timeout_keep_alive=int(10 * PATIENCE),
        timeout_graceful_shutdown=1,
    ) as port:
        yield Served(port, intake, reception)


@pytest.fixture
def served(server: Served) -> Served:
    """The server, of which all tests of this module make use; nothing is left of those before."""
    server.intake.requests.clear()
    return server


CLOSE = b"Connection: close\r\n"
CASES: dict[str, tuple[list[bytes], set[int]]] = {
    "no key": ([head(b"POST /a", CLOSE + b"Content-Length: 2\r\n"), b"{}"], {401}),
    "a wrong method": ([head(b"DELETE /a", KEY + CLOSE)], {405}),
    "a method in lower case": ([head(b"post /a", KEY + CLOSE)], {400, 405}),
    "no method that exists": ([head(b"BREW /a", KEY + CLOSE)], {400, 405}),
    "a path that climbs": ([head(b"POST /open/../a", KEY + CLOSE)], {404}),
    "a path with two slashes": ([head(b"POST //a", KEY + CLOSE)], {404}),
    "a path with an encoded slash": ([head(b"POST /%2fa", KEY + CLOSE)], {404}),
    "a path with a zero": ([head(b"POST /a%00", KEY + CLOSE)], {404}),
    "a path that is no UTF-8": ([head(b"POST /a%ff", KEY + CLOSE)], {400, 404}),
    "a path of dots, encoded": ([head(b"POST /open/%2e%2e/a", KEY + CLOSE)], {404}),
    "no HTTP": ([b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\r\n\r\n"], {0, 400}),
    "a body that is announced too large": (
        [head(b"POST /a", KEY + CLOSE + b"Content-Length: 99999999\r\n")],
        {413},
    ),
    "a chunked body without an end": (
        [
            head(b"POST /a", KEY + b"Transfer-Encoding: chunked\r\n"),
            *[b"8000\r\n" + b"x" * 0x8000 + b"\r\n"] * 40,
        ],
        {413},
    ),
    "a chunk that is no chunk": (
        [head(b"POST /a", KEY + b"Transfer-Encoding: chunked\r\n"), b"zz\r\n{}\r\n0\r\n\r\n"],
        {0, 400},
    ),
    "both lengths": (
        [head(b"POST /a", KEY + b"Content-Length: 2\r\nTransfer-Encoding: gzip\r\n"), b"{}"],
        {0, 400, 501},
    ),
    "both lengths, chunked": (
        [
            head(b"POST /a", KEY + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n"),
            b"2\r\n{}\r\n0\r\n\r\n",
        ],
        {400},
    ),
    "chunked twice": (
        [head(b"POST /a", KEY + b"Transfer-Encoding: chunked, chunked\r\n"), b"2\r\n{}\r\n0\r\n\r\n"],
        {400},
    ),
    "another transfer encoding": (
        [head(b"POST /a", KEY + b"Transfer-Encoding: xchunked\r\n"), b"2\r\n{}\r\n0\r\n\r\n"],
        {400},
    ),
    "a negative length": ([head(b"POST /a", KEY + b"Content-Length: -2\r\n"), b"{}"], {400}),
    "a length with a sign": ([head(b"POST /a", KEY + b"Content-Length: +2\r\n"), b"{}"], {400}),
    "a length of many digits": (
        [head(b"POST /a", KEY + b"Content-Length: " + b"9" * 400 + b"\r\n"), b"{}"],
        {400},
    ),
    "a head of a chunk without an end": (
        [head(b"POST /a", KEY + b"Transfer-Encoding: chunked\r\n"), b"1;" + b"x" * 500_000],
        {0, 400, 408},
    ),
    "many small chunks without an end": (
        [head(b"POST /a", KEY + b"Transfer-Encoding: chunked\r\n"), b"1\r\nx\r\n" * 20_000],
        {0, 408},
    ),
    "many trailers": (
        [
            head(b"POST /a", KEY + CLOSE + b"Transfer-Encoding: chunked\r\n"),
            b"2\r\n{}\r\n0\r\n",
            b"X-A: 1\r\n" * 100_000,
        ],
        {0, 400, 408, 431},
    ),
    "a body that waits for leave": (
        [head(b"POST /a", CLOSE + b"Expect: 100-continue\r\nContent-Length: 2\r\n")],
        {401},
    ),
    "a method that a header names": (
        [head(b"GET /a", KEY + CLOSE + b"X-HTTP-Method-Override: POST\r\n")],
        {405},
    ),
    "another version of HTTP": ([b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"], {0, 400, 404, 405}),
    "a tunnel": ([head(b"CONNECT a:80", KEY + CLOSE)], {400, 404}),
    "all paths": ([head(b"OPTIONS *", KEY + CLOSE)], {404}),
    "a path with a slash more": ([head(b"POST /a/", KEY + CLOSE)], {404}),
    "a path with a parameter": ([head(b"POST /a;x=1", KEY + CLOSE)], {404}),
    "a path with backslashes": ([head(b"POST /open\\..\\a", KEY + CLOSE)], {404}),
    "a header with a zero": ([head(b"POST /a", KEY + CLOSE + b"X-A: a\0b\r\n")], {400}),
    "a name with a blank": ([head(b"POST /a", b"X-API-KEY : s3cret-key\r\n" + CLOSE)], {400}),
    "two keys": ([head(b"POST /a", KEY + KEY + CLOSE)], {401}),
    "two lengths": ([head(b"POST /a", KEY + b"Content-Length: 2\r\nContent-Length: 3\r\n"), b"{}"], {0, 400}),
    "a body that stops": ([head(b"POST /a", KEY + b"Content-Length: 20\r\n"), b"{"], {408}),
    "many headers": (
        [head(b"POST /a", KEY + CLOSE + b"".join(b"X-%d: 1\r\n" % n for n in range(100_000)))],
        {0, 400, 431},
    ),
    "a long header": ([head(b"POST /a", KEY + CLOSE + b"X-A: " + b"x" * 500_000 + b"\r\n")], {0, 400, 431}),
    "a long path": ([head(b"POST /" + b"a" * 500_000, KEY + CLOSE)], {0, 400, 404, 414, 431}),
    "a header with a line feed": ([head(b"POST /a", KEY + b"X-A: a\nb\r\n")], {0, 400}),
    "a bomb in a bomb": (
        [
            head(b"POST /a", KEY + CLOSE + b"Content-Encoding: gzip, gzip\r\nContent-Length: %d\r\n"),
            gzip.compress(gzip.compress(b"\0" * 20_000_000)),
        ],
        {415},
    ),
    "a bomb": (
        [
            head(b"POST /a", KEY + CLOSE + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n"),
            gzip.compress(b"\0" * 20_000_000),
        ],
        {413},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_hostile_requests_are_refused(served: Served, name: str) -> None:
    parts, expected = CASES[name]
    if b"%d" in parts[0]:
        parts = [parts[0] % len(parts[1]), *parts[1:]]
    with served.bodies_within(0.3) if 408 in expected else nullcontext():
        assert status(served.send(*parts)) in expected
    assert served.is_well()


def test_an_upgrade_is_refused(served: Served) -> None:
    """Some servers keep the connection then, though the request asks for its end."""
    upgrade = b"Upgrade: websocket\r\nConnection: Upgrade, close\r\nSec-WebSocket-Version: 13\r\n"
    received = b""
    with served.connect() as connection:
        connection.sendall(head(b"GET /a", KEY + upgrade))
        while b"\r\n\r\n" not in received and (part := connection.recv(65_536)):
            received += part
    assert status(received) == 405
    assert served.is_well()


def test_slow_bodies_are_given_up(served: Served) -> None:
    """However many bytes of them come."""
    with served.bodies_within(0.3), served.connect() as connection:
        connection.sendall(head(b"POST /a", KEY + b"Content-Length: 100000\r\n"))
        assert status(rest_while_sending(connection, b"x")) == 408
    assert served.is_well()


def test_requests_behind_each_other_are_told_apart(served: Served) -> None:
    """The body of one request is never read as the next one."""
    one = head(b"POST /a", KEY + b"Content-Length: 2\r\n") + b"{}"
    inner = head(b"POST /a", KEY + b"Content-Length: 0\r\n")
    refused = head(b"POST /a", b"Content-Length: %d\r\n" % len(inner)) + inner
    last = head(b"POST /a", KEY + CLOSE + b"Content-Length: 4\r\n") + b"last"
    found = served.send(one + refused + one + last)
    answered = [int(part[:3]) for part in found.split(b"HTTP/1.1 ")[1:]]
    assert answered in ([200, 401, 200, 200], [200, 401])
    bodies = [each.body for each in served.intake.requests]
    assert bodies == [b"{}", b"{}", b"last"][: answered.count(200)]


def test_a_sender_that_leaves_leaves_nothing(served: Served) -> None:
    with served.connect() as connection:
        connection.sendall(head(b"POST /a", KEY + b"Content-Length: 20\r\n") + b"{")
    time.sleep(0.05)
    assert served.is_well()


def test_many_connections_that_say_nothing_stop_nobody(served: Served) -> None:
    silent = [served.connect() for _ in range(200)]
    try:
        for connection in silent:
            connection.sendall(b"POST /a HTTP/1.1\r\nHost:")
        assert served.is_well()
    finally:
        for connection in silent:
            connection.close()


def test_many_requests_behind_each_other_are_answered_in_their_order(served: Served) -> None:
    requests = [
        head(b"POST /a", (KEY if number % 3 else b"") + b"Content-Length: 3\r\n") + b"%3d" % number
        for number in range(200)
    ]
    found = served.send(b"".join(requests) + head(b"GET /a", CLOSE))
    answered = [int(part[:3]) for part in found.split(b"HTTP/1.1 ")[1:]]
    assert answered == [*(200 if number % 3 else 401 for number in range(200)), 405]
    assert [int(each.body) for each in served.intake.requests] == [n for n in range(200) if n % 3]


def test_a_sender_that_reads_nothing_stops_nobody(served: Served) -> None:
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", served.port))
        connection.settimeout(0.3)
        with suppress(OSError):
            for _ in range(200):
                connection.sendall(head(b"POST /open/../a", KEY) * 100)
        assert served.is_well()


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"POST /a HT",
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\nPOST /a",
        b"POST /a HTTP/1.1\r\nHost: a\r\n" + KEY,
    ],
    ids=["nothing", "a line", "behind a request", "headers"],
)
@pytest.mark.parametrize("server", [TimedProtocol], indirect=True)
def test_heads_have_to_arrive_in_time(served: Served, monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    """Slow loris: connections that send a head byte by byte, or nothing at all."""
    more = b"X-A: 1\r\n" if sent.endswith(b"\n") else b""  # goes on for ever
    with monkeypatch.context() as patched:
        patched.setattr(timed_protocol, "HEAD_SECONDS", 0.3)
        with served.connect() as connection:
            connection.sendall(sent)
            rest_while_sending(connection, more)
    assert served.is_well()


@pytest.mark.parametrize("server", [TimedProtocol], indirect=True)
@pytest.mark.parametrize(
    "begin",
    [
        head(b"POST /a", KEY)[:-2] + b"X-A: ",
        b"POST /",
        head(b"POST /a", KEY + b"Transfer-Encoding: chunked\r\n") + b"1;",
        head(b"POST /a", KEY + b"Transfer-Encoding: chunked\r\n") + b"2\r\n{}\r\n0\r\nX-A: ",
        head(b"POST /a", b"Transfer-Encoding: chunked\r\n") + b"1;",
        head(b"GET /livez") + b"POST /a HTTP/1.1\r\nX-A: ",
    ],
    ids=["header", "path", "head of a chunk", "trailer", "behind a refusal", "behind a request"],
)
def test_what_is_no_body_is_bounded(served: Served, begin: bytes) -> None:
    """The parser keeps a header that has no end; a sender is stopped before it fills the memory."""
    sent = 0
    with served.connect() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
        with suppress(ConnectionError):
            connection.sendall(begin)
            while sent < 50_000_000:
                connection.sendall(b"x" * 65_536)
                sent += 65_536
    assert sent < 20_000_000
    assert served.is_well()


@pytest.mark.parametrize("server", [TimedProtocol], indirect=True)
def test_trailers_are_no_headers(served: Served) -> None:
    chunked = head(b"POST /a", CLOSE + b"Transfer-Encoding: chunked\r\n")
    assert status(served.send(chunked + b"2\r\n{}\r\n0\r\n" + KEY + b"\r\n")) == 401
    assert served.is_well()


@pytest.mark.parametrize("server", [TimedProtocol], indirect=True)
def test_requests_before_bytes_that_are_none_are_answered(served: Served) -> None:
    """A refusal of what follows is not taken for the answer of what was stored."""
    one = head(b"POST /a", KEY + b"Content-Length: 2\r\n") + b"{}"
    found = served.send(one + one + b"no HTTP\r\n\r\n")
    assert [int(part[:3]) for part in found.split(b"HTTP/1.1 ")[1:]] == [200, 200]
    assert len(served.intake.requests) == 2
    served.intake.requests.clear()
    assert served.is_well()


@pytest.mark.parametrize("server", [TimedProtocol], indirect=True)
def test_no_more_is_read_while_requests_wait_for_their_turn(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    most, taken = 0, TimedProtocol.on_headers_complete

    def count(protocol: TimedProtocol) -> None:
        nonlocal most
        taken(protocol)
        most = max(most, len(protocol.pipeline))

    monkeypatch.setattr(TimedProtocol, "on_headers_complete", count)
    count_sent, padded = 4_000, b"GET /a HTTP/1.1\r\nX-A: " + b"x" * 500 + b"\r\n\r\n"
    with served.connect() as connection:
        sending = threading.Thread(target=connection.sendall, args=(padded * count_sent,))
        sending.start()
        answers = bytearray()
        while answers.count(b"HTTP/1.1 405") < count_sent and (part := connection.recv(65_536)):
            answers += part
        sending.join()
    assert answers.count(b"HTTP/1.1 405") == count_sent
    assert 0 < most < 1_000
    assert served.is_well()
