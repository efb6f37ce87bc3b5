from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks.bench import GUESTS_PER_ADDRESS, PER_ADDRESS, SLOW_CLIENT_SECONDS, STALLED_SECONDS, Bench
from tests.e2e.atelier import free_port
from tests.faults.web import running
from tests.faults.workers import environment


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/attacks" in item.nodeid:
            item.add_marker(pytest.mark.django_db(transaction=True))


def _bench(server: str, media: Path, tmp_path: Path) -> Iterator[Bench]:
    log = tmp_path / "web.log"
    settings = environment(media) | {
        "ASGI_SERVER": server,
        "SLOW_CLIENT_SECONDS": str(SLOW_CLIENT_SECONDS),
        "STALLED_SECONDS": str(STALLED_SECONDS),
        "SOCKETS_PER_ADDRESS_MAX": str(PER_ADDRESS),
        "CONNECTIONS_PER_ADDRESS_MAX": str(PER_ADDRESS),
        "GUESTS_PER_ADDRESS_MAX": str(GUESTS_PER_ADDRESS),
    }
    with running(free_port(), settings, log) as (address, process):
        yield Bench(address, process.pid)


@pytest.fixture
def bench(transactional_db: None, media: Path, tmp_path: Path) -> Iterator[Bench]:
    """On Daphne, the server by default."""
    yield from _bench("daphne", media, tmp_path)


@pytest.fixture
def uvicorn_bench(transactional_db: None, media: Path, tmp_path: Path) -> Iterator[Bench]:
    yield from _bench("uvicorn", media, tmp_path)


@pytest.fixture(params=["daphne", "uvicorn"])
def any_bench(
    request: pytest.FixtureRequest, transactional_db: None, media: Path, tmp_path: Path
) -> Iterator[Bench]:
    """On each server."""
    yield from _bench(request.param, media, tmp_path)
