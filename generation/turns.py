"""Whose turn it is: the one order in which waiting jobs are claimed and in which people see them.

People take turns; one person's boards take turns; then age. Rules J10 to J14 in docs/job-rules.md.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

# Whoever was served longest ago is next, and whoever was never served comes before that. A job rests while its
# back-off lasts: it is behind everybody, and no turn of its person's is counted for it.
# A tie goes to whoever began to wait first, in this round and every later one, so that places are what will happen.
# The clock is the database's. Each "last" below is one look into an index, however long the history is.
_ORDER = """
WITH waiting AS (
    SELECT id, created_by_id AS person, audience, queued_at, kind, checkpoint,
           coalesce(not_before > statement_timestamp(), false) AS rests
    FROM generation_job
    WHERE status = 'queued' AND NOT checkpoint = ANY(%(left)s::text[])
), people AS (
    SELECT person, (SELECT max(claimed_at) FROM generation_job WHERE created_by_id = person) AS person_served
    FROM (SELECT DISTINCT person FROM waiting) AS each
), boards AS (
    SELECT person, audience, (
        SELECT max(claimed_at) FROM generation_job AS job
        WHERE job.created_by_id = person AND job.audience = each.audience
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
_UNTIL = """
SELECT checkpoint, kind, count(*) FROM ordered
WHERE place <= (SELECT place FROM ordered WHERE id = %(job)s) GROUP BY checkpoint, kind
"""


@dataclass(frozen=True)
class Sort:
    """Jobs of one sort take about equally long."""

    checkpoint: str
    kind: str


def lock_next(left: Collection[str] = ()) -> UUID | None:
    """Lock the waiting job whose turn it is, passing over those that somebody else is taking right now.

    left: the checkpoints that are left to other workers. Must be called inside a transaction.
    """
    rows = _ask(_NEXT, left)
    return rows[0][0] if rows else None


def waiting(limit: int) -> list[tuple[UUID, str]]:
    """The jobs that could be claimed now with their checkpoints, whoever is next first."""
    return [(job_id, checkpoint) for job_id, checkpoint in _ask(_WAITING, limit=limit)]


def until(job_id: UUID) -> dict[Sort, int]:
    """How many jobs of each sort are claimed up to and with this one. Empty if it does not wait."""
    return {Sort(checkpoint, kind): count for checkpoint, kind, count in _ask(_UNTIL, job=job_id)}


def _ask(question: str, left: Collection[str] = (), **values: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(_ORDER + question, {"left": sorted(left), **values})
        return cursor.fetchall()
