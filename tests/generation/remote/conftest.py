"""Entries whose server is a stand-in."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache

from generation.checkpoints import catalogue
from generation.remote import automatic1111, comfyui, health
from tests.generation.remote.standins import STAND_INS, StandIn
from tests.generation.remote.studio import entry


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """Quick polls, and no proxy between a test and its stand-in."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(automatic1111, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(comfyui, "POLL_SECONDS", 0.01)


@pytest.fixture
def stand_in() -> Iterator[Callable[[str], tuple[StandIn, str]]]:
    """A stand-in by protocol, and its URL."""
    with ExitStack() as stack:

        def start(protocol: str) -> tuple[StandIn, str]:
            made = STAND_INS[protocol]()
            return made, stack.enter_context(made.serving())

        yield start


@pytest.fixture
def studio(
    stand_in: Callable[[str], tuple[StandIn, str]], own_catalogue: Path
) -> Iterator[Callable[..., StandIn]]:
    """The checkpoint `studio`, drawn with by a stand-in."""
    cache.delete(health.PREFIX + "studio")

    def start(protocol: str, **remote: Any) -> StandIn:
        server, url = stand_in(protocol)
        catalogue.add("studio", entry(protocol, own_catalogue, url=url, **remote))
        return server

    yield start
    cache.delete(health.PREFIX + "studio")
