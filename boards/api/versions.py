"""HTTP: the history of a board."""

import uuid
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Router, Schema, Status
from pydantic import AfterValidator, AwareDatetime, StringConstraints

from accounts.models import User
from boards import access, request_limits
from boards.access import Act
from boards.errors import Forbidden, PersonGone, VersionGone
from boards.exchange import exporting
from boards.exchange.scene_in_image import MIME_TYPE
from boards.history import version_scene, versions
from boards.models import TITLE_MAX, Board, Role, Version
from boards.principal import of_request, person_of
from boards.responses import stored_file, streaming_response
from boards.sharing import people
from http_api.lists import page, storable_time
from http_api.responses import bytes_response

router = Router()
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=TITLE_MAX)]


class Naming(Schema):
    name: Name


class Undoing(Schema):
    user: uuid.UUID
    since: Annotated[AwareDatetime, AfterValidator(storable_time)]


def describe(version: Version) -> dict[str, Any]:
    return {
        "id": str(version.pk),
        "clock": version.clock,
        "name": version.name,
        "automatic": version.automatic,
        "created_by": people.describe(version.created_by),
        "created_at": version.created_at,
        "people": [people.describe(person) for person in version.people.all()],
        "before_restore_of": str(version.before_restore_of_id) if version.before_restore_of_id else None,
    }


@router.get("/{uuid:board_id}/versions")
def index(
    request: HttpRequest, board_id: uuid.UUID, limit: int = 50, cursor: str | None = None
) -> dict[str, Any]:
    """The versions of the board, newest first, with who changed something since the one before."""
    board, _ = access.find(of_request(request), board_id, Act.SEE)
    rows = board.versions.select_related("created_by").prefetch_related("people")
    return page(rows, lambda found: [describe(version) for version in found], limit, cursor)


@router.post("/{uuid:board_id}/versions", response={201: dict[str, Any]})
def create(request: HttpRequest, board_id: uuid.UUID, body: Naming) -> Status:
    """Give a name to the board as it is now."""
    board, _ = access.find(of_request(request), board_id, Act.EDIT)
    return Status(201, describe(versions.name_now(board, person_of(request), body.name, _key(request))))


@router.patch("/{uuid:board_id}/versions/{uuid:version_id}")
def rename(request: HttpRequest, board_id: uuid.UUID, version_id: uuid.UUID, body: Naming) -> dict[str, Any]:
    """Give the version a name, which also keeps it for good."""
    _, _, version = _find(request, board_id, version_id, Act.EDIT)
    versions.rename(version, body.name)
    return describe(version)


@router.delete("/{uuid:board_id}/versions/{uuid:version_id}", response={204: None})
def delete(request: HttpRequest, board_id: uuid.UUID, version_id: uuid.UUID) -> Status:
    """For the board's owner, and for whoever gave the version its name."""
    _, role, version = _find(request, board_id, version_id, Act.EDIT)
    if role != Role.OWNER and (version.automatic or version.created_by != person_of(request)):
        raise Forbidden("Only the board's owner may delete what others may want to go back to.")
    versions.forget(version)
    return Status(204, None)


@router.get("/{uuid:board_id}/versions/{uuid:version_id}/scene")
def scene(
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


@router.get("/{uuid:board_id}/versions/{uuid:version_id}/thumbnail.png")
def thumbnail(request: HttpRequest, board_id: uuid.UUID, version_id: uuid.UUID) -> HttpResponseBase:
    """A small picture of the board as it was, drawn when it is first asked for."""
    _, _, version = _find(request, board_id, version_id, Act.SEE)
    if not (key := version.thumbnail_key):
        with request_limits.renders.take(person_of(request).pk):
            key = version_scene.thumbnail(version)
    return stored_file(request, str(version.pk), key, "image/png")


@router.post("/{uuid:board_id}/versions/{uuid:version_id}/restore")
def restore(request: HttpRequest, board_id: uuid.UUID, version_id: uuid.UUID) -> dict[str, Any]:
    """Make the board look as it did. `before` is the version to restore for undoing this; null: nothing changed."""
    board, _, version = _find(request, board_id, version_id, Act.EDIT)
    restored = versions.restore(board, version, person_of(request), _key(request))
    before = describe(restored.before) if restored.before else None
    return {"clock": restored.clock, "changed": restored.changed, "before": before}


@router.post("/{uuid:board_id}/undo-person")
def undo_person(request: HttpRequest, board_id: uuid.UUID, body: Undoing) -> dict[str, Any]:
    """Undo what one person did here since a time; what others changed later stays. For the board's owner."""
    board, _ = access.find(of_request(request), board_id, Act.MANAGE)
    person = User.objects.filter(pk=body.user).first()
    if person is None:
        raise PersonGone("There is no such person.")
    undone = versions.undo_person(board, person, body.since, person_of(request))
    return undone._asdict() | {"before": describe(undone.before) if undone.before else None}


def _find(
    request: HttpRequest, board_id: uuid.UUID, version_id: uuid.UUID, act: Act
) -> tuple[Board, Role, Version]:
    board, role = access.find(of_request(request), board_id, act)
    version = board.versions.select_related("board", "created_by").filter(pk=version_id).first()
    if version is None:
        raise VersionGone("There is no such version: it may have been thinned out.")
    return board, role, version


def _key(request: HttpRequest) -> str:
    return request.headers.get("Idempotency-Key", "")[:200]
