"""Which program serves pages and board sockets: ASGI_SERVER says daphne, the default, or uvicorn.

The same application runs on both; docs/decisions/0006-servers-of-the-room.md says when to take which.
"""

import importlib.util
import os
import sys

from webapp.embedded.errors import CannotStart

APPLICATION = "webapp.asgi:application"
PING_SECONDS = 20
WAITING_AT_THE_DOOR_MAX = 1024
INCOMING_MAX_BYTES = 1024 * 1024
"""Longer messages end the socket. What the room refuses with a reason is shorter than that."""


def server() -> str:
    """The server that the environment asks for. Raises CannotStart for one that is not known or not there."""
    name = os.environ.get("ASGI_SERVER") or "daphne"
    if name not in _COMMANDS:
        raise CannotStart(f"ASGI_SERVER must be daphne or uvicorn, not {name!r}.")
    if importlib.util.find_spec(name) is None:
        raise CannotStart(f"The package {name} is missing: `make run` installs it, or unset ASGI_SERVER.")
    return name


def command(name: str, host: str, port: int) -> list[str]:
    """How to start it. name: see `server`."""
    return [sys.executable, "-m", name, *_COMMANDS[name](host, port), APPLICATION]


def _daphne(host: str, port: int) -> list[str]:
    # As -b and -p do, but with a longer queue: of 200 people who arrive at once, Twisted's 50 places would let
    # most wait for a second until their browsers knock again.
    interface = host.strip("[]").replace(":", r"\:")
    endpoint = f"tcp:port={port}:interface={interface}:backlog={WAITING_AT_THE_DOOR_MAX}"
    options = ["-e", endpoint, "--no-server-name", "-v", "0"]
    return [*options, "--ping-interval", str(PING_SECONDS), "--ping-timeout", str(PING_SECONDS)]


def _uvicorn(host: str, port: int) -> list[str]:
    options = ["--host", host, "--port", str(port), "--no-server-header", "--log-level", "warning"]
    options += ["--loop", "uvloop", "--ws", "websockets-sansio", "--http", "webapp.door.uvicorn:Connection"]
    options += ["--ws-ping-interval", str(PING_SECONDS), "--ws-ping-timeout", str(PING_SECONDS)]
    options += ["--ws-max-size", str(INCOMING_MAX_BYTES)]
    # The room deflates once for everybody; the extension would do it again for each socket.
    options += ["--ws-per-message-deflate", "false"]
    # Daphne sends no lifespan either, and Channels' router knows none.
    options += ["--lifespan", "off"]
    # uvicorn believes X-Forwarded-For from this machine unless told otherwise: settings say whom to believe.
    options += ["--no-proxy-headers", "--backlog", str(WAITING_AT_THE_DOOR_MAX)]
    return [*options, "--timeout-graceful-shutdown", "5"]


_COMMANDS = {"daphne": _daphne, "uvicorn": _uvicorn}
