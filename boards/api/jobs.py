"""HTTP: jobs, on a board or without one."""

import json
import uuid
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, Required

import msgspec
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Router, Schema, Status
from pydantic import WithJsonSchema
from typing_extensions import TypedDict

from boards import access, database, request_limits
from boards.access import Act
from boards.api.files import read_upload
from boards.errors import BadMessage, JobGone, NoRegion
from boards.jobs import acceptance, board_jobs
from boards.jobs.board_jobs import Destination, JobDescription, RegionDescription, WhereName
from boards.models import Placement
from boards.principal import of_request, person_of
from boards.responses import stored_file
from boards.wire.client_messages import Region
from generation.jobs import submission
from generation.jobs.description import ParamsRequest
from generation.jobs.submission import InputImages
from generation.models import GeneratedImage, Job
from http_api.lists import page
from http_api.openapi import Answer, IdempotencyKey, Upload, schema_of, sends, takes

router = Router()

Putting = Literal["keep", "discard", "restore"]
SpotName = Literal["beside", "inside", "in_place"]
STANDINGS = {
    "keep": Placement.CandidateStatus.KEPT,
    "discard": Placement.CandidateStatus.DISCARDED,
    "restore": Placement.CandidateStatus.CANDIDATE,
}


class Choice(Schema):
    """placement: null for where the job's request said. keep_others: put the job's other candidates away for later."""

    placement: Annotated[str | None, WithJsonSchema(schema_of(SpotName | None))] = None
    keep_others: bool = False


class JobRequest(TypedDict, total=False):
    """A request for pictures as JSON."""

    params: Required[ParamsRequest]


class JobForm(JobRequest, total=False):
    """The same as a form: `params` as JSON.

    snapshot: an image of what the model sees. mask: white where it repaints.
    """

    snapshot: Upload
    mask: Upload


class BoardJobRequest(JobRequest, total=False):
    """A request for pictures of a region of a board, as JSON; the server draws what the model sees.

    frame: id of a frame or picture, whose region it is unless `region` says otherwise. Without both it is the whole
    scene, or, for a picture made of words, a place at its right edge.
    view: what the person who asks has in view; a free place in it is preferred.
    placement: where the pictures go; “stage”: nowhere until one is accepted, which then goes to `accepted_placement`.
    By default “beside”; “in_place” where a picture is repainted without a `snapshot`: the first one takes its place.
    """

    region: RegionDescription | None
    frame: str | None
    view: RegionDescription | None
    placement: WhereName | None
    accepted_placement: SpotName | None


class BoardJobForm(BoardJobRequest, total=False):
    """The same as a form: `params`, `region` and `view` as JSON.

    snapshot: an image of what the model sees. mask: white where it repaints. The server draws what is missing.
    """

    snapshot: Upload
    mask: Upload


class JobPage(TypedDict):
    """Jobs, newest first. next: the cursor of the following page; null after the last."""

    items: list[JobDescription]
    next: str | None


class JobList(TypedDict):
    items: list[JobDescription]


JSON_PART = {"contentType": "application/json"}


@router.post(
    "/boards/{uuid:board_id}/jobs",
    response={202: Answer[JobDescription]},
    openapi_extra=takes(
        {"multipart/form-data": BoardJobForm, "application/json": BoardJobRequest},
        encoding={"params": JSON_PART, "region": JSON_PART, "view": JSON_PART},
    ),
)
def create_board_job(
    request: HttpRequest, board_id: uuid.UUID, idempotency_key: IdempotencyKey = None
) -> Status[JobDescription]:
    """Ask for pictures of a region of a board, as a form or as JSON."""
    board, _ = access.find(of_request(request), board_id, Act.EDIT)
    body, snapshot = _read(request)
    to = _destination(body)
    user = person_of(request)
    asked = _request_of(request, body, snapshot, idempotency_key)
    with request_limits.requests.take(user.pk):
        job = board_jobs.ask(board, user, asked, to)
    return Status(202, board_jobs.describe(job))


@router.post(
    "/jobs",
    response={202: Answer[JobDescription]},
    openapi_extra=takes(
        {"multipart/form-data": JobForm, "application/json": JobRequest}, encoding={"params": JSON_PART}
    ),
)
def create_job(request: HttpRequest, idempotency_key: IdempotencyKey = None) -> Status[JobDescription]:
    """Ask for pictures without a board, as a form or as JSON."""
    body, snapshot = _read(request)
    user = person_of(request)
    asked = _request_of(request, body, snapshot, idempotency_key)
    with request_limits.requests.take(user.pk):
        plan = submission.plan(user, asked)
        database.give_back()  # decoding may take a minute, and the database has no part in it
        job = submission.submit(plan, submission.store_inputs(plan, asked.images))
    return Status(202, board_jobs.describe(job))


