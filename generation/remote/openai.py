"""OpenAI's images API, which many servers implement: one HTTP request draws one picture; closing it is the only cancel."""

import json
from collections.abc import Callable
from typing import Any

from generation.errors import PictureWithheld, RemoteAnswerInvalid, RemoteRefused
from generation.remote.http_client import HttpClient
from generation.remote.request import RemoteRequest
from generation.remote.response import decode_base64

_WITHHELD = {"content_policy_violation", "moderation_blocked"}


class OpenAI:
    """The API has no seed and no strength: the same request gives another picture."""

    async def draw(
        self, client: HttpClient, request: RemoteRequest, on_progress: Callable[[float], None]
    ) -> bytes:
        try:
            if request.init_image is None:
                answer = await client.request_json("POST", "images/generations", json=_fields(request))
            else:
                form = {name: str(value) for name, value in _fields(request).items()}
                files = {"image": ("board.png", request.init_image, "image/png")}
                answer = await client.request_json("POST", "images/edits", data=form, files=files)
        except RemoteRefused as error:
            if _error_code(error.response_text) in _WITHHELD:
                raise PictureWithheld from error
            raise
        return await self._download(client, answer)

    async def probe(self, client: HttpClient) -> None:
        try:
            await client.request_bytes("GET", "models")
        except RemoteRefused as error:
            if error.status_code not in (404, 405):
                raise

    async def _download(self, client: HttpClient, answer: dict[str, Any]) -> bytes:
        found = answer.get("data")
        first = found[0] if isinstance(found, list) and found else None
        if not isinstance(first, dict):
            raise RemoteAnswerInvalid("the response holds no picture")
        if first.get("b64_json"):
            return decode_base64(first["b64_json"])
        url = first.get("url")
        # A URL of another host could lead anywhere, even into our own network.
        same_origin = client.same_origin_url(url) if isinstance(url, str) else None
        if same_origin is None:
            raise RemoteAnswerInvalid("the picture is neither in the response nor on the same server")
        return await client.request_bytes("GET", same_origin)


def _fields(request: RemoteRequest) -> dict[str, Any]:
    """The fields of a request. A constant that is null removes one: not every model takes `response_format`."""
    width, height = request.size
    fields = {
        "model": request.remote.model or None,
        "prompt": request.values.get("prompt", ""),
        "n": 1,
        "size": f"{width}x{height}",
        "response_format": "b64_json",
    } | dict(request.arguments)
    return {name: value for name, value in fields.items() if value is not None}


def _error_code(text: str) -> str | None:
    """The error code in OpenAI's JSON; None if the text is anything else."""
    try:
        return json.loads(text)["error"]["code"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
