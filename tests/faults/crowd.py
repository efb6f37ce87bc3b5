"""People who ask for pictures over HTTP at a steady rate, whether the server keeps up or not."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx2

PATIENCE_SECONDS = 60.0
TRIES = 30
PAUSE_SECONDS = 1.0
"""Before another try, where the server does not say how long."""
# Every so many requests one is sent twice at once, as a double click does it.
DOUBLED_EVERY = 10
STEP = 600.0
"""Scene units between two regions."""


@dataclass(frozen=True)
class Asker:
    key: str
    board: str


@dataclass
class Answers:
    """jobs: what each request was answered with, by its number; a set of one if it made one job. seconds: of each answer.
    excused: how often the server was too busy and said so."""

    jobs: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    seconds: list[float] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    excused: int = 0


async def ask_for_pictures(address: str, askers: Sequence[Asker], rate: float, requests: int) -> Answers:
    """So many requests, so many a second: each at its time, however long the others take."""
    answers = Answers()
    limits = httpx2.Limits(max_connections=100, max_keepalive_connections=100)
    async with httpx2.AsyncClient(base_url=address, timeout=PATIENCE_SECONDS, limits=limits) as client:
        began = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            for number in range(requests):
                await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
                for _ in range(2 if number % DOUBLED_EVERY == 0 else 1):
                    tasks.create_task(_ask(client, askers[number % len(askers)], number, answers))
    return answers


async def _ask(client: httpx2.AsyncClient, asker: Asker, number: int, answers: Answers) -> None:
    """One request with a key of its own; what got no answer, or one that excuses itself, is sent again."""
    body = {
        "params": {
            "kind": "txt2img",
            "prompt": "a cat",
            "seed": number,
            "width_px": 512,
            "height_px": 512,
        },
        "region": {"x": STEP * number, "y": 0.0, "width": 512.0, "height": 512.0},
    }
    headers = {"Authorization": f"Bearer {asker.key}", "Idempotency-Key": f"request {number}"}
    said = ""
    for _ in range(TRIES):
        began = time.monotonic()
        try:
            answer = await client.post(f"/api/v1/boards/{asker.board}/jobs", json=body, headers=headers)
        except httpx2.TransportError as error:
            said = repr(error)
            await asyncio.sleep(PAUSE_SECONDS)
            continue
        if answer.status_code == 202:
            answers.seconds.append(time.monotonic() - began)
            answers.jobs[number].add(answer.json()["id"])
            return
        said = f"{answer.status_code}: {answer.text[:300]}"
        if answer.status_code != 503:
            break
        answers.excused += 1
        await asyncio.sleep(float(answer.headers.get("Retry-After", PAUSE_SECONDS)))
    answers.refusals.append(f"request {number}: {said}")
