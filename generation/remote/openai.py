"""OpenAI's images API, which many others speak: one request is one picture, and hanging up is the only cancel."""

import json
from collections.abc import Callable
from typing import Any

from generation.errors import PictureWithheld, RemoteAnswerInvalid, RemoteRefused
from generation.remote.line import Line
from generation.remote.picture import Asked, from_base64

_WITHHELD = {"content_policy_violation", "moderation_blocked"}


class OpenAI:
    """It has no seed and no strength: the same request gives another picture."""

    async def draw(self, line: Line, asked: Asked, hear: Callable[[float], None]) -> bytes:
        try:
            if asked.init_image is None:
                answer = await line.ask("POST", "images/generations", json=_fields(asked))
            else:
                form = {name: str(value) for name, value in _fields(asked).items()}
                files = {"image": ("board.png", asked.init_image, "image/png")}
                answer = await line.ask("POST", "images/edits", data=form, files=files)
        except RemoteRefused as error:
            if _code(error.said) in _WITHHELD:
                raise PictureWithheld from error
            raise
        return await self._picture(line, answer)

    async def probe(self, line: Line) -> None:
        try:
            await line.fetch("GET", "models")
        except RemoteRefused as error:
            if error.status_code not in (404, 405):
                raise

    async def _picture(self, line: Line, answer: dict[str, Any]) -> bytes:
        found = answer.get("data")
        first = found[0] if isinstance(found, list) and found else None
        if not isinstance(first, dict):
            raise RemoteAnswerInvalid("there is no picture in the answer")
        if first.get("b64_json"):
            return from_base64(first["b64_json"])
        url = first.get("url")
        # Another host's URL could lead anywhere, into our own network too.
        own = line.own(url) if isinstance(url, str) else None
        if own is None:
            raise RemoteAnswerInvalid("the picture is neither in the answer nor on the same server")
        return await line.fetch("GET", own)


def _fields(asked: Asked) -> dict[str, Any]:
    """A constant that is null leaves a field out: not every model takes `response_format`."""
    width, height = asked.size
    fields = {
        "model": asked.remote.model or None,
        "prompt": asked.values.get("prompt", ""),
        "n": 1,
        "size": f"{width}x{height}",
        "response_format": "b64_json",
    } | dict(asked.arguments)
    return {name: value for name, value in fields.items() if value is not None}


def _code(said: str) -> str | None:
    """The code of an error as OpenAI writes it, if it is one."""
    try:
        return json.loads(said)["error"]["code"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