@router.get("/jobs", response=Answer[JobPage])
def list_jobs(
    request: HttpRequest,
    board: uuid.UUID | None = None,
    status: str | None = None,
    frame: str | None = None,
    with_pictures: bool = False,
    limit: int = 50,
    cursor: str | None = None,
) -> JobPage:
    """The jobs of a board, or, without one, those that the person who asks has asked for, newest first.

    frame: only those of this frame or picture. with_pictures: only those that have one.
    """
    rows = Job.objects.select_related("created_by", "placement").prefetch_related("images")
    if board is not None:
        access.find(of_request(request), board, Act.SEE)
        rows = rows.filter(placement__board=board)
    else:
        rows = rows.filter(Q(created_by=person_of(request)))
    if status is not None:
        rows = rows.filter(status=status)
    if frame is not None:
        rows = rows.filter(placement__frame=frame)
    if with_pictures:
        rows = rows.filter(Exists(GeneratedImage.objects.filter(job=OuterRef("pk"))))
    return page(rows, board_jobs.describe_each, limit, cursor)


@router.get("/jobs/{job_id}", response=Answer[JobDescription])
def get_job(request: HttpRequest, job_id: str) -> JobDescription:
    """One job, as it is now."""
    return board_jobs.describe(board_jobs.find(of_request(request), job_id, Act.SEE))


@router.get("/jobs/{job_id}/images/{uuid:image_id}", openapi_extra=sends("image/png", kept=True))
def get_job_image(request: HttpRequest, job_id: str, image_id: uuid.UUID) -> HttpResponseBase:
    """The bytes of one picture. They never change."""
    found = board_jobs.find(of_request(request), job_id, Act.SEE).images.filter(pk=image_id).first()
    if found is None:
        raise JobGone("The job has no such picture.")
    return stored_file(request, found.sha256, found.key, found.mime_type)


@router.get("/jobs/{job_id}/snapshot", openapi_extra=sends("image/png", kept=True))
def get_job_snapshot(request: HttpRequest, job_id: str) -> HttpResponseBase:
    """What the model saw. It never changes."""
    key = board_jobs.find(of_request(request), job_id, Act.SEE).snapshot
    if not key:
        raise JobGone("This job was made from words alone.")
    return stored_file(request, PurePosixPath(key).stem, key, "image/png")


@router.post("/jobs/{job_id}/images/{uuid:image_id}/accept", response=Answer[JobDescription])
def accept_image(
    request: HttpRequest, job_id: str, image_id: uuid.UUID, choice: Choice | None = None
) -> JobDescription:
    """Put a picture on the board. Twice is once."""
    job = board_jobs.find_on_board(of_request(request), job_id, Act.EDIT)
    choice = choice or Choice()
    acceptance.accept(
        job, image_id, person_of(request), _spot(choice.placement), keep_others=choice.keep_others
    )
    return _described(job_id)


@router.post("/jobs/{job_id}/images/{uuid:image_id}/finish", response={202: Answer[JobDescription]})
def finish_image(
    request: HttpRequest, job_id: str, image_id: uuid.UUID, idempotency_key: IdempotencyKey = None
) -> Status[JobDescription]:
    """Ask for a draft's picture again with all its steps: a new job."""
    job = board_jobs.find_to_repeat(of_request(request), job_id)
    finished = board_jobs.finish(job, person_of(request), image_id, idempotency_key)
    return Status(202, board_jobs.describe(finished))


@router.post("/jobs/{job_id}/images/{uuid:image_id}/{standing}", response=Answer[JobDescription])
def put_image_away(
    request: HttpRequest, job_id: str, image_id: uuid.UUID, standing: Putting
) -> JobDescription:
    """Keep a picture for later, discard it, or offer it again."""
    job = board_jobs.find_on_board(of_request(request), job_id, Act.EDIT)
    acceptance.put_away(job, image_id, STANDINGS[standing])
    return _described(job_id)


