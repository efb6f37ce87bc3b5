"""HTTP: the history of a board."""

import uuid
from datetime import datetime
from typing import Annotated, Literal

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Router, Schema, Status
from pydantic import AfterValidator, AwareDatetime, StringConstraints
from typing_extensions import TypedDict

from accounts.models import User
from boards import access, request_limits
from boards.access import Act
from boards.errors import Forbidden, PersonGone, VersionGone
from boards.exchange import exporting
from boards.exchange.exporting import SceneDocument
from boards.exchange.scene_in_image import MIME_TYPE
from boards.history import version_scene, versions
from boards.models import TITLE_MAX, Board, Role, Version
from boards.principal import of_request, person_of
from boards.responses import stored_file, streaming_response
from boards.sharing import people
from boards.sharing.people import PersonDescription
from http_api.lists import page, storable_time
from http_api.openapi import Answer, IdempotencyKey, sends
from http_api.responses import bytes_response

router = Router()
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=TITLE_MAX)]


class Naming(Schema):
    name: Name


class Undoing(Schema):
    """user: whose changes. since: with a time zone."""

    user: uuid.UUID
    since: Annotated[AwareDatetime, AfterValidator(storable_time)]


class VersionDescription(TypedDict):
    """A moment of a board's history. Automatic ones have no name, and become fewer with age.

    clock: the board's at that moment. people: who changed something since the version before.
    before_restore_of: the version that was restored right after this one was made.
    """

    id: str
    clock: int
    name: str
    automatic: bool
    created_by: PersonDescription | None
    created_at: datetime
    people: list[PersonDescription]
    before_restore_of: str | None


class VersionPage(TypedDict):
    """Versions, newest first. next: the cursor of the following page; null after the last."""

    items: list[VersionDescription]
    next: str | None


class Restored(TypedDict):
    """clock: the board's, afterwards. changed: how many elements; elements: their ids.

    before: restore it to undo; null: nothing changed.
    """

    clock: int
    changed: int
    elements: list[str]
    before: VersionDescription | None


class Undone(TypedDict):
    """How many elements went back to an earlier version, were deleted, or stayed as others have changed them since.

    before: restore it to undo; null: nothing changed.
    """

    clock: int
    reverted: int
    removed: int
    kept: int
    before: VersionDescription | None


def describe(version: Version) -> VersionDescription:
    return {
        "id": str(version.pk),
        "clock": version.clock,
        "name": version.name,
        "automatic": version.automatic,
        "created_by": people.describe(version.created_by),
        "created_at": version.created_at,
        "people": [people.describe_user(person) for person in version.people.all()],
        "before_restore_of": str(version.before_restore_of_id) if version.before_restore_of_id else None,
    }


@router.get("/{uuid:board_id}/versions", response=Answer[VersionPage])
def list_versions(
    request: HttpRequest, board_id: uuid.UUID, limit: int = 50, cursor: str | None = None
) -> VersionPage:
    """The versions of the board, newest first, with the people who changed something since the one before."""
    board, _ = access.find(of_request(request), board_id, Act.SEE)
    rows = board.versions.select_related("created_by").prefetch_related("people")
    return page(rows, lambda found: [describe(version) for version in found], limit, cursor)


@router.post("/{uuid:board_id}/versions", response={201: Answer[VersionDescription]})
def create_version(
    request: HttpRequest, board_id: uuid.UUID, body: Naming, idempotency_key: IdempotencyKey = None
) -> Status[VersionDescription]:
    """Give a name to the board as it is now."""
    board, _ = access.find(of_request(request), board_id, Act.EDIT)
    version = versions.create_named(board, person_of(request), body.name, _short(idempotency_key))
    return Status(201, describe(version))


@router.patch("/{uuid:board_id}/versions/{uuid:version_id}", response=Answer[VersionDescription])
def rename_version(
    request: HttpRequest, board_id: uuid.UUID, version_id: uuid.UUID, body: Naming
) -> VersionDescription:
    """Give the version a name, which also keeps it for good."""
    _, _, version = _find(request, board_id, version_id, Act.EDIT)
    versions.rename(version, body.name)
    return describe(version)


