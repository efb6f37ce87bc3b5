"""Jobs and checkpoints as the contract shows them."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import User
from generation.checkpoints import catalogue
from generation.errors import OutOfMemory
from generation.jobs import description, heartbeat, lifecycle
from generation.models import Job, JobAttempt
from tests.generation.test_lifecycle import IMAGE, claimed, queued

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("published")]

NAMES = {
    "id",
    "kind",
    "status",
    "params",
    "position",
    "eta_seconds",
    "step",
    "steps",
    "attempt",
    "error",
    "images",
}
NAMES |= {"created_at", "started_at", "finished_at"}


def described(job: Job, **options: Any) -> dict[str, Any]:
    return description.describe(Job.objects.get(id=job.id), **options)


def test_a_job_has_every_field_of_the_contract_in_every_state(alice: User) -> None:
    job = queued(alice)
    assert set(described(job)) >= NAMES
    assert (described(job)["status"], described(job)["position"], described(job)["error"]) == (
        "queued",
        1,
        None,
    )
    claim = claimed(job)
    assert (described(job)["status"], described(job)["position"]) == ("running", None)
    lifecycle.succeed(claim, [(IMAGE, 7)])
    shown = described(job, image_url=lambda image: f"/pictures/{image.sha256}")
    [image] = shown["images"]
    assert (image["url"], image["seed"], image["width_px"]) == ("/pictures/aa", 7, 512)
    assert shown["eta_seconds"] is None and shown["finished_at"]
    json.dumps(shown)


def test_a_failure_says_what_and_whether_to_try_again(alice: User) -> None:
    job = queued(alice)
    lifecycle.fail(claimed(job), OutOfMemory())
    error = described(job)["error"]
    assert (error["code"], error["retryable"]) == ("out_of_memory", True) and error["message"]


def test_J14_a_place_in_the_queue_is_the_order_of_claims(alice: User, bob: User) -> None:
    jobs = [queued(user) for user in (alice, alice, alice, bob)]
    assert [described(job)["position"] for job in jobs] == [1, 3, 4, 2]
    assert lifecycle.claim_next("here:1").job == jobs[0]  # type: ignore[union-attr]
    assert [described(job)["position"] for job in jobs] == [None, 2, 3, 1]
    assert lifecycle.claim_next("here:1").job == jobs[3]  # type: ignore[union-attr]


def test_the_wait_is_guessed_from_what_was_measured(alice: User) -> None:
    first = queued(alice)
    assert described(first)["eta_seconds"] is None, "nobody knows yet"
    for seconds in (2.0, 4.0):
        lifecycle.succeed(claimed(queued(alice)), [(IMAGE, 7)], engine_seconds=seconds)
    second = queued(alice)
    assert (described(first)["eta_seconds"], described(second)["eta_seconds"]) == (3, 6)
    claim = claimed(first)
    lifecycle.heartbeat(claim, 6, 12)
    assert (described(first)["eta_seconds"], described(second)["eta_seconds"]) == (2, 5)


def test_old_measurements_are_forgotten(alice: User) -> None:
    job = queued(alice)
    lifecycle.succeed(claimed(job), [(IMAGE, 7)], engine_seconds=1000.0)
    old = JobAttempt.objects.get()
    JobAttempt.objects.update(finished_at=old.finished_at - timedelta(days=1))  # type: ignore[operator]
    for _ in range(20):
        lifecycle.succeed(claimed(queued(alice)), [(IMAGE, 7)], engine_seconds=1.0)
    assert described(queued(alice))["eta_seconds"] == 1


def test_checkpoints_show_what_each_kind_takes() -> None:
    shown = {checkpoint["name"]: checkpoint for checkpoint in description.describe_checkpoints()}
    assert shown["bundled"]["default"] and shown["bundled"]["bundled"]
    pix2pix = shown["bundled"]["kinds"]["pix2pix"]
    assert set(pix2pix["uses"]) >= {"prompt", "steps", "image_guidance_scale", "seed", "count"}
    assert pix2pix["limits"]["count"] == (1, 4) and pix2pix["defaults"]["steps"]
    assert "guidance_scale" not in shown["sd-turbo"]["kinds"]["img2img"]["limits"]
    json.dumps(shown)


def test_checkpoints_show_each_kind_as_the_page_needs_it() -> None:
    shown = {checkpoint["name"]: checkpoint["kinds"] for checkpoint in description.describe_checkpoints()}
    said = ("title", "hint", "sees", "instructs", "needs_prompt")
    assert {name: shown["instruct-pix2pix"]["pix2pix"][name] for name in said} == {
        "title": "Edit by instruction",
        "hint": "Changes what is there as you tell it, for example “make it night”.",
        "sees": "sketch",
        "instructs": True,
        "needs_prompt": True,
    }
    assert shown["x4-upscaler"]["upscale"]["sees"] == "file"
    assert not shown["x4-upscaler"]["upscale"]["needs_prompt"]
    assert [kind["sees"] for kind in shown["stable-diffusion-1.5"].values()] == [
        "sketch",
        "nothing",
        "pictures_and_mask",
    ], "in the order of KINDS"


def test_a_kind_is_called_by_its_checkpoints_title_where_it_has_one() -> None:
    checkpoint = catalogue.get("sd-turbo")
    own = replace(checkpoint.kinds["img2img"], title="Photograph it")
    checkpoint = replace(checkpoint, kinds={**checkpoint.kinds, "img2img": own})
    kinds = description.describe_checkpoint(checkpoint, [])["kinds"]
    assert (kinds["img2img"]["title"], kinds["txt2img"]["title"]) == ("Photograph it", "Words only")


@pytest.mark.parametrize(
    ("reports", "status"),
    [
        ([], "failed"),
        (["failed"], "failed"),
        (["failed", "loading"], "loading"),
        (["loading", "ready", "failed"], "ready"),
    ],
)
def test_the_best_report_of_the_workers_counts(
    monkeypatch: pytest.MonkeyPatch, reports: list[str], status: str
) -> None:
    beats = [{"checkpoints": {"bundled": {"status": each, "reason": each}}} for each in reports]
    monkeypatch.setattr(heartbeat, "alive", lambda: beats)
    shown = next(each for each in description.describe_checkpoints() if each["name"] == "bundled")
    assert shown["status"] == status
    assert shown["reason"]
