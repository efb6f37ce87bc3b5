"""Share links: create, find, check, join a board by one, revoke."""

import uuid
from datetime import datetime

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.db.models import Count, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts.errors import RateLimited
from accounts.models import User
from accounts.rate_limits import AttemptLimit
from boards import announce
from boards.access import strongest
from boards.errors import LinkInvalid
from boards.models import Board, Membership, Role, ShareLink

ATTEMPTS_FROM_ADDRESS = AttemptLimit("link-address", free=5, wait_max_seconds=15 * 60)
# Many people may mistype the password of one link, from many addresses; none of them can lock the others out for long.
ATTEMPTS_AT_LINK = AttemptLimit("link", free=50, wait_max_seconds=60)


def create(
    board: Board, user: User, role: Role, expires_at: datetime | None = None, password: str | None = None
) -> ShareLink:
    """A new link. expires_at: None for never; password: empty or None for none."""
    return ShareLink.objects.create(
        board=board,
        created_by=user,
        role=role,
        expires_at=expires_at,
        password=make_password(password) if password else "",
    )


def of(board: Board) -> QuerySet[ShareLink]:
    """The links of a board that were not revoked, newest first."""
    return board.links.filter(revoked_at=None).select_related("created_by").order_by("-created_at")


def uses(board: Board) -> dict[uuid.UUID, int]:
    """How many people are members by each link of a board, by the link's id; those without any are left out."""
    by_link = board.memberships.filter(link__isnull=False).values_list("link")
    return dict(by_link.annotate(Count("pk")))


def valid(token: str) -> ShareLink:
    """The link of a token, with its board. Raises LinkInvalid if it is unknown, expired, revoked, or its board is deleted."""
    link = ShareLink.objects.select_related("board").filter(digest=ShareLink.digest_of(token)).first()
    if link is None or not link.is_valid or link.board.deleted_at is not None:
        raise LinkInvalid(gettext_noop("This link is not valid or no longer valid. Ask for a new one."))
    return link


def check(link: ShareLink, password: str | None, address: str = "") -> None:
    """Return if the link needs no password, or this one. Raises LinkInvalid, RateLimited.

    address: of the client. Wrong passwords are counted for this link and address, and for this link in all.
    """
    if not link.password:
        return
    if not password:
        raise LinkInvalid(gettext_noop("This link needs a password."))
    here, everywhere = f"{link.pk} {address}", str(link.pk)
    message = "Too many wrong passwords were tried. Wait a moment, then try again."
    ATTEMPTS_FROM_ADDRESS.hit(here, message)
    try:
        ATTEMPTS_AT_LINK.hit(everywhere, message)
    except RateLimited:
        ATTEMPTS_FROM_ADDRESS.take_back(here)  # the password was not checked
        raise
    if not check_password(password, link.password):
        raise LinkInvalid(gettext_noop("This link needs a password, and that one is wrong."))
    ATTEMPTS_FROM_ADDRESS.take_back(here)
    ATTEMPTS_AT_LINK.take_back(everywhere)


def join(link: ShareLink, user: User) -> Board:
    """Make the user a member with the role of a link that was checked; a stronger role stays. Returns the board."""
    with transaction.atomic():
        membership, _ = Membership.objects.select_for_update().get_or_create(
            board=link.board, user=user, defaults={"role": link.role, "link": link}
        )
        lapsed = membership.link is not None and not membership.link.is_valid
        if lapsed or (membership.link and strongest(membership.role, link.role) != membership.role):
            membership.role, membership.link = link.role, link
            membership.save(update_fields=["role", "link"])
    return link.board


def revoke(link: ShareLink) -> None:
    """End the link and all memberships that were made by it; their sockets are closed."""
    ShareLink.objects.filter(pk=link.pk).update(revoked_at=timezone.now())
    transaction.on_commit(lambda: announce.board_changed(link.board_id))


def find(token: str) -> ShareLink | None:
    """The valid link of a token in `hello`; None for one with a password, which only the page can ask for."""
    link = ShareLink.objects.filter(digest=ShareLink.digest_of(token), password="").first()
    return link if link is not None and link.is_valid else None
