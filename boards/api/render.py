"""HTTP: a board, or a part of it, as a picture."""

import hashlib
import uuid
from dataclasses import replace

import msgspec
from django.http import HttpRequest, HttpResponseNotModified
from django.http.response import HttpResponseBase
from ninja import Field, Query, Router, Schema

from accounts.models import User
from boards import access, rendering, request_limits
from boards.access import Act
from boards.elements.geometry import Rectangle, rectangle_of
from boards.errors import NoRegion
from boards.exchange import exporting, scene_in_image
from boards.exchange.exporting import Contents
from boards.models import Board
from boards.principal import of_request, person_of
from boards.rendering import RenderOptions, RenderResult, program_version, render_cache, scenes
from boards.wire.client_messages import Region
from http_api.openapi import sends
from http_api.responses import PICTURE_POLICY, bytes_response

router = Router()
SCALE_MIN, SCALE_MAX = 0.01, 8.0
MIME_TYPES = {"png": "image/png", "svg": "image/svg+xml"}


class Look(Schema):
    """Which part of a board to draw, and how. Without frame and region: all of it."""

    frame: str | None = Field(
        None, description="Id of a frame, which is drawn with what is in it, or of another element."
    )
    region: str | None = Field(None, description="x,y,width,height in scene units; a frame goes before it.")
    scale: float = Field(1.0, ge=SCALE_MIN, le=SCALE_MAX, description="Of a PNG: pixels for each scene unit.")
    background: bool = Field(True, description="Whether the board's colour is drawn behind the scene.")
    embed: bool = Field(
        False, description="Whether the scene is put into the file, so that it can be opened again."
    )


@router.get("/{uuid:board_id}/render.png", openapi_extra=sends(MIME_TYPES["png"], kept=True))
def render_png(request: HttpRequest, board_id: uuid.UUID, look: Query[Look]) -> HttpResponseBase:
    """Draw a board, or a part of it, as PNG.

    A picture that would be too large is drawn smaller: the header Render-Scale says at which scale. Render-Simplified
    says how many elements are filled solidly, because their hatching has too many lines.
    """
    return _answer(request, board_id, "png", look)


@router.get("/{uuid:board_id}/render.svg", openapi_extra=sends(MIME_TYPES["svg"], kept=True))
def render_svg(request: HttpRequest, board_id: uuid.UUID, look: Query[Look]) -> HttpResponseBase:
    """Draw a board, or a part of it, as SVG, with its fonts and pictures inside."""
    return _answer(request, board_id, "svg", look)


def _answer(request: HttpRequest, board_id: uuid.UUID, kind: str, look: Look) -> HttpResponseBase:
    board, _ = access.find(of_request(request), board_id, Act.SEE)
    tag = _tag(board, board.clock, kind, look)
    response: HttpResponseBase
    if request.headers.get("If-None-Match") == f'"{tag}"':
        response = HttpResponseNotModified()
    else:
        if (drawn := render_cache.get(tag)) is None:
            tag, drawn = _draw_in_slot(board, person_of(request), kind, look)
        response = _picture(request, drawn, kind)
    response["ETag"] = f'"{tag}"'
    response["Cache-Control"] = "private, no-cache"  # ask each time: the board may have changed, or the role
    return response


def _tag(board: Board, clock: int, kind: str, look: Look) -> str:
    """Names what the picture looks like."""
    named = repr((board.pk, clock, program_version.current(), kind, *dict(look).values()))
    return hashlib.sha256(named.encode()).hexdigest()[:32]


def _picture(request: HttpRequest, drawn: RenderResult, kind: str) -> HttpResponseBase:
    response = bytes_response(request, drawn.data, MIME_TYPES[kind])
    response["Content-Security-Policy"] = PICTURE_POLICY
    response["Render-Scale"] = f"{drawn.scale:.6g}"
    if drawn.simplified:
        response["Render-Simplified"] = str(drawn.simplified)
    return response


def _draw_in_slot(board: Board, user: User, kind: str, look: Look) -> tuple[str, RenderResult]:
    """The tag and the picture of the board as it is once this user has a slot to draw."""
    with request_limits.renders.take(user.pk):
        contents = exporting.contents(board)
        tag = _tag(board, contents.clock, kind, look)
        # The request that held the slot before may have asked for the same.
        if (drawn := render_cache.get(tag)) is None:
            drawn = _draw(contents, _view(contents, look), kind, look.scale)
            if look.embed:
                scene = exporting.document_to_embed(exporting.narrowed(contents, look.frame))
                drawn = replace(drawn, data=scene_in_image.into_image(drawn.data, scene))
            render_cache.put(tag, drawn)
    return tag, drawn


def _view(contents: Contents, look: Look) -> RenderOptions:
    """Raises NoRegion."""
    background = contents.board.background if look.background else None
    if look.frame is None:
        box = _region(look.region) if look.region is not None else None
        return RenderOptions(region=box, background=background)
    for shape in map(scenes.shape_of, contents.elements):
        if shape.id == look.frame:
            if shape.type in scenes.FRAME_TYPES:
                return RenderOptions(frame=look.frame, background=background)
            return RenderOptions(region=shape.region, background=background)
    raise NoRegion(f"This board has no element {look.frame[:64]!r}.")


def _region(text: str) -> Rectangle:
    """Raises NoRegion."""
    try:
        numbers = [float(number) for number in text.split(",")]
        named = dict(zip(Region.__struct_fields__, numbers, strict=True))
        found = msgspec.convert(named, Region)
    except (ValueError, msgspec.ValidationError) as error:
        raise NoRegion(f"region is x,y,width,height: {error}.") from None
    return rectangle_of(found)


def _draw(contents: Contents, view: RenderOptions, kind: str, scale: float) -> RenderResult:
    if view.region is not None:
        elements = scenes.elements_near(contents.elements, view.region)
        contents = exporting.with_files(contents.board, contents.clock, elements)
    pictures = scenes.image_files(contents)
    if kind == "svg":
        return rendering.render_svg(contents.elements, pictures, view)
    return rendering.render_png(contents.elements, pictures, view, scale=scale)
