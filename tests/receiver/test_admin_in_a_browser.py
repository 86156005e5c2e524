"""Admin in a browser: a real one reads, clicks, uses the keyboard, and obeys no text of a payload."""

from __future__ import annotations

import http.server
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

pytest.importorskip("uvicorn", reason="the extra `receiver` is not installed")

import httpx

from support.browser import ENTER, TAB, Browser, browsing, needs_browser
from support.calls import ORDERS, write
from support.receiver_pages import CONFIGURATION, KEY, hostile_orders
from support.serving import Served, serving
from support.spools import order
from support.waiting import PATIENCE, until

pytestmark = [pytest.mark.slow, needs_browser]
PAGES = ("", "/letters", "/letters/1", "/letters/3", "/undelivered")
# The lowest contrast of the texts of a page (WCAG 2.2, 1.4.3 asks for 4.5), with its element.
CONTRAST = """
const light = color => {
  const [r, g, b] = color.match(/[\\d.]+/g).map(Number).map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ground = element => {
  for (let e = element; e; e = e.parentElement) {
    const color = getComputedStyle(e).backgroundColor;
    if (!color.startsWith("rgba(0, 0, 0, 0")) return color;
  }
  return "rgb(255, 255, 255)";
};
let worst = [99, ""];
for (const element of document.querySelectorAll("body *")) {
  const own = [...element.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
  if (!own || !element.getClientRects().length) continue;
  const [a, b] = [light(getComputedStyle(element).color), light(ground(element))].sort((x, y) => y - x);
  const ratio = (a + 0.05) / (b + 0.05);
  if (ratio < worst[0]) worst = [ratio, element.outerHTML.slice(0, 80)];
}
return worst;
"""


@dataclass
class Window:
    """A browser with the session of a page."""

    browser: Browser
    served: Served

    def open(self, place: str = "") -> None:
        self.browser.open(f"{self.served.url}/admin{place}")

    def send(self, *bodies: object) -> None:
        """Requests of the source, mapped and delivered when this returns."""
        with httpx.Client(base_url=self.served.url, headers={"X-Key": "s3cret"}, timeout=PATIENCE) as client:
            for body in bodies:
                given = {"content": body} if isinstance(body, bytes) else {"json": body}
                assert client.post("/orders", **given).status_code == 200  # type: ignore[arg-type]
            until(lambda: re.search(r"^mapper_waiting_requests 0", client.get("/metrics").text, re.M))


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    home = tmp_path_factory.mktemp("home")
    write(home / "receiver.yaml", f"{CONFIGURATION}listen: 127.0.0.1:0\n")
    write(home / "orders.yaml", ORDERS)
    write(home / "key", "s3cret\n")
    write(home / "page_key", f"{KEY}\n")
    with serving(home, "receiver.yaml") as served, browsing(tmp_path_factory.mktemp("browser")) as browser:
        found = Window(browser, served)
        found.send(*hostile_orders(), {"orders": [order(number) for number in range(3)]})
        yield found
        assert served.end()[0] == 0


@pytest.fixture
def inside(window: Window) -> Window:
    window.open()
    if window.browser.find("#key"):
        window.browser.write("#key", KEY)
        window.browser.click("main button")
    assert window.browser.url == f"{window.served.url}/admin"
    return window


def test_a_wrong_key_opens_nothing(window: Window) -> None:
    browser = window.browser
    browser.devtools("Network.clearBrowserCookies")
    window.open("/letters")
    browser.write("#key", "wrong")
    browser.click("main button")
    assert "This key is wrong." in browser.text()
    window.open("/letters/1")
    assert browser.text("h1") == "Log in"


def test_no_text_of_a_payload_is_obeyed(inside: Window) -> None:
    browser = inside.browser
    browser.messages()
    for place in PAGES:
        inside.open(place)
        assert browser.run("return document.title").endswith(" receiver")
        assert not browser.find("script, img, iframe")
        assert not [
            text for text in browser.messages() if "Content Security Policy" in text or "Refused" in text
        ]
    inside.open("/letters/1")
    assert "<script>" in browser.text()
    # The policy stops scripts, styles and pictures, however they come in.
    browser.run(
        "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"document.title=1\">');"
        "const s = document.createElement('script'); s.text = 'document.title=2'; document.body.append(s);"
    )
    assert browser.run("return document.title").endswith(" receiver")
    assert any("Content Security Policy" in text for text in browser.messages())


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280])
def test_every_page_fits_and_can_be_read(inside: Window, width: int, scheme: str) -> None:
    browser = inside.browser
    browser.resize(width)
    browser.scheme(scheme)
    for place in PAGES:
        inside.open(place)
        assert browser.run("return document.documentElement.scrollWidth") <= width, place
        ratio, element = browser.run(CONTRAST)
        assert ratio >= 4.5, f"{place}: {element}"
    ground = browser.run("return getComputedStyle(document.body).backgroundColor")
    assert (int(re.findall(r"\d+", ground)[0]) < 128) == (scheme == "dark")


