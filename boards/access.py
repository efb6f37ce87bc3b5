"""May this person do that on this board? The only place that answers."""

import uuid
from collections.abc import Mapping, Sequence
from enum import Enum

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from boards.errors import BoardError, BoardFrozen, BoardGone, Forbidden
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
    return roles_of([key], board)[0]


def roles_of(keys: Sequence[Key], board: Board) -> list[Role | None]:
    """The same for many keys at once. One query at most."""
    if board.deleted_at is not None:
        return [None] * len(keys)
    joined = _joined(board, [key for key in keys if isinstance(key, User) and key.pk != board.owner_id])
    return [_role(key, board, joined) for key in keys]


def _role(key: Key, board: Board, joined: Mapping[uuid.UUID, str]) -> Role | None:
    if isinstance(key, ShareLink):
        return strongest(board.open_role, key.role if key.is_valid and key.board_id == board.pk else None)
    if not isinstance(key, User):
        return strongest(board.open_role)
    if not key.is_active:
        return None
    return Role.OWNER if board.owner_id == key.pk else strongest(board.open_role, joined.get(key.pk))


def _joined(board: Board, users: Sequence[User]) -> dict[uuid.UUID, str]:
    """The roles of those who are members, by user id; not of those whose link has ended."""
    if not users:
        return {}
    link_holds = Q(link__revoked_at=None) & (
        Q(link__expires_at=None) | Q(link__expires_at__gt=timezone.now())
    )
    rows = Membership.objects.filter(board=board, user__in=users).filter(Q(link=None) | link_holds)
    return dict(rows.values_list("user_id", "role"))


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
    (found,) = find_each([key], board_id, act)
    if isinstance(found, BoardError):
        raise found
    return found


def find_each(
    keys: Sequence[Key], board_id: uuid.UUID | str, act: Act
) -> list[tuple[Board, Role] | BoardError]:
    """The same for many keys at once, in two queries; what `find` would raise stands in the place of the answer."""
    board = _get(board_id)
    return [_found(board, role, act) for role in (roles_of(keys, board) if board else [None] * len(keys))]


def _found(board: Board | None, role: Role | None, act: Act) -> tuple[Board, Role] | BoardError:
    if board is None or role is None:
        return BoardGone("There is no such board.")
    try:
        allows(role, act, frozen=board.frozen)
    except BoardError as error:
        return error
    return board, role


def boards_of(user: User) -> QuerySet[Board]:
    """Boards that the person owns or joined, not those in the trash."""
    return Board.objects.filter(Q(owner=user) | Q(memberships__user=user), deleted_at=None).distinct()


def _get(board_id: uuid.UUID | str) -> Board | None:
    try:
        return Board.objects.filter(pk=uuid.UUID(str(board_id))).select_related("owner").first()
    except ValueError:
        return None
