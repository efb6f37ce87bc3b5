"""Which access the sessions on some boards have now, in a few queries for all of them."""

import uuid
from collections.abc import Mapping
from typing import NamedTuple

from boards import access, scopes
from boards import principal as principals
from boards.models import Board, Role
from boards.principal import Principal, Revocation
from boards.wire.protocol import Close


class Granted(NamedTuple):
    """A session stays, with this role, and its principal as the database has it now."""

    role: Role
    principal: Principal


class BoardReading(NamedTuple):
    """What was read of a board together with the access of a session that is joining."""

    frozen: bool
    pruned_clock: int


class BoardAccess(NamedTuple):
    """sessions: the access of each session id, or the code to close its socket with."""

    frozen: bool
    sessions: dict[str, Granted | Close]


def check(boards: Mapping[uuid.UUID, Mapping[str, Principal]]) -> dict[uuid.UUID, BoardAccess]:
    """The access of sessions on boards, in seven queries at most; a board that is gone is left out.

    boards: board id → session id → the principal as it was last known.
    """
    found = Board.objects.filter(deleted_at=None).in_bulk(list(boards))
    asked = [
        (found[board_id], session, principal)
        for board_id, sessions in boards.items()
        if board_id in found
        for session, principal in sessions.items()
    ]
    renewed = principals.refresh([principal for *_, principal in asked])
    here = zip(asked, renewed, strict=True)
    roles = iter(access.roles([(now, board) for (board, *_), now in here if isinstance(now, Principal)]))
    checked = {board_id: BoardAccess(board.frozen, {}) for board_id, board in found.items()}
    for (board, session, principal), now in zip(asked, renewed, strict=True):
        checked[board.pk].sessions[session] = (
            _close_code(principal, now) if isinstance(now, Revocation) else _granted(now, next(roles))
        )
    return checked


def _granted(principal: Principal, role: Role | None) -> Granted | Close:
    return Granted(role, principal) if role and scopes.opens(principal, "hello") else Close.FORBIDDEN


def _close_code(principal: Principal, lapse: Revocation) -> Close:
    """RESTART where the client may have another session by now, and comes again to show it."""
    if lapse is Revocation.SESSION_REPLACED:
        return Close.RESTART
    return Close.UNAUTHENTICATED if principal.session_key else Close.FORBIDDEN
