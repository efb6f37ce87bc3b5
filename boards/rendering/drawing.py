"""The door to the drawing processes: checks what is cheap to check, asks one, turns its answer into bytes or an error."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import astuple

from boards import database
from boards.elements.store import LIVE_ELEMENTS_MAX
from boards.errors import BoardError
from boards.rendering.pool import drawers
from boards.rendering.view import Drawn, Picture, View
from generation.process_pool import Busy, Failed

ELEMENTS_MAX_BYTES = 40 * 1024 * 1024
PICTURES_MAX_BYTES = 96 * 1024 * 1024
PIXELS_MAX = 24_000_000
SIDE_MAX_PX = 16_384
TRAVEL_MAX_PX = 500_000.0
"""How far pens may go up and down in a picture: about three seconds of work. 20,000 boxes in a thumbnail: 160,000."""
DRAWABLE = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif", "image/svg+xml"})


class RenderFailed(BoardError):
    """The scene could not be drawn: too much time, too much memory, or something that cannot be drawn at all."""

    code = "render_failed"
    status = 422


class RenderTooLarge(RenderFailed):
    """There is more in the scene, or there would be more in the picture, than is drawn."""

    code = "render_too_large"
    status = 413


class RenderBusy(RenderFailed):
    """Everything that draws is at work, and stayed so."""

    code = "render_busy"
    status = 503
    retryable = True
    retry_after_seconds = 5.0


def draw_svg(elements: Sequence[bytes], files: Mapping[str, Picture], view: View = View()) -> Drawn:  # noqa: B008
    """The scene as an SVG document of its own: fonts and pictures are inside.

    elements: JSON bodies, tombstones are left out. files: by file_id; images without theirs are left out.
    Blocks for up to some seconds: not for an event loop. Raises RenderFailed and its kinds.
    """
    return _ask(elements, files, view, {"format": "svg"})


def png(
    elements: Sequence[bytes],
    files: Mapping[str, Picture],
    view: View = View(),  # noqa: B008
    *,
    scale: float = 1.0,
    width_px: int | None = None,
    within_px: tuple[int, int] | None = None,
) -> bytes:
    """See `draw_png`."""
    return draw_png(elements, files, view, scale=scale, width_px=width_px, within_px=within_px).data


def draw_png(
    elements: Sequence[bytes],
    files: Mapping[str, Picture],
    view: View = View(),  # noqa: B008
    *,
    scale: float = 1.0,
    width_px: int | None = None,
    within_px: tuple[int, int] | None = None,
) -> Drawn:
    """The scene as a PNG file, `scale` pixels for each scene unit: fewer where it would be too large or take too long.

    width_px: so wide, whatever `scale` says. within_px: as large as fits into so many by so many, but not larger
    than `scale` says.
    Blocks for up to some seconds: not for an event loop. Raises RenderFailed and its kinds.
    """
    limits = {"side_px": SIDE_MAX_PX, "pixels": PIXELS_MAX, "travel_px": TRAVEL_MAX_PX}
    size = {"scale": scale, "width_px": width_px, "within_px": within_px}
    return _ask(elements, files, view, {"format": "png", "limits": limits, **size})


def _ask(
    elements: Sequence[bytes], files: Mapping[str, Picture], view: View, output: Mapping[str, Any]
) -> Drawn:
    if len(elements) > 2 * LIVE_ELEMENTS_MAX or sum(map(len, elements)) > ELEMENTS_MAX_BYTES:
        raise RenderTooLarge(f"The scene has {len(elements)} elements, more than can be drawn.")
    pictures = {file_id: picture for file_id, picture in files.items() if picture.mime_type in DRAWABLE}
    if sum(len(each.data) for each in pictures.values() if isinstance(each.data, bytes)) > PICTURES_MAX_BYTES:
        raise RenderTooLarge("The pictures on it are larger than can be drawn together.")
    request = {
        "elements": b"[" + b",".join(elements) + b"]",
        "pictures": [(file_id, picture.mime_type) for file_id, picture in pictures.items()],
        "view": {
            "region": None if view.region is None else astuple(view.region),
            "frame": view.frame,
            "padding": view.padding,
            "background": view.background,
        },
        **output,
    }
    database.give_back()  # drawing takes seconds, and the database has no part in it
    try:
        answer = drawers.ask(request, [picture.read for picture in pictures.values()])
    except Busy:
        raise RenderBusy("Too much is being drawn at the moment. Try again in a while.") from None
    except Failed as error:
        raise RenderFailed(f"The scene could not be drawn: {error}.") from None
    if answer["code"] == "too_large":
        raise RenderTooLarge(answer["message"])
    if answer["code"]:
        raise RenderFailed(answer["message"])
    return Drawn(bytes(answer["data"]), answer["scale"], answer["simplified"])
