"""ASGI: calls an application as a server would, message by message, without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

Message = dict[str, Any]


@dataclass
class Answer:
    """What an application sent: the status, the headers by their names in lower case, the body.

    `read` is the number of messages of the body that it asked for.
    """

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    read: int = 0


def body_of(*parts: bytes) -> list[Message]:
    """The messages of a body that comes in parts."""
    messages = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    return [*messages, {"type": "http.request", "body": b"", "more_body": False}]


async def request(
    app: Any,
    method: str,
    target: str,
    headers: Iterable[tuple[str, str]] = (),
    body: bytes | list[Message] = b"",
    *,
    before_message: Callable[[int], None] = lambda number: None,
) -> Answer:
    """One request; behind the last message of its body, the sender waits for ever."""
    path, _, query = target.partition("?")
    answer = Answer()
    messages = body_of(body) if isinstance(body, bytes) else body
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode("latin-1"),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }

    async def receive() -> Message:
        before_message(answer.read)
        if answer.read >= len(messages):
            await asyncio.Event().wait()
        answer.read += 1
        return messages[answer.read - 1]

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {name.decode(): value.decode("latin-1") for name, value in message["headers"]}
        else:
            answer.body += message.get("body", b"")

    await app(scope, receive, send)
    return answer


def ask(
    app: Any, method: str, target: str, headers: Iterable[tuple[str, str]] = (), body: Any = b""
) -> Answer:
    """One request in a loop of its own."""
    return asyncio.run(request(app, method, target, headers, body))
