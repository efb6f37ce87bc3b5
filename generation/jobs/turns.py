"""The order of waiting jobs: in which they are claimed, and which the page shows as their places.

Round-robin by user, then by the user's boards, then by age. Rules J10 to J14 and J18 in docs/job-rules.md.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now

from generation.checkpoints import queues
from generation.jobs import events
from generation.jobs.journal import note
from generation.models import Happening, Job, JobStatus

# The user who was served longest ago is next; one who was never served comes before all. A job whose back-off delay
# lasts (`rests`) comes after all others, and takes no turn of its user.
# A tie goes to the user who began to wait first, in this round and every later one, so that the places that are shown
# come true. The clock is the database's. Each max(claimed_at) is one index lookup, however long the history is.
_ORDER = """
WITH waiting AS (
    SELECT id, coalesce(turn_of_id, created_by_id) AS person, audience, queued_at, kind, checkpoint,
           coalesce(not_before > statement_timestamp(), false) AS rests
    FROM generation_job
    WHERE status = 'queued' AND NOT checkpoint = ANY(%(excluded)s::text[])
), people AS (
    SELECT person, greatest(
        (SELECT max(claimed_at) FROM generation_job WHERE created_by_id = person AND turn_of_id IS NULL),
        (SELECT max(claimed_at) FROM generation_job WHERE turn_of_id = person)
    ) AS person_served
    FROM (SELECT DISTINCT person FROM waiting) AS each
), boards AS (
    SELECT person, audience, greatest(
        (SELECT max(claimed_at) FROM generation_job AS job
         WHERE job.created_by_id = person AND job.turn_of_id IS NULL AND job.audience = each.audience),
        (SELECT max(claimed_at) FROM generation_job AS job
         WHERE job.turn_of_id = person AND job.audience = each.audience)
    ) AS board_served
    FROM (SELECT DISTINCT person, audience FROM waiting) AS each
), on_boards AS (
    SELECT *, row_number() OVER board AS board_turn, first_value(queued_at) OVER board AS board_since
    FROM waiting
    WINDOW board AS (PARTITION BY rests, person, audience ORDER BY queued_at, id)
), turns AS (
    SELECT on_boards.*, person_served, row_number() OVER own AS turn, first_value(queued_at) OVER own AS person_since
    FROM on_boards
    JOIN people ON people.person IS NOT DISTINCT FROM on_boards.person
    JOIN boards ON boards.person IS NOT DISTINCT FROM on_boards.person AND boards.audience = on_boards.audience
    WINDOW own AS (
        PARTITION BY rests, on_boards.person
        ORDER BY board_turn, board_served NULLS FIRST, board_since, on_boards.audience
    )
), ordered AS (
    SELECT *, row_number() OVER (
        ORDER BY rests, person IS NULL, turn, person_served NULLS FIRST, person_since, person, id
    ) AS place
    FROM turns
)
"""
_NEXT = """
SELECT job.id FROM generation_job AS job JOIN ordered ON ordered.id = job.id
WHERE job.status = 'queued' AND NOT ordered.rests
ORDER BY ordered.place LIMIT 1
FOR UPDATE OF job SKIP LOCKED
"""
_WAITING = "SELECT id, checkpoint FROM ordered WHERE NOT rests ORDER BY place LIMIT %(limit)s"
_ON_BOARD = """
SELECT id, checkpoint FROM ordered
WHERE NOT rests AND person IS NOT NULL AND audience = (SELECT audience FROM generation_job WHERE id = %(job)s) ORDER BY place
"""
_UNTIL = """
SELECT id, checkpoint, kind FROM ordered
WHERE place <= (SELECT max(place) FROM ordered WHERE id = ANY(%(jobs)s)) ORDER BY place
"""


@dataclass(frozen=True)
class Workload:
    """Jobs of the same workload take about equally long."""

    checkpoint: str
    kind: str


def lock_next(excluded_checkpoints: Collection[str] = ()) -> UUID | None:
    """Lock the waiting job whose turn it is, skipping rows that another worker has locked. None if there is none.

    Must be called inside a transaction.
    """
    rows = _ask(_NEXT, excluded_checkpoints)
    return rows[0][0] if rows else None


def waiting(limit: int) -> list[tuple[UUID, str]]:
    """The jobs that could be claimed now, with their checkpoints, in the order of claims."""
    return [(job_id, checkpoint) for job_id, checkpoint in _ask(_WAITING, limit=limit)]


def until(job_ids: Collection[UUID]) -> list[tuple[UUID, Workload]]:
    """The waiting jobs in the order of claims, up to the last one of job_ids, included. Empty if none of these waits."""
    rows = _ask(_UNTIL, jobs=list(job_ids)) if job_ids else []
    return [(job_id, Workload(checkpoint, kind)) for job_id, checkpoint, kind in rows]


@transaction.atomic
def move_up(job_id: UUID) -> bool:
    """Let a job run before all others of its board that wait in the same queue. False if it does not wait.

    These jobs exchange their places (whose turn, since when), so the places that a board has among all others stay
    the same, now and in every later round. Rule J18.
    """
    before = _same_queue(job_id)
    if job_id not in before:
        return False
    after = [job_id, *(each for each in before if each != job_id)]
    jobs = _lock_waiting(before)
    if len(jobs) < len(before):  # one of them was taken just now, and its place with it: look again
        return move_up(job_id)
    places = [(jobs[each].turn_of_id or jobs[each].created_by_id, jobs[each].queued_at) for each in before]
    for each, (person, since) in zip(after, places, strict=True):
        lent = None if person == jobs[each].created_by_id else person
        Job.objects.filter(id=each).update(turn_of=lent, queued_at=since)
        events.announce_change(jobs[each])
    note(jobs[job_id], Happening.MOVED_UP)
    return True


def _same_queue(job_id: UUID) -> list[UUID]:
    """The waiting jobs of this job's board in its queue, in the order of claims, without those in back-off."""
    rows = _ask(_ON_BOARD, job=job_id)
    own = next((queues.of(checkpoint) for each, checkpoint in rows if each == job_id), None)
    return [each for each, checkpoint in rows if queues.of(checkpoint) == own]


def _lock_waiting(job_ids: Collection[UUID]) -> dict[UUID, Job]:
    waiting = Q(id__in=job_ids, status=JobStatus.QUEUED) & (Q(not_before=None) | Q(not_before__lte=Now()))
    return {job.id: job for job in Job.objects.select_for_update().filter(waiting).order_by("id")}


def _ask(question: str, excluded_checkpoints: Collection[str] = (), **values: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(_ORDER + question, {"excluded": sorted(excluded_checkpoints), **values})
        return cursor.fetchall()
