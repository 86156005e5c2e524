"""Browser: Chromium is driven over WebDriver (w3.org/TR/webdriver2), which is HTTP and JSON."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.waiting import PATIENCE

CHROMIUM, DRIVER = (shutil.which(name) for name in ("chromium", "chromedriver"))
# `.ci/run` sets it if it has installed a browser: then the tests must not be skipped.
IS_NEEDED = os.environ.get("MAPPER_TESTS_NEED_BROWSER") == "1"
needs_browser = pytest.mark.skipif(
    not (CHROMIUM and DRIVER) and not IS_NEEDED, reason="no chromium and chromedriver on the PATH"
)
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the name of a reference, in the specification
TAB, ENTER = "\ue004", "\ue007"


@dataclass(frozen=True)
class Browser:
    """A window."""

    client: httpx.Client
    session: str

    def call(self, method: str, path: str, **values: Any) -> Any:
        answer = self.client.request(
            method, f"/session/{self.session}{path}", json=values if method == "POST" else None
        )
        value = answer.json()["value"]
        assert answer.status_code == 200, value
        return value

    def open(self, url: str) -> None:
        self.call("POST", "/url", url=url)

    @property
    def url(self) -> str:
        return str(self.call("GET", "/url"))

    def find(self, selector: str) -> list[str]:
        """The elements of a CSS selector."""
        found = self.call("POST", "/elements", using="css selector", value=selector)
        return [each[_ELEMENT] for each in found]

    def click(self, selector: str) -> None:
        """Click the first one, and wait for the page that this leads to."""
        element = self.find(selector)[0]
        self.call("POST", f"/element/{element}/click")
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            gone = self.client.get(f"/session/{self.session}/element/{element}/name").status_code == 404
            if gone and self.run("return document.readyState") == "complete":
                return
        raise AssertionError(f"the click on {selector} leads to no other page")

    def write(self, selector: str, text: str) -> None:
        self.call("POST", f"/element/{self.find(selector)[0]}/value", text=text)

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self.call("POST", "/actions", actions=[{"type": "key", "id": "keyboard", "actions": actions}])

    def text(self, selector: str = "main") -> str:
        return "\n".join(str(self.call("GET", f"/element/{each}/text")) for each in self.find(selector))

    def run(self, script: str) -> Any:
        """The value of a script that the test itself runs; the page's policy does not stop it."""
        return self.call("POST", "/execute/sync", script=script, args=[])

    def resize(self, width: int, height: int = 900) -> None:
        """Give the page a width; windows have a smallest width, devices do not."""
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def scheme(self, name: str) -> None:
        """Prefer `light` or `dark`."""
        self.devtools(
            "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}]
        )

    def devtools(self, name: str, **values: Any) -> Any:
        return self.call("POST", "/goog/cdp/execute", cmd=name, params=values)

    def shoot(self, path: Path) -> None:
        """Write a picture of the whole page."""
        width, height = self.run("return [innerWidth, document.documentElement.scrollHeight]")
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        found = self.devtools("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(found["data"]))

    def messages(self) -> list[str]:
        """The messages of the console since they were asked for last; policies are reported there."""
        return [str(each["message"]) for each in self.call("POST", "/se/log", type="browser")]


@contextmanager
def browsing(folder: Path, has_scripts: bool = True) -> Iterator[Browser]:
    """A browser with a profile of its own in a folder; if `has_scripts` is false, pages run none."""
    assert CHROMIUM is not None
    assert DRIVER is not None
    with (folder / "chromedriver.log").open("w+") as log:
        driver = subprocess.Popen([DRIVER, "--port=0"], stdout=log, stderr=subprocess.STDOUT)
        try:
            client = httpx.Client(
                base_url=f"http://127.0.0.1:{_port(folder / 'chromedriver.log')}", timeout=PATIENCE
            )
            options: dict[str, Any] = {
                "binary": CHROMIUM,
                "args": [*OPTIONS, f"--user-data-dir={folder / 'profile'}"],
            }
            if not has_scripts:
                options["prefs"] = {"profile.managed_default_content_settings.javascript": 2}
            wanted = {
                "browserName": "chrome",
                "goog:chromeOptions": options,
                "goog:loggingPrefs": {"browser": "ALL"},
            }
            begun = client.post("/session", json={"capabilities": {"alwaysMatch": wanted}}).json()["value"]
            assert "sessionId" in begun, begun
            try:
                yield Browser(client, begun["sessionId"])
            finally:
                client.delete(f"/session/{begun['sessionId']}")
                client.close()
        finally:
            driver.terminate()
            driver.wait(PATIENCE)


def _port(log: Path) -> int:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = re.search(r"started successfully on port (\d+)", log.read_text())
        if found:
            return int(found[1])
        time.sleep(0.05)
    raise AssertionError(log.read_text())
