"""HTTP: share links."""

import uuid
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.urls import reverse
from ninja import Router, Schema, Status
from pydantic import StringConstraints

from boards import access
from boards.access import Act
from boards.errors import LinkInvalid
from boards.models import Role, ShareLink
from boards.principal import of_request, person_of
from boards.sharing import links
from http_api.lists import Moment

router = Router()


class NewLink(Schema):
    role: Literal["view", "comment", "edit"] = "edit"
    expires_at: Moment | None = None
    password: Annotated[str, StringConstraints(max_length=200)] | None = None


def describe(link: ShareLink) -> dict[str, Any]:
    """url and token: null where the link was made under another SECRET_KEY and can only be revoked."""
    token = link.token
    return {
        "id": str(link.pk),
        "url": reverse("join", args=[token]) if token else None,
        "token": token,
        "role": link.role,
        "expires_at": link.expires_at,
        "password": bool(link.password),
        "created_at": link.created_at,
    }


@router.post("/{uuid:board_id}/links", response={201: dict[str, Any]})
def create(request: HttpRequest, board_id: uuid.UUID, body: NewLink) -> Status:
    board, _ = access.find(of_request(request), board_id, Act.MANAGE)
    return Status(
        201,
        describe(links.create(board, person_of(request), Role(body.role), body.expires_at, body.password)),
    )


@router.get("/{uuid:board_id}/links")
def index(request: HttpRequest, board_id: uuid.UUID) -> dict[str, Any]:
    board, _ = access.find(of_request(request), board_id, Act.MANAGE)
    valid = [link for link in board.links.filter(revoked_at=None).order_by("-created_at") if link.is_valid]
    return {"items": [describe(link) for link in valid], "next": None}


@router.delete("/{uuid:board_id}/links/{uuid:link_id}", response={204: None})
def revoke(request: HttpRequest, board_id: uuid.UUID, link_id: uuid.UUID) -> Status:
    """End the link; whoever came by it is sent away."""
    board, _ = access.find(of_request(request), board_id, Act.MANAGE)
    link = board.links.filter(pk=link_id).first()
    if link is None:
        raise LinkInvalid("There is no such link.")
    links.revoke(link)
    return Status(204, None)
