"""Thumbnails of boards, drawn once changes settle, at most once a minute for each board.

Which are due is read from the rows, so that a run that was missed costs nothing but time.
"""

import io
import logging
import threading
import time
from datetime import datetime, timedelta

from django.core.files.storage import default_storage
from django.db.models import F, Q
from PIL import Image

from boards.background import on_paper
from boards.errors import BoardGone
from boards.exchange import exporting
from boards.exchange.exporting import Contents
from boards.models import Board, Thumbnail
from boards.rendering import content, render, scenes
from boards.rendering.options import RenderOptions
from boards.rendering.render import RenderBusy, RenderFailed
from generation.errors import StorageUnavailable
from generation.images import storage
from generation.images.storage import StoredImage

log = logging.getLogger(__name__)

SIZE_PX = (800, 420)
"""The shape in which link previews are shown, 1.91 : 1, and sharp enough in a list on any display."""
PADDING = 24.0
LARGEST_SCALE = 2.0
"""Pixels for each scene unit, at most: a single small drawing is not enlarged to fill the sheet."""
SETTLED = timedelta(seconds=8)
"""Time without a change before a board is drawn. One that changes all the time is drawn once a minute (APART)."""
APART = timedelta(minutes=1)
RUN_SECONDS = 10.0
"""A run that takes longer leaves the rest to the next one: other periodic tasks wait behind it."""
PNG_MAX_BYTES = 160 * 1024
"""Larger ones are stored as JPEG: drawings are smaller as PNG, photographs are not."""
JPEG_QUALITY = 85

_running = threading.Lock()
"""One run at a time in a worker: the other threads are for other periodic tasks."""


def draw_due(now: datetime) -> int:
    """Draw boards whose thumbnail is older than they are, the longest waiting first. Returns how many."""
    if not _running.acquire(blocking=False):
        return 0  # the last run still draws; what is due stays so
    try:
        return _draw_due(now)
    finally:
        _running.release()


def _draw_due(now: datetime) -> int:
    began, drawn = time.monotonic(), 0
    for board in _due(now):
        if time.monotonic() - began > RUN_SECONDS:
            break
        if _claim(board, now):
            _redraw(board)
            drawn += 1
    return drawn


def _due(now: datetime) -> list[Board]:
    settled = Q(changed_at__lte=now - SETTLED) | Q(thumbnail__tried_at__lte=now - APART)
    stale = Q(thumbnail=None) | Q(thumbnail__clock__lt=F("clock"), thumbnail__tried_at__lte=now - APART)
    boards = Board.objects.filter(settled, stale, deleted_at=None, clock__gt=0).select_related("thumbnail")
    return list(boards.order_by("changed_at")[:50])


def _claim(board: Board, now: datetime) -> bool:
    """True if this run may draw the board: no other has tried within the last minute. Marks it as tried."""
    _, made = Thumbnail.objects.get_or_create(board=board, defaults={"tried_at": now})
    waiting = Thumbnail.objects.filter(board=board, tried_at__lte=now - APART)
    return made or waiting.update(tried_at=now) == 1


def _redraw(board: Board) -> None:
    """Draw and store the thumbnail. A board that cannot be drawn keeps the last one and is tried again after a change."""
    try:
        contents = exporting.contents(board)
        stored = _store(draw(contents)) if contents.elements else None
    except BoardGone:
        return
    except (RenderBusy, StorageUnavailable) as error:
        log.warning("No thumbnail of board %s yet: %s", board.pk, error.message)
        return
    except RenderFailed as error:
        log.warning("No thumbnail of board %s: %s", board.pk, error.message)
        Thumbnail.objects.filter(board=board).update(clock=board.clock)
        return
    before = Thumbnail.objects.get(board=board)
    Thumbnail.objects.filter(board=board).update(
        clock=contents.clock,
        key=stored.key if stored else "",
        sha256=stored.sha256 if stored else "",
        mime_type=stored.mime_type if stored else "",
    )
    _forget(before.key, stored)


def draw(contents: Contents, size_px: tuple[int, int] = SIZE_PX) -> Image.Image:
    """The scene in the middle of a sheet of this size; of one that is spread far, its main part.

    Raises RenderFailed, StorageUnavailable.
    """
    ground = on_paper(contents.board.background)
    sheet = Image.new("RGB", size_px, ground)
    if not contents.elements:
        return sheet
    images = scenes.image_files_or_none(contents)
    part = content.main_part(contents.elements, SIZE_PX)
    region = part.grown(PADDING) if part else None
    elements = scenes.elements_near(contents.elements, region) if region else contents.elements
    options = RenderOptions(region, padding=PADDING, background=ground)
    scale = LARGEST_SCALE * size_px[0] / SIZE_PX[0]
    png = render.png_bytes(elements, images, options, scale=scale, within_px=size_px)
    drawn = Image.open(io.BytesIO(png), formats=["PNG"]).convert("RGB")
    sheet.paste(drawn, ((size_px[0] - drawn.width) // 2, (size_px[1] - drawn.height) // 2))
    return sheet


def _store(image: Image.Image) -> StoredImage:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    if buffer.tell() <= PNG_MAX_BYTES:
        return storage.store_bytes(buffer.getvalue(), "thumbnails", image.size, "image/png", "png")
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=JPEG_QUALITY, optimize=True)
    return storage.store_bytes(buffer.getvalue(), "thumbnails", image.size, "image/jpeg", "jpg")


def _forget(key: str, replaced_by: StoredImage | None) -> None:
    """Delete the file that was replaced, unless another board has the same: files are named by their content."""
    if not key or (replaced_by and key == replaced_by.key) or Thumbnail.objects.filter(key=key).exists():
        return
    try:
        default_storage.delete(key)
    # Each storage raises what its own library raises; a file too much does no harm.
    except Exception as error:
        log.warning("The old thumbnail %s was not deleted: %s", key, error)
