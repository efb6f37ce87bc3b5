"""The scene for newcomers: packed once for many, and never without what changed since."""

import json
import zlib

from boards.elements.store import Snapshot
from boards.elements.tombstones import Pruned
from boards.room.scene import Entry, Scene
from boards.room.scene_snapshot import KEPT_SECONDS, SMALL_BYTES, SceneSnapshots
from boards.wire.frames import BINARY, Packet
from boards.wire.protocol import FRAME_BYTES_MAX
from tests.factories import element

HEAD = b'{"type":"welcome","clock":1,"elements":['


def messages(*packets: Packet) -> list[dict[str, object]]:
    texts = []
    for kind, payload in (frame for packet in packets for frame in packet.frames):
        assert len(payload) <= FRAME_BYTES_MAX + 10_000
        texts.append(zlib.decompress(payload, -zlib.MAX_WBITS) if kind == BINARY else payload)
    return [json.loads(line) for text in texts for line in text.split(b"\n")]


def ids(*packets: Packet) -> list[str]:
    return [element["id"] for message in messages(*packets) for element in message["elements"]]  # type: ignore[attr-defined]


def full_scene(count: int = 1_500) -> Scene:
    scene = Scene()
    for number in range(count):
        scene.merge(Entry(element(f"e{number}")))
    return scene


async def test_everybody_gets_every_element_once_deflated_or_not() -> None:
    snapshots = SceneSnapshots(full_scene())
    for deflate in (True, False):
        snapshot = await snapshots.take_whole(deflate=deflate)
        packets = [snapshot.welcome(HEAD, deflate=deflate), *snapshot.rest(deflate=deflate)]
        assert len(packets) > 2 and sorted(ids(*packets)) == sorted(f"e{n}" for n in range(1_500))
        kinds = {kind for packet in packets for kind, _ in packet.frames}
        assert (kinds == {BINARY}) is deflate


async def test_a_scene_is_packed_once_for_all() -> None:
    scene = full_scene()
    snapshots = SceneSnapshots(scene)
    first, second = await snapshots.take_whole(deflate=True), await snapshots.take_whole(deflate=True)
    assert first.rest(deflate=True) is second.rest(deflate=True) and scene.changed() == []


async def test_what_changed_since_goes_along_and_much_of_it_makes_a_new_picture() -> None:
    scene = full_scene()
    snapshots = SceneSnapshots(scene)
    old = await snapshots.take_whole(deflate=False)
    scene.merge(Entry(element("e7", version=2, isDeleted=True)))
    assert await snapshots.take_whole(deflate=False) is old
    assert [json.loads(body)["isDeleted"] for body in scene.changed()] == [True]
    for number in range(200):
        scene.merge(Entry(element(f"new{number}")))
    new = await snapshots.take_whole(deflate=False)
    assert new is not old and scene.changed() == []
    assert "e7" not in ids(new.welcome(HEAD, deflate=False), *new.rest(deflate=False))


async def test_a_small_scene_is_always_new() -> None:
    scene = full_scene(3)
    snapshots = SceneSnapshots(scene)
    snapshot = await snapshots.take_whole(deflate=True)
    assert snapshot.size_bytes < SMALL_BYTES and snapshot.rest(deflate=True) == []
    scene.merge(Entry(element("more")))
    assert "more" in ids((await snapshots.take_whole(deflate=True)).welcome(HEAD, deflate=True))


async def test_a_scene_that_was_read_anew_is_not_shown_as_it_was() -> None:
    scene = full_scene()
    snapshots = SceneSnapshots(scene)
    await snapshots.take_whole(deflate=True)
    scene.load(Snapshot(0, [], 0), Pruned(0, {}))
    scene.merge(Entry(element("only")))
    snapshot = await snapshots.take_whole(deflate=True)
    assert ids(snapshot.welcome(HEAD, deflate=True), *snapshot.rest(deflate=True)) == ["only"]


async def test_the_memory_goes_back_when_nobody_comes() -> None:
    snapshots = SceneSnapshots(full_scene())
    kept = await snapshots.take_whole(deflate=False)
    snapshots.drop_unused()
    assert await snapshots.take_whole(deflate=False) is kept
    snapshots._asked_at -= KEPT_SECONDS + 1
    snapshots.drop_unused()
    assert await snapshots.take_whole(deflate=False) is not kept
