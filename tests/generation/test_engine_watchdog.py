"""A hung card ends its process, so that the lease of its jobs runs out; slow work does not."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from generation.checkpoints import catalogue, hub
from generation.checkpoints.catalogue import Checkpoint
from generation.engine.residency import Residency
from generation.engine.watchdog import EXIT_STATUS, Watchdog, watching

# A worker's waiting thread renews the lease for as long as the ticket is not done: only the end of the process helps.
HUNG = """
import os, threading
os.environ["DJANGO_SETTINGS_MODULE"] = "webapp.settings"
import django; django.setup()
from PIL import Image
from generation.checkpoints import catalogue
from generation.engine import graphs
from generation.engine.engine import Engine
from generation.engine.residency import Residency
from generation.engine.watchdog import Watchdog
from generation.checkpoints.params import complete, parse
from generation.work import Work

graphs.EagerUNet.__call__ = lambda *_: threading.Event().wait()  # a stub of a card that hangs
residency = Residency("cpu", 1)
residency.watchdog = Watchdog(4.0)  # far beyond what a busy machine takes between two steps
engine = Engine(residency)
engine.start()
checkpoint = catalogue.get("bundled")
params = complete(parse({"kind": "txt2img", "prompt": "a house", "seed": 1}, checkpoint), (128, 128))
ticket = engine.submit(Work(checkpoint, params))
renewed = 0
while not ticket.done():
    ticket.wait(0.2)
    print("renewed", flush=True)
"""


def test_a_forward_that_never_returns_ends_the_process_and_with_it_the_lease() -> None:
    ended = subprocess.run([sys.executable, "-c", HUNG], capture_output=True, text=True, timeout=120)
    assert ended.returncode == EXIT_STATUS, ended.stderr
    assert "renewed" in ended.stdout, "until then"
    assert "in _step_batch" in ended.stderr, "the log says where it hangs"


class Left:
    def __init__(self) -> None:
        self.event = threading.Event()

    def __call__(self) -> None:
        self.event.set()


@pytest.fixture
def left() -> Left:
    return Left()


@pytest.fixture
def watchdog(left: Left) -> Iterator[Watchdog]:
    watchdog = Watchdog(0.2, left)
    watchdog.start()
    yield watchdog
    watchdog.stop()


def unheard(watchdog: Watchdog, left: Left, seconds: float) -> bool:
    """Whether nothing is heard of it for so long."""
    return not left.event.wait(seconds)


def test_who_waits_for_work_is_left_alone(watchdog: Watchdog, left: Left) -> None:
    watchdog.beat()
    watchdog.rest()
    assert unheard(watchdog, left, 0.6)


def test_loading_may_take_longer_than_a_step_but_not_for_ever(watchdog: Watchdog, left: Left) -> None:
    with watchdog.extended(30):
        assert unheard(watchdog, left, 0.6)
    assert left.event.wait(10), "a step may not"


@pytest.mark.parametrize("device, seconds", [("cpu", 1_800), ("cuda:1", 120), ("mps", 120)])
def test_a_cpu_has_more_time_for_a_step(device: str, seconds: float) -> None:
    assert watching(device)._step_seconds == seconds


class Weights:
    """Stands for what was loaded."""

    vae = None

    def __init__(self, checkpoint: Checkpoint, device: str) -> None:
        self.checkpoint = checkpoint


def test_a_download_may_take_longer_than_reading_a_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[float] = []
    real = Watchdog.extended

    def extended(self: Watchdog, seconds: float) -> Any:
        given.append(seconds)
        return real(self, seconds)

    monkeypatch.setattr(Watchdog, "extended", extended)
    residency = Residency("cpu", 2, Weights, lambda _: None)  # type: ignore[arg-type]
    for offline in (True, False):
        monkeypatch.setattr(hub, "offline", lambda offline=offline: offline)
        residency.get(catalogue.get("sd-turbo"))
        residency.release()
    assert given == [600, 3_600]