def test_the_keyboard_reaches_everything(inside: Window) -> None:
    browser = inside.browser
    inside.open("/letters")
    wanted = browser.run(
        "return document.querySelectorAll('a, button, input:not([type=hidden]), select').length"
    )
    seen = set()
    for _ in range(wanted + 3):
        browser.press(TAB)
        seen.add(browser.run(
            "const e = document.activeElement; const s = getComputedStyle(e);"
            "return [e.tagName, e.textContent.trim().slice(0, 40), e.name || '', s.outlineStyle].join('|')"
        ))  # fmt: skip
    reached = {text for text in seen if not text.startswith("BODY")}
    assert len(reached) >= wanted - 1
    assert all(text.endswith("|solid") for text in reached), "the focus is seen"
    browser.run("document.activeElement.blur(); scrollTo(0, 0)")
    inside.open("/letters")
    browser.press(TAB, ENTER)
    assert browser.url.endswith("#content")


def test_a_dead_letter_is_found_tried_and_replayed(inside: Window) -> None:
    browser = inside.browser
    inside.send(order("late", at="late", customer="c-9"))
    inside.open("/letters")
    browser.write("#code", "m614")
    browser.click("form.filter button")
    assert "code=m614" in browser.url
    before = len(browser.find("ol.letters > li"))
    browser.click("ol.letters a")
    assert "timestamp: {path: $.at" in browser.text(".beside")
    assert '"at": "late"' in browser.text(".row.marked")
    number = browser.url.rpartition("/")[2]
    browser.click("main form button")
    assert "1 dead letter would be mapped again. Nothing was changed." in browser.text()
    home = inside.served.folder
    mended = ORDERS.replace(
        "as: timestamp, on_missing: reject}",
        'as: timestamp, on_error: omit, default: "2026-11-23T20:00:00.000Z"}',
    )
    write(home / "orders.yaml", mended)
    deadline = time.monotonic() + PATIENCE
    while "would make an event" not in browser.text() and time.monotonic() < deadline:
        inside.open(f"/letters/{number}")
    browser.click("main form button")
    assert "fresh 1" in browser.text("table")
    browser.click("main form button")
    assert "1 dead letter mapped again." in browser.text()
    inside.open(f"/letters/{number}")
    assert "There is no dead letter" in browser.text()
    inside.open("/letters?code=M614")
    assert len(browser.find("ol.letters > li")) == before - 1


@contextmanager
def foreign_page(text: str) -> Iterator[str]:
    """A page of another site: to a browser, `localhost` is another one than `127.0.0.1`."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()
        thread.join(PATIENCE)


def test_another_site_can_neither_frame_the_page_nor_send_its_forms(inside: Window) -> None:
    browser = inside.browser
    token = browser.run("return document.querySelector('[name=token]').value")
    url = f"{inside.served.url}/admin"
    browser.messages()
    with foreign_page(f'<iframe src="{url}"></iframe>') as site:
        browser.open(site)
        deadline, found = time.monotonic() + PATIENCE, []
        while not found and time.monotonic() < deadline:
            found = [
                text for text in browser.messages() if "frame-ancestors" in text or "X-Frame-Options" in text
            ]
        assert found
    form = (
        f'<form method="post" action="{url}/replay"><input name="token" value="{token}">'
        '<input name="step" value="replay"><button>Send</button></form>'
    )
    with foreign_page(form) as site:
        browser.open(site)
        browser.click("button")
        assert browser.text("h1") in ("Log in", "Not done"), "not even with the token"
    inside.open("/letters")
    assert browser.find("ol.letters > li"), "nothing was replayed"
    inside.open()
    browser.click("header form button")
    assert browser.text("h1") == "Log in"
