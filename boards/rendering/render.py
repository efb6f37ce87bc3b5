"""Draws scenes as SVG or PNG: checks the limits that are cheap to check, has a drawing process draw, translates its errors."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, Unpack

from msgspec.structs import astuple

from boards import database
from boards.elements.store import LIVE_ELEMENTS_MAX
from boards.errors import BoardError
from boards.rendering.options import ImageFile, RenderOptions, RenderResult
from boards.rendering.pool import drawers
from generation.process_pool import Busy, Failed

ELEMENTS_MAX_BYTES = 40 * 1024 * 1024
IMAGES_MAX_BYTES = 96 * 1024 * 1024
PIXELS_MAX = 24_000_000
SIDE_MAX_PX = 16_384
TRAVEL_MAX_PX = 500_000.0
"""Pixels that all strokes together may run up and down: about three seconds of rasterising. 20,000 boxes in a thumbnail: 160,000."""
EVERYTHING = RenderOptions()
DRAWABLE = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif", "image/svg+xml"})


class RenderFailed(BoardError):
    """The scene could not be drawn: too much time, too much memory, or something that cannot be drawn at all."""

    code = "render_failed"
    status = 422


class RenderTooLarge(RenderFailed):
    """The scene, or the file that would come of it, is above the limits."""

    code = "render_too_large"
    status = 413


class RenderBusy(RenderFailed):
    """No drawing process became free in time."""

    code = "render_busy"
    status = 503
    retryable = True
    retry_after_seconds = 5.0


def render_svg(
    elements: Sequence[bytes], files: Mapping[str, ImageFile], options: RenderOptions = EVERYTHING
) -> RenderResult:
    """The scene as an SVG document of its own, with its fonts and images inside.

    elements: JSON bodies, tombstones are left out. files: by file_id; images without theirs are left out.
    Blocks for up to some seconds: not for an event loop. Raises RenderFailed and its kinds.
    """
    return _ask(elements, files, options, {"format": "svg"})


class PngSize(TypedDict, total=False):
    """How large a PNG file of a scene becomes.

    scale: pixels for each scene unit, 1 by default; fewer where the file would be too large or take too long. width_px:
    the width, whatever `scale` says. within_px: width and height that it must fit into; it is never larger than `scale`
    says.
    """

    scale: float
    width_px: int | None
    within_px: tuple[int, int] | None


def png_bytes(
    elements: Sequence[bytes],
    files: Mapping[str, ImageFile],
    options: RenderOptions = EVERYTHING,
    **size: Unpack[PngSize],
) -> bytes:
    """The data of `render_png`."""
    return render_png(elements, files, options, **size).data


def render_png(
    elements: Sequence[bytes],
    files: Mapping[str, ImageFile],
    options: RenderOptions = EVERYTHING,
    **size: Unpack[PngSize],
) -> RenderResult:
    """The scene as a PNG file.

    Blocks for up to some seconds: not for an event loop. Raises RenderFailed and its kinds.
    """
    limits = {"side_px": SIDE_MAX_PX, "pixels": PIXELS_MAX, "travel_px": TRAVEL_MAX_PX}
    any_size: PngSize = {"scale": 1.0, "width_px": None, "within_px": None}
    return _ask(elements, files, options, {"format": "png", "limits": limits, **any_size, **size})


def _ask(
    elements: Sequence[bytes],
    files: Mapping[str, ImageFile],
    options: RenderOptions,
    output: Mapping[str, Any],
) -> RenderResult:
    if len(elements) > 2 * LIVE_ELEMENTS_MAX or sum(map(len, elements)) > ELEMENTS_MAX_BYTES:
        raise RenderTooLarge(f"The scene has {len(elements)} elements, more than can be drawn.")
    images = {file_id: file for file_id, file in files.items() if file.mime_type in DRAWABLE}
    if sum(len(each.data) for each in images.values() if isinstance(each.data, bytes)) > IMAGES_MAX_BYTES:
        raise RenderTooLarge("The pictures on it are larger than can be drawn together.")
    request = {
        "elements": b"[" + b",".join(elements) + b"]",
        "pictures": [(file_id, image.mime_type) for file_id, image in images.items()],
        "view": {
            "region": None if options.region is None else astuple(options.region),
            "frame": options.frame,
            "padding": options.padding,
            "background": options.background,
        },
        **output,
    }
    database.give_back()  # drawing takes seconds, and the database has no part in it
    try:
        answer = drawers.ask(request, [image.read for image in images.values()])
    except Busy:
        raise RenderBusy("Too much is being drawn at the moment. Try again in a while.") from None
    except Failed as error:
        raise RenderFailed(f"The scene could not be drawn: {error}.") from None
    if answer["code"] == "too_large":
        raise RenderTooLarge(answer["message"])
    if answer["code"]:
        raise RenderFailed(answer["message"])
    return RenderResult(bytes(answer["data"]), answer["scale"], answer["simplified"])
