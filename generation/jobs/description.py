"""A job and a checkpoint as the contract shows them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db.models import prefetch_related_objects

from generation.checkpoints import catalogue, styles
from generation.checkpoints.catalogue import Checkpoint, Kind
from generation.checkpoints.limits import COMMON, NUMBERS, allowed
from generation.checkpoints.params import KINDS
from generation.jobs import estimate, heartbeat
from generation.jobs.estimate import Wait
from generation.models import GeneratedImage, Job

ImageUrl = Callable[[GeneratedImage], str | None]


def describe(job: Job, image_url: ImageUrl = lambda image: None) -> dict[str, Any]:
    """The job for people and programs; boards adds board, frame, region and element ids."""
    return describe_each([job], image_url)[0]


def describe_each(jobs: Sequence[Job], image_url: ImageUrl = lambda image: None) -> list[dict[str, Any]]:
    """The same for many, in a few queries however many there are, and one for their images unless these came along."""
    waits = estimate.waits(jobs)
    prefetch_related_objects(jobs, "images")
    return [_job(job, waits[job.id], image_url) for job in jobs]


def _job(job: Job, wait: Wait, image_url: ImageUrl) -> dict[str, Any]:
    return {
        "id": str(job.id),
        "kind": job.kind,
        "status": job.status,
        "params": job.params,
        "position": wait.place,
        "eta_seconds": wait.seconds,
        "step": job.step,
        "steps": job.steps,
        "attempt": job.attempt,
        "cancel_requested": job.cancel_requested,
        "error": _error(job),
        "images": [_image(image, image_url) for image in job.images.all()],
        "retry_of": str(job.retry_of_id) if job.retry_of_id else None,
        "created_at": job.created_at.isoformat(),
        "started_at": job.started_at.isoformat() if job.started_at else None,
        "finished_at": job.finished_at.isoformat() if job.finished_at else None,
    }


def describe_checkpoints() -> list[dict[str, Any]]:
    """Every checkpoint with what the workers say about it."""
    reports = [worker.get("checkpoints", {}) for worker in heartbeat.alive()]
    default = catalogue.default().name
    return [
        describe_checkpoint(checkpoint, [report[name] for report in reports if name in report])
        | {"default": name == default}
        for name, checkpoint in catalogue.entries().items()
    ]


def describe_checkpoint(checkpoint: Checkpoint, reports: list[Mapping[str, str]]) -> dict[str, Any]:
    """reports: what each living worker says, {status, reason}; the best one counts."""
    status = {"status": "failed", "reason": "No worker is running."}
    for wanted in ("failed", "loading", "ready"):
        status = next((dict(report) for report in reports if report["status"] == wanted), status)
    return {
        "name": checkpoint.name,
        "title": checkpoint.title,
        "description": checkpoint.description,
        "kinds": {
            name: _kind(name, kind, checkpoint) for name, kind in checkpoint.kinds.items() if name in KINDS
        },
        "styles": [
            {"name": name, "title": styles.every()[name].title, "colours": styles.every()[name].colours}
            for name in checkpoint.styles
        ],
        "default_kind": checkpoint.default_kind,
        "live_kind": checkpoint.live.kind if checkpoint.live else None,
        "licence": checkpoint.licence,
        "licence_url": checkpoint.licence_url,
        "bundled": checkpoint.bundled,
        "status": status["status"],
        "reason": status.get("reason") or None,
    }


def _kind(name: str, kind: Kind, checkpoint: Checkpoint) -> dict[str, Any]:
    ignored = KINDS[name].ignores
    common = [each for each in COMMON if each not in ignored]
    numbers = [*(each for each in NUMBERS if each in kind.uses), *common]
    more = ["style"] if checkpoint.styles and "style" not in ignored else []
    return {
        "title": kind.title or None,
        "uses": [*kind.uses, *common, *more, *kind.switches],
        "draft_steps": kind.draft_steps,
        "keeps_lines": kind.keeps_lines,
        "defaults": {name: kind.defaults[name] for name in NUMBERS if name in kind.uses} | {"count": 1},
        "limits": {name: list(allowed(name, kind.limits)) for name in numbers},
    }


def _error(job: Job) -> dict[str, Any] | None:
    if not job.error_code:
        return None
    return {"code": job.error_code, "message": job.error_message, "retryable": job.error_retryable}


def _image(image: GeneratedImage, image_url: ImageUrl) -> dict[str, Any]:
    return {
        "id": str(image.id),
        "url": image_url(image),
        "mime_type": image.mime_type,
        "width_px": image.width_px,
        "height_px": image.height_px,
        "seed": image.seed,
    }
