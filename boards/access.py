"""Access control: which role a principal has on a board, and what a role may do. Decided here alone."""

import math
import uuid
from collections.abc import Mapping, Sequence
from enum import Enum

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from boards.errors import BoardError, BoardFrozen, BoardGone, Forbidden
from boards.models import Board, Membership, Role
from boards.principal import Principal


class Act(Enum):
    """A kind of action; its value is the weakest role that may do it."""

    SEE = Role.VIEW  # the board and its history
    COMMENT = Role.COMMENT
    EDIT = Role.EDIT  # change elements, upload, generate, name a version, go back to one
    # rename, share, delete, cancel others' jobs, delete versions, undo a person's changes
    MANAGE = Role.OWNER


_STRENGTH = {role: strength for strength, role in enumerate(Role)}


def strongest(*roles: str | None) -> Role | None:
    """The strongest of the roles; None and empty ones are left out, and None is returned if nothing is left."""
    known = [Role(role) for role in roles if role]
    return max(known, key=_STRENGTH.__getitem__, default=None)


def role_of(principal: Principal, board: Board) -> Role | None:
    """The role on the board; None: no access. At most one query."""
    return roles([(principal, board)])[0]


def roles(pairs: Sequence[tuple[Principal, Board]]) -> list[Role | None]:
    """The role of each principal on its board, in order; None: no access. At most one query for any number of pairs."""
    members = _memberships_of(pairs)
    return [_role(principal, board, members) for principal, board in pairs]


_Memberships = Mapping[tuple[uuid.UUID, uuid.UUID], str]
"""(board id, user id) → the role of a member."""


def _role(principal: Principal, board: Board, members: _Memberships) -> Role | None:
    user, link = principal.user, principal.share_link
    if board.deleted_at is not None or (user is not None and not user.is_active):
        return None
    if user is not None and board.owner_id == user.pk:
        return Role.OWNER
    by_link = link.role if link is not None and link.is_valid and link.board_id == board.pk else None
    return strongest(board.open_role, members.get((board.pk, user.pk)) if user else None, by_link)


def _memberships_of(pairs: Sequence[tuple[Principal, Board]]) -> _Memberships:
    asked = [(board.pk, p.user.pk) for p, board in pairs if p.user and board.owner_id != p.user.pk]
    if not asked:
        return {}
    boards, users = ({pair[side] for pair in asked} for side in (0, 1))
    rows = _memberships().filter(board__in=boards, user__in=users)
    return {
        (board_id, user_id): role for board_id, user_id, role in rows.values_list("board", "user", "role")
    }


def _memberships() -> QuerySet[Membership]:
    """Memberships that are in force: one that was made by a link ends with the link."""
    now = timezone.now()
    link_holds = Q(link__revoked_at=None) & (Q(link__expires_at=None) | Q(link__expires_at__gt=now))
    return Membership.objects.filter(Q(link=None) | link_holds)


def strength(membership: Membership) -> tuple[bool, int, bool, float]:
    """Sort key of memberships of one board; the greatest grants most.

    In this order: it is in force, its role is stronger, it depends on no link, it ends later.
    """
    link = membership.link
    ends = math.inf if link is None or link.expires_at is None else link.expires_at.timestamp()
    return link is None or link.is_valid, _STRENGTH[Role(membership.role)], link is None, ends


def allows(role: Role | None, act: Act, *, frozen: bool = False) -> None:
    """Return if the role may do it. Raises BoardGone without a role, Forbidden, BoardFrozen."""
    if role is None:
        raise BoardGone()
    if _STRENGTH[role] < _STRENGTH[act.value]:
        raise Forbidden(f"Your role here is “{role.label.lower()}”, which may not do this.")
    if frozen and act is Act.EDIT:
        raise BoardFrozen("A moderator froze this board: it can be viewed, not changed.")


def find(principal: Principal, board_id: uuid.UUID | str, act: Act) -> tuple[Board, Role]:
    """The board and the principal's role on it, if that allows the act. Raises as `allows` does."""
    (found,) = find_each([principal], board_id, act)
    if isinstance(found, BoardError):
        raise found
    return found


def may_invite(role: Role | None, board: Board) -> bool:
    """True if the role may make share links: the owner's, and on a welcome board that of all who may draw."""
    return role is Role.OWNER or (role is Role.EDIT and bool(board.welcome))


def find_to_invite(principal: Principal, board_id: uuid.UUID | str) -> tuple[Board, Role]:
    """The board and the principal's role on it, if that may invite. Raises BoardGone, Forbidden."""
    board, role = find(principal, board_id, Act.SEE)
    if not may_invite(role, board):
        raise Forbidden("Only the board's owner may share it.")
    return board, role


def find_in_trash(principal: Principal, board_id: uuid.UUID | str) -> Board:
    """A deleted board of the principal's user. Raises BoardGone."""
    board = _get(board_id)
    if board is None or board.deleted_at is None or not _owns(principal, board):
        raise BoardGone("There is no such board in your trash.")
    return board


def _owns(principal: Principal, board: Board) -> bool:
    user = principal.user
    return user is not None and user.is_active and board.owner_id == user.pk


def find_each(
    principals: Sequence[Principal], board_id: uuid.UUID | str, act: Act
) -> list[tuple[Board, Role] | BoardError]:
    """`find` for many principals, in two queries; an error that `find` would raise is returned in its place."""
    board = _get(board_id)
    if board is None:
        return [BoardGone() for _ in principals]
    return [_found(board, role, act) for role in roles([(each, board) for each in principals])]


def _found(board: Board, role: Role | None, act: Act) -> tuple[Board, Role] | BoardError:
    try:
        allows(role, act, frozen=board.frozen)
    except BoardError as error:
        return error
    assert role is not None, "allows() has raised"
    return board, role


def boards_of(user: User) -> QuerySet[Board]:
    """The boards that the user owns or is a member of; without those in the trash."""
    joined = _memberships().filter(user=user).values("board")
    return Board.objects.filter(Q(owner=user) | Q(pk__in=joined), deleted_at=None)


def trash_of(user: User) -> QuerySet[Board]:
    """The user's deleted boards, which can be restored."""
    return Board.objects.filter(owner=user, deleted_at__isnull=False)


def _get(board_id: uuid.UUID | str) -> Board | None:
    try:
        return Board.objects.filter(pk=uuid.UUID(str(board_id))).select_related("owner").first()
    except ValueError:
        return None
