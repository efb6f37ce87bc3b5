"""HTTP: jobs, on a board or without one."""

import json
import uuid
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, Literal, cast

import msgspec
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Router, Schema, Status

from boards import access, database, request_limits
from boards.access import Act
from boards.api.files import read_upload
from boards.errors import BadMessage, JobGone, NoRegion
from boards.jobs import acceptance, board_jobs
from boards.jobs.board_jobs import Destination, JobDescription
from boards.models import Placement
from boards.principal import of_request, person_of
from boards.responses import stored_file
from boards.wire.client_messages import Region
from generation.jobs import submission
from generation.jobs.submission import InputImages
from generation.models import GeneratedImage, Job
from http_api.lists import page

router = Router()

Putting = Literal["keep", "discard", "restore"]
STANDINGS = {
    "keep": Placement.Standing.KEPT,
    "discard": Placement.Standing.DISCARDED,
    "restore": Placement.Standing.CANDIDATE,
}


class Choice(Schema):
    """placement: “beside” or “inside”. keep_others: put the job's other candidates away for later."""

    placement: str | None = None
    keep_others: bool = False


@router.post("/boards/{uuid:board_id}/jobs", response={202: dict[str, Any]})
def ask_on_board(request: HttpRequest, board_id: uuid.UUID) -> Status:
    """Ask for pictures of a region. Multipart parts, or one JSON body."""
    board, _ = access.find(of_request(request), board_id, Act.EDIT)
    body, snapshot = _read(request)
    to = _destination(body)
    user = person_of(request)
    asked = _asked(request, body, snapshot)
    with request_limits.requests.take(user.pk):
        job = board_jobs.ask(board, user, asked, to)
    return Status(202, board_jobs.describe(job))


@router.post("/jobs", response={202: dict[str, Any]})
def ask(request: HttpRequest) -> Status:
    """Ask for pictures without a board."""
    body, snapshot = _read(request)
    user = person_of(request)
    asked = _asked(request, body, snapshot)
    with request_limits.requests.take(user.pk):
        plan = submission.plan(user, asked)
        database.give_back()  # decoding may take a minute, and the database has no part in it
        job = submission.submit(plan, submission.store_inputs(plan, asked.images))
    return Status(202, board_jobs.describe(job))


@router.get("/jobs")
def index(
    request: HttpRequest,
    board: uuid.UUID | None = None,
    status: str | None = None,
    frame: str | None = None,
    with_pictures: bool = False,
    limit: int = 50,
    cursor: str | None = None,
) -> dict[str, Any]:
    """One's own jobs, or all of a board that one may see; of one frame or picture of it; with pictures to show."""
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
    return page(rows, cast(Any, board_jobs.describe_each), limit, cursor)


@router.get("/jobs/{job_id}")
def show(request: HttpRequest, job_id: str) -> JobDescription:
    return board_jobs.describe(board_jobs.find(of_request(request), job_id, Act.SEE))


@router.get("/jobs/{job_id}/images/{uuid:image_id}")
def image(request: HttpRequest, job_id: str, image_id: uuid.UUID) -> HttpResponseBase:
    """The bytes of one picture. They never change."""
    found = board_jobs.find(of_request(request), job_id, Act.SEE).images.filter(pk=image_id).first()
    if found is None:
        raise JobGone("The job has no such picture.")
    return stored_file(request, found.sha256, found.key, found.mime_type)


@router.get("/jobs/{job_id}/snapshot")
def snapshot(request: HttpRequest, job_id: str) -> HttpResponseBase:
    """What the model saw. It never changes."""
    key = board_jobs.find(of_request(request), job_id, Act.SEE).snapshot
    if not key:
        raise JobGone("This job was made from words alone.")
    return stored_file(request, PurePosixPath(key).stem, key, "image/png")


@router.post("/jobs/{job_id}/images/{uuid:image_id}/accept")
def accept(request: HttpRequest, job_id: str, image_id: uuid.UUID, choice: Choice | None = None) -> Any:
    """Put a picture on the board. Twice is once."""
    job = board_jobs.find_on_board(of_request(request), job_id, Act.EDIT)
    choice = choice or Choice()
    acceptance.accept(
        job, image_id, person_of(request), _spot(choice.placement), keep_others=choice.keep_others
    )
    return board_jobs.describe_by_id(job_id)


