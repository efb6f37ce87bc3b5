"""The scene as those get it who come to a board: cut into pieces and packed once, for however many arrive."""

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

from boards.room.scene import Scene
from boards.wire import protocol, server_messages
from boards.wire.frames import (
    BINARY,
    DEFLATE_MIN_BYTES,
    DEFLATED_END,
    SCENE_LEVEL,
    Packet,
    on_one_line,
    segment,
)

SMALL_BYTES = 64 * 1024
"""What is packed in a moment: a new picture is taken after every change, and nobody waits for a thread."""
CHANGED_SHARE_MAX = 1 / 8
"""Beyond this a new picture is better than the old one and what changed since."""
KEPT_SECONDS = 60.0
_packing = ThreadPoolExecutor(1, thread_name_prefix="boards-packing")
"""Large scenes are deflated one after the other, however many people come at once."""


class Picture:
    """The live elements at one moment."""

    def __init__(self, bodies: Sequence[bytes]) -> None:
        first, *rest = [b",".join(chunk) for chunk in protocol.chunks(bodies)]
        self.count = len(bodies)
        self.size_bytes = len(first) + sum(map(len, rest))
        self._first = first
        self._rest = rest
        self._packing: asyncio.Future[None] | None = None

    def welcome(self, head: bytes, *, deflate: bool) -> Packet:
        """A welcome with the first piece. head: see server_messages.welcome_head."""
        if deflate and len(head) + len(self._first) >= DEFLATE_MIN_BYTES:
            stream = (segment(head), self._first_deflated, segment(server_messages.WELCOME_END), DEFLATED_END)
            return Packet((BINARY, b"".join(stream)))
        return Packet.of(head + self._first + server_messages.WELCOME_END)

    def rest(self, *, deflate: bool) -> list[Packet]:
        """The other pieces, as patches. They tell no clock: `synced` does."""
        return self._rest_deflated if deflate else self._rest_plain

    async def packed(self) -> None:
        """Wait until it is deflated, off the event loop where it takes long."""
        if self.size_bytes > SMALL_BYTES:
            if self._packing is None:
                self._packing = asyncio.get_running_loop().run_in_executor(_packing, self._pack)
            await asyncio.shield(self._packing)

    @property
    def took_long(self) -> bool:
        """Was it deflated elsewhere, so that the scene may have gone on meanwhile?"""
        return self._packing is not None

    def _pack(self) -> None:
        _ = self._first_deflated, self._rest_deflated

    @cached_property
    def _first_deflated(self) -> bytes:
        return segment(on_one_line(self._first), SCENE_LEVEL)

    @cached_property
    def _rest_deflated(self) -> list[Packet]:
        return [Packet.deflated(server_messages.patch(0, [piece]), level=SCENE_LEVEL) for piece in self._rest]

    @cached_property
    def _rest_plain(self) -> list[Packet]:
        return [Packet.of(server_messages.patch(0, [piece])) for piece in self._rest]


class Arrivals:
    """Keeps a picture of a scene while people arrive, and takes a new one when the scene went on."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._picture: Picture | None = None
        self._asked_at = 0.0

    async def picture(self, *, deflate: bool) -> Picture:
        """A picture of the scene; `scene.changed()` has what it lacks, until the caller waits for something."""
        self._asked_at = time.monotonic()
        while True:
            picture = self._picture
            if picture is None or self._is_old(picture):
                picture = self._picture = Picture(self._scene.cut())
            if deflate:
                await picture.packed()
            if picture is self._picture:
                return picture

    def forget(self) -> None:
        """The scene was read anew."""
        self._picture = None

    def tidy(self) -> None:
        """Give the memory back when nobody has come for a while."""
        if time.monotonic() - self._asked_at > KEPT_SECONDS:
            self.forget()

    def _is_old(self, picture: Picture) -> bool:
        changes = self._scene.changes
        small = picture.size_bytes <= SMALL_BYTES
        return bool(changes) and (small or changes > picture.count * CHANGED_SHARE_MAX)
