"""What remains of boards and people that are gone: nothing, on disk and (tests/webapp/test_s3.py) in a bucket."""

import io
import os
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone
from PIL import Image

from accounts import tasks as people
from accounts.models import User
from boards import announce, tasks, trash
from boards.files import board_files, unreferenced
from boards.models import Board, Placement, Thumbnail, Version
from generation.images import storage
from generation.models import GeneratedImage, Job
from tests.factories import png

pytestmark = pytest.mark.django_db
LONG_AGO = timedelta(days=40)


def stored(colour, folder):
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(buffer, "PNG")
    return storage.store_bytes(buffer.getvalue(), folder, (8, 8), "image/png", "png")


def fill(board, user, colour="red"):
    """One of each kind of file that a board has, and a job with a prompt."""
    file = board_files.add_upload(board, user, png(12, 10, colour))
    snapshot, mask, made = (stored(colour, folder) for folder in ("snapshots", "masks", "images"))
    thumbnail = stored(colour, "thumbnails")
    job = Job.objects.create(
        created_by=user, audience=announce.group(board.pk), kind="inpaint", checkpoint="bundled", status="succeeded",
        params={"prompt": "a secret garden"}, snapshot=snapshot.key, mask=mask.key,
    )  # fmt: skip
    Placement.objects.create(job=job, board=board, x=0, y=0, width=8, height=8)
    GeneratedImage.objects.create(
        job=job, key=made.key, sha256=made.sha256, mime_type="image/png", width_px=8, height_px=8,
        size_bytes=made.size_bytes, seed=1,
    )  # fmt: skip
    Thumbnail.objects.create(board=board, key=thumbnail.key, sha256=thumbnail.sha256, mime_type="image/png")
    version = Version.objects.create(board=board, clock=1)
    version.thumbnail_key = default_storage.save(f"versions/{board.pk}/{version.pk}.png", ContentFile(png()))
    version.save()
    return {file.key, snapshot.key, mask.key, made.key, thumbnail.key, version.thumbnail_key}


def everything():
    return set(unreferenced._files())


@pytest.fixture
def days_pass(monkeypatch):
    """No row is about to name the files any more, and they are older than a day."""

    def pass_():
        monkeypatch.setattr(storage, "is_marked", lambda key: False)
        monkeypatch.setattr(unreferenced, "AGE_MIN", timedelta(days=-1))

    return pass_


def test_a_board_is_gone_for_good_when_its_time_in_the_trash_is_over(board, alice, bob, media, days_pass):
    kept = Board.objects.create(owner=bob)
    stays = fill(kept, bob, "blue")
    goes = fill(board, alice)
    assert everything() == goes | stays
    days_pass()
    Board.objects.filter(pk=board.pk).update(deleted_at=timezone.now() - LONG_AGO)
    tasks.throw_away()
    assert not Board.objects.filter(pk=board.pk).exists()
    assert Job.objects.get().audience == announce.group(kept.pk)
    assert everything() == stays
    assert {str(path.relative_to(media)) for path in media.rglob("*") if path.is_file()} == stays


def test_a_board_in_the_trash_can_be_brought_back_until_then(board, alice, days_pass):
    goes = fill(board, alice)
    days_pass()
    Board.objects.filter(pk=board.pk).update(deleted_at=timezone.now() - timedelta(days=29))
    tasks.throw_away()
    assert Board.objects.filter(pk=board.pk).exists() and everything() == goes


def test_of_what_an_admin_deletes_nothing_remains_either(board, alice, bob, client, days_pass):
    """A board and its owner, by their rows."""
    stays = fill(Board.objects.create(owner=bob), bob, "blue")
    fill(board, alice)
    client.force_login(alice)
    alone = Job.objects.create(
        created_by=alice, kind="txt2img", checkpoint="bundled", status="failed", params={}
    )
    days_pass()
    board.delete()
    alice.delete()
    tasks.throw_away()
    people.forget_sessions()
    assert Job.objects.count() == 1 and not Job.objects.filter(pk=alone.pk).exists()
    assert everything() == stays and not Session.objects.exists()


