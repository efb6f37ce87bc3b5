"""The scene as it is sent to newcomers: cut into pieces and packed once, however many of them arrive."""

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
"""Up to this a snapshot is packed on the event loop, and replaced after every change."""
CHANGED_SHARE_MAX = 1 / 8
"""When more of a large scene changed, a new snapshot is taken instead of sending the old one and the changes."""
KEPT_SECONDS = 60.0
"""For so long a snapshot is kept after the last newcomer."""
_packing = ThreadPoolExecutor(1, thread_name_prefix="boards-packing")
"""One thread: large scenes are deflated one after the other, however many newcomers wait."""


class SceneSnapshot:
    """What a newcomer gets of a scene, at one moment: all visible elements, or what changed since an earlier clock."""

    def __init__(self, bodies: Sequence[bytes], *, complete: bool, clock: int, epoch: int) -> None:
        """complete: these are all visible elements. clock, epoch: the scene's, at that moment."""
        first, *rest = [b",".join(chunk) for chunk in protocol.chunks(bodies)]
        self.complete = complete
        self.clock = clock
        self.epoch = epoch
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
        """The other pieces, as patches of clock 0: `synced` has the clock after them."""
        return self._rest_deflated if deflate else self._rest_plain

    async def pack(self) -> None:
        """Deflate it, in a thread where it is large."""
        if self.size_bytes > SMALL_BYTES:
            if self._packing is None:
                self._packing = asyncio.get_running_loop().run_in_executor(_packing, self._pack)
            await asyncio.shield(self._packing)

    @property
    def was_packed_in_thread(self) -> bool:
        """True if the scene may have changed while it was packed."""
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


class SceneSnapshots:
    """Snapshots of one scene. That of the whole scene is kept while newcomers arrive and little changes."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._whole: SceneSnapshot | None = None
        self._asked_at = 0.0

    async def take(self, since: int | None, pruned_clock: int, *, deflate: bool) -> SceneSnapshot:
        """For a client that has seen everything up to the clock `since`; see Scene.changes_since.

        `newer_than` has what it lacks by now.
        """
        complete, bodies = self._scene.changes_since(since, pruned_clock)
        if complete:
            return await self.take_whole(deflate=deflate)
        snapshot = SceneSnapshot(
            list(bodies), complete=False, clock=self._scene.clock, epoch=self._scene.epoch
        )
        if deflate:
            await snapshot.pack()
        return snapshot

    async def take_whole(self, *, deflate: bool) -> SceneSnapshot:
        self._asked_at = time.monotonic()
        while True:
            snapshot = self._whole
            if snapshot is None or self._is_outdated(snapshot):
                snapshot = self._whole = SceneSnapshot(
                    self._scene.cut(), complete=True, clock=self._scene.clock, epoch=self._scene.epoch
                )
            if deflate:
                await snapshot.pack()
            if snapshot is self._whole and snapshot.epoch == self._scene.epoch:
                return snapshot

    def newer_than(self, snapshot: SceneSnapshot) -> list[bytes]:
        """Bodies of what changed since it was taken; complete until the caller next awaits."""
        if snapshot.complete:
            return self._scene.changed()
        return list(self._scene.changes_since(snapshot.clock)[1]) if snapshot.was_packed_in_thread else []

    def drop_unused(self) -> None:
        """Free the memory of the kept snapshot when no session has joined for a while."""
        if time.monotonic() - self._asked_at > KEPT_SECONDS:
            self._whole = None

    def _is_outdated(self, snapshot: SceneSnapshot) -> bool:
        if snapshot.epoch != self._scene.epoch:
            return True
        changes = self._scene.changed_count
        small = snapshot.size_bytes <= SMALL_BYTES
        return bool(changes) and (small or changes > snapshot.count * CHANGED_SHARE_MAX)
