"""HTTP: a board, or a part of it, as a picture."""

import hashlib
import uuid
from typing import Annotated

import msgspec
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from ninja import Query, Router

from boards import access, rendering
from boards.access import Act
from boards.errors import NoRegion
from boards.exchange import embedding, outgoing
from boards.exchange.outgoing import Contents
from boards.principal import of_request
from boards.protocol import Region
from boards.rendering import View, build, kept, scenes

router = Router()
SCALE_MIN, SCALE_MAX = 0.01, 8.0
Scale = Annotated[float, Query(ge=SCALE_MIN, le=SCALE_MAX)]
# An SVG that is shown may carry its own style, fonts and pictures, and nothing else.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; sandbox"


@router.get("/{uuid:board_id}/render.png")
def render_png(
    request: HttpRequest,
    board_id: uuid.UUID,
    frame: str | None = None,
    region: str | None = None,
    scale: Scale = 1.0,
    background: bool = True,
    embed: bool = False,
) -> HttpResponse:
    """The board as PNG: all of it, an element (`frame`: its id), or a `region` (x,y,width,height in scene units).

    scale: pixels for each scene unit. embed: with the scene inside, for Excalidraw and for us to open again.
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
) -> HttpResponse:
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
) -> HttpResponse:
    board, _ = access.find(of_request(request), board_id, Act.SEE)
    asked = (kind, frame, region, scale, background, embed)

    def etag(clock: int) -> str:
        named = repr((board.pk, clock, build.fingerprint(), *asked))
        return hashlib.sha256(named.encode()).hexdigest()[:32]

    response: HttpResponse
    if request.headers.get("If-None-Match") == f'"{etag(board.clock)}"':
        response, tag = HttpResponseNotModified(), etag(board.clock)
    else:
        data = kept.get(etag(board.clock))
        tag = etag(board.clock)
        if data is None:
            contents = outgoing.contents(board)
            tag = etag(contents.clock)
            view = _view(contents, frame, region, background)
            data = _draw(contents, view, kind, scale)
            if embed:
                data = embedding.into_picture(data, outgoing.embeddable(outgoing.within(contents, frame)))
            kept.put(tag, data)
        response = HttpResponse(data, content_type="image/png" if kind == "png" else "image/svg+xml")
        response["Content-Security-Policy"] = POLICY
    response["ETag"] = f'"{tag}"'
    response["Cache-Control"] = "private, no-cache"  # ask each time: the board may have changed, or the role
    return response


def _view(contents: Contents, frame: str | None, region: str | None, background: bool) -> View:
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


def _region(text: str) -> scenes.Region:
    try:
        numbers = [float(number) for number in text.split(",")]
        named = dict(zip(scenes.Region._fields, numbers, strict=True))
        found = msgspec.convert(named, Region)
    except (ValueError, msgspec.ValidationError) as error:
        raise NoRegion(f"region is x,y,width,height: {error}.") from None
    return scenes.Region(found.x, found.y, found.width, found.height)


def _draw(contents: Contents, view: View, kind: str, scale: float) -> bytes:
    if view.region is not None:
        elements = scenes.near(contents.elements, scenes.Region(*view.region))
        contents = outgoing.with_files(contents.board, contents.clock, elements)
    pictures = scenes.pictures(contents)
    if kind == "svg":
        return rendering.svg(contents.elements, pictures, view).encode()
    return rendering.png(contents.elements, pictures, view, scale=scale)