@router.post("/jobs/{job_id}/images/{uuid:image_id}/finish", response={202: dict[str, Any]})
def finish(request: HttpRequest, job_id: str, image_id: uuid.UUID) -> Status:
    """Make a picture of a draft again with all its steps."""
    key = request.headers.get("Idempotency-Key")
    job = board_jobs.find_to_repeat(of_request(request), job_id)
    return Status(202, board_jobs.describe(board_jobs.finish(job, person_of(request), image_id, key)))


@router.post("/jobs/{job_id}/images/{uuid:image_id}/{standing}")
def put_away(request: HttpRequest, job_id: str, image_id: uuid.UUID, standing: Putting) -> Any:
    """Keep a picture for later, discard it, or offer it again."""
    acceptance.put_away(
        board_jobs.find_on_board(of_request(request), job_id, Act.EDIT), image_id, STANDINGS[standing]
    )
    return board_jobs.describe_by_id(job_id)


@router.post("/jobs/{job_id}/images/{standing}")
def put_all_away(request: HttpRequest, job_id: str, standing: Putting) -> Any:
    """The same with all that are to be chosen from; offered again are all that are on no board."""
    acceptance.put_away(
        board_jobs.find_on_board(of_request(request), job_id, Act.EDIT), None, STANDINGS[standing]
    )
    return board_jobs.describe_by_id(job_id)


@router.post("/jobs/{job_id}/run-next")
def run_next(request: HttpRequest, job_id: str) -> Any:
    """Let it run before the board's others that wait. The board's owner may."""
    submission.run_next(board_jobs.find_on_board(of_request(request), job_id, Act.MANAGE, Act.EDIT))
    return board_jobs.describe_by_id(job_id)


@router.post("/boards/{uuid:board_id}/jobs/cancel")
def cancel_all(request: HttpRequest, board_id: uuid.UUID) -> dict[str, Any]:
    """Take back all that one still waits for on a board."""
    board, _ = access.find(of_request(request), board_id, Act.SEE)
    return {"items": board_jobs.describe_each(board_jobs.cancel_all(board, person_of(request)))}


@router.post("/jobs/{job_id}/cancel")
def cancel(request: HttpRequest, job_id: str) -> JobDescription:
    return board_jobs.describe(submission.cancel(board_jobs.find(of_request(request), job_id, Act.MANAGE)))


@router.post("/jobs/{job_id}/retry")
def retry(request: HttpRequest, job_id: str) -> JobDescription:
    key = request.headers.get("Idempotency-Key")
    job = board_jobs.find_to_repeat(of_request(request), job_id)
    return board_jobs.describe(board_jobs.retry(job, person_of(request), key))


def _read(request: HttpRequest) -> tuple[dict[str, Any], bytes | None]:
    """The parts of the request, JSON ones decoded, and the snapshot's bytes. Raises BadMessage, TooBig."""
    if request.content_type == "application/json":
        body = _json(request.body, "body")
        if not isinstance(body, dict):
            raise BadMessage("The body must be a JSON object.")
        return body, None
    texts = ("frame", "placement", "accepted_placement")
    parts: dict[str, Any] = {name: request.POST.get(name) for name in texts}
    for name in ("params", "region"):
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


def _asked(request: HttpRequest, body: Mapping[str, Any], snapshot: bytes | None) -> submission.Request:
    """Raises BadMessage, TooBig."""
    images = InputImages(snapshot, _upload(request, "mask"))
    key = request.headers.get("Idempotency-Key")
    return submission.Request(_params(body), images=images, idempotency_key=key)


def _destination(body: Mapping[str, Any]) -> Destination:
    """Raises NoRegion."""
    where = body.get("placement") or Placement.Where.BESIDE
    if where not in Placement.Where.values:
        raise NoRegion(f"placement is “beside”, “inside” or “stage”, not {where!r}.")
    return Destination(
        None if body.get("region") is None else _region(body["region"]),
        str(body.get("frame") or "")[:64],
        where,
        _spot(body.get("accepted_placement")) or Placement.Where.BESIDE,
    )


def _spot(where: Any) -> str | None:
    """Where on the board. Raises NoRegion."""
    if where is None or where in (Placement.Where.BESIDE, Placement.Where.INSIDE):
        return where
    raise NoRegion(f"A picture is put “beside” or “inside”, not {where!r}.")


def _region(value: Any) -> Region:
    try:
        return msgspec.convert(value, Region)
    except msgspec.ValidationError as error:
        raise NoRegion(f"region: {error}") from None
