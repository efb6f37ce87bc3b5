"""Pictures in an S3 bucket: the same code, a real S3 server (rclone), signed requests only."""

import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone
from PIL import Image

from boards import tasks
from boards.files import board_files, unreferenced
from boards.models import Board, BoardFile
from generation.errors import StorageUnavailable
from generation.images import storage
from tests.e2e.atelier import PROJECT, free_port
from tests.factories import png
from webapp import env, health

KEY, SECRET = "test-access-key", "test-secret-key"


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("s3")
    (folder / "pictures").mkdir()
    port = free_port()
    command = [PROJECT / ".venv" / "bin" / "rclone", "serve", "s3", "--auth-key", f"{KEY},{SECRET}"]
    command += [
        "--addr",
        f"127.0.0.1:{port}",
        "--vfs-cache-mode",
        "writes",
        "--config",
        "/dev/null",
        str(folder),
    ]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([str(part) for part in command], stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 20
    while True:
        try:
            urllib.request.urlopen(url, timeout=1)
        except urllib.error.HTTPError as error:
            error.close()
            break  # it answers, and wants a signature
        except OSError:
            assert server.poll() is None and time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.05)  # until the port is open
    yield url
    server.terminate()
    server.wait()


@pytest.fixture
def bucket(endpoint: str, settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    for name, value in {
        "S3_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("S3_ADDRESSING_STYLE", "path")
    settings.STORAGES = {**settings.STORAGES, "default": env.storage("s3://pictures/atelier", tmp_path)}
    yield f"{endpoint}/pictures/atelier"
    hang_up()


def hang_up() -> None:
    """Close the storage's connections, which boto3 otherwise leaves to the garbage collector."""
    default_storage.connection.meta.client.close()


def test_a_picture_goes_there_and_comes_back(bucket: str) -> None:
    stored = storage.store_image(
        Image.new("RGB", (40, 30), "red"), {"prompt": "red", "seed": 1, "checkpoint": "bundled"}
    )
    assert default_storage.exists(stored.key) and default_storage.size(stored.key) == stored.size_bytes
    assert storage.load_picture(stored.key).size == (40, 30)
    assert (
        storage.store_image(
            Image.new("RGB", (40, 30), "red"), {"prompt": "red", "seed": 1, "checkpoint": "bundled"}
        )
        == stored
    )


def test_it_is_private(bucket: str) -> None:
    stored = storage.store_image(Image.new("RGB", (8, 8), "blue"), {"prompt": "blue"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{bucket}/{stored.key}", timeout=5)
    refused.value.close()
    assert refused.value.code in {400, 403}  # rclone says 400 where AWS says 403


@pytest.mark.django_db
def test_a_board_serves_it_same_origin(bucket: str, board: Any, alice: Any, client: Any) -> None:
    file = board_files.add_upload(board, alice, png(12, 10))
    client.force_login(alice)
    served = client.get(board_files.url_of(file))
    assert served.status_code == 200 and served["Content-Type"] == "image/png"
    assert BoardFile.objects.get().key.startswith("files/")


@pytest.mark.django_db
def test_what_was_deleted_leaves_the_bucket(
    bucket: str, board: Any, alice: Any, bob: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same rules as on disk (tests/boards/test_throwing_away.py); here the listing is the bucket's."""
    monkeypatch.setattr(unreferenced, "AGE_MIN", timedelta(days=-1))
    monkeypatch.setattr(storage, "is_marked", lambda key: False)
    unreferenced.sweep(timezone.now())  # what other tests left
    kept = Board.objects.create(owner=bob)
    stays, goes = (
        board_files.add_upload(kept, bob, png(9, 9)),
        board_files.add_upload(board, alice, png(7, 7)),
    )
    thumbnail = default_storage.save("versions/some-board/some-version.png", ContentFile(png()))
    before = set(unreferenced._files())
    assert before >= {stays.key, goes.key, thumbnail}
    Board.objects.filter(pk=board.pk).update(deleted_at=timezone.now() - timedelta(days=40))
    tasks.throw_away()
    assert before - set(unreferenced._files()) >= {goes.key, thumbnail}
    assert set(unreferenced._files()) == {stays.key}


def test_ready_says_whether_it_can_be_written(
    bucket: str, settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert health.CHECKS["storage"]() == {"ok": True}
    hang_up()
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    settings.STORAGES = {**settings.STORAGES, "default": env.storage("s3://pictures/atelier", tmp_path)}
    assert not health.CHECKS["storage"]()["ok"]


@pytest.fixture(params=["s3", "disk"])
def anywhere(request: pytest.FixtureRequest) -> None:
    """On both kinds of storage."""
    if request.param == "s3":
        request.getfixturevalue("bucket")


@pytest.mark.django_db
@pytest.mark.usefixtures("anywhere")
def test_a_lost_object_is_not_found_by_any_door(board: Any, alice: Any, client: Any) -> None:
    file = board_files.add_upload(board, alice, png(12, 10))
    default_storage.delete(file.key)
    client.force_login(alice)
    assert client.get(board_files.url_of(file)).status_code == 404
    with pytest.raises(FileNotFoundError):
        storage.read(file.key)
    with pytest.raises(StorageUnavailable) as failed:
        storage.open_key(file.key)
    assert isinstance(failed.value.__cause__, FileNotFoundError)
    exported = client.get(f"/api/v1/boards/{board.pk}/scene")
    assert exported.status_code == 200 and b"".join(exported.streaming_content)


@pytest.mark.django_db
@pytest.mark.usefixtures("anywhere")
def test_what_vanishes_while_it_is_swept_does_not_end_the_sweep(
    board: Any, alice: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unreferenced, "AGE_MIN", timedelta(days=-1))
    board_files.add_upload(board, alice, png(12, 10))
    listed, looked_at, old = (f"snapshots/{name}.png" for name in ("a-listed", "b-looked-at", "c-old"))
    for key in (looked_at, old):
        default_storage.save(key, ContentFile(png()))
    monkeypatch.setattr(unreferenced, "_files", lambda: iter([listed, looked_at, old]))

    def somebody_else_deletes_it(key: str) -> bool:
        if key == looked_at:
            default_storage.delete(key)
        return False

    monkeypatch.setattr(storage, "is_marked", somebody_else_deletes_it)
    assert unreferenced.sweep(timezone.now()) == 1
    assert not default_storage.exists(old)
