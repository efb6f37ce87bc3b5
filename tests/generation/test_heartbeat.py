"""Workers are known by their heartbeat in a real Redis."""

import json
import threading
from typing import Any

import pytest
import redis

from generation import redis_client
from generation.checkpoints.catalogue import Checkpoint
from generation.errors import CatalogueInvalid
from generation.jobs import heartbeat
from generation.jobs.heartbeat import Heartbeat
from generation.worker import worker_process


@pytest.fixture(autouse=True)
def no_other_workers(settings: Any) -> None:
    redis.Redis.from_url(settings.REDIS_URL).flushdb()


def test_a_beat_is_heard_and_expires() -> None:
    Heartbeat("here:1", lambda: {"queues": ["gpu"], "device": "cpu", "checkpoints": {}}).beat()
    [beat] = heartbeat.alive()
    assert (beat["name"], beat["queues"], beat["device"]) == ("here:1", ["gpu"], "cpu")
    assert beat["at"]
    left = redis_client.client().ttl("atelier:worker:here:1")
    assert 0 < left <= heartbeat.EXPIRY_SECONDS  # type: ignore[operator]


def test_a_worker_that_leaves_says_goodbye() -> None:
    beaten = threading.Event()
    leaving = Heartbeat("here:1", lambda: (beaten.set(), {"queues": []})[1])
    staying = Heartbeat("here:2", lambda: {"queues": []})
    staying.beat()
    leaving.start()
    assert beaten.wait(10)
    leaving.stop()
    assert [beat["name"] for beat in heartbeat.alive()] == ["here:2"]


def test_a_redis_that_is_away_means_that_nobody_is_heard(settings: Any, tmp_path: Any) -> None:
    settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"
    assert heartbeat.alive() == []
    silent = Heartbeat("here:1", lambda: {"queues": []})
    silent.start()
    silent.stop()


def test_a_catalogue_that_is_wrong_for_a_while_silences_nobody_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(heartbeat, "INTERVAL_SECONDS", 0.01)
    beaten, reports = threading.Event(), iter([CatalogueInvalid("a comma is missing")])

    def report() -> dict[str, Any]:
        for error in reports:
            raise error
        beaten.set()
        return {"queues": []}

    worker = Heartbeat("here:1", report)
    worker.start()
    assert beaten.wait(10)
    worker.stop()


def test_what_is_no_worker_is_not_listed() -> None:
    redis_client.client().set("atelier:other", json.dumps({"name": "x"}))
    assert heartbeat.alive() == []


def test_a_worker_reports_every_checkpoint(monkeypatch: pytest.MonkeyPatch, bundled: Checkpoint) -> None:
    monkeypatch.setattr(worker_process, "_engine", None)
    report = worker_process.report(["gpu"])
    assert report["checkpoints"]["bundled"] == {"status": "loading", "reason": ""}, (
        "the default one is on its way"
    )
    assert report["checkpoints"]["sd-turbo"]["status"] == "failed"
    assert "checkpoints fetch sd-turbo" in report["checkpoints"]["sd-turbo"]["reason"]


def test_a_worker_without_the_queue_has_no_checkpoints() -> None:
    assert worker_process.report(["default"]) == {"queues": ["default"], "device": None, "checkpoints": {}}


def test_a_loaded_checkpoint_is_ready(
    monkeypatch: pytest.MonkeyPatch, bundled: Checkpoint, engine: Any
) -> None:
    from tests.generation.test_engine import WAIT_SECONDS, faking, work

    started = engine(faking())
    monkeypatch.setattr(worker_process, "_engine", started)
    started.submit(work(bundled)).result(WAIT_SECONDS)
    report = worker_process.report(["gpu"])
    assert report["device"] == "cpu"
    assert report["checkpoints"]["bundled"]["status"] == "ready"
