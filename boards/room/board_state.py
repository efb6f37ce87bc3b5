"""Reads the state of a board for its room: scene, files, jobs, title."""

import uuid
from typing import Any, NamedTuple

from django.conf import settings

from boards.elements import store, tombstones
from boards.errors import BoardGone
from boards.files import board_files
from boards.jobs import board_jobs
from boards.models import Board
from boards.wire import protocol
from boards.wire.server_messages import Limits

CHECK_INTERVAL_SECONDS = 60.0
"""How often a room reads all but the scene again, in case the message about a change was lost."""

LIMITS = Limits(
    max_elements_per_push=protocol.PUSH_ELEMENTS_MAX,
    max_push_bytes=protocol.PUSH_BYTES_MAX,
    max_live_elements=store.LIVE_ELEMENTS_MAX,
    max_file_bytes=settings.FILE_MAX_BYTES,
    prompt_max=1_000,
)


class BoardState(NamedTuple):
    """files: by file id. jobs: those shown on the board. Both as they are described to clients."""

    title: str
    frozen: bool
    background: str
    snapshot: store.Snapshot
    files: dict[str, Any]
    jobs: list[Any]
    pruned: tombstones.Pruned | None
    """None where only what is newer than a clock was read."""


def read(board_id: uuid.UUID, since: int | None = None) -> BoardState:
    """since: read only elements newer than this clock. Raises BoardGone."""
    board = Board.objects.filter(pk=board_id, deleted_at=None).first()
    if board is None:
        raise BoardGone("There is no such board.")
    snapshot = store.snapshot(board_id) if since is None else store.changes_since(board_id, since)
    pruned = tombstones.read(board_id) if since is None else None
    return BoardState(
        board.title,
        board.frozen,
        board.background,
        snapshot,
        board_files.describe_all(board),
        board_jobs.shown_on(board),
        pruned,
    )


def read_anew(board_id: uuid.UUID) -> BoardState:
    """The same, after something was sent that is not stored: no client may continue from an earlier clock."""
    tombstones.start_over(board_id)
    return read(board_id)