@router.delete("/{uuid:board_id}/versions/{uuid:version_id}", response={204: None})
def delete_version(request: HttpRequest, board_id: uuid.UUID, version_id: uuid.UUID) -> Status[None]:
    """Delete a version. The board's owner may, and the person who gave the version its name."""
    _, role, version = _find(request, board_id, version_id, Act.EDIT)
    if role != Role.OWNER and (version.automatic or version.created_by != person_of(request)):
        raise Forbidden("Only the board's owner may delete what others may want to go back to.")
    versions.delete(version)
    return Status(204, None)


@router.get(
    "/{uuid:board_id}/versions/{uuid:version_id}/scene",
    openapi_extra=sends("application/json", MIME_TYPE, described=SceneDocument),
)
def get_version_scene(
    request: HttpRequest,
    board_id: uuid.UUID,
    version_id: uuid.UUID,
    pictures: Literal["inside", "linked"] = "inside",
) -> HttpResponseBase:
    """The board as it was, as an .excalidraw document; its pictures inside, or as addresses on this server."""
    _, _, version = _find(request, board_id, version_id, Act.SEE)
    slot = request_limits.exports.take(person_of(request).pk)
    contents = version_scene.contents(version)
    if pictures == "linked":
        with slot:
            return bytes_response(request, version_scene.linked_document(contents), "application/json")
    return streaming_response(request, exporting.document(contents), MIME_TYPE, slot=slot)


@router.get(
    "/{uuid:board_id}/versions/{uuid:version_id}/thumbnail.png",
    openapi_extra=sends("image/png", kept=True),
)
def get_version_thumbnail(
    request: HttpRequest, board_id: uuid.UUID, version_id: uuid.UUID
) -> HttpResponseBase:
    """A small picture of the board as it was, drawn when it is first asked for."""
    _, _, version = _find(request, board_id, version_id, Act.SEE)
    if not (key := version.thumbnail_key):
        with request_limits.renders.take(person_of(request).pk):
            key = version_scene.thumbnail(version)
    return stored_file(request, str(version.pk), key, "image/png")


@router.post("/{uuid:board_id}/versions/{uuid:version_id}/restore", response=Answer[Restored])
def restore_version(
    request: HttpRequest, board_id: uuid.UUID, version_id: uuid.UUID, idempotency_key: IdempotencyKey = None
) -> Restored:
    """Make the board look as it did at this version; what was made since is deleted, and can be restored in turn."""
    board, _, version = _find(request, board_id, version_id, Act.EDIT)
    restored = versions.restore(board, version, person_of(request), _short(idempotency_key))
    before = describe(restored.before) if restored.before else None
    return {
        "clock": restored.clock,
        "changed": len(restored.elements),
        "elements": restored.elements,
        "before": before,
    }


@router.post("/{uuid:board_id}/undo-person", response=Answer[Undone])
def undo_person(request: HttpRequest, board_id: uuid.UUID, body: Undoing) -> Undone:
    """Undo what one person changed since a time; what others changed later stays. Only the board's owner may."""
    board, _ = access.find(of_request(request), board_id, Act.MANAGE)
    person = User.objects.filter(pk=body.user).first()
    if person is None:
        raise PersonGone("There is no such person.")
    undone = versions.undo_person(board, person, body.since, person_of(request))
    before = describe(undone.before) if undone.before else None
    return {
        "clock": undone.clock,
        "reverted": undone.reverted,
        "removed": undone.removed,
        "kept": undone.kept,
        "before": before,
    }


def _find(
    request: HttpRequest, board_id: uuid.UUID, version_id: uuid.UUID, act: Act
) -> tuple[Board, Role, Version]:
    board, role = access.find(of_request(request), board_id, act)
    version = board.versions.select_related("board", "created_by").filter(pk=version_id).first()
    if version is None:
        raise VersionGone("There is no such version: it may have been thinned out.")
    return board, role, version


def _short(key: str | None) -> str:
    return (key or "")[:200]
