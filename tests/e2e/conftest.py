import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.e2e.atelier import Atelier
from tests.e2e.browser import chromium

NEW_DEMO_BOARD = """
from django.utils import timezone
from boards.models import Board
Board.objects.filter(is_demo=True, deleted_at=None).update(deleted_at=timezone.now())
"""


@pytest.fixture(scope="package")
def instance() -> Iterator[Atelier]:
    # Not below pytest's own folder: that is closed to the user that root's PostgreSQL runs as.
    with tempfile.TemporaryDirectory(prefix="atelier-e2e-") as folder:
        running = Atelier(Path(folder) / "home")
        running.start()
        yield running
        assert running.stop() == 0


@pytest.fixture(scope="module")
def atelier(instance: Atelier) -> Atelier:
    """One instance for all modules, with a demo board of its own for each."""
    instance.manage("shell", "-c", NEW_DEMO_BOARD)
    return instance


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Ends with its module: while it lives, Playwright holds the thread's event loop, which async tests need."""
    with chromium() as running:
        yield running


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Where screenshots are kept, out of git's sight."""
    folder = Path(__file__).parents[1] / "out"
    folder.mkdir(exist_ok=True)
    return folder
