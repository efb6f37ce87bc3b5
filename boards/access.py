"""May this person do that on this board? The only place that answers."""

import uuid
from enum import Enum

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from boards.errors import BoardFrozen, BoardGone, Forbidden
from boards.models import Board, Membership, Role, ShareLink

Key = User | ShareLink | AnonymousUser | None
"""What somebody shows at the door: an account or guest, a share link, or nothing."""


class Act(Enum):
    """What somebody wants to do, with the weakest role that may."""

    SEE = Role.VIEW  # its history too
    COMMENT = Role.COMMENT
    EDIT = Role.EDIT  # change elements, upload, generate, name a version, go back to one
    MANAGE = Role.OWNER  # rename, share, delete, cancel others' jobs, delete versions, undo a person


_STRENGTH = {role: strength for strength, role in enumerate(Role)}


def strongest(*roles: str | None) -> Role | None:
    known = [Role(role) for role in roles if role]
    return max(known, key=_STRENGTH.__getitem__, default=None)


def role_of(key: Key, board: Board) -> Role | None:
    """The role that the key opens on the board, or None for a stranger. One query at most."""
    if board.deleted_at is not None:
        return None
    if isinstance(key, ShareLink):
        return strongest(board.open_role, key.role if key.is_valid and key.board_id == board.pk else None)
    if not isinstance(key, User):
        return strongest(board.open_role)
    if not key.is_active:
        return None
    if board.owner_id == key.pk:
        return Role.OWNER
    now = timezone.now()
    membership = (
        Membership.objects.filter(board=board, user=key)
        .filter(
            Q(link=None) | Q(link__revoked_at=None) & (Q(link__expires_at=None) | Q(link__expires_at__gt=now))
        )
        .first()
    )
    return strongest(board.open_role, membership.role if membership else None)


def allows(role: Role | None, act: Act, *, frozen: bool = False) -> None:
    """Return if the role may do it. Raises BoardGone for strangers, Forbidden, BoardFrozen."""
    if role is None:
        raise BoardGone("There is no such board.")
    if _STRENGTH[role] < _STRENGTH[act.value]:
        raise Forbidden(f"Your role here is “{role.label.lower()}”, which may not do this.")
    if frozen and act is Act.EDIT:
        raise BoardFrozen("A moderator froze this board: it can be looked at, not changed.")


def find(key: Key, board_id: uuid.UUID | str, act: Act) -> tuple[Board, Role]:
    """The board and the person's role on it, if they may do this. Raises as `allows` does."""
    board = _get(board_id)
    role = role_of(key, board) if board else None
    if board is None or role is None:
        raise BoardGone("There is no such board.")
    allows(role, act, frozen=board.frozen)
    return board, role


def boards_of(user: User) -> QuerySet[Board]:
    """Boards that the person owns or joined, not those in the trash."""
    return Board.objects.filter(Q(owner=user) | Q(memberships__user=user), deleted_at=None).distinct()


def _get(board_id: uuid.UUID | str) -> Board | None:
    try:
        return Board.objects.filter(pk=uuid.UUID(str(board_id))).select_related("owner").first()
    except ValueError:
        return None
