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
from boards.access import Act
from boards.errors import LinkInvalid
from boards.models import Role, ShareLink
from boards.principal import of_request, person_of
from boards.sharing import links
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

    url and token: null where the link was made under another SECRET_KEY and can only be revoked.
    """

    id: str
    url: str | None
    token: str | None
    role: LinkRole
    expires_at: datetime | None
    password: bool
    created_at: datetime


class LinkPage(TypedDict):
    """Every link of a board that is valid, newest first. next: always null."""

    items: list[LinkDescription]
    next: None


def describe(link: ShareLink) -> LinkDescription:
    token = link.token
    return {
        "id": str(link.pk),
        "url": reverse("join", args=[token]) if token else None,
        "token": token,
        "role": cast(LinkRole, link.role),
        "expires_at": link.expires_at,
        "password": bool(link.password),
        "created_at": link.created_at,
    }


@router.post("/{uuid:board_id}/links", response={201: Answer[LinkDescription]})
def create_link(request: HttpRequest, board_id: uuid.UUID, body: NewLink) -> Status[LinkDescription]:
    """Make a share link. Only the board's owner may."""
    board, _ = access.find(of_request(request), board_id, Act.MANAGE)
    link = links.create(board, person_of(request), Role(body.role), body.expires_at, body.password)
    return Status(201, describe(link))


@router.get("/{uuid:board_id}/links", response=Answer[LinkPage])
def list_links(request: HttpRequest, board_id: uuid.UUID) -> LinkPage:
    """The board's share links that are valid. Only its owner may see them."""
    board, _ = access.find(of_request(request), board_id, Act.MANAGE)
    valid = [link for link in board.links.filter(revoked_at=None).order_by("-created_at") if link.is_valid]
    return {"items": [describe(link) for link in valid], "next": None}


@router.delete("/{uuid:board_id}/links/{uuid:link_id}", response={204: None})
def revoke_link(request: HttpRequest, board_id: uuid.UUID, link_id: uuid.UUID) -> Status[None]:
    """End the link and every membership that came by it."""
    board, _ = access.find(of_request(request), board_id, Act.MANAGE)
    link = board.links.filter(pk=link_id).first()
    if link is None:
        raise LinkInvalid("There is no such link.")
    links.revoke(link)
    return Status(204, None)
