"""Whom the embedded PostgreSQL lets in, and what it writes into its log."""

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.servers import HOME
from webapp.embedded import postgres
from webapp.embedded.home import sockets

ADDRESS = {"host": str(sockets(HOME)), "user": "postgres", "dbname": "postgres"}


@contextmanager
def somebody(name: str) -> Iterator[None]:
    """What is done in here is done by another user of the machine, whom only root can become."""
    if os.geteuid():
        pytest.skip("Only root can become another user.")
    user = pwd.getpwnam(name)
    groups = os.getgroups()
    os.setgroups([])
    os.setegid(user.pw_gid)
    os.seteuid(user.pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


def test_whoever_runs_atelier_is_let_in() -> None:
    with psycopg.connect(**ADDRESS) as connection:
        rules = connection.execute("SELECT type, auth_method FROM pg_hba_file_rules").fetchall()
    assert rules == [("local", "peer")]


def test_the_servers_own_user_is_not() -> None:
    with somebody("nobody"), pytest.raises(psycopg.OperationalError, match="eer authentication failed"):
        psycopg.connect(**ADDRESS)


def test_other_users_do_not_even_pass_the_home() -> None:
    for path in (HOME / "servers.log", HOME / "postgres" / "PG_VERSION", sockets(HOME) / "redis.sock"):
        with somebody("daemon"), pytest.raises(PermissionError):
            path.stat()


def test_the_servers_own_user_reads_nothing_else_there() -> None:
    with somebody("nobody"), pytest.raises(PermissionError):
        os.listdir(HOME)


def test_a_data_folder_that_let_everybody_in_is_closed_at_the_next_start(tmp_path: Path) -> None:
    data = tmp_path / "postgres"
    data.mkdir()
    (data / "PG_VERSION").write_text(f"{postgres.MAJOR_VERSION}\n")
    (data / "pg_hba.conf").write_text("local all all trust\n")
    postgres.prepare(tmp_path)
    assert (data / "pg_hba.conf").read_text() == "local all postgres peer map=atelier\n"
    assert (data / "pg_hba.conf").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "statement", ["INSERT INTO kept VALUES ('a-secret')", "INSERT INTO kept VALUES (%s)"]
)
def test_an_error_leaves_no_value_in_the_log(statement: str) -> None:
    """A unique key's error has the key in its details, and the whole statement follows it."""
    parameters = ["a-secret"] if "%s" in statement else []
    with psycopg.connect(**ADDRESS, autocommit=True) as connection:
        connection.execute("CREATE TEMPORARY TABLE kept (token text PRIMARY KEY)")
        connection.execute(statement, parameters)
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute(statement, parameters)
    log = (HOME / "servers.log").read_text()
    assert "duplicate key" in log and "a-secret" not in log
