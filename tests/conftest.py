"""The cast of every test: alice owns, bob edits, carol may look, mallory is a stranger. Servers: tests/servers.py."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as examples

# The same examples every time, however slow the machine is: a change fails by itself, not by chance.
examples.register_profile(
    "steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
examples.load_profile("steady")


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: Any) -> Iterator[None]:
    """A fresh test database. It is never dropped: its whole server is thrown away after the run.

    After a test that commits its rows are deleted: Django would truncate every table and make its permissions anew.
    """
    from django.db import OperationalError, connection, transaction
    from django.test import TransactionTestCase
    from django.test.utils import setup_databases

    with django_db_blocker.unblock():
        setup_databases(verbosity=0, interactive=False)
        names = set(connection.introspection.django_table_names(only_existing=True, include_views=False))
    tables = sorted(names - {"django_migrations", "django_content_type", "auth_permission"})
    # The lock waits for what another thread still writes, and lets it read on: a lock against readers too would meet
    # a query half-way. As a replica, Postgres asks of no row who refers to it.
    empty = (
        f"LOCK TABLE {', '.join(tables)} IN EXCLUSIVE MODE; SET LOCAL session_replication_role = replica; "
        f"{' '.join(f'DELETE FROM {table};' for table in tables)}"
    )

    def delete() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(empty)

    def teardown(case: TransactionTestCase) -> None:
        for _ in range(4):
            # It met a transaction that locks in another order, and that ends.
            with suppress(OperationalError):
                delete()
                return
        delete()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", teardown)
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_passwords(django_test_environment: None) -> Iterator[None]:
    """People are made by the thousand here, and to hash a password well takes a tenth of a second."""
    from django.test import override_settings

    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(autouse=True)
def documented_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every answer of the HTTP API that a test gets is held against the OpenAPI document."""
    from django.test import Client

    from boards.scopes import door_of_request
    from tests import documented

    request = Client.request

    def checked(client: Client, **environ: Any) -> Any:
        response = request(client, **environ)
        if response.wsgi_request.resolver_match is not None:
            documented.check(door_of_request(response.wsgi_request), response)
        return response

    monkeypatch.setattr(Client, "request", checked)


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
