"""A pytest plugin: a real Postgres and a real Redis for the run, in a folder of its own.

Loaded with `-p tests.servers`, because the environment must be set before pytest-django reads the settings.
"""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest

# Before Django reads its settings: this run's servers and files, never somebody's own.
HOME = Path(tempfile.mkdtemp(prefix="atelier-test-"))
for name in ("DATABASE_URL", "REDIS_URL", "STORAGE_URL", "SECRET_KEY", "CHECKPOINT"):
    os.environ.pop(name, None)
os.environ["ATELIER_HOME"] = str(HOME)
os.environ["LOG_LEVEL"] = "WARNING"
os.environ["HF_HUB_OFFLINE"] = "1"
# All tests come from one address, within the hour.
os.environ["GUESTS_PER_ADDRESS_MAX"] = "0"

_servers: list["subprocess.Popen[bytes]"] = []


def pytest_configure(config: pytest.Config) -> None:
    if _servers:
        return
    from webapp.embedded import postgres, redis

    data = postgres.prepare(HOME)
    # What this server keeps is thrown away after the run: it need not survive a failure of the power.
    with (data / "postgresql.auto.conf").open("a") as conf:
        conf.write("fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n")
    with (HOME / "servers.log").open("ab") as log:
        _servers.append(postgres.start(HOME, log))
        _servers.append(redis.start(HOME, log))
    postgres.create_database(HOME)


def pytest_unconfigure(config: pytest.Config) -> None:
    for server in _servers:
        server.send_signal(signal.SIGINT)
    for server in _servers:
        server.wait(30)
    _servers.clear()
    shutil.rmtree(HOME, ignore_errors=True)
