"""Receiver pages: a receiver of orders with a page, and a client that keeps its session."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec

from mapper.receiver import Receiver
from support.asgi import Answer, ask
from support.calls import ORDERS, write
from support.spools import CountedRequests, order
from support.waiting import until

KEY = "p4ge-key"
CONFIGURATION = """\
receiver: 1
spool: {min_free: 1B}
admin: {secrets: [{file: page_key}]}
sources:
  - {path: /orders, mapping: ./orders.yaml, verify: {header: X-Key, secrets: [{file: key}]}}
"""
HTML = "<script>document.title='evil'</script><img src=x onerror=alert(1)>"
TURNED = "\u202egnp.exe\u0007"
LONG = "w" * 100_000


@dataclass
class PageClient:
    """Asks the page as a browser would, without scripts; `cookie` is that of its session."""

    receiver: Receiver
    counted: CountedRequests
    cookie: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    app: Any = None

    def get(self, target: str = "/admin", **headers: str) -> Answer:
        return self.ask("GET", target, b"", **headers)

    def post(self, target: str, /, *, _headers: dict[str, str] | None = None, **form: str) -> Answer:
        return self.ask("POST", target, urlencode(form).encode(), **(_headers or {}))

    def ask(self, method: str, target: str, body: bytes, **headers: str) -> Answer:
        named = [(name.replace("_", "-"), value) for name, value in headers.items()]
        if self.cookie:
            named.append(("cookie", f"other=1; mapper_admin={self.cookie}"))
        answer = ask(self.app or self.receiver.app(), method, target, [*self.headers, *named], body)
        found = re.match(r"mapper_admin=([^;]*)", answer.headers.get("set-cookie", ""))
        if found:
            self.cookie = found[1].strip('"')
        return answer

    def log_in(self, key: str = KEY) -> Answer:
        return self.post("/admin/login", key=key)

    def token(self, target: str = "/admin") -> str:
        found = re.search(rb'name="token" value="([^"]+)"', self.get(target).body)
        assert found is not None
        return found[1].decode()

    def send(self, body: Any) -> None:
        """A request of the source, mapped when this returns."""
        data = body if isinstance(body, bytes) else msgspec.json.encode(body)
        assert ask(self.receiver.app(), "POST", "/orders", [("x-key", "s3cret")], data).status == 200
        self.wait()

    def wait(self) -> None:
        until(self.counted.are_all, 0.005)


@contextmanager
def receiver_pages(folder: Path, configuration: str = CONFIGURATION) -> Iterator[PageClient]:
    """A receiver that runs in a folder."""
    write(folder / "receiver.yaml", configuration)
    write(folder / "orders.yaml", ORDERS)
    write(folder / "key", "s3cret\n")
    write(folder / "page_key", f"{KEY}\n")
    receiver = Receiver.read(folder / "receiver.yaml")
    counted = CountedRequests(receiver)
    receiver.start()
    try:
        yield PageClient(receiver, counted)
    finally:
        receiver.stop()


def hostile_orders() -> list[Any]:
    """Bodies whose items are rejected, each with texts that a page must not obey."""
    return [
        order(HTML, at=HTML, **{HTML: {HTML: [HTML, TURNED, LONG]}}),
        {"orders": [order("good"), order(TURNED, at=TURNED), order("x", at=LONG)]},
        f"{HTML}{TURNED}\n".encode() + b"\xff" + LONG.encode(),
        f'"{HTML}{TURNED}"'.encode(),
        [order("deep", at={"a": {"b": {"c": {"d": {"e": {"f": {"g": HTML}}}}}}})],
    ]
