"""`make run` before it runs: each fault gives one clear line with its fix, and no traceback."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.atelier import PROJECT, Atelier, free_port
from webapp.embedded import home, postgres, supervisor
from webapp.embedded.errors import CannotStart
from webapp.embedded.supervisor import Child, Supervisor


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Supervisor:
    monkeypatch.setenv("ATELIER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PORT", str(free_port()))
    manifest = tmp_path / "project" / "frontend" / "dist" / ".vite" / "manifest.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text("{}")
    monkeypatch.setattr(supervisor, "PROJECT", tmp_path / "project")
    return Supervisor()


def test_all_is_well(fresh: Supervisor) -> None:
    fresh._check()


def test_a_port_in_use(fresh: Supervisor) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", fresh.port))
        other.listen()
        with pytest.raises(CannotStart, match=f"PORT={fresh.port + 1} make run"):
            fresh._check()


def test_a_full_disk(fresh: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage("/")._replace(free=1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(CannotStart, match="make room, or set ATELIER_HOME"):
        fresh._check()


def test_a_home_that_is_a_file(fresh: Supervisor) -> None:
    fresh.home.parent.mkdir(parents=True, exist_ok=True)
    fresh.home.write_text("")
    with pytest.raises(CannotStart, match="set ATELIER_HOME to a folder"):
        fresh._check()


def test_a_front_end_that_is_not_built(fresh: Supervisor) -> None:
    shutil.rmtree(supervisor.PROJECT / "frontend")
    with pytest.raises(CannotStart, match="make build"):
        fresh._check()


def test_a_data_folder_of_another_postgres(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("15\n")
    with pytest.raises(CannotStart, match="was made by PostgreSQL 15"):
        postgres.prepare(tmp_path)


def test_the_pid_file_of_a_dead_server_is_no_obstacle(tmp_path: Path) -> None:
    process = subprocess.Popen(["true"])
    process.wait()
    pid_file = tmp_path / "postmaster.pid"
    pid_file.write_text(f"{process.pid}\n{tmp_path}\n")
    postgres._remove_stale_pid_file(tmp_path)
    assert not pid_file.exists()


def test_a_data_folder_in_use(tmp_path: Path) -> None:
    from tests.servers import HOME

    pid_file = (HOME / "postgres" / "postmaster.pid").read_text()  # of the server that the tests run on
    (tmp_path / "postmaster.pid").write_text(pid_file)
    with pytest.raises(CannotStart, match="in use by the PostgreSQL server"):
        postgres._remove_stale_pid_file(tmp_path)


def test_the_line_is_all_that_is_printed() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        environment = os.environ | {"PORT": str(other.getsockname()[1])}
        ended = subprocess.run(
            [sys.executable, "-m", "webapp.embedded.supervisor"],
            cwd=PROJECT,
            env=environment,
            capture_output=True,
            text=True,
        )
    assert ended.returncode == 1 and ended.stdout == ""
    assert len(ended.stderr.splitlines()) == 1 and ended.stderr.startswith("atelier: ")


def test_a_child_that_dies_is_started_again() -> None:
    child = Child("sleeper", lambda: subprocess.Popen(["sleep", "60"]))
    first = child.process
    first.kill()
    first.wait()
    child.restart_if_dead()  # sees that it died; the first restart comes after a second
    child._again_at = 1e-9
    child.restart_if_dead()
    assert child.process is not first and child.process.poll() is None
    child.stop(signal.SIGTERM)
    child.wait(1e12)


@pytest.mark.parametrize("name", ["short", "long" * 40])
def test_sockets_have_room_for_their_path(tmp_path: Path, name: str) -> None:
    folder = home.sockets(tmp_path / name)
    assert len(str(folder / ".s.PGSQL.5432.lock")) <= 103


def test_a_folder_of_sockets_that_somebody_else_made_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = tmp_path / "postgres"
    theirs.symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(CannotStart, match="belongs to another user"):
        postgres.prepare(tmp_path)


def test_only_what_atelier_keeps_is_closed(tmp_path: Path) -> None:
    """A home may be a folder that holds more than Atelier's own."""
    for name in ("logs/web.log", "media/files/aa/picture.png", "secret_key", "somebody/else.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    open_to_all(tmp_path)
    home.close(tmp_path)
    open_ones = {str(path.relative_to(tmp_path)) for path in readable_by_others(tmp_path)}
    assert open_ones == {"somebody", "somebody/else.txt"}
    assert tmp_path.stat().st_mode & 0o777 == 0o700


def open_to_all(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if "postgres" not in path.relative_to(folder).parts:
            path.chmod(0o755 if path.is_dir() else 0o644)


def readable_by_others(folder: Path) -> list[Path]:
    """What others could read there, or change, and where more than the database's group could pass."""
    passing = [folder] if folder.stat().st_mode & 0o067 else []
    return passing + [
        path for path in folder.rglob("*") if path.lstat().st_mode & 0o077 and not path.is_symlink()
    ]


def ask_for_a_new_password(url: str, email: str) -> None:
    jar = CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    with browser.open(f"{url}/accounts/password/reset/", timeout=10) as page:
        page.read()
    token = next(cookie.value for cookie in jar if cookie.name == "csrftoken")
    form = urllib.parse.urlencode({"email": email, "csrfmiddlewaretoken": token}).encode()
    with browser.open(f"{url}/accounts/password/reset/", form, timeout=10) as page:
        assert page.url.endswith("/done/")


@pytest.mark.e2e
def test_a_second_start_is_quick_keeps_what_was_drawn_and_all_children_end(tmp_path_factory: Any) -> None:
    import tempfile
    import time

    import psutil

    with tempfile.TemporaryDirectory(prefix="atelier-again-") as folder:
        first = Atelier(Path(folder) / "home")
        first.start()
        assert first.stop() == 0
        open_to_all(first.home)  # as releases left it that knew no better
        second = Atelier(Path(folder) / "home")
        began = time.monotonic()
        second.start()
        print(f"second start: {time.monotonic() - began:.1f} s")
        assert second.process is not None
        children = psutil.Process(second.process.pid).children(recursive=True)
        assert len(children) >= 5
        assert second.get("/ready")["ok"]
        housekeeper = next(child for child in children if "--with-beat" in child.cmdline())
        assert not [part.path for part in housekeeper.memory_maps() if "libtorch" in part.path]
        assert second.manage("doctor").count("ok ") >= 6
        ask_for_a_new_password(second.url, "ada@example.org")
        mails = list((second.home / "mail").iterdir())
        assert len(mails) == 1 and b"ada@example.org" in mails[0].read_bytes()
        assert "ada@example.org" not in second.logs()
        assert readable_by_others(second.home) == []
        key = second.manage("create_api_key", "ada@example.org", "--create-user").strip()
        assert key.startswith("ak_") and "\n" not in key
        assert second.stop() == 0
        _, alive = psutil.wait_procs(children, timeout=30)
        assert alive == []


@pytest.mark.parametrize(
    ("device", "driver", "uses"),
    [
        ("", True, True),
        ("auto", False, False),
        ("cpu", True, False),
        ("cuda:1", False, True),
        ("mps", True, False),
    ],
)
def test_a_worker_that_feeds_a_card_takes_more_jobs_at_once(
    monkeypatch: pytest.MonkeyPatch, device: str, driver: bool, uses: bool
) -> None:
    monkeypatch.setenv("DEVICE", device)
    monkeypatch.setattr("shutil.which", lambda name: "/usr/bin/nvidia-smi" if driver else None)
    assert supervisor.will_use_gpu() is uses
