"""The jobs of a board: submitted for a region, found with access checked, described, shown until they are done."""

import base64
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, cast

import msgspec
from django.db import transaction
from django.db.models import prefetch_related_objects
from django.urls import reverse
from django.utils import timezone
from typing_extensions import TypedDict

from accounts.models import User
from boards import access, announce, database, request_limits
from boards.elements import annotations
from boards.elements.bounds import bounds_of
from boards.elements.geometry import Rectangle, rectangle_of, union
from boards.errors import BoardGone, JobGone, NoRegion
from boards.jobs import candidates, in_place, reservation
from boards.jobs.reservation import Ground
from boards.models import Board, Element, Placement
from boards.principal import Principal
from boards.rendering import snapshot
from boards.rendering.repainting import Repaint
from boards.rendering.snapshot import Seen
from boards.sharing import people
from boards.sharing.people import PersonDescription
from boards.wire.client_messages import REGION_SIDE_MAX, Region
from generation.checkpoints.kinds import Sees
from generation.jobs import submission
from generation.jobs.description import ImageFields, JobFields, JobWithImages
from generation.jobs.description import describe_each as describe_jobs
from generation.jobs.submission import InputImages, Plan, Request
from generation.models import ACTIVE, GeneratedImage, Job, JobStatus

REGION = ("x", "y", "width", "height")
WORDS_SIDE = 512.0
"""Side in scene units of the region of a picture that sees nothing of the board, if none was given."""
FAILURE_SHOWN = timedelta(minutes=30)
"""How long a failed job is shown when a board is opened, unless it was retried."""
CHOICE_SHOWN = timedelta(days=1)
"""How long candidates are offered when a board is opened; later they are found in the history."""
SHOWN_MAX = 50
CHOOSING_MAX = 20

StandingName = Literal["placed", "candidate", "kept", "discarded"]
if TYPE_CHECKING:
    WhereName = str
else:
    WhereName = Literal[tuple(Placement.Where.values)]


class RegionDescription(TypedDict):
    """A rectangle of the scene, in scene units: CSS pixels at zoom 1."""

    x: float
    y: float
    width: float
    height: float


class ImageDescription(ImageFields):
    """A finished picture. element_id: the element that shows it, or showed it before it was deleted.

    standing: on the board (or once there), to be chosen from, put away for later, or out of sight; null without a board.
    """

    element_id: str | None
    standing: StandingName | None


class JobDescription(JobFields):
    """A request for pictures, and what became of it.

    position: jobs ahead of it plus one, null unless it waits. eta_seconds: null while it is not known.
    step, steps: of the attempt that runs. attempt: how often a worker took it. retry_of: the job it tries again.
    board, region, placement: null for a job without a board. frame: id of the frame or picture it was asked for.
    spots: the places kept for its pictures, beside the region as it was; of pictures to choose from, one.
    placement: where its pictures go. accepted_placement: where one goes that is chosen.
    snapshot_url: what the model saw; null for words alone. created_by: null once the account was deleted.
    """

    images: list[ImageDescription]
    created_by: PersonDescription | None
    board: str | None
    frame: str | None
    region: RegionDescription | None
    spots: list[RegionDescription]
    placement: WhereName | None
    accepted_placement: WhereName | None
    snapshot_url: str | None


@dataclass(frozen=True)
class Destination:
    """Where a job's pictures go.

    region: None: the frame's, or all that is on the board. frame: id of the frame or picture that they are for, empty
    if there is none. where: a Placement.Where; None: in place of a picture that is repainted, else beside the region.
    accepted_where: the same for one that is accepted later. view: what is in view where it is asked for: a place in it is
    taken first.
    """

    region: Region | None = None
    frame: str = ""
    where: str | None = None
    accepted_where: str | None = None
    view: Region | None = None

    def placing(self, repaint: Repaint | None) -> dict[str, Any]:
        """The fields of a Placement that say where. Raises NoRegion."""
        if repaint is None and Placement.Where.IN_PLACE in (self.where, self.accepted_where):
            raise NoRegion(
                "“in_place” is for a picture that is repainted: `frame` is its id, without a `snapshot`."
            )
        usual = Placement.Where.BESIDE if repaint is None else Placement.Where.IN_PLACE
        return {
            "frame": self.frame,
            "where": self.where or usual,
            "accepted_where": self.accepted_where or usual,
            "file_id": repaint.file_id if repaint else "",
            "marks": repaint.marks if repaint else [],
        }


