"""Share links: make one, come in by one, end one."""

from datetime import datetime

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from boards import bus
from boards.access import strongest
from boards.errors import LinkInvalid
from boards.models import Board, Membership, Role, ShareLink


def create(
    board: Board, user: User, role: Role, expires_at: datetime | None = None, password: str | None = None
) -> ShareLink:
    return ShareLink.objects.create(
        board=board,
        created_by=user,
        role=role,
        expires_at=expires_at,
        password=make_password(password) if password else "",
    )


def open_link(token: str, user: User, password: str | None = None) -> Board:
    """Join the link's board with its role; a stronger role that the person has stays. Raises LinkInvalid."""
    link = ShareLink.objects.select_related("board").filter(digest=ShareLink.digest_of(token)).first()
    if link is None or not link.is_valid or link.board.deleted_at is not None:
        raise LinkInvalid(
            "This link does not lead anywhere, or not any more. Ask whoever sent it for a new one."
        )
    if link.password and not check_password(password or "", link.password):
        raise LinkInvalid("This link needs a password.")
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
    """End the link and everything that came by it; open sockets close."""
    ShareLink.objects.filter(pk=link.pk).update(revoked_at=timezone.now())
    transaction.on_commit(lambda: bus.board_changed(link.board_id))


def find(token: str) -> ShareLink | None:
    """The link that a program names in `hello`. One with a password is for people: it is not found."""
    link = ShareLink.objects.filter(digest=ShareLink.digest_of(token), password="").first()
    return link if link is not None and link.is_valid else None
