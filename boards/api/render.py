"""HTTP: a board, or a part of it, as a picture."""

import hashlib
import uuid
from dataclasses import replace
from typing import Annotated

import msgspec
from django.http import HttpRequest, HttpResponseNotModified
from django.http.response import HttpResponseBase
from ninja import Query, Router

from boards import access, rendering, request_limits
from boards.access import Act
from boards.elements.geometry import Rectangle, rectangle_of
from boards.errors import NoRegion
from boards.exchange import exporting, scene_in_image
from boards.exchange.exporting import Contents
from boards.principal import of_request, person_of
from boards.rendering import Drawn, View, build, kept, scenes
from boards.wire.client_messages import Region
from http_api.responses import PICTURE_POLICY, bytes_response

router = Router()
SCALE_MIN, SCALE_MAX = 0.01, 8.0
Scale = Annotated[float, Query(ge=SCALE_MIN, le=SCALE_MAX)]


@router.get("/{uuid:board_id}/render.png")
def render_png(
    request: HttpRequest,
    board_id: uuid.UUID,
    frame: str | None = None,
    region: str | None = None,
    scale: Scale = 1.0,
    background: bool = True,
    embed: bool = False,
) -> HttpResponseBase:
    """The board as PNG: all of it, an element (`frame`: its id), or a `region` (x,y,width,height in scene units).

    scale: pixels for each scene unit. A picture that would be too large is drawn smaller: the header Render-Scale says
    at which scale. Render-Simplified says how many elements are filled evenly, since their hatching has too many
    lines. embed: with the scene inside, for Excalidraw and for us to open again.
    """
    return _answer(request, board_id, "png", frame, region, scale, background, embed)


@router.get("/{uuid:board_id}/render.svg")
def render_svg(
    request: HttpRequest,
    board_id: uuid.UUID,
    frame: str | None = None,
    region: str | None = None,
    scale: Scale = 1.0,
    background: bool = True,
    embed: bool = False,
) -> HttpResponseBase:
    """The same as SVG, with its fonts and pictures inside."""
    return _answer(request, board_id, "svg", frame, region, scale, background, embed)


def _answer(
    request: HttpRequest,
    board_id: uuid.UUID,
    kind: str,
    frame: str | None,
    region: str | None,
    scale: float,
    background: bool,
    embed: bool,
) -> HttpResponseBase:
    board, _ = access.find(of_request(request), board_id, Act.SEE)
    user = person_of(request)
    asked = (kind, frame, region, scale, background, embed)

    def etag(clock: int) -> str:
        named = repr((board.pk, clock, build.fingerprint(), *asked))
        return hashlib.sha256(named.encode()).hexdigest()[:32]

    response: HttpResponseBase
    if request.headers.get("If-None-Match") == f'"{etag(board.clock)}"':
        response, tag = HttpResponseNotModified(), etag(board.clock)
    else:
        tag = etag(board.clock)
        if (drawn := kept.get(tag)) is None:
            with request_limits.renders.take(user.pk):
                contents = exporting.contents(board)
                tag = etag(contents.clock)
                # The request that held the slot before may have asked for the same.
                if (drawn := kept.get(tag)) is None:
                    view = _view(contents, frame, region, contents.board.background if background else None)
                    drawn = _draw(contents, view, kind, scale)
                    if embed:
                        scene = exporting.document_to_embed(exporting.narrowed(contents, frame))
                        drawn = replace(drawn, data=scene_in_image.into_image(drawn.data, scene))
                    kept.put(tag, drawn)
        response = bytes_response(request, drawn.data, "image/png" if kind == "png" else "image/svg+xml")
        response["Content-Security-Policy"] = PICTURE_POLICY
        response["Render-Scale"] = f"{drawn.scale:.6g}"
        if drawn.simplified:
            response["Render-Simplified"] = str(drawn.simplified)
    response["ETag"] = f'"{tag}"'
    response["Cache-Control"] = "private, no-cache"  # ask each time: the board may have changed, or the role
    return response


def _view(contents: Contents, frame: str | None, region: str | None, background: str | None) -> View:
    """Raises NoRegion."""
    if frame is None:
        box = _region(region) if region is not None else None
        return View(region=box, background=background)
    for shape in map(scenes.shape_of, contents.elements):
        if shape.id == frame:
            if shape.type in scenes.FRAMES:
                return View(frame=frame, background=background)
            return View(region=shape.region, background=background)
    raise NoRegion(f"This board has no element {frame[:64]!r}.")


def _region(text: str) -> Rectangle:
    try:
        numbers = [float(number) for number in text.split(",")]
        named = dict(zip(Region.__struct_fields__, numbers, strict=True))
        found = msgspec.convert(named, Region)
    except (ValueError, msgspec.ValidationError) as error:
        raise NoRegion(f"region is x,y,width,height: {error}.") from None
    return rectangle_of(found)


def _draw(contents: Contents, view: View, kind: str, scale: float) -> Drawn:
    if view.region is not None:
        elements = scenes.near(contents.elements, view.region)
        contents = exporting.with_files(contents.board, contents.clock, elements)
    pictures = scenes.pictures(contents)
    if kind == "svg":
        return rendering.draw_svg(contents.elements, pictures, view)
    return rendering.draw_png(contents.elements, pictures, view, scale=scale)
