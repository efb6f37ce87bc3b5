"""Tiny checkpoints of the true classes with random weights, and an engine that needs no accelerator."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from generation.checkpoints import catalogue
from generation.checkpoints.catalogue import Checkpoint

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            # diffusers 0.42 hands numpy 2 a tensor where it expects an array; remove with the next diffusers.
            item.add_marker(
                pytest.mark.filterwarnings(
                    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"
                )
            )


@pytest.fixture
def own_catalogue(settings: Any, tmp_path: Path) -> Path:
    """An ATELIER_HOME of this test's own, for checkpoints that it adds."""
    settings.ATELIER_HOME = tmp_path / "home"
    return tmp_path / "home"


@pytest.fixture
def bundled() -> Checkpoint:
    return catalogue.get("bundled")


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A diffusers folder by family: sd, pix2pix or sdxl; made once per run."""
    from tests.generation import tiny

    made: dict[str, Path] = {}

    def folder(family: str) -> Path:
        if family not in made:
            made[family] = tmp_path_factory.mktemp(family)
            tiny.save(family, made[family])
        return made[family]

    return folder


@pytest.fixture
def tiny_checkpoint(own_catalogue: Path, tiny_folder: Callable[[str], Path]) -> Callable[..., Checkpoint]:
    """A catalogue entry for a tiny folder: kinds is {kind: pipeline class}."""

    def checkpoint(family: str, kinds: dict[str, str], /, **fields: Any) -> Checkpoint:
        from tests.generation import tiny

        return catalogue.add(f"tiny-{family}", tiny.entry(tiny_folder(family), kinds, **fields))

    return checkpoint


@pytest.fixture
def engine() -> Iterator[Any]:
    """A real engine on the CPU with one thread; its pipelines are whatever the test gives it."""
    from generation.engine.engine import Engine
    from generation.engine.residency import Residency
    from generation.pipelines import loading

    started: list[Engine] = []

    def start(load: Any = None, limit: int = 2) -> Engine:
        # How much memory this machine has left must not decide a test.
        residency = Residency("cpu", limit, load or loading.load, lambda device: None)
        made = Engine(residency, threads=1)
        made.start()
        started.append(made)
        return made

    yield start
    for each in started:
        each.stop()
        each.join(30)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pictures each call of the UNet has moved."""
    from generation.engine.denoiser import Denoiser, Sample  # torch: only for the tests that ask for this

    moved: list[int] = []
    real = Denoiser.step

    def counting(self: Denoiser, samples: Sequence[Sample]) -> None:
        real(self, samples)
        moved.append(len(samples))

    monkeypatch.setattr(Denoiser, "step", counting)
    return moved
