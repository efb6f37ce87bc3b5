"""Firefox as it comes from Mozilla or Debian, driven by WebDriver BiDi: no geckodriver, no patched build."""

import base64
import itertools
import json
import re
import shutil
import subprocess
import tempfile
import threading
from contextlib import ExitStack
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.browsers.driver import Driver

NAMES = ("firefox", "firefox-esr")
ANSWER_SECONDS = 60
LISTENING = re.compile(r"WebDriver BiDi listening on (ws://\S+)")


def _program() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


def missing() -> list[str]:
    """The programs that are needed and not installed."""
    return [] if _program() else ["firefox"]


class Firefox(Driver):
    """A window without a screen and with a profile of its own."""

    def __init__(self, width: int, height: int) -> None:
        program = _program()
        assert program is not None
        self.complaints = []
        self._ids = itertools.count(1)
        self._open = ExitStack()
        self._profile = tempfile.TemporaryDirectory(prefix="atelier-firefox-", ignore_cleanup_errors=True)
        self._process = subprocess.Popen(
            [
                program,
                "--headless",
                "--no-remote",
                "--remote-debugging-port=0",
                "--profile",
                self._profile.name,
            ],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        try:
            self._socket = self._connected()
            capabilities = self._send("session.new", capabilities={})["capabilities"]
            self.name = f"Firefox {capabilities['browserVersion']}"
            self._send("session.subscribe", events=["log.entryAdded"])
            self._context = self._send("browsingContext.getTree")["contexts"][0]["context"]
            self._send(
                "browsingContext.setViewport",
                context=self._context,
                viewport={"width": width, "height": height},
            )
        except BaseException:
            self._end()
            raise

    def _connected(self) -> ClientConnection:
        assert self._process.stderr is not None
        said = []
        for line in self._process.stderr:
            said.append(line)
            if listening := LISTENING.search(line):
                threading.Thread(target=self._process.stderr.read, daemon=True).start()
                socket = connect(f"{listening[1]}/session", max_size=None, proxy=None)
                return self._open.enter_context(socket)
        raise AssertionError(f"Firefox ended: {said}")

    def _send(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._ids)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            message = json.loads(self._socket.recv(timeout=ANSWER_SECONDS))
            if message.get("id") == number:
                assert message["type"] == "success", message
                return message["result"]
            if message.get("method") == "log.entryAdded" and message["params"]["level"] == "error":
                self.complaints.append(f"console: {message['params']['text']}")

    def navigate(self, url: str) -> None:
        self._send("browsingContext.navigate", context=self._context, url=url, wait="complete")

    def evaluate(self, expression: str) -> Any:
        answer = self._send(
            "script.evaluate",
            expression=f"JSON.stringify(({expression}) ?? null)",
            target={"context": self._context},
            awaitPromise=False,
            userActivation=False,
        )
        assert answer["type"] == "success", answer
        return json.loads(answer["result"]["value"])

    def perform(self, actions: list[dict[str, Any]]) -> None:
        self._send("input.performActions", context=self._context, actions=actions)

    def screenshot(self) -> bytes:
        return base64.b64decode(
            self._send("browsingContext.captureScreenshot", context=self._context)["data"]
        )

    def close(self) -> None:
        self._send("browser.close")
        self._end()

    def _end(self) -> None:
        self._open.close()
        self._process.terminate()
        self._process.wait(20)
        if self._process.stderr is not None:
            self._process.stderr.close()
        self._profile.cleanup()