ANYWHERE = Destination()


def ask(board: Board, user: User, request: Request, to: Destination = ANYWHERE, *, waits: bool = True) -> Job:
    """Submit a job for a region of the board. Images that did not come along are drawn here, which may take seconds.

    waits: for a turn to draw while something else is drawn for the same user; otherwise that is refused at once.
    Raises what `submission` and `rendering.snapshot` raise, and NoRegion; then nothing is kept.
    """
    request = replace(request, audience=announce.group(board.pk))
    box = _region(board, request, to)
    region = msgspec.structs.asdict(box)
    belongs_to = {"frame": to.frame, "where": to.where or Placement.Where.BESIDE, **region}
    plan = submission.plan(user, request, belongs_to)
    plan = _with_seed_of_frame(plan, board, to.frame)
    # Drawing, decoding and storing may take seconds: no transaction is open meanwhile, and no connection held.
    seen = _seen(plan, board, region, to.frame, request.images, waits)
    place = to.placing(seen.repaint) if plan.job is None else {}
    database.give_back()
    inputs = submission.store_inputs(plan, seen.images)
    view = msgspec.structs.asdict(to.view) if to.view else None
    ground = reservation.ground_of(board)
    with transaction.atomic():
        job = submission.submit(plan, inputs)
        _put(board, job, ground, place | region | {"view": view})
    return job


def _with_seed_of_frame(plan: Plan, board: Board, frame: str) -> Plan:
    """The plan with the seed that the frame names, if this is its first picture and the request has no seed.

    The frame of a welcome board names one whose picture is known to come out well.
    """
    if plan.params is None or plan.params.seed is not None or not frame:
        return plan
    if Placement.objects.filter(board=board, frame=frame).exists():
        return plan
    row = Element.objects.filter(board=board, element_id=frame, is_deleted=False).first()
    seed = annotations.seed_of(row.body) if row else None
    return plan if seed is None else replace(plan, params=replace(plan.params, seed=seed))


def _put(board: Board, job: Job, ground: Ground, fields: dict[str, Any]) -> None:
    """Give a job its place on the board, with spots kept for its pictures. Does nothing the second time."""
    if Placement.objects.filter(job=job).exists():
        return
    Board.objects.select_for_update(no_key=True).get(pk=board.pk)  # so that no two jobs keep the same spots
    staged = fields["where"] == Placement.Where.STAGE
    where = fields["accepted_where"] if staged else fields["where"]
    count = 1 if staged else job.params.get("count") or 1
    view = rectangle_of(fields["view"]) if fields["view"] else None
    spots = reservation.choose(board, rectangle_of(fields), where, count, view, ground)
    Placement.objects.create(job=job, board=board, spots=spots, **fields)


def _region(board: Board, request: Request, to: Destination) -> Region:
    """Raises NoRegion, ParamsInvalid, CheckpointUnknown."""
    if to.region is not None:
        return to.region
    if to.frame:
        return region_of(board, to.frame)
    return region_of_all(board, request.params.sees)


def _seen(
    plan: Plan, board: Board, region: Mapping[str, float], frame: str, sent: InputImages, waits: bool
) -> Seen:
    """What the model sees: what was sent, completed by what is drawn here."""
    if not plan.lacks(sent):
        return Seen(sent)
    with request_limits.renders.take(plan.user.pk, waits=waits):
        return snapshot.draw(board, region, frame, plan.sees, sent)


def retry(job: Job, user: User, idempotency_key: str | None = None) -> Job:
    """Submit a job again, for the same place. Raises what submission.retry raises."""
    with transaction.atomic():
        again = submission.retry(job, user, idempotency_key)
        if (place := placement_of(job)) is not None:
            _place_alike(place, job, again, where=place.where)
    return again


