"""What it costs to show a board's jobs."""

from typing import Any

import pytest
import redis

from boards.jobs import board_jobs
from boards.models import Board, Placement
from generation.jobs.heartbeat import Heartbeat
from generation.models import GeneratedImage, Job

pytestmark = pytest.mark.django_db


def job(board: Board, user: Any, number: int, *, choosing: bool) -> None:
    """One that waits, or one with a picture to choose from."""
    made = Job.objects.create(
        audience=f"board.{board.pk}",
        created_by=user,
        kind=("img2img", "txt2img")[number % 2],
        checkpoint="bundled",
        params={"prompt": "a cat"},
        status="succeeded" if choosing else "queued",
    )
    place = Placement.objects.create(
        job=made, board=board, x=0, y=0, width=100, height=100, where="stage", choosing=choosing
    )
    if choosing:
        image = GeneratedImage.objects.create(
            job=made, key="images/aa.png", sha256="aa", mime_type="image/png", width_px=8, height_px=8,
            size_bytes=8, seed=number,
        )  # fmt: skip
        place.standings = {str(image.pk): Placement.CandidateStatus.CANDIDATE}
        place.save()


def test_seventy_jobs_cost_as_many_queries_as_three_and_one_look_at_the_workers(
    board: Board, alice: Any, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    scans: list[str] = []
    real = redis.Redis.scan_iter

    def counted(client: Any, match: str, **more: Any) -> Any:
        scans.append(match)
        return real(client, match, **more)

    monkeypatch.setattr(redis.Redis, "scan_iter", counted)
    Heartbeat("here:1", lambda: {"checkpoints": {"bundled": {"status": "ready"}}}).beat()
    for waiting, choosing in ((2, 1), (50, 20)):
        Job.objects.all().delete()
        for number in range(waiting + choosing):
            job(board, alice, number, choosing=number >= waiting)
        scans.clear()
        with django_assert_num_queries(8):
            shown = board_jobs.shown_on(board)
        assert len(shown) == waiting + choosing
        assert [each["position"] for each in shown if each["position"]] == list(range(1, waiting + 1))
        assert scans == ["atelier:worker:*"]
