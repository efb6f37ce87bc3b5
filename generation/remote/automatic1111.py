"""AUTOMATIC1111's web UI and its relatives, started with --api: one request is one picture."""

import asyncio
import base64
import logging
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from generation.errors import RemoteAnswerInvalid, RemoteError
from generation.remote.line import Line
from generation.remote.picture import Asked, from_base64

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0
FAREWELL_SECONDS = 5.0

_NAMES = {
    "prompt": "prompt",
    "negative_prompt": "negative_prompt",
    "steps": "steps",
    "strength": "denoising_strength",
    "guidance_scale": "cfg_scale",
}


class Automatic1111:
    """Its progress and its interrupt speak of whatever it draws now, so both are used only while that is ours."""

    async def draw(self, line: Line, asked: Asked, hear: Callable[[float], None]) -> bytes:
        task = f"atelier-{uuid4()}"
        watching = asyncio.create_task(self._watch(line, task, hear))
        try:
            answer = await line.ask("POST", f"sdapi/v1/{asked.kind}", json=_body(asked, task))
        except asyncio.CancelledError:
            await self._interrupt(line, task)
            raise
        finally:
            watching.cancel()
        images = answer.get("images")
        if not isinstance(images, list) or not images:
            raise RemoteAnswerInvalid("there is no picture in the answer")
        return from_base64(images[0])

    async def probe(self, line: Line) -> None:
        await self._progress(line)

    async def _watch(self, line: Line, task: str, hear: Callable[[float], None]) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                news = await self._progress(line)
            except RemoteError as error:  # the picture itself tells whether anything is wrong
                logger.info("no progress: %s", error.details)
                continue
            done = news.get("progress")
            if news.get("current_task") == task and isinstance(done, int | float) and 0 <= done <= 1:
                hear(done)

    async def _interrupt(self, line: Line, task: str) -> None:
        try:
            async with asyncio.timeout(FAREWELL_SECONDS):
                if (await self._progress(line)).get("current_task") == task:
                    await line.fetch("POST", "sdapi/v1/interrupt", json={})
        except (RemoteError, TimeoutError) as error:
            logger.warning("the server was not told to stop: %s", error)

    async def _progress(self, line: Line) -> dict[str, Any]:
        return await line.ask("GET", "sdapi/v1/progress", params={"skip_current_image": "true"})


def _body(asked: Asked, task: str) -> dict[str, Any]:
    width, height = asked.size
    body = {_NAMES[name]: value for name, value in asked.values.items()} | {
        "seed": asked.seed,
        "width": width,
        "height": height,
        "batch_size": 1,
        "n_iter": 1,
        "force_task_id": task,
    }
    if asked.init_image is not None:
        body["init_images"] = [base64.b64encode(asked.init_image).decode()]
    if asked.remote.model:
        body["override_settings"] = {"sd_model_checkpoint": asked.remote.model}
    return body | dict(asked.arguments)