@router.post("/jobs/{job_id}/images/{standing}", response=Answer[JobDescription])
def put_all_images_away(request: HttpRequest, job_id: str, standing: Putting) -> JobDescription:
    """Keep or discard all pictures that are to be chosen from, or offer again all that are not on the board."""
    job = board_jobs.find_on_board(of_request(request), job_id, Act.EDIT)
    acceptance.put_away(job, None, STANDINGS[standing])
    return _described(job_id)


@router.post("/jobs/{job_id}/run-next", response=Answer[JobDescription])
def run_job_next(request: HttpRequest, job_id: str) -> JobDescription:
    """Let the job run before the board's others that wait. Only the board's owner may."""
    submission.run_next(board_jobs.find_on_board(of_request(request), job_id, Act.MANAGE, Act.EDIT))
    return _described(job_id)


@router.post("/boards/{uuid:board_id}/jobs/cancel", response=Answer[JobList])
def cancel_board_jobs(request: HttpRequest, board_id: uuid.UUID) -> JobList:
    """Cancel all jobs of a board that the person who asks still waits for."""
    board, _ = access.find(of_request(request), board_id, Act.SEE)
    return {"items": board_jobs.describe_each(board_jobs.cancel_all(board, person_of(request)))}


@router.post("/jobs/{job_id}/cancel", response=Answer[JobDescription])
def cancel_job(request: HttpRequest, job_id: str) -> JobDescription:
    """Cancel a job; one that runs ends before its next step."""
    return board_jobs.describe(submission.cancel(board_jobs.find(of_request(request), job_id, Act.MANAGE)))


@router.post("/jobs/{job_id}/retry", response=Answer[JobDescription])
def retry_job(request: HttpRequest, job_id: str, idempotency_key: IdempotencyKey = None) -> JobDescription:
    """Ask for the same again at the same place: a new job."""
    job = board_jobs.find_to_repeat(of_request(request), job_id)
    return board_jobs.describe(board_jobs.retry(job, person_of(request), idempotency_key))


def _described(job_id: str) -> JobDescription:
    """The job after it was changed. Raises JobGone."""
    described = board_jobs.describe_by_id(job_id)
    if described is None:
        raise JobGone("There is no such job.")
    return described


def _read(request: HttpRequest) -> tuple[dict[str, Any], bytes | None]:
    """The parts of the request, JSON ones decoded, and the snapshot's bytes. Raises BadMessage, TooBig."""
    if request.content_type == "application/json":
        body = _json(request.body, "body")
        if not isinstance(body, dict):
            raise BadMessage("The body must be a JSON object.")
        return body, None
    texts = ("frame", "placement", "accepted_placement")
    parts: dict[str, Any] = {name: request.POST.get(name) for name in texts}
    for name in ("params", "region", "view"):
        if text := request.POST.get(name):
            parts[name] = _json(text, name)
    return parts, _upload(request, "snapshot")


def _upload(request: HttpRequest, name: str) -> bytes | None:
    """Raises TooBig."""
    upload = request.FILES.get(name)
    return read_upload(upload) if upload is not None else None  # type: ignore[arg-type]


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


def _request_of(
    request: HttpRequest, body: Mapping[str, Any], snapshot: bytes | None, idempotency_key: str | None
) -> submission.Request:
    """Raises BadMessage, TooBig."""
    images = InputImages(snapshot, _upload(request, "mask"))
    return submission.Request(_params(body), images=images, idempotency_key=idempotency_key)


def _destination(body: Mapping[str, Any]) -> Destination:
    """Raises NoRegion."""
    where = body.get("placement") or None
    if where is not None and where not in Placement.Where.values:
        raise NoRegion(f"placement is “beside”, “inside”, “in_place” or “stage”, not {where!r}.")
    return Destination(
        None if body.get("region") is None else _region(body["region"]),
        str(body.get("frame") or "")[:64],
        where,
        _spot(body.get("accepted_placement")),
        None if body.get("view") is None else _region(body["view"], "view"),
    )


def _spot(where: Any) -> str | None:
    """Where on the board. Raises NoRegion."""
    if where is None or (where in Placement.Where.values and where != Placement.Where.STAGE):
        return where
    raise NoRegion(f"A picture is put “beside”, “inside” or “in_place”, not {where!r}.")


def _region(value: Any, name: str = "region") -> Region:
    try:
        return msgspec.convert(value, Region)
    except msgspec.ValidationError as error:
        raise NoRegion(f"{name}: {error}") from None
