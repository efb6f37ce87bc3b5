"""HTTP: share links."""

import uuid
from datetime import datetime
from typing import Annotated, Literal, cast

from django.http import HttpRequest
from django.urls import reverse
from ninja import Router, Schema, Status
from pydantic import StringConstraints
from typing_extensions import TypedDict

from boards import access
from boards.errors import Forbidden, LinkInvalid
from boards.models import Role, ShareLink
from boards.principal import of_request, person_of
from boards.sharing import links, people
from boards.sharing.people import PersonDescription
from http_api.lists import Moment
from http_api.openapi import Answer

router = Router()
LinkRole = Literal["view", "comment", "edit"]


class NewLink(Schema):
    """expires_at: null for never. password: asked of people who open the link; null or empty for none."""

    role: LinkRole = "edit"
    expires_at: Moment | None = None
    password: Annotated[str, StringConstraints(max_length=200)] | None = None


class LinkDescription(TypedDict):
    """A share link. role: given to those who open it. password: whether it asks for one.

    url and token: null where the link was made under another SECRET_KEY and can only be revoked. created_by: who made
    it. uses: how many people are members by it.
    """

    id: str
    url: str | None
    token: str | None
    role: LinkRole
    expires_at: datetime | None
    password: bool
    created_at: datetime
    created_by: PersonDescription | None
    uses: int


class LinkPage(TypedDict):
    """Every link of a board that is valid, newest first. next: always null."""

    items: list[LinkDescription]
    next: None


def describe(link: ShareLink, uses: int) -> LinkDescription:
    token = link.token
    return {
        "id": str(link.pk),
        "url": reverse("join", args=[token]) if token else None,
        "token": token,
        "role": cast(LinkRole, link.role),
        "expires_at": link.expires_at,
        "password": bool(link.password),
        "created_at": link.created_at,
        "created_by": people.describe(link.created_by),
        "uses": uses,
    }


@router.post("/{uuid:board_id}/links", response={201: Answer[LinkDescription]})
def create_link(request: HttpRequest, board_id: uuid.UUID, body: NewLink) -> Status[LinkDescription]:
    """Make a share link. The board's owner may, and on a welcome board everybody who may draw."""
    board, _ = access.find_to_invite(of_request(request), board_id)
    link = links.create(board, person_of(request), Role(body.role), body.expires_at, body.password)
    return Status(201, describe(link, uses=0))


@router.get("/{uuid:board_id}/links", response=Answer[LinkPage])
def list_links(request: HttpRequest, board_id: uuid.UUID) -> LinkPage:
    """The board's share links that are valid. Whoever may make some may see them."""
    board, _ = access.find_to_invite(of_request(request), board_id)
    valid = [link for link in links.of(board) if link.is_valid]
    uses = links.uses(board)
    return {"items": [describe(link, uses.get(link.pk, 0)) for link in valid], "next": None}


@router.delete("/{uuid:board_id}/links/{uuid:link_id}", response={204: None})
def revoke_link(request: HttpRequest, board_id: uuid.UUID, link_id: uuid.UUID) -> Status[None]:
    """End the link and every membership that came by it. The board's owner may, and whoever made it."""
    board, role = access.find_to_invite(of_request(request), board_id)
    link = board.links.filter(pk=link_id).first()
    if link is None:
        raise LinkInvalid("There is no such link.")
    if role != Role.OWNER and link.created_by != person_of(request):
        raise Forbidden("Only the board's owner may end a link that somebody else made.")
    links.revoke(link)
    return Status(204, None)