def test_a_picture_on_a_board_stays_when_its_person_goes(board, alice, bob, days_pass):
    stays = fill(board, bob)
    days_pass()
    bob.delete()
    tasks.throw_away()
    assert Job.objects.get().created_by is None and everything() == stays


def test_a_job_that_still_runs_is_left_to_its_worker(board, alice):
    fill(board, alice)
    Job.objects.update(status="running")
    board.delete()
    assert trash.forget_jobs() == 0
    Job.objects.update(status="cancelled")
    assert trash.forget_jobs() == 1


def test_a_young_file_may_belong_to_a_row_that_is_not_written_yet(board, alice, monkeypatch):
    fill(board, alice)
    monkeypatch.setattr(storage, "is_marked", lambda key: False)
    orphan = stored("green", "snapshots")
    assert unreferenced.sweep(timezone.now()) == 0 and default_storage.exists(orphan.key)
    old = (timezone.now() - timedelta(days=2)).timestamp()
    os.utime(default_storage.path(orphan.key), (old, old))
    assert unreferenced.sweep(timezone.now()) == 1 and not default_storage.exists(orphan.key)


def test_an_old_file_that_is_stored_again_stays(board, alice, monkeypatch):
    """It is there already, so it is not written anew, and no row names it yet."""
    fill(board, alice)
    monkeypatch.setattr(unreferenced, "AGE_MIN", timedelta(days=-1))
    again = stored("green", "snapshots")
    assert unreferenced.sweep(timezone.now()) == 0 and default_storage.exists(again.key)


def test_what_is_stored_again_while_it_is_deleted_is_put_back(board, alice, days_pass, monkeypatch):
    fill(board, alice)
    orphan = stored("green", "snapshots")
    days_pass()
    answers = iter([False, True])
    monkeypatch.setattr(storage, "is_marked", lambda key: next(answers))
    assert unreferenced.sweep(timezone.now()) == 0
    assert storage.load_picture(orphan.key).size == (8, 8)


def test_somebody_elses_storage_is_not_swept(db, days_pass):
    stored("green", "snapshots")
    days_pass()
    assert unreferenced.sweep(timezone.now()) == 0 and len(everything()) == 1


def test_other_folders_are_not_touched(board, alice, days_pass):
    fill(board, alice)
    default_storage.save("backups/database.sql", ContentFile(b"-- all of it"))
    days_pass()
    unreferenced.sweep(timezone.now())
    assert default_storage.exists("backups/database.sql")


def test_sessions_that_ended_and_those_of_nobody_are_forgotten(alice, bob, client):
    client.force_login(alice)
    store = import_module(django_settings.SESSION_ENGINE).SessionStore
    for person in (bob.pk, None):
        session = store()
        session[SESSION_KEY if person else "csrf"] = str(person)
        session.save()
    ended = store()
    ended[SESSION_KEY] = str(alice.pk)
    ended.set_expiry(-1)
    ended.save()
    User.objects.filter(pk=bob.pk).delete()
    assert people.forget_sessions() == 2
    assert Session.objects.count() == 2, "alice's, and one of somebody who has not signed in yet"


def test_mails_that_were_kept_are_forgotten(settings, tmp_path: Path):
    settings.EMAIL_FILE_PATH = tmp_path
    for name, days in (("old.log", 8), ("new.log", 1)):
        (tmp_path / name).write_text("a link")
        when = (timezone.now() - timedelta(days=days)).timestamp()
        os.utime(tmp_path / name, (when, when))
    assert people.forget_mails() == 1 and [path.name for path in tmp_path.iterdir()] == ["new.log"]


def test_a_guests_jobs_follow_into_the_account(client, alice):
    client.post("/boards/new")
    guest = User.objects.get(is_guest=True)
    Job.objects.create(created_by=guest, kind="txt2img", checkpoint="bundled", params={}, idempotency_key="1")
    from tests.factories import PASSWORD

    client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    assert Job.objects.get().created_by == alice
