"""ComfyUI: a workflow goes into its queue, and what its last node saved is fetched by name."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from generation.checkpoints import workflow
from generation.errors import RemoteAnswerInvalid, RemoteError, RemoteFailed, RemoteNotSetUp
from generation.remote.line import Line
from generation.remote.picture import Asked

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.5
FAREWELL_SECONDS = 5.0


class ComfyUI:
    async def draw(self, line: Line, asked: Asked, hear: Callable[[float], None]) -> bytes:
        nodes = await self._workflow(line, asked)
        # Chosen here, so that it can be taken back even while nobody knows whether it arrived.
        prompt_id = str(uuid4())
        try:
            answer = await line.ask("POST", "prompt", json={"prompt": nodes, "prompt_id": prompt_id})
            prompt_id = str(answer.get("prompt_id") or prompt_id)
            outputs = await self._outputs(line, prompt_id)
        except asyncio.CancelledError:
            await self._take_back(line, prompt_id)
            raise
        return await line.fetch("GET", "view", params=_saved(outputs))

    async def probe(self, line: Line) -> None:
        await line.ask("GET", "system_stats")

    async def _workflow(self, line: Line, asked: Asked) -> dict[str, Any]:
        try:
            template = workflow.read(asked.remote.workflows[asked.kind])
        except ValueError as error:
            raise RemoteNotSetUp(str(error)) from error
        width, height = asked.size
        values = {"seed": asked.seed, "width": width, "height": height, "model": asked.remote.model}
        if asked.init_image is not None:
            values["image"] = await self._upload(line, asked.init_image)
        nodes: dict[str, Any] = workflow.filled(template, values | dict(asked.values) | dict(asked.arguments))
        return nodes

    async def _upload(self, line: Line, init_image: bytes) -> str:
        """Its name there; a LoadImage node wants it with its folder before it."""
        files = {"image": (f"atelier-{uuid4()}.png", init_image, "image/png")}
        answer = await line.ask("POST", "upload/image", files=files, data={"overwrite": "true"})
        name, folder = answer.get("name"), answer.get("subfolder") or ""
        if not isinstance(name, str) or not isinstance(folder, str):
            raise RemoteAnswerInvalid("upload/image did not say what the image is called")
        return f"{folder}/{name}" if folder else name

    async def _outputs(self, line: Line, prompt_id: str) -> dict[str, Any]:
        """What the nodes made, as soon as they have. Raises RemoteFailed."""
        while (record := await self._record(line, prompt_id)) is None:
            if not any(await self._standing(line, prompt_id)) and not await self._record(line, prompt_id):
                raise RemoteFailed(
                    "the prompt is gone from the queue: the server was restarted, or somebody took it out"
                )
            await asyncio.sleep(POLL_SECONDS)
        status, outputs = record.get("status"), record.get("outputs")
        if isinstance(status, dict) and status.get("status_str") == "error":
            raise RemoteFailed(f"the workflow failed: {str(status)[:2000]}")
        if not isinstance(outputs, dict):
            raise RemoteAnswerInvalid("history says nothing of outputs")
        return outputs

    async def _record(self, line: Line, prompt_id: str) -> dict[str, Any] | None:
        """None while it is not done."""
        record = (await line.ask("GET", f"history/{prompt_id}")).get(prompt_id)
        if record is not None and not isinstance(record, dict):
            raise RemoteAnswerInvalid("history holds no record")
        return record

    async def _standing(self, line: Line, prompt_id: str) -> tuple[bool, bool]:
        """Whether it runs, whether it waits."""
        queue = await line.ask("GET", "queue")
        return _holds(queue.get("queue_running"), prompt_id), _holds(queue.get("queue_pending"), prompt_id)

    async def _take_back(self, line: Line, prompt_id: str) -> None:
        """Older servers interrupt whatever runs, so they are asked first whether that is ours."""
        try:
            async with asyncio.timeout(FAREWELL_SECONDS):
                await line.fetch("POST", "queue", json={"delete": [prompt_id]})
                runs, _ = await self._standing(line, prompt_id)
                if runs:
                    await line.fetch("POST", "interrupt", json={"prompt_id": prompt_id})
        except (RemoteError, TimeoutError) as error:
            logger.warning("the server was not told to stop: %s", error)


def _holds(rows: object, prompt_id: str) -> bool:
    """A row of its queue is a list: number, prompt id, and more."""
    return isinstance(rows, list) and any(isinstance(row, list) and prompt_id in row[:2] for row in rows)


def _saved(outputs: dict[str, Any]) -> dict[str, str]:
    """Which file to ask for: what was saved goes before what was only previewed. Raises RemoteAnswerInvalid."""
    found = [
        image
        for node in outputs.values()
        if isinstance(node, dict) and isinstance(node.get("images"), list)
        for image in node["images"]
        if isinstance(image, dict) and isinstance(image.get("filename"), str)
    ]
    if not found:
        raise RemoteAnswerInvalid("the workflow saved no picture")
    best = next((image for image in found if image.get("type") == "output"), found[0])
    return {name: str(best.get(name) or "") for name in ("filename", "subfolder", "type")}
