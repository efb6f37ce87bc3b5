"""What a room keeps of jobs: the row and the announced progress together."""

import asyncio
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from boards.room import board_cache
from boards.room.board_cache import BoardCache
from boards.room.fanout import Fanout
from boards.room.scene import Scene
from generation.messages import JobProgress

JOB = str(uuid.UUID(int=1))


def row(status: str, attempt: int, step: int) -> dict[str, Any]:
    """A job as it is read from Postgres."""
    fields = {"id": JOB, "status": status, "attempt": attempt, "step": step, "steps": 20, "images": []}
    return fields | {"created_at": "2026-01-01T00:00:00+00:00", "finished_at": timezone.now().isoformat()}


class Board:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.row = row("queued", 0, 0)
        self.cache = BoardCache(Fanout(Scene(), lambda news: None), lambda: asyncio.sleep(0))
        monkeypatch.setattr(board_cache, "in_thread", self._in_thread)

    async def _in_thread(self, function: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
        return dict(self.row)

    async def read(self, status: str, attempt: int, step: int) -> int:
        """The step that newcomers are shown once this row was read."""
        self.row = row(status, attempt, step)
        await self.cache.refresh_job(JOB)
        return int(self.cache.jobs[JOB]["step"])

    def progress(self, step: int) -> None:
        self.cache.receive_progress(JobProgress(JOB, step, 20, b"jpeg"))


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Board:
    return Board(monkeypatch)


async def test_a_row_that_is_read_late_does_not_put_progress_back(board: Board) -> None:
    assert await board.read("queued", 0, 0) == 0
    board.progress(3)  # before it is read that the job runs
    assert await board.read("queued", 0, 0) == 3
    assert await board.read("running", 1, 0) == 3
    board.progress(7)
    assert await board.read("running", 1, 5) == 7
    assert board.cache.jobs[JOB]["preview_url"]
    assert await board.read("running", 1, 9) == 9


async def test_another_attempt_starts_over(board: Board) -> None:
    assert await board.read("running", 1, 0) == 0
    board.progress(7)
    assert await board.read("running", 2, 1) == 1
    board.progress(4)
    assert await board.read("queued", 2, 0) == 0
    board.progress(2)
    assert await board.read("failed", 3, 0) == 0
