"""The command line of the web server: daphne, the default, or uvicorn, by ASGI_SERVER.

The same application runs on both; docs/decisions/0006-servers-of-the-room.md says which to choose.
"""

import importlib.util
import os
import sys

from webapp.embedded.errors import CannotStart

APPLICATION = "webapp.asgi:application"
PING_SECONDS = 20
BACKLOG_MAX = 1024
INCOMING_MAX_BYTES = 1024 * 1024
"""Longer messages close the socket. It is more than what the room refuses with a reason."""


def server() -> str:
    """The server of ASGI_SERVER. Raises CannotStart if it is unknown or not installed."""
    name = os.environ.get("ASGI_SERVER") or "daphne"
    if name not in _COMMANDS:
        raise CannotStart(f"ASGI_SERVER must be daphne or uvicorn, not {name!r}.")
    if importlib.util.find_spec(name) is None:
        raise CannotStart(f"The package {name} is missing: `make run` installs it, or unset ASGI_SERVER.")
    return name


def command(name: str, host: str, port: int) -> list[str]:
    """The command that starts the server. name: as `server` returns it."""
    return [sys.executable, "-m", name, *_COMMANDS[name](host, port), APPLICATION]


def _daphne(host: str, port: int) -> list[str]:
    # As -b and -p do, but with a longer backlog: with Twisted's 50, most of 200 browsers that connect at once would
    # wait for a second until they try again.
    interface = host.strip("[]").replace(":", r"\:")
    endpoint = f"tcp:port={port}:interface={interface}:backlog={BACKLOG_MAX}"
    options = ["-e", endpoint, "--no-server-name", "-v", "0"]
    return [*options, "--ping-interval", str(PING_SECONDS), "--ping-timeout", str(PING_SECONDS)]


def _uvicorn(host: str, port: int) -> list[str]:
    options = ["--host", host, "--port", str(port), "--no-server-header", "--log-level", "warning"]
    options += ["--loop", "uvloop", "--ws", "websockets-sansio", "--http", "webapp.door.uvicorn:Connection"]
    options += ["--ws-ping-interval", str(PING_SECONDS), "--ws-ping-timeout", str(PING_SECONDS)]
    options += ["--ws-max-size", str(INCOMING_MAX_BYTES)]
    # The room deflates a message once for all sockets; the extension would do it again for each.
    options += ["--ws-per-message-deflate", "false"]
    # Channels' router does not handle lifespan events; Daphne sends none either.
    options += ["--lifespan", "off"]
    # uvicorn trusts X-Forwarded-For from localhost by default; here TRUSTED_PROXIES decides.
    options += ["--no-proxy-headers", "--backlog", str(BACKLOG_MAX)]
    return [*options, "--timeout-graceful-shutdown", "5"]


_COMMANDS = {"daphne": _daphne, "uvicorn": _uvicorn}
