"""Announcements: after the commit, through the channel layer, and never in the way of a job."""

import asyncio
import uuid
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.db import transaction

from generation.jobs import events, lifecycle
from generation.models import Job

WAIT_SECONDS = 10


async def listening(audience: str) -> tuple[Any, str]:
    layer = get_channel_layer()
    assert layer
    channel = await layer.new_channel()
    await layer.group_add(audience, channel)
    return layer, channel


async def heard(layer: Any, channel: str) -> dict[str, Any]:
    message: dict[str, Any] = await asyncio.wait_for(layer.receive(channel), WAIT_SECONDS)
    return message


@pytest.mark.parametrize("from_thread", [asyncio.to_thread, lambda act, *args: sync_to_async(act)(*args)])
async def test_progress_reaches_the_audience_with_its_preview(from_thread: Any) -> None:
    """From a worker's thread, which has no event loop, and from one of the web process, which has."""
    audience, job_id = f"board.{uuid.uuid4()}", uuid.uuid4()
    layer, channel = await listening(audience)
    await from_thread(events.announce_progress, audience, job_id, 3, 12, b"\xff\xd8jpeg")
    assert await heard(layer, channel) == {
        "type": "job.progress",
        "job": str(job_id),
        "step": 3,
        "steps": 12,
        "preview": b"\xff\xd8jpeg",
    }


@pytest.mark.django_db(transaction=True)
async def test_a_change_is_told_when_it_is_committed(published: list[str]) -> None:
    audience = f"board.{uuid.uuid4()}"
    layer, channel = await listening(audience)
    order: list[str] = []

    def queue_and_claim() -> Job:
        job = lifecycle.create(kind="txt2img", checkpoint="bundled", params={}, audience=audience)
        with transaction.atomic():
            lifecycle.claim(job.id, "here:1")
            order.append("claimed")
        order.append("committed")
        return job

    job = await sync_to_async(queue_and_claim)()
    for _ in ("queued", "running"):
        assert await heard(layer, channel) == {"type": "job.changed", "job": str(job.id)}
    assert order == ["claimed", "committed"]


@pytest.mark.django_db
def test_a_change_that_is_rolled_back_is_not_told(
    published: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(events, "_send", lambda *message: told.append(message))
    job = lifecycle.create(kind="txt2img", checkpoint="bundled", params={}, audience="board.1")
    with pytest.raises(LookupError), transaction.atomic():
        lifecycle.claim(job.id, "here:1")
        raise LookupError
    assert told == []


def test_a_redis_that_is_away_is_logged_and_nothing_more(
    settings: Any, caplog: pytest.LogCaptureFixture, tmp_path: Any
) -> None:
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [f"unix://{tmp_path}/nobody.sock"]},
        }
    }
    events.announce_progress("board.1", uuid.uuid4(), 1, 2, None)
    assert "was not announced" in caplog.text


def test_without_an_audience_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "async_to_sync", None)  # would fail if it were called
    events.announce_progress("", uuid.uuid4(), 1, 2, None)
