"""HTTP: boards and their scenes."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import AfterValidator, StringConstraints
from typing_extensions import TypedDict

from boards import access, background, title, trash
from boards.access import Act
from boards.models import TITLE_MAX, Board, Role
from boards.principal import of_request, person, person_of
from http_api.lists import page
from http_api.openapi import Answer

router = Router()
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=TITLE_MAX)]


def _colour(value: str) -> str:
    """The colour in the form in which it is stored. Raises ValueError."""
    colour = background.colour(value)
    if colour is None:
        raise ValueError(
            f"{value[:40]!r} is not a colour: use #rgb, #rrggbb, #rrggbbaa or a name such as transparent."
        )
    return colour


class NewBoard(Schema):
    title: Title = "Untitled board"


class BoardChange(Schema):
    """background: the colour behind the scene: #rgb, #rrggbb, #rrggbbaa or a name such as transparent."""

    title: Title | None = None
    background: Annotated[str, AfterValidator(_colour)] | None = None


class BoardDescription(TypedDict):
    """A board as the person who asks sees it.

    url: of its page. role: what they may do on it. clock: grows with every change of the scene.
    frozen: a moderator stopped all changes. background: the colour behind the scene. deleted_at: when it went to
    the trash, where nobody has a role; null: it is not there.
    """

    id: str
    title: str
    url: str
    role: Role | None
    clock: int
    frozen: bool
    background: str
    created_at: datetime
    changed_at: datetime
    deleted_at: datetime | None


class BoardPage(TypedDict):
    """Boards, newest first. next: the cursor of the following page; null after the last."""

    items: list[BoardDescription]
    next: str | None


def describe(board: Board, role: Role | None) -> BoardDescription:
    """role: of the person who asks."""
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
        "deleted_at": board.deleted_at,
    }


@router.post("", response={201: Answer[BoardDescription]})
def create_board(request: HttpRequest, body: NewBoard | None = None) -> Status[BoardDescription]:
    """Make an empty board, owned by the person who asks."""
    board = Board.objects.create(title=(body or NewBoard()).title, owner=person_of(request))
    return Status(201, describe(board, Role.OWNER))


@router.get("", response=Answer[BoardPage])
def list_boards(
    request: HttpRequest, limit: int = 50, cursor: str | None = None, trash: bool = False
) -> BoardPage:
    """Boards that the person who asks owns or joined, newest first; with `trash` those of theirs in the trash."""
    principal = of_request(request)

    def describe_each(boards: Sequence[Board]) -> list[BoardDescription]:
        roles = access.roles([(principal, board) for board in boards])
        return [describe(board, role) for board, role in zip(boards, roles, strict=True)]

    of = access.trash_of if trash else access.boards_of
    return page(of(person(principal)), describe_each, limit, cursor)


@router.get("/{uuid:board_id}", response=Answer[BoardDescription])
def get_board(request: HttpRequest, board_id: uuid.UUID) -> BoardDescription:
    """One board, without its scene."""
    return describe(*access.find(of_request(request), board_id, Act.SEE))


@router.patch("/{uuid:board_id}", response=Answer[BoardDescription])
def change_board(request: HttpRequest, board_id: uuid.UUID, body: BoardChange) -> BoardDescription:
    """Change the title, which only the owner may, or the background, which every editor may."""
    only_background = body.background is not None and body.title is None
    act = Act.EDIT if only_background else Act.MANAGE
    board, role = access.find(of_request(request), board_id, act)
    if body.background is not None:
        background.change(board.pk, body.background)
        board.refresh_from_db()
    if body.title is not None:
        title.change(board, body.title)
    return describe(board, role)


@router.delete("/{uuid:board_id}", response={204: None})
def delete_board(request: HttpRequest, board_id: uuid.UUID) -> Status[None]:
    """Move the board to the trash; everybody who has it open is disconnected."""
    board, _ = access.find(of_request(request), board_id, Act.MANAGE)
    trash.throw(board, timezone.now())
    return Status(204, None)


@router.post("/{uuid:board_id}/restore", response=Answer[BoardDescription])
def restore_board(request: HttpRequest, board_id: uuid.UUID) -> BoardDescription:
    """Bring a board back from the trash, with its people and links. Only its owner may."""
    board = access.find_in_trash(of_request(request), board_id)
    trash.restore(board)
    return describe(board, Role.OWNER)
