"""The scene for those who arrive: packed once for many, and never without what changed since."""

import json
import zlib

from boards.room.scene import Scene
from boards.room.scene_snapshot import KEPT_SECONDS, SMALL_BYTES, Arrivals
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
        scene.merge(element(f"e{number}"))
    return scene


async def test_everybody_gets_every_element_once_deflated_or_not() -> None:
    arrivals = Arrivals(full_scene())
    for deflate in (True, False):
        picture = await arrivals.picture(deflate=deflate)
        packets = [picture.welcome(HEAD, deflate=deflate), *picture.rest(deflate=deflate)]
        assert len(packets) > 2 and sorted(ids(*packets)) == sorted(f"e{n}" for n in range(1_500))
        kinds = {kind for packet in packets for kind, _ in packet.frames}
        assert (kinds == {BINARY}) is deflate


async def test_a_scene_is_packed_once_for_all() -> None:
    scene = full_scene()
    arrivals = Arrivals(scene)
    first, second = await arrivals.picture(deflate=True), await arrivals.picture(deflate=True)
    assert first.rest(deflate=True) is second.rest(deflate=True) and scene.changed() == []


async def test_what_changed_since_goes_along_and_much_of_it_makes_a_new_picture() -> None:
    scene = full_scene()
    arrivals = Arrivals(scene)
    old = await arrivals.picture(deflate=False)
    scene.merge(element("e7", version=2, isDeleted=True))
    assert await arrivals.picture(deflate=False) is old
    assert [json.loads(body)["isDeleted"] for body in scene.changed()] == [True]
    for number in range(200):
        scene.merge(element(f"new{number}"))
    new = await arrivals.picture(deflate=False)
    assert new is not old and scene.changed() == []
    assert "e7" not in ids(new.welcome(HEAD, deflate=False), *new.rest(deflate=False))


async def test_a_small_scene_is_always_new() -> None:
    scene = full_scene(3)
    arrivals = Arrivals(scene)
    picture = await arrivals.picture(deflate=True)
    assert picture.size_bytes < SMALL_BYTES and picture.rest(deflate=True) == []
    scene.merge(element("more"))
    assert "more" in ids((await arrivals.picture(deflate=True)).welcome(HEAD, deflate=True))


async def test_a_scene_that_was_read_anew_is_not_shown_as_it_was() -> None:
    scene = full_scene()
    arrivals = Arrivals(scene)
    await arrivals.picture(deflate=True)
    scene.clear()
    arrivals.forget()
    scene.merge(element("only"))
    picture = await arrivals.picture(deflate=True)
    assert ids(picture.welcome(HEAD, deflate=True), *picture.rest(deflate=True)) == ["only"]


async def test_the_memory_goes_back_when_nobody_comes() -> None:
    arrivals = Arrivals(full_scene())
    kept = await arrivals.picture(deflate=False)
    arrivals.tidy()
    assert await arrivals.picture(deflate=False) is kept
    arrivals._asked_at -= KEPT_SECONDS + 1
    arrivals.tidy()
    assert await arrivals.picture(deflate=False) is not kept
