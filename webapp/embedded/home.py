"""Where everything of the embedded mode lies: one folder, ATELIER_HOME.

Needs no Django, so that settings, the supervisor and the tests can all ask it.
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
"""Of a home's mode: more than to let one group pass, which the database's server may need."""
OURS = ("beat*", "checkpoints.json", "health", "logs", "mail", "media", "secret_key", "static")
"""What Atelier keeps in its home. The servers' own folders are closed by themselves: see postgres.prepare."""


def home() -> Path:
    return Path(os.environ.get("ATELIER_HOME") or PROJECT / ".atelier").expanduser().absolute()


def close(folder: Path) -> None:
    """Take from other users of the machine what an earlier release let them read; umask does it for what is new.

    Only what Atelier itself put there is touched, for the folder may be one that holds more.
    """
    if not folder.stat().st_mode & OPEN:
        return
    for kept in (path for pattern in OURS for path in folder.glob(pattern)):
        for path in (kept, *kept.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode & ~OTHERS)
    folder.chmod(folder.stat().st_mode & ~OTHERS)


def sockets(folder: Path) -> Path:
    """The folder of both servers' unix sockets: inside `folder`, or a short one where that is too long."""
    inside = folder / "run"
    if len(os.fsencode(inside)) <= SOCKET_FOLDER_MAX:
        return inside
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"atelier-{digest}"


def database_url(folder: Path) -> str:
    return f"postgres://postgres@/atelier?host={quote(str(sockets(folder)), safe='')}"


def redis_url(folder: Path) -> str:
    return f"unix://{quote(str(sockets(folder) / 'redis.sock'))}?db=0"
