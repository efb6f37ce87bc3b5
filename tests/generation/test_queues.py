"""Workers by family: which hints one takes, and which jobs it leaves to others."""

import os
from pathlib import Path
from typing import Any

import pytest

from generation.checkpoints import catalogue, queues
from generation.errors import CatalogueInvalid
from generation.worker import worker_process
from tests.generation.test_catalogue import OWN

GIB = 2**30


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Any:
    """How much memory the worker has: a stub at the machine's door."""
    return lambda size_bytes: monkeypatch.setattr(queues, "memory_bytes", lambda device: size_bytes)


def test_J17_without_a_wish_a_worker_takes_whatever_fits(settings: Any, room: Any) -> None:
    settings.ATELIER_FAMILIES = []
    room(140 * GIB)
    assert queues.served() == [
        "gpu",
        "gpu.bundled",
        "gpu.ip2p",
        "gpu.sd15",
        "gpu.sd21",
        "gpu.sdxl",
        "gpu.upscale",
    ]
    assert queues.excluded_checkpoints() == frozenset()
    room(4 * GIB)
    assert queues.served() == ["gpu", "gpu.bundled", "gpu.sd15", "gpu.sd21", "gpu.upscale"]
    assert queues.excluded_checkpoints() == {"instruct-pix2pix", "sdxl-turbo"}


def test_J17_a_worker_can_be_had_for_some_families(settings: Any, room: Any) -> None:
    settings.ATELIER_FAMILIES = ["sd15", "sdxl"]
    room(140 * GIB)
    assert queues.served() == ["gpu", "gpu.sd15", "gpu.sdxl"]
    assert queues.excluded_checkpoints() == {"bundled", "sd-turbo", "instruct-pix2pix", "x4-upscaler"}


def test_J17_what_was_added_by_hand_has_a_family_too(own_catalogue: Any, settings: Any, room: Any) -> None:
    settings.ATELIER_FAMILIES = []
    room(GIB)
    catalogue.add("mine", OWN)
    catalogue.add("thine", OWN | {"family": "flux"})
    assert (queues.of("mine"), queues.of("thine"), queues.of("gone")) == ("gpu.other", "gpu.flux", "gpu")
    assert {"gpu.other", "gpu.flux"} <= set(queues.served()), "nobody knows how large they are"
    with pytest.raises(CatalogueInvalid, match="family"):
        catalogue.add("wrong", OWN | {"family": "a b"})


def test_J17_memory_is_the_cards_or_the_machines() -> None:
    assert queues.largest(["24564", "81559"]) == 81559 * 2**20
    assert queues.largest(["[N/A]"]) is None
    assert queues.memory_bytes("cpu") == os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def test_J17_a_worker_says_what_it_leaves_to_others(settings: Any, room: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(worker_process, "_engine", None)
    settings.ATELIER_FAMILIES = ["sd15"]
    room(140 * GIB)
    states = worker_process.report(["gpu", "gpu.sd15"])["checkpoints"]
    assert "ATELIER_FAMILIES" in states["bundled"]["reason"] and states["bundled"]["status"] == "failed"
    assert "Not downloaded" in states["stable-diffusion-1.5"]["reason"]


@pytest.mark.parametrize(
    ("device", "visible", "card"),
    [
        ("auto", None, "0"),
        ("cuda", None, "0"),
        ("cuda:1", None, "1"),
        ("cuda", "3,1", "3"),
        ("cuda:1", "3, GPU-5b1c", "GPU-5b1c"),
        ("cuda:1", "3,-1,1", ""),
        ("auto", "", ""),
        ("auto", "-1", ""),
    ],
)
def test_J17_the_memory_is_that_of_the_card_that_torch_will_take(
    device: str, visible: str | None, card: str
) -> None:
    assert queues.card_of(device, visible) == card


def test_J17_the_driver_is_asked_for_that_card(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A stub of nvidia-smi on a machine with two cards."""
    tool = tmp_path / "nvidia-smi"
    tool.write_text('#!/bin/sh\ncase "$1" in --id=0) echo 24564;; --id=1) echo 81559;; *) exit 6;; esac\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    queues.memory_bytes.cache_clear()
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    found = [queues.memory_bytes(device) for device in ("auto", "cuda:1", "cuda:2", "cpu")]
    queues.memory_bytes.cache_clear()
    assert found == [24564 * 2**20, 81559 * 2**20, machine, machine]


def test_a_card_that_torch_cannot_use_is_not_passed_over_in_silence(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from generation.engine import device

    monkeypatch.setattr("shutil.which", lambda name: "/usr/bin/nvidia-smi")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert device.choose("auto") == "cpu"
    assert "drawn on the CPU" in caplog.text