def finish(job: Job, user: User, image_id: uuid.UUID, idempotency_key: str | None = None) -> Job:
    """Submit a picture of a draft with all its steps, for the same place. Raises what submission.finish raises."""
    with transaction.atomic():
        final = submission.finish(job, user, image_id, idempotency_key)
        if (place := placement_of(job)) is not None:
            staged = place.where == Placement.Where.STAGE
            _place_alike(place, job, final, where=place.accepted_where if staged else place.where)
    return final


def _place_alike(place: Placement, job: Job, again: Job, where: str) -> None:
    """Give a job that is asked for again a placement like its first one, without pictures. Does nothing the second time."""
    same = {name: getattr(place, name) for name in ("frame", "view", "accepted_where", "marks", *REGION)}
    fields = same | {"where": where, "file_id": in_place.file_shown(place, job)}
    _put(place.board, again, reservation.ground_of(place.board), fields)


def describe(job: Job) -> JobDescription:
    """A job as the HTTP API shows it: with its place, its user, and the status of its pictures."""
    return describe_each([job])[0]


def describe_each(jobs: Sequence[Job]) -> list[JobDescription]:
    """The same for many, in a constant number of queries."""
    prefetch_related_objects(jobs, "created_by", "placement")
    placements = {job.pk: placement_of(job) for job in jobs}
    described = describe_jobs(jobs, lambda image: _image_url(placements[image.job_id], image))
    return [_described(job, placements[job.pk], one) for job, one in zip(jobs, described, strict=True)]


def _described(job: Job, placement: Placement | None, described: JobWithImages) -> JobDescription:
    fields: JobFields = described
    return {
        **fields,
        "images": [_image(placement, image) for image in described["images"]],
        "created_by": people.describe(job.created_by),
        "board": str(placement.board_id) if placement else None,
        "frame": (placement.frame or None) if placement else None,
        "spots": cast(list[RegionDescription], placement.spots) if placement else [],
        "region": _region_of(placement) if placement else None,
        "placement": placement.where if placement else None,
        "accepted_placement": placement.accepted_where if placement else None,
        "snapshot_url": f"/api/v1/jobs/{job.pk}/snapshot" if job.snapshot else None,
    }


def _image(placement: Placement | None, described: ImageFields) -> ImageDescription:
    return {
        **described,
        "element_id": placement.elements.get(described["id"]) if placement else None,
        "standing": cast(StandingName | None, candidates.status_of(placement, described["id"])),
    }


def _region_of(placement: Placement) -> RegionDescription:
    return {"x": placement.x, "y": placement.y, "width": placement.width, "height": placement.height}


def placement_of(job: Job) -> Placement | None:
    """The job's placement, None if it has no board. No query if it is prefetched."""
    try:
        return job.placement
    except Placement.DoesNotExist:
        return None


def _image_url(placement: Placement | None, image: GeneratedImage) -> str:
    """The address of a picture: the board's file if it has an element there, else the job's image."""
    if placement is not None and str(image.pk) in placement.elements:
        return reverse("board-file", args=[placement.board_id, image.sha256])
    return f"/api/v1/jobs/{image.job_id}/images/{image.pk}"


def describe_by_id(job_id: str) -> JobDescription | None:
    job = Job.objects.select_related("created_by", "placement").filter(pk=uuid.UUID(job_id)).first()
    return describe(job) if job else None


def shown_on(board: Board) -> list[JobDescription]:
    """The jobs shown when a board is opened: active ones, recent failures without a retry, and those with candidates."""
    jobs = Job.objects.filter(placement__board=board)
    jobs = jobs.select_related("created_by", "placement").prefetch_related("images")
    active = jobs.filter(status__in=ACTIVE)
    failed = jobs.filter(
        status=JobStatus.FAILED, retries=None, finished_at__gt=timezone.now() - FAILURE_SHOWN
    )
    shown = list((active | failed).order_by("created_at")[:SHOWN_MAX])
    # Counted apart, so that candidates do not crowd out what is under way.
    recent = jobs.filter(placement__choosing=True, created_at__gt=timezone.now() - CHOICE_SHOWN)
    choosing = recent.exclude(pk__in=[job.pk for job in shown])
    shown += choosing.order_by("-created_at")[:CHOOSING_MAX]
    return describe_each(shown)


