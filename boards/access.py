"""May this person do that on this board? The only place that answers."""

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
    """What somebody wants to do, with the weakest role that may."""

    SEE = Role.VIEW  # its history too
    COMMENT = Role.COMMENT
    EDIT = Role.EDIT  # change elements, upload, generate, name a version, go back to one
    MANAGE = Role.OWNER  # rename, share, delete, cancel others' jobs, delete versions, undo a person


_STRENGTH = {role: strength for strength, role in enumerate(Role)}


def strongest(*roles: str | None) -> Role | None:
    known = [Role(role) for role in roles if role]
    return max(known, key=_STRENGTH.__getitem__, default=None)


def role_of(principal: Principal, board: Board) -> Role | None:
    """The role on the board, or None for a stranger. One query at most."""
    return roles([(principal, board)])[0]


def roles(pairs: Sequence[tuple[Principal, Board]]) -> list[Role | None]:
    """The role of each principal on the board beside it. One query at most, however many there are."""
    joined = _joined(pairs)
    return [_role(principal, board, joined) for principal, board in pairs]


_Joined = Mapping[tuple[uuid.UUID, uuid.UUID], str]
"""(board id, user id) → the role of a member."""


def _role(principal: Principal, board: Board, joined: _Joined) -> Role | None:
    user, link = principal.user, principal.share_link
    if board.deleted_at is not None or (user is not None and not user.is_active):
        return None
    if user is not None and board.owner_id == user.pk:
        return Role.OWNER
    by_link = link.role if link is not None and link.is_valid and link.board_id == board.pk else None
    return strongest(board.open_role, joined.get((board.pk, user.pk)) if user else None, by_link)


def _joined(pairs: Sequence[tuple[Principal, Board]]) -> _Joined:
    asked = [(board.pk, p.user.pk) for p, board in pairs if p.user and board.owner_id != p.user.pk]
    if not asked:
        return {}
    boards, users = ({pair[side] for pair in asked} for side in (0, 1))
    rows = _memberships().filter(board__in=boards, user__in=users)
    return {
        (board_id, user_id): role for board_id, user_id, role in rows.values_list("board", "user", "role")
    }


def _memberships() -> QuerySet[Membership]:
    """Those that count: one that came by a link ends with the link."""
    now = timezone.now()
    link_holds = Q(link__revoked_at=None) & (Q(link__expires_at=None) | Q(link__expires_at__gt=now))
    return Membership.objects.filter(Q(link=None) | link_holds)


def worth(membership: Membership) -> tuple[bool, int, bool, float]:
    """Of two memberships of a board the greater one gives more: it counts still, its role is stronger, no link
    that is revoked takes it away, it ends later."""
    link = membership.link
    ends = math.inf if link is None or link.expires_at is None else link.expires_at.timestamp()
    return link is None or link.is_valid, _STRENGTH[Role(membership.role)], link is None, ends


def allows(role: Role | None, act: Act, *, frozen: bool = False) -> None:
    """Return if the role may do it. Raises BoardGone for strangers, Forbidden, BoardFrozen."""
    if role is None:
        raise BoardGone("There is no such board.")
    if _STRENGTH[role] < _STRENGTH[act.value]:
        raise Forbidden(f"Your role here is “{role.label.lower()}”, which may not do this.")
    if frozen and act is Act.EDIT:
        raise BoardFrozen("A moderator froze this board: it can be looked at, not changed.")


def find(principal: Principal, board_id: uuid.UUID | str, act: Act) -> tuple[Board, Role]:
    """The board and the role on it, if they may do this. Raises as `allows` does."""
    (found,) = find_each([principal], board_id, act)
    if isinstance(found, BoardError):
        raise found
    return found


def find_each(
    principals: Sequence[Principal], board_id: uuid.UUID | str, act: Act
) -> list[tuple[Board, Role] | BoardError]:
    """The same for many at once, in two queries; what `find` would raise stands in the place of the answer."""
    board = _get(board_id)
    if board is None:
        return [BoardGone("There is no such board.") for _ in principals]
    return [_found(board, role, act) for role in roles([(each, board) for each in principals])]


def _found(board: Board, role: Role | None, act: Act) -> tuple[Board, Role] | BoardError:
    try:
        allows(role, act, frozen=board.frozen)
    except BoardError as error:
        return error
    assert role is not None, "a stranger was refused"
    return board, role


def boards_of(user: User) -> QuerySet[Board]:
    """Boards that the person owns or is a member of now, not those in the trash."""
    joined = _memberships().filter(user=user).values("board")
    return Board.objects.filter(Q(owner=user) | Q(pk__in=joined), deleted_at=None)


def _get(board_id: uuid.UUID | str) -> Board | None:
    try:
        return Board.objects.filter(pk=uuid.UUID(str(board_id))).select_related("owner").first()
    except ValueError:
        return None
