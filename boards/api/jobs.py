"""HTTP: jobs, on a board or without one."""

import json
import uuid
from collections.abc import Mapping
from typing import Any

import msgspec
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from ninja import Router, Status

from boards import access, jobs
from boards.access import Act
from boards.api.files import read_upload
from boards.api.pages import page
from boards.errors import BadMessage, JobGone, NoRegion
from boards.models import Placement
from boards.protocol import Region
from boards.serving import immutable
from generation import submission
from generation.models import Job

router = Router()


@router.post("/boards/{uuid:board_id}/jobs", response={202: dict[str, Any]})
def ask_on_board(request: HttpRequest, board_id: uuid.UUID) -> Status:
    """Ask for pictures of a region. Multipart parts, or one JSON body."""
    board, _ = access.find(request.user, board_id, Act.EDIT)
    body, snapshot = _read(request)
    frame = body.get("frame") or ""
    if body.get("region") is not None:
        region = _region(body["region"])
    elif frame:
        region = jobs.region_of(board, str(frame))
    else:
        region = jobs.region_of_all(board, _params(body))
    where = body.get("placement") or Placement.Where.BESIDE
    if where not in Placement.Where.values:
        raise NoRegion(f"placement is “beside” or “inside”, not {where!r}.")
    user: Any = request.user
    job = jobs.ask(
        board,
        user,
        _params(body),
        msgspec.structs.asdict(region),
        frame=str(frame)[:64],
        where=where,
        snapshot=snapshot,
        idempotency_key=request.headers.get("Idempotency-Key"),
    )
    return Status(202, jobs.describe(job))


@router.post("/jobs", response={202: dict[str, Any]})
def ask(request: HttpRequest) -> Status:
    """Ask for pictures without a board."""
    body, snapshot = _read(request)
    user: Any = request.user
    job = submission.submit(
        user=user,
        audience="",
        raw_params=_params(body),
        snapshot=snapshot,
        idempotency_key=request.headers.get("Idempotency-Key"),
    )
    return Status(202, jobs.describe(job))


@router.get("/jobs")
def index(
    request: HttpRequest,
    board: uuid.UUID | None = None,
    status: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> dict[str, Any]:
    """One's own jobs, or all of a board that one may see."""
    rows = Job.objects.select_related("created_by")
    if board is not None:
        access.find(request.user, board, Act.SEE)
        rows = rows.filter(placement__board=board)
    else:
        rows = rows.filter(Q(created_by=request.user))
    if status is not None:
        rows = rows.filter(status=status)
    return page(rows, jobs.describe, limit, cursor)


@router.get("/jobs/{job_id}")
def show(request: HttpRequest, job_id: str) -> dict[str, Any]:
    return jobs.describe(jobs.find(request.user, job_id, Act.SEE))


@router.get("/jobs/{job_id}/images/{image_id}")
def image(request: HttpRequest, job_id: str, image_id: uuid.UUID) -> HttpResponse:
    """The bytes of one picture. They never change."""
    found = jobs.find(request.user, job_id, Act.SEE).images.filter(pk=image_id).first()
    if found is None:
        raise JobGone("The job has no such picture.")
    return immutable(request, found.sha256, found.key, found.mime_type)


@router.post("/jobs/{job_id}/cancel")
def cancel(request: HttpRequest, job_id: str) -> dict[str, Any]:
    return jobs.describe(submission.cancel(jobs.find(request.user, job_id, Act.MANAGE)))


@router.post("/jobs/{job_id}/retry")
def retry(request: HttpRequest, job_id: str) -> dict[str, Any]:
    user: Any = request.user
    key = request.headers.get("Idempotency-Key")
    return jobs.describe(jobs.retry(jobs.find(user, job_id, Act.EDIT), user, key))


def _read(request: HttpRequest) -> tuple[dict[str, Any], bytes | None]:
    """The parts of the request, JSON ones decoded, and the snapshot's bytes. Raises BadMessage, TooBig."""
    if request.content_type == "application/json":
        body = _json(request.body, "body")
        if not isinstance(body, dict):
            raise BadMessage("The body must be a JSON object.")
        return body, None
    parts: dict[str, Any] = {name: request.POST.get(name) for name in ("frame", "placement")}
    for name in ("params", "region"):
        if text := request.POST.get(name):
            parts[name] = _json(text, name)
    upload = request.FILES.get("snapshot")
    return parts, read_upload(upload) if upload is not None else None  # type: ignore[arg-type]


def _json(text: str | bytes, name: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise BadMessage(f"{name} is not JSON: {error}") from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _params(body: Mapping[str, Any]) -> Mapping[str, Any]:
    params = body.get("params")
    if not isinstance(params, dict):
        raise BadMessage("`params` must be a JSON object.")
    return params


def _region(value: Any) -> Region:
    try:
        return msgspec.convert(value, Region)
    except msgspec.ValidationError as error:
        raise NoRegion(f"region: {error}") from None
