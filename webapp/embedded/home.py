"""ATELIER_HOME, the folder of all data in the embedded mode.

Imports no Django, as settings, the supervisor and tests use it.
"""

import hashlib
import os
import tempfile
from pathlib import Path
from urllib.parse import quote

PROJECT = Path(__file__).resolve().parent.parent.parent
# A unix socket's path may have 107 bytes on Linux and 103 on macOS; ".s.PGSQL.5432.lock" needs 19 of them.
SOCKET_FOLDER_MAX = 103 - 19
UMASK = 0o077
OTHERS = 0o077
OPEN = 0o067
"""Bits of the home's mode that must not be set; --x for the group may be, as the database server can need it."""
OURS = ("beat*", "cache", "checkpoints.json", "health", "logs", "mail", "media", "secret_key", "static")
"""Names in the home that Atelier made, without the folders of the servers: for those see postgres.prepare."""


def home() -> Path:
    """ATELIER_HOME, or .atelier in the project."""
    return Path(os.environ.get("ATELIER_HOME") or PROJECT / ".atelier").expanduser().absolute()


def close(folder: Path) -> None:
    """Remove the permissions of other users that files of an earlier release have; new files get none by the umask.

    Only files that Atelier made are changed, as the folder may hold others.
    """
    if not folder.stat().st_mode & OPEN:
        return
    for kept in (path for pattern in OURS for path in folder.glob(pattern)):
        for path in (kept, *kept.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode & ~OTHERS)
    folder.chmod(folder.stat().st_mode & ~OTHERS)


def sockets(folder: Path) -> Path:
    """The folder of both servers' unix sockets: inside `folder`, or in the temporary folder if that path is too long."""
    inside = folder / "run"
    if len(os.fsencode(inside)) <= SOCKET_FOLDER_MAX:
        return inside
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"atelier-{digest}"


def database_url(folder: Path) -> str:
    """DATABASE_URL of the embedded Postgres."""
    return f"postgres://postgres@/atelier?host={quote(str(sockets(folder)), safe='')}"


def redis_url(folder: Path) -> str:
    """REDIS_URL of the embedded Redis."""
    return f"unix://{quote(str(sockets(folder) / 'redis.sock'))}?db=0"
