"""The status of a remote checkpoint: failed with its reason until it is edited or its server answers."""

import io
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from generation.checkpoints import catalogue, queues
from generation.errors import RemoteError, RemoteUnreachable
from generation.jobs import description
from generation.remote import health
from generation.worker import worker_process
from tests.generation.remote.standins import WAIT_SECONDS, StandIn, as_json
from tests.generation.remote.studio import entry, state, submitted, work

Studio = Callable[..., StandIn]


@pytest.fixture(autouse=True)
def all_families(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ATELIER_FAMILIES = []
    monkeypatch.setattr(worker_process, "_engine", None)


def broken(server: StandIn) -> None:
    """A job fails there."""
    server.trouble = 500
    with pytest.raises(RemoteError):
        submitted(work()).result(WAIT_SECONDS)
    assert state()["status"] == "failed"


@pytest.mark.parametrize("protocol", ["comfyui", "automatic1111", "openai"])
def test_a_probe_that_succeeds_makes_it_ready_again(studio: Studio, protocol: str) -> None:
    server = studio(protocol)
    broken(server)
    health.probe_all()
    assert state() == {"status": "ready", "reason": ""}


def test_nobody_knows_before_the_first_probe_which_then_says_why_not(
    own_catalogue: Path, studio: Studio
) -> None:
    studio("openai")
    assert state() == {"status": "loading", "reason": ""}
    catalogue.add("studio", entry("openai", own_catalogue, url="http://127.0.0.1:1"))
    health.probe_all()
    assert state() == {"status": "failed", "reason": RemoteUnreachable.message}


def test_an_edit_takes_the_failure_away_and_the_next_probe_finds_it_ready(
    own_catalogue: Path, studio: Studio, stand_in: Any
) -> None:
    broken(studio("automatic1111"))
    _, url = stand_in("automatic1111")
    catalogue.add("studio", entry("automatic1111", own_catalogue, url=url))
    assert state() == {"status": "loading", "reason": ""}
    health.probe_all()
    assert state() == {"status": "ready", "reason": ""}


def test_an_edited_workflow_is_an_edit(own_catalogue: Path, studio: Studio) -> None:
    broken(studio("comfyui"))
    path = own_catalogue / "txt2img.json"
    os.utime(path, ns=(1, 1))
    assert state()["status"] == "loading"


def test_a_probe_takes_the_key_along(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    server = studio("automatic1111", key_from="STUDIO_KEY")
    server.key = "Bearer right"
    monkeypatch.setenv("STUDIO_KEY", "wrong")
    health.probe_all()
    assert "does not accept the key" in state()["reason"]
    monkeypatch.setenv("STUDIO_KEY", "right")
    health.probe_all()
    assert state()["status"] == "ready"


@pytest.mark.parametrize(("status", "expected"), [(404, "ready"), (500, "failed")])
def test_OpenAI_a_server_without_a_list_of_models_lives(studio: Studio, status: int, expected: str) -> None:
    server: Any = studio("openai")
    server.answer = lambda seen: as_json({}, status)
    health.probe_all()
    assert state()["status"] == expected


def test_what_is_ready_is_left_alone(studio: Studio) -> None:
    server = studio("openai")
    health.probe_all()
    health.probe_all()
    assert len(server.seen) == 1


def test_J17_only_those_are_asked_that_this_worker_draws_with(studio: Studio, settings: Any) -> None:
    server = studio("openai")
    settings.ATELIER_FAMILIES = ["sd15"]
    assert "studio" in queues.excluded_checkpoints()
    health.probe_all()
    assert server.seen == []


def test_a_worker_reports_it_and_people_read_it(studio: Studio) -> None:
    broken(studio("openai"))
    states = worker_process.report(["gpu"])["checkpoints"]
    shown = description.describe_checkpoint(catalogue.get("studio"), [states["studio"]])
    assert shown["status"] == "failed"
    assert shown["reason"] == "Something went wrong on the server that draws with this checkpoint."


def test_the_watch_probes_by_itself(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    studio("openai")
    probed = threading.Event()
    real = health.probe_all
    monkeypatch.setattr(health, "probe_all", lambda: (real(), probed.set()))
    watch = health.Prober()
    watch.start()
    assert probed.wait(WAIT_SECONDS)
    watch.stop()
    assert state()["status"] == "ready"


def test_staff_can_probe_by_hand(studio: Studio) -> None:
    server: Any = studio("openai")
    out = io.StringIO()
    call_command("checkpoints", "probe", "studio", stdout=out)
    call_command("checkpoints", "list", stdout=out)
    call_command("checkpoints", "fetch", "studio", stdout=out)
    assert "studio is ready" in out.getvalue() and "on a server" in out.getvalue()
    assert "nothing to fetch" in out.getvalue()
    server.answer = lambda seen: as_json({"why": "full"}, 500)
    with pytest.raises(CommandError, match=r"500.*full"):
        call_command("checkpoints", "probe", "studio")
    with pytest.raises(CommandError, match="only checkpoints on other servers"):
        call_command("checkpoints", "probe", "bundled")
