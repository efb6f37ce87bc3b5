"""Jobs and checkpoints as the HTTP API and the websocket show them."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, cast

from django.db.models import prefetch_related_objects
from django.templatetags.static import static
from typing_extensions import TypedDict

from generation.checkpoints import catalogue, hearing, styles
from generation.checkpoints.catalogue import Checkpoint, Kind
from generation.checkpoints.kinds import KINDS, Sees
from generation.checkpoints.limits import COMMON, NUMBERS, allowed
from generation.jobs import estimate, heartbeat
from generation.jobs.estimate import Wait
from generation.models import GeneratedImage, Job, JobStatus
from http_api.openapi import Timestamp

ImageUrl = Callable[[GeneratedImage], str]
"""Where a picture is served."""

if TYPE_CHECKING:
    StatusName = str
    SeesName = str
else:  # the documents list the values; JobStatus and Sees remain the only lists
    StatusName = Literal[tuple(JobStatus.values)]
    SeesName = Literal[tuple(each.value for each in Sees)]


class ParamFields(TypedDict, total=False):
    """What a person may choose, but the kind and the prompt.

    strength: 0–1, how far the picture may depart from the init image. seed: of the first picture, the next ones follow it.
    style: one of the checkpoint's. draft: few steps, for a first look. keep_lines: the sketch's lines are laid over it.
    tidy_colours: one colour for each region that the lines enclose.
    """

    negative_prompt: str | None
    checkpoint: str | None
    strength: float | None
    guidance_scale: float | None
    image_guidance_scale: float | None
    steps: int | None
    seed: int | None
    count: int | None
    width_px: int | None
    height_px: int | None
    style: str | None
    draft: bool | None
    keep_lines: bool | None
    tidy_colours: bool | None


class ParamsDescription(ParamFields):
    """What a job was asked for. Null or absent: it means nothing for this kind of this checkpoint.

    strength: 0–1, how far the picture may depart from the init image. seed: of the first picture, the next ones follow it.
    style: one of the checkpoint's. draft: few steps, for a first look. keep_lines: the sketch's lines are laid over it.
    tidy_colours: one colour for each region that the lines enclose.
    """

    kind: str
    prompt: str


class ParamsRequest(ParamFields, total=False):
    """What is asked for. Null or absent: the checkpoint's default; seed: a random one.

    Each checkpoint says which params have an effect, and in which limits. checkpoint: null for the default one.
    """

    kind: str | None
    prompt: str | None


class ErrorDescription(TypedDict):
    """Why a job failed. code: stable, for programs. retryable: the same job may succeed later."""

    code: str
    message: str
    retryable: bool


class ImageFields(TypedDict):
    """A finished picture."""

    id: str
    url: str
    mime_type: str
    width_px: int
    height_px: int
    seed: int


class JobFields(TypedDict):
    """What generation knows of a job, without its pictures.

    position: jobs ahead of it plus one, null unless it waits. eta_seconds: null while it is not known.
    step, steps: of the attempt that runs. attempt: how often a worker took it. retry_of: the job it tries again.
    """

    id: str
    kind: str
    status: StatusName
    params: ParamsDescription
    position: int | None
    eta_seconds: int | None
    step: int
    steps: int
    attempt: int
    cancel_requested: bool
    error: ErrorDescription | None
    retry_of: str | None
    created_at: Timestamp
    started_at: Timestamp | None
    finished_at: Timestamp | None


class JobWithImages(JobFields):
    images: list[ImageFields]


class StyleDescription(TypedDict):
    """A look: words that the server adds to the prompt, or how it finishes the picture.

    thumbnail: address of a small picture that this checkpoint drew in it; null: there is none. colours: two CSS colours
    for its tile then.
    """

    name: str
    title: str
    thumbnail: str | None
    colours: tuple[str, str]


class KindDescription(TypedDict):
    """How a checkpoint makes one kind of picture.

    title: what the checkpoint calls the kind, else its usual name. hint: one sentence for people.
    sees: what of the board the model is shown. instructs: the prompt says what should change. needs_prompt: refused
    without one. uses: params that have an effect here.
    draft_steps: null where it makes no drafts. keeps_lines, tidies_colours: the defaults of `keep_lines` and `tidy_colours`;
    null: it has no such choice.
    defaults: by param. limits: [smallest, largest] by param.
    """

    title: str
    hint: str
    sees: SeesName
    instructs: bool
    needs_prompt: bool
    uses: list[str]
    draft_steps: int | None
    keeps_lines: bool | None
    tidies_colours: bool | None
    defaults: dict[str, float]
    limits: dict[str, tuple[float, float]]


class CheckpointFields(TypedDict):
    """What the catalogue and the workers say of a checkpoint.

    live_kind: the kind in which it redraws a frame while somebody draws; null: it is too slow for that.
    sizes: [width, height] in px that its weights draw; pictures of other sizes are scaled from the nearest shape.
    hears_tokens: how many tokens of a prompt have an effect; null: all, or that is not known.
    reason: why its status is not “ready”, where that is known.
    """

    name: str
    title: str
    description: str
    kinds: dict[str, KindDescription]
    styles: list[StyleDescription]
    sizes: list[tuple[int, int]]
    hears_tokens: int | None
    default_kind: str
    live_kind: str | None
    licence: str
    licence_url: str
    bundled: bool
    status: Literal["ready", "loading", "failed"]
    reason: str | None


class CheckpointDescription(CheckpointFields):
    """default: the checkpoint of requests that name none."""

    default: bool


def describe(job: Job, image_url: ImageUrl = lambda image: "") -> JobWithImages:
    """A job as JSON. image_url: gives the address of a picture. boards adds board, frame, region and element ids."""
    return describe_each([job], image_url)[0]


def describe_each(jobs: Sequence[Job], image_url: ImageUrl = lambda image: "") -> list[JobWithImages]:
    """The same for many, in a constant number of queries: one less if their images are prefetched."""
    waits = estimate.waits(jobs)
    prefetch_related_objects(jobs, "images")
    return [_job(job, waits[job.id], image_url) for job in jobs]


def _job(job: Job, wait: Wait, image_url: ImageUrl) -> JobWithImages:
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


def describe_checkpoints() -> list[CheckpointDescription]:
    """Every checkpoint, with its status by what the workers report."""
    reports = [worker.get("checkpoints", {}) for worker in heartbeat.alive()]
    default = catalogue.default().name
    return [
        {
            **describe_checkpoint(checkpoint, [report[name] for report in reports if name in report]),
            "default": name == default,
        }
        for name, checkpoint in catalogue.entries().items()
    ]


def describe_checkpoint(checkpoint: Checkpoint, reports: list[Mapping[str, str]]) -> CheckpointFields:
    """reports: {status, reason} of each worker that is alive; the best one counts."""
    status = {"status": "failed", "reason": "No worker is running."}
    for wanted in ("failed", "loading", "ready"):
        status = next((dict(report) for report in reports if report["status"] == wanted), status)
    return {
        "name": checkpoint.name,
        "title": checkpoint.title,
        "description": checkpoint.description,
        "kinds": {
            name: _kind(name, checkpoint.kinds[name], checkpoint)
            for name in KINDS
            if name in checkpoint.kinds
        },
        "styles": [_style(name, checkpoint) for name in checkpoint.styles],
        "sizes": list(checkpoint.sizes),
        "hears_tokens": hearing.tokens_max(checkpoint),
        "default_kind": checkpoint.default_kind,
        "live_kind": checkpoint.live.kind if checkpoint.live else None,
        "licence": checkpoint.licence,
        "licence_url": checkpoint.licence_url,
        "bundled": checkpoint.bundled,
        "status": cast(Literal["ready", "loading", "failed"], status["status"]),
        "reason": status.get("reason") or None,
    }


def _style(name: str, checkpoint: Checkpoint) -> StyleDescription:
    style, thumbnail = styles.every()[name], styles.thumbnail(checkpoint.name, name)
    return {
        "name": name,
        "title": style.title,
        "thumbnail": static(thumbnail) if thumbnail else None,
        "colours": style.colours,
    }


def _kind(name: str, kind: Kind, checkpoint: Checkpoint) -> KindDescription:
    params, ignored = KINDS[name], KINDS[name].ignores
    common = [each for each in COMMON if each not in ignored]
    numbers = [*(each for each in NUMBERS if each in kind.uses), *common]
    more = ["style"] if checkpoint.styles and "style" not in ignored else []
    return {
        "title": kind.title or params.title,
        "hint": params.hint,
        "sees": params.sees.value,
        "instructs": params.instructs,
        "needs_prompt": params.needs_prompt,
        "uses": [*kind.uses, *common, *more, *kind.switches],
        "draft_steps": kind.draft_steps,
        "keeps_lines": kind.keeps_lines,
        "tidies_colours": kind.tidies_colours,
        "defaults": {name: kind.defaults[name] for name in NUMBERS if name in kind.uses} | {"count": 1},
        "limits": {name: allowed(name, kind.limits) for name in numbers},
    }


def _error(job: Job) -> ErrorDescription | None:
    if not job.error_code:
        return None
    return {"code": job.error_code, "message": job.error_message, "retryable": job.error_retryable}


def _image(image: GeneratedImage, image_url: ImageUrl) -> ImageFields:
    return {
        "id": str(image.id),
        "url": image_url(image),
        "mime_type": image.mime_type,
        "width_px": image.width_px,
        "height_px": image.height_px,
        "seed": image.seed,
    }
