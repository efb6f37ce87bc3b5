"""AUTOMATIC1111's web UI and its forks, started with --api: one HTTP request draws one picture."""

import asyncio
import base64
import logging
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from generation.errors import RemoteAnswerInvalid, RemoteError
from generation.remote.http_client import HttpClient
from generation.remote.request import RemoteRequest
from generation.remote.response import decode_base64

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0
INTERRUPT_SECONDS = 5.0

_NAMES = {
    "prompt": "prompt",
    "negative_prompt": "negative_prompt",
    "steps": "steps",
    "strength": "denoising_strength",
    "guidance_scale": "cfg_scale",
}


class Automatic1111:
    """The server's progress and interrupt apply to whatever it draws now, so both are used only while that is ours."""

    async def draw(
        self, client: HttpClient, request: RemoteRequest, on_progress: Callable[[float], None]
    ) -> bytes:
        task = f"atelier-{uuid4()}"
        watching = asyncio.create_task(self._watch(client, task, on_progress))
        try:
            answer = await client.request_json("POST", f"sdapi/v1/{request.kind}", json=_body(request, task))
        except asyncio.CancelledError:
            await self._interrupt(client, task)
            raise
        finally:
            watching.cancel()
        images = answer.get("images")
        if not isinstance(images, list) or not images:
            raise RemoteAnswerInvalid("the response holds no picture")
        return decode_base64(images[0])

    async def probe(self, client: HttpClient) -> None:
        await self._progress(client)

    async def _watch(self, client: HttpClient, task: str, on_progress: Callable[[float], None]) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                progress = await self._progress(client)
            except RemoteError as error:  # if it matters, the picture fails as well
                logger.info("no progress: %s", error.details)
                continue
            done = progress.get("progress")
            if progress.get("current_task") == task and isinstance(done, int | float) and 0 <= done <= 1:
                on_progress(done)

    async def _interrupt(self, client: HttpClient, task: str) -> None:
        try:
            async with asyncio.timeout(INTERRUPT_SECONDS):
                if (await self._progress(client)).get("current_task") == task:
                    await client.request_bytes("POST", "sdapi/v1/interrupt", json={})
        except (RemoteError, TimeoutError) as error:
            logger.warning("the server could not be interrupted: %s", error)

    async def _progress(self, client: HttpClient) -> dict[str, Any]:
        return await client.request_json("GET", "sdapi/v1/progress", params={"skip_current_image": "true"})


def _body(request: RemoteRequest, task: str) -> dict[str, Any]:
    width, height = request.size
    body = {_NAMES[name]: value for name, value in request.values.items()} | {
        "seed": request.seed,
        "width": width,
        "height": height,
        "batch_size": 1,
        "n_iter": 1,
        "force_task_id": task,
    }
    if request.init_image is not None:
        body["init_images"] = [base64.b64encode(request.init_image).decode()]
    if request.remote.model:
        body["override_settings"] = {"sd_model_checkpoint": request.remote.model}
    return body | dict(request.arguments)
