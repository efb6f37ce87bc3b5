"""Another person who draws on a board over a real socket, and how long each stroke takes to be saved.

    python -m tests.attacks.neighbour SOCKET_URL API_KEY ELEMENT

A process of its own, so that what an attack costs the attacker does not count as the server's delay. Writes one JSON
line for each push: when it was sent (monotonic seconds) and how long its ack took (seconds). Ends when its input does.
"""

import asyncio
import json
import sys
import time
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

STROKE_SECONDS = 0.05
WELCOME_SECONDS = 30.0


async def draw(url: str, key: str, stroke: dict[str, Any]) -> None:
    async with connect(url, subprotocols=["board.v1"], max_size=None, ping_interval=None) as socket:
        await socket.send(json.dumps({"type": "hello", "protocol": 1, "token": key}))
        async with asyncio.timeout(WELCOME_SECONDS):
            while json.loads(await socket.recv())["type"] != "welcome":
                pass
        print("drawing", flush=True)
        sent: dict[str, float] = {}
        hearing = asyncio.create_task(hear(socket, sent))
        ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        number, began = 0, time.monotonic()
        while not ended.done():
            number += 1
            ref, element = f"p{number}", stroke | {"version": number, "x": float(number)}
            sent[ref] = time.monotonic()
            await socket.send(json.dumps({"type": "push", "id": ref, "elements": [element]}))
            await asyncio.sleep(max(0.0, began + number * STROKE_SECONDS - time.monotonic()))
        hearing.cancel()
        for at in sent.values():  # no answer yet: so long at least
            tell(at)


async def hear(socket: ClientConnection, sent: dict[str, float]) -> None:
    async for frame in socket:
        assert isinstance(frame, str)
        for line in frame.split("\n"):
            message: dict[str, Any] = json.loads(line)
            if message["type"] == "ack":
                tell(sent.pop(message["ref"]))
            elif message["type"] == "error":
                raise AssertionError(line)


def tell(at: float) -> None:
    print(json.dumps([at, time.monotonic() - at]), flush=True)


if __name__ == "__main__":
    asyncio.run(draw(sys.argv[1], sys.argv[2], json.loads(sys.argv[3])))
