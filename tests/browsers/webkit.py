"""WebKitGTK's own little browser, driven by WebDriver over HTTP, on a screen that exists in memory only."""

import base64
import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from typing import Any

from tests.browsers.driver import Driver
from tests.e2e.atelier import free_port

PROGRAMS = ("WebKitWebDriver", "Xvfb")
ANSWER_SECONDS = 60
READY_SECONDS = 20
# No GPU: without these the window is sometimes not painted at all, and a screenshot never comes.
SOFTWARE = {"WEBKIT_DISABLE_COMPOSITING_MODE": "1", "WEBKIT_DISABLE_DMABUF_RENDERER": "1"}
TITLE_BAR_PX = 38
LISTEN = """
window.complaints = [];
const said = console.error;
console.error = (...words) => { window.complaints.push(`console: ${words.join(" ")}`); said(...words); };
addEventListener("error", (event) => window.complaints.push(`page error: ${event.message}`));
addEventListener("unhandledrejection", (event) => window.complaints.push(`page error: ${event.reason}`));
addEventListener("securitypolicyviolation", (event) => window.complaints.push(`refused: ${event.blockedURI}`));
"""


def missing() -> list[str]:
    """The programs that are needed and not installed."""
    return [program for program in PROGRAMS if not shutil.which(program)]


class WebKit(Driver):
    """A window with a session of its own, which is forgotten when it ends."""

    def __init__(self, width: int, height: int) -> None:
        self._session = ""
        self._screen = subprocess.Popen(
            [
                "Xvfb",
                "-displayfd",
                "1",
                "-nolisten",
                "tcp",
                "-screen",
                "0",
                f"{width}x{height + TITLE_BAR_PX}x24",
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._screen.stdout is not None
        display = self._screen.stdout.readline().strip()
        port = free_port()
        self._root = f"http://127.0.0.1:{port}"
        self._process = subprocess.Popen(
            ["WebKitWebDriver", f"--port={port}"],
            env=os.environ | SOFTWARE | {"DISPLAY": f":{display}"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            self._until_ready()
            made = self._send("POST", "/session", {"capabilities": {}})
            self._session = f"/session/{made['sessionId']}"
            self.name = f"WebKitGTK {made['capabilities']['browserVersion']}"
            rectangle = {"x": 0, "y": 0, "width": width, "height": height + TITLE_BAR_PX}
            self._send("POST", f"{self._session}/window/rect", rectangle)
        except BaseException:
            self._end()
            raise

    def _until_ready(self) -> None:
        until = time.monotonic() + READY_SECONDS
        while True:
            try:
                if self._send("GET", "/status")["ready"]:
                    return
            except urllib.error.URLError:
                if time.monotonic() > until:
                    raise
            time.sleep(0.1)

    def _send(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._root + path, data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            with error:
                raise AssertionError(f"{method} {path}: {error.read().decode()}") from None

    def navigate(self, url: str) -> None:
        self._send("POST", f"{self._session}/url", {"url": url})
        self._send("POST", f"{self._session}/execute/sync", {"script": LISTEN, "args": []})

    @property
    def complaints(self) -> list[str]:  # type: ignore[override]
        """Of this page, from the end of its loading on: WebDriver has no console."""
        return self.evaluate("window.complaints")

    def evaluate(self, expression: str) -> Any:
        script = f"return JSON.stringify(({expression}) ?? null)"
        return json.loads(self._send("POST", f"{self._session}/execute/sync", {"script": script, "args": []}))

    def perform(self, actions: list[dict[str, Any]]) -> None:
        self._send("POST", f"{self._session}/actions", {"actions": actions})

    def screenshot(self) -> bytes:
        return base64.b64decode(self._send("GET", f"{self._session}/screenshot"))

    def close(self) -> None:
        self._send("DELETE", self._session)
        self._end()

    def _end(self) -> None:
        for process in (self._process, self._screen):
            process.terminate()
            process.wait(20)
        assert self._screen.stdout is not None
        self._screen.stdout.close()
