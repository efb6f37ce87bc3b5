"""What lists cost: as many queries for a page of many as for one."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from boards.jobs import board_jobs
from boards.models import Board, Membership, Placement, Role, Version
from boards.sharing import links
from generation.models import GeneratedImage, Job
from tests.factories import person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("published")]


def job(board: Board, user: Any, number: int, status: str = "queued") -> None:
    made = Job.objects.create(
        audience=f"board.{board.pk}",
        created_by=user,
        kind="txt2img",
        checkpoint="bundled",
        params={"kind": "txt2img", "prompt": "a cat", "seed": number},
        status=status,
    )
    Placement.objects.create(job=made, board=board, x=0, y=0, width=1, height=1)
    GeneratedImage.objects.create(
        job=made,
        key="x",
        sha256=f"{number:064}",
        mime_type="image/png",
        width_px=1,
        height_px=1,
        size_bytes=1,
        seed=number,
    )


def more(board: Board, alice: Any, count: int) -> None:
    """So many more of everything that is listed, each by somebody else."""
    for number in range(count):
        somebody = person(f"somebody-{count}-{number}")
        job(board, somebody, number)
        job(board, alice, number)
        other = Board.objects.create(owner=somebody)
        link = links.create(board, alice, Role.VIEW)
        Membership.objects.create(board=other, user=alice, role=Role.EDIT)
        Membership.objects.create(board=board, user=somebody, role=Role.EDIT, link=link)
        Version.objects.create(board=board, clock=number, created_by=somebody).people.add(somebody)


def counted(ask: Any) -> int:
    with CaptureQueriesContext(connection) as queries:
        ask()
    return len(queries)


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/boards",
        "/boards/",
        "/api/v1/boards/{board}/versions",
        "/api/v1/boards/{board}/links",
        "/api/v1/jobs?board={board}",
        "/api/v1/jobs",
    ],
)
def test_a_long_list_costs_no_more_queries_than_a_short_one(board: Board, alice: Any, path: str) -> None:
    client = Client()
    client.force_login(alice)

    def ask() -> None:
        assert client.get(path.format(board=board.pk)).status_code == 200

    more(board, alice, 1)
    ask()  # what is asked once in a process is known from here on
    few = counted(ask)
    more(board, alice, 6)
    assert counted(ask) == few


def test_a_room_with_many_jobs_costs_no_more_queries_than_with_one(board: Board, alice: Any) -> None:
    more(board, alice, 1)
    few = counted(lambda: board_jobs.shown_on(board))
    more(board, alice, 20)
    assert counted(lambda: board_jobs.shown_on(board)) == few
    assert len(board_jobs.shown_on(board)) == 42


def test_taking_back_all_ones_jobs_describes_them_together(board: Board, alice: Any) -> None:
    more(board, alice, 4)
    cancelled = board_jobs.cancel_all(board, alice)
    assert counted(lambda: board_jobs.describe_each(cancelled)) <= 3
