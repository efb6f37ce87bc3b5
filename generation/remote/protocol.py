"""What Atelier needs of another server, whatever language it speaks."""

from collections.abc import Callable
from typing import Protocol

from generation.remote import automatic1111, comfyui, openai
from generation.remote.line import Line
from generation.remote.picture import Asked

Hear = Callable[[float], None]


class Speaker(Protocol):
    async def draw(self, line: Line, asked: Asked, hear: Hear) -> bytes:
        """One picture as an image file. Raises the errors of remote servers.

        hear: how much of it is done, 0 to 1, as far as the server tells. When it is cancelled it tells the server
        to stop, as far as the server can be told without stopping somebody else's picture.
        """
        ...

    async def probe(self, line: Line) -> None:
        """Ask something cheap that proves that the server is there and takes the key. Raises its errors."""
        ...


SPEAKERS: dict[str, Speaker] = {
    "comfyui": comfyui.ComfyUI(),
    "automatic1111": automatic1111.Automatic1111(),
    "openai": openai.OpenAI(),
}
