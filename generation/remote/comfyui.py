"""ComfyUI: a workflow is put into its queue, and the image file that it saved is downloaded by name."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from generation.checkpoints import workflow
from generation.errors import RemoteAnswerInvalid, RemoteError, RemoteFailed, RemoteNotSetUp
from generation.remote.http_client import HttpClient
from generation.remote.request import RemoteRequest

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.5
INTERRUPT_SECONDS = 5.0


class ComfyUI:
    async def draw(
        self, client: HttpClient, request: RemoteRequest, on_progress: Callable[[float], None]
    ) -> bytes:
        nodes = await self._workflow(client, request)
        # Chosen here, so that it can be cancelled even if no response to the POST arrives.
        prompt_id = str(uuid4())
        try:
            answer = await client.request_json(
                "POST", "prompt", json={"prompt": nodes, "prompt_id": prompt_id}
            )
            prompt_id = str(answer.get("prompt_id") or prompt_id)
            outputs = await self._outputs(client, prompt_id)
        except asyncio.CancelledError:
            await self._cancel(client, prompt_id)
            raise
        return await client.request_bytes("GET", "view", params=_saved_file(outputs))

    async def probe(self, client: HttpClient) -> None:
        await client.request_json("GET", "system_stats")

    async def _workflow(self, client: HttpClient, request: RemoteRequest) -> dict[str, Any]:
        try:
            template = workflow.read(request.remote.workflows[request.kind])
        except ValueError as error:
            raise RemoteNotSetUp(str(error)) from error
        width, height = request.size
        values = {"seed": request.seed, "width": width, "height": height, "model": request.remote.model}
        if request.init_image is not None:
            values["image"] = await self._upload(client, request.init_image)
        nodes: dict[str, Any] = workflow.filled(
            template, values | dict(request.values) | dict(request.arguments)
        )
        return nodes

    async def _upload(self, client: HttpClient, init_image: bytes) -> str:
        """Upload the init image; returns its name with its folder, as a LoadImage node takes it."""
        files = {"image": (f"atelier-{uuid4()}.png", init_image, "image/png")}
        answer = await client.request_json("POST", "upload/image", files=files, data={"overwrite": "true"})
        name, folder = answer.get("name"), answer.get("subfolder") or ""
        if not isinstance(name, str) or not isinstance(folder, str):
            raise RemoteAnswerInvalid("upload/image did not return the image's name")
        return f"{folder}/{name}" if folder else name

    async def _outputs(self, client: HttpClient, prompt_id: str) -> dict[str, Any]:
        """Wait until the workflow is done; returns the outputs by node. Raises RemoteFailed."""
        while (record := await self._history(client, prompt_id)) is None:
            if not any(await self._queue_state(client, prompt_id)) and not await self._history(
                client, prompt_id
            ):
                raise RemoteFailed(
                    "the prompt is gone from the queue: the server was restarted, or the prompt was deleted"
                )
            await asyncio.sleep(POLL_SECONDS)
        status, outputs = record.get("status"), record.get("outputs")
        if isinstance(status, dict) and status.get("status_str") == "error":
            raise RemoteFailed(f"the workflow failed: {str(status)[:2000]}")
        if not isinstance(outputs, dict):
            raise RemoteAnswerInvalid("history holds no outputs")
        return outputs

    async def _history(self, client: HttpClient, prompt_id: str) -> dict[str, Any] | None:
        """The record of a finished prompt; None while it is not done."""
        record = (await client.request_json("GET", f"history/{prompt_id}")).get(prompt_id)
        if record is not None and not isinstance(record, dict):
            raise RemoteAnswerInvalid("history holds an invalid record")
        return record

    async def _queue_state(self, client: HttpClient, prompt_id: str) -> tuple[bool, bool]:
        """(running, pending)."""
        queue = await client.request_json("GET", "queue")
        return _holds(queue.get("queue_running"), prompt_id), _holds(queue.get("queue_pending"), prompt_id)

    async def _cancel(self, client: HttpClient, prompt_id: str) -> None:
        """Delete the prompt from the queue, or interrupt it if it runs: older servers interrupt whatever is running."""
        try:
            async with asyncio.timeout(INTERRUPT_SECONDS):
                await client.request_bytes("POST", "queue", json={"delete": [prompt_id]})
                running, _ = await self._queue_state(client, prompt_id)
                if running:
                    await client.request_bytes("POST", "interrupt", json={"prompt_id": prompt_id})
        except (RemoteError, TimeoutError) as error:
            logger.warning("the prompt could not be cancelled: %s", error)


def _holds(rows: object, prompt_id: str) -> bool:
    """True if a queue of ComfyUI holds the prompt. rows: lists of a number, the prompt id, and more."""
    return isinstance(rows, list) and any(isinstance(row, list) and prompt_id in row[:2] for row in rows)


def _saved_file(outputs: dict[str, Any]) -> dict[str, str]:
    """The parameters of `view` for the file to download: saved files before previews. Raises RemoteAnswerInvalid."""
    found = [
        image
        for node in outputs.values()
        if isinstance(node, dict) and isinstance(node.get("images"), list)
        for image in node["images"]
        if isinstance(image, dict) and isinstance(image.get("filename"), str)
    ]
    if not found:
        raise RemoteAnswerInvalid("the workflow saved no image")
    best = next((image for image in found if image.get("type") == "output"), found[0])
    return {name: str(best.get(name) or "") for name in ("filename", "subfolder", "type")}
