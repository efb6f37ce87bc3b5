"""What a room tells its members, and what it must not trip over."""

from typing import Any

from boards.fanout import Fanout, News
from boards.member import BACKLOG_MAX_BYTES, Member
from boards.models import Role
from boards.scene import Scene
from tests.factories import element


async def test_a_slow_member_survives_that_what_it_missed_is_taken_back() -> None:
    frames: list[str] = []
    news: list[News] = []

    async def send(message: dict[str, Any]) -> None:
        frames.append(message["text"])

    scene = Scene()
    fanout = Fanout(scene, news.append)
    member = Member("s1", None, "Robot", Role.EDIT, send)
    fanout.members["s1"] = member
    backlog = BACKLOG_MAX_BYTES + 1
    member._backlog = lambda: backlog  # a stub at the transport's door
    scene.merge(element("refused"))
    fanout.element("refused")
    fanout.tick()
    assert frames == [] and member.missed == {"refused"}
    scene.clear()
    fanout.forget()
    backlog = 0
    scene.merge(element("kept"))
    fanout.element("kept")
    fanout.tick()
    fanout.stop()
    assert len(frames) == 1 and '"kept"' in frames[0]
