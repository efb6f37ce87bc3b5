"""What a protocol of remote servers has to implement, and those that do."""

from collections.abc import Callable
from typing import Protocol

from generation.remote import automatic1111, comfyui, openai
from generation.remote.http_client import HttpClient
from generation.remote.request import RemoteRequest

OnProgress = Callable[[float], None]


class RemoteProtocol(Protocol):
    async def draw(self, client: HttpClient, request: RemoteRequest, on_progress: OnProgress) -> bytes:
        """Draw one picture; returns an image file. Raises RemoteError, PictureWithheld.

        on_progress: called with the fraction done, 0–1, if the server reports any. When cancelled, it tells the server
        to stop, unless that could stop another client's picture.
        """
        ...

    async def probe(self, client: HttpClient) -> None:
        """Make a cheap request which proves that the server is reachable and accepts the key. Raises RemoteError."""
        ...


PROTOCOLS: dict[str, RemoteProtocol] = {
    "comfyui": comfyui.ComfyUI(),
    "automatic1111": automatic1111.Automatic1111(),
    "openai": openai.OpenAI(),
}
