"""HTTP: boards and their scenes."""

import uuid
from collections.abc import Sequence
from typing import Annotated, Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import AfterValidator, StringConstraints

from boards import access, announce, background
from boards.access import Act
from boards.models import TITLE_MAX, Board, Role
from boards.principal import of_request, person, person_of
from http_api.lists import page

router = Router()
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=TITLE_MAX)]


def _colour(value: str) -> str:
    colour = background.colour(value)
    if colour is None:
        raise ValueError(
            f"{value[:40]!r} is not a colour: use #rgb, #rrggbb, #rrggbbaa or a name such as transparent."
        )
    return colour


class NewBoard(Schema):
    title: Title = "Untitled board"


class BoardChange(Schema):
    title: Title | None = None
    background: Annotated[str, AfterValidator(_colour)] | None = None


def describe(board: Board, role: Role | None) -> dict[str, Any]:
    return {
        "id": str(board.pk),
        "title": board.title,
        "url": reverse("board", args=[board.pk]),
        "role": role,
        "clock": board.clock,
        "frozen": board.frozen,
        "background": board.background,
        "created_at": board.created_at,
        "changed_at": board.changed_at,
    }


@router.post("", response={201: dict[str, Any]})
def create(request: HttpRequest, body: NewBoard | None = None) -> Status:
    board = Board.objects.create(title=(body or NewBoard()).title, owner=person_of(request))
    return Status(201, describe(board, Role.OWNER))


@router.get("")
def index(request: HttpRequest, limit: int = 50, cursor: str | None = None) -> dict[str, Any]:
    """Boards that the person owns or joined, newest first."""
    principal = of_request(request)

    def describe_each(boards: Sequence[Board]) -> list[dict[str, Any]]:
        roles = access.roles([(principal, board) for board in boards])
        return [describe(board, role) for board, role in zip(boards, roles, strict=True)]

    return page(access.boards_of(person(principal)), describe_each, limit, cursor)


@router.get("/{uuid:board_id}")
def show(request: HttpRequest, board_id: uuid.UUID) -> dict[str, Any]:
    return describe(*access.find(of_request(request), board_id, Act.SEE))


@router.patch("/{uuid:board_id}")
def change(request: HttpRequest, board_id: uuid.UUID, body: BoardChange) -> dict[str, Any]:
    """Whoever may edit the board may change its background; its title is the owner's."""
    only_background = body.background is not None and body.title is None
    act = Act.EDIT if only_background else Act.MANAGE
    board, role = access.find(of_request(request), board_id, act)
    if body.background is not None:
        background.change(board.pk, body.background)
        board.refresh_from_db()
    if body.title is not None:
        board.title = body.title
        board.save(update_fields=["title"])
        announce.board_changed(board.pk)
    return describe(board, role)


@router.delete("/{uuid:board_id}", response={204: None})
def trash(request: HttpRequest, board_id: uuid.UUID) -> Status:
    """Move the board to the trash; whoever is on it is sent away."""
    board, _ = access.find(of_request(request), board_id, Act.MANAGE)
    board.deleted_at = timezone.now()
    board.save(update_fields=["deleted_at"])
    announce.board_changed(board.pk)
    return Status(204, None)