def is_shown(job: Mapping[str, Any]) -> bool:
    """True if `shown_on` has this described job."""
    if job["status"] in ACTIVE or (
        job["status"] == JobStatus.FAILED and _since(job["finished_at"]) < FAILURE_SHOWN
    ):
        return True
    choosing = any(image["standing"] == Placement.CandidateStatus.CANDIDATE for image in job["images"])
    return choosing and _since(job["created_at"]) < CHOICE_SHOWN


def _since(then: str) -> timedelta:
    return timezone.now() - datetime.fromisoformat(then)


def stamp(job: Mapping[str, Any]) -> tuple[Any, ...]:
    """What of a described job is broadcast when it changes: all but progress and place."""
    return job["status"], [(image["id"], image["standing"], image["element_id"]) for image in job["images"]]


def cancel_all(board: Board, user: User) -> list[Job]:
    """Cancel all active jobs of a user on a board."""
    active = Job.objects.filter(placement__board=board, created_by=user, status__in=ACTIVE)
    return [submission.cancel(job) for job in active.order_by("-created_at")]


def preview_url(jpeg: bytes) -> str:
    """A preview as a data URL, sent inside the message: it is small and replaced by that of the next step."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()


def region_of(board: Board, element_id: str) -> Region:
    """The region of a frame or picture on the board. Raises NoRegion."""
    row = Element.objects.filter(board=board, element_id=element_id, is_deleted=False).first()
    if row is None:
        raise NoRegion("Say where: `frame` names no element of this board, and there is no `region`.")
    try:
        return msgspec.json.decode(row.body, type=Region)
    except msgspec.ValidationError as error:
        raise NoRegion(f"The frame cannot be drawn on: {error}") from None


def region_of_all(board: Board, sees: Sees) -> Region:
    """All that is on the board; for a kind that sees nothing of it, a square at its right edge."""
    rows = Element.objects.filter(board=board, is_deleted=False).values_list("body", flat=True)
    box = union(map(bounds_of, rows)) or Rectangle(0.0, 0.0, WORDS_SIDE, WORDS_SIDE)
    if sees is Sees.NOTHING:
        return Region(box.right - WORDS_SIDE, box.y, WORDS_SIDE, WORDS_SIDE)
    sides = (min(max(side, 1.0), REGION_SIDE_MAX) for side in (box.width, box.height))
    return Region(box.x, box.y, *sides)


def find(principal: Principal, job_id: str | uuid.UUID, act: access.Act) -> Job:
    """A job, if it was asked for by this principal's user, or the principal may do `act` on its board.

    Raises JobGone otherwise, as if there were none.
    """
    try:
        job = Job.objects.select_related("created_by").filter(pk=uuid.UUID(str(job_id))).first()
    except ValueError:
        job = None
    if job is None:
        raise JobGone("There is no such job.")
    if principal.user is not None and job.created_by_id == principal.user.pk:
        return job
    _check_board(principal, job, act)
    return job


def find_on_board(principal: Principal, job_id: str | uuid.UUID, *acts: access.Act) -> Job:
    """A job, if the principal may do all these acts on its board. Raises JobGone, Forbidden, BoardFrozen."""
    job = find(principal, job_id, access.Act.SEE)
    for act in acts:
        _check_board(principal, job, act)
    return job


def find_to_repeat(principal: Principal, job_id: str | uuid.UUID) -> Job:
    """A job to retry or finish: on a board, if the principal may edit it now; without one, if its user asked for it.

    Raises JobGone, Forbidden, BoardFrozen. Rule J31.
    """
    job = find(principal, job_id, access.Act.EDIT)
    return find_on_board(principal, job_id, access.Act.EDIT) if placement_of(job) else job


def _check_board(principal: Principal, job: Job, act: access.Act) -> None:
    placement = placement_of(job)
    if placement is None:
        raise JobGone("There is no such job.")
    try:
        access.find(principal, placement.board_id, act)
    except BoardGone:
        raise JobGone("There is no such job.") from None
