"""How a board stands right now, read in one go for a room: scene, files, jobs, roles."""

import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple

from django.conf import settings

from boards import access, scopes
from boards import principal as principals
from boards.elements import store, tombstones
from boards.errors import BoardGone
from boards.files import board_files
from boards.jobs import board_jobs
from boards.models import Board, Role
from boards.principal import Principal, Revocation
from boards.wire import protocol
from boards.wire.protocol import Close
from boards.wire.server_messages import Limits

CHECK_INTERVAL_SECONDS = 60.0
"""How often a room reads files, jobs and title again, in case the message about a change was lost."""

LIMITS = Limits(
    max_elements_per_push=protocol.PUSH_ELEMENTS_MAX,
    max_push_bytes=protocol.PUSH_BYTES_MAX,
    max_live_elements=store.LIVE_ELEMENTS_MAX,
    max_file_bytes=settings.FILE_MAX_BYTES,
    prompt_max=1_000,
)


class Standing(NamedTuple):
    title: str
    frozen: bool
    background: str
    snapshot: store.Snapshot
    files: dict[str, Any]
    jobs: list[Any]
    pruned: tombstones.Pruned | None
    """Only with the whole scene."""


def read(board_id: uuid.UUID, since: int | None = None) -> Standing:
    """since: read only elements newer than this clock. Raises BoardGone."""
    board = Board.objects.filter(pk=board_id, deleted_at=None).first()
    if board is None:
        raise BoardGone("There is no such board.")
    snapshot = store.snapshot(board_id) if since is None else store.changes_since(board_id, since)
    pruned = tombstones.read(board_id) if since is None else None
    return Standing(
        board.title,
        board.frozen,
        board.background,
        snapshot,
        board_files.describe_all(board),
        board_jobs.shown_on(board),
        pruned,
    )


def read_anew(board_id: uuid.UUID) -> Standing:
    """The same, after something was told that is not stored: nobody may go on from what was seen before."""
    tombstones.start_over(board_id)
    return read(board_id)


class Stay(NamedTuple):
    """Somebody may stay, with what they may do now."""

    role: Role
    principal: Principal


class Present(NamedTuple):
    """How a board stands for those who are on it. people: by session; a code sends them away."""

    frozen: bool
    people: dict[str, Stay | Close]


def present(boards: Mapping[uuid.UUID, Mapping[str, Principal]]) -> dict[uuid.UUID, Present]:
    """How boards stand for those who are on them, in seven queries at most; a board that is gone is left out.

    boards: who is on each, by session.
    """
    found = Board.objects.filter(deleted_at=None).in_bulk(list(boards))
    asked = [
        (found[board_id], session, principal)
        for board_id, sessions in boards.items()
        if board_id in found
        for session, principal in sessions.items()
    ]
    refreshed = principals.refresh([principal for *_, principal in asked])
    here = zip(asked, refreshed, strict=True)
    roles = iter(access.roles([(now, board) for (board, *_), now in here if isinstance(now, Principal)]))
    standing = {board_id: Present(board.frozen, {}) for board_id, board in found.items()}
    for (board, session, principal), now in zip(asked, refreshed, strict=True):
        standing[board.pk].people[session] = (
            _farewell(principal, now) if isinstance(now, Revocation) else _staying(now, next(roles))
        )
    return standing


def _staying(principal: Principal, role: Role | None) -> Stay | Close:
    return Stay(role, principal) if role and scopes.opens(principal, "hello") else Close.FORBIDDEN


def _farewell(principal: Principal, reason: Revocation) -> Close:
    """Whoever is signed out is told so; whoever may have another session by now comes again and shows it."""
    if reason is Revocation.SESSION_REPLACED:
        return Close.RESTART
    return Close.UNAUTHENTICATED if principal.session_key else Close.FORBIDDEN
