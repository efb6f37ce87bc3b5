"""The cast of every test: alice owns, bob edits, carol may look, mallory is a stranger. Servers: tests/servers.py."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: Any) -> None:
    """A fresh test database. It is never dropped: its whole server is thrown away after the run."""
    from django.test.utils import setup_databases

    with django_db_blocker.unblock():
        setup_databases(verbosity=0, interactive=False)


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    """Each test stores files in a folder of its own."""
    folder = tmp_path / "media"
    storages = {**settings.STORAGES}
    storages["default"] = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(folder), "base_url": None},
    }
    settings.STORAGES = storages
    return folder


@pytest.fixture(autouse=True)
def no_static_scan(settings: Any) -> None:
    """Look a static file up when it is asked for, instead of all of them whenever a test makes a client."""
    settings.SERVESTATIC_AUTOREFRESH = True


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Job ids that were handed to Celery: a stub at the broker's door."""
    from generation import tasks

    sent: list[str] = []
    monkeypatch.setattr(tasks.generate, "apply_async", lambda args=(), **_: sent.append(str(args[0])))
    yield sent


@pytest.fixture
def alice(db: None) -> Any:
    from tests.factories import person

    return person("alice")


@pytest.fixture
def bob(db: None) -> Any:
    from tests.factories import person

    return person("bob")


@pytest.fixture
def carol(db: None) -> Any:
    from tests.factories import person

    return person("carol")


@pytest.fixture
def mallory(db: None) -> Any:
    from tests.factories import person

    return person("mallory")


@pytest.fixture
def board(alice: Any, bob: Any, carol: Any) -> Any:
    """alice's board, on which bob edits and carol looks."""
    from boards.models import Board, Membership, Role

    made = Board.objects.create(title="Alice's board", owner=alice)
    Membership.objects.create(board=made, user=bob, role=Role.EDIT)
    Membership.objects.create(board=made, user=carol, role=Role.VIEW)
    return made
