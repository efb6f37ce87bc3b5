"""Those who run Atelier see jobs and act on them through the lifecycle only."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import User
from generation.errors import OutOfMemory
from generation.jobs import lifecycle
from generation.models import Job, JobStatus
from tests.factories import person
from tests.generation.test_lifecycle import IMAGE, claimed, lose, queued

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("published")]
URL = "/admin/generation/job/"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def root() -> User:
    return person("root", is_staff=True, is_superuser=True)


def act(client: Client, action: str, *jobs: Job) -> Any:
    return client.post(
        URL, {"action": action, "_selected_action": [str(job.id) for job in jobs]}, follow=True
    )


def test_the_list_and_a_job_can_be_seen(root: User, alice: User) -> None:
    job = queued(alice)
    lifecycle.succeed(claimed(job), [(IMAGE, 7)])
    client = signed_in(root)
    for path in (
        URL,
        f"{URL}?status=succeeded",
        f"{URL}?q={job.id}",
        f"{URL}?q=alice",
        f"{URL}?dead=yes",
        f"{URL}?dead=no",
        "/admin/generation/jobevent/",
        f"{URL}{job.id}/change/",
    ):
        assert client.get(path).status_code == 200, path


def test_nothing_is_edited_or_added_by_hand(root: User, alice: User) -> None:
    client = signed_in(root)
    assert client.get(f"{URL}add/").status_code == 403
    assert client.post(f"{URL}{queued(alice).id}/change/", {"status": "succeeded"}).status_code == 403


def test_a_failed_job_is_requeued_and_a_waiting_one_cancelled(root: User, alice: User) -> None:
    failed, waiting = queued(alice), queued(alice)
    lifecycle.fail(claimed(failed), OutOfMemory())
    client = signed_in(root)
    assert "1 of 2 jobs wait again." in act(client, "requeue", failed, waiting).content.decode()
    assert Job.objects.get(id=failed.id).status == JobStatus.QUEUED
    act(client, "cancel", failed, waiting)
    assert {job.status for job in Job.objects.all()} == {JobStatus.CANCELLED}


def test_who_may_only_look_cannot_act(alice: User) -> None:
    watcher = person("watcher", is_staff=True)
    watcher.user_permissions.add(Permission.objects.get(codename="view_job"))
    job = queued(alice)
    act(signed_in(watcher), "cancel", job)
    assert Job.objects.get(id=job.id).status == JobStatus.QUEUED


def test_mallory_sees_nothing(mallory: User) -> None:
    assert signed_in(mallory).get(URL).status_code == 302


def test_J26_dead_jobs_are_found_and_given_another_chance(root: User, alice: User) -> None:
    dead, failed = queued(alice), queued(alice)
    lifecycle.fail(claimed(failed), OutOfMemory())
    for _ in range(lifecycle.ATTEMPTS_MAX):
        claimed(dead)
        lose(dead)
        lifecycle.reap()
    client = signed_in(root)
    shown = client.get(f"{URL}?dead=yes").content.decode()
    assert str(dead.id) in shown and str(failed.id) not in shown
    log = client.get(f"{URL}{dead.id}/change/").content.decode()
    assert "given up after too many attempts" in log
    act(client, "requeue", dead)
    dead.refresh_from_db()
    assert (dead.status, dead.dead_at, dead.charged_pictures) == (JobStatus.QUEUED, None, 1)


def test_J27_the_log_is_read_only_here_too(root: User, alice: User) -> None:
    event = queued(alice).events.get()
    url = f"/admin/generation/jobevent/{event.pk}/"
    assert signed_in(root).post(f"{url}change/", {"what": "succeeded"}).status_code == 403
    assert signed_in(root).post(f"{url}delete/", {"post": "yes"}).status_code == 403
