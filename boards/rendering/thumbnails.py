"""Small pictures of boards, drawn after changes settle, at most once a minute for each board.

Which ones are due is read from the rows: nobody has to tell, and what was missed is seen the next time.
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
from boards.rendering import drawing, scenes
from boards.rendering.drawing import RenderBusy, RenderFailed
from boards.rendering.view import View
from generation.errors import StorageUnavailable
from generation.images import storage
from generation.images.storage import StoredImage

log = logging.getLogger(__name__)

SIZE_PX = (800, 420)
"""The shape in which link previews are shown, 1.91 : 1, and sharp enough in a list on any display."""
PADDING = 24.0
LARGEST_SCALE = 2.0
"""A single small drawing is not blown up to fill the sheet."""
SETTLED = timedelta(seconds=8)
"""For so long nobody changed anything. A board that is drawn on all the time is drawn here once a minute."""
APART = timedelta(minutes=1)
RUN_SECONDS = 10.0
"""One run then leaves the rest to the next: other housekeeping waits behind it."""
PNG_MAX_BYTES = 160 * 1024
"""Lines are smaller and exact as PNG; photographs are not."""
JPEG_QUALITY = 85

_running = threading.Lock()
"""One run at a time in a worker: the other threads are for other housekeeping."""


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
    """Take the board, so that nobody else draws it within the minute, whatever comes of it."""
    _, made = Thumbnail.objects.get_or_create(board=board, defaults={"tried_at": now})
    waiting = Thumbnail.objects.filter(board=board, tried_at__lte=now - APART)
    return made or waiting.update(tried_at=now) == 1


def _redraw(board: Board) -> None:
    """What cannot be drawn keeps its last thumbnail and is tried again when it has changed."""
    try:
        contents = exporting.contents(board)
        stored = _store(picture(contents)) if contents.elements else None
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


def picture(contents: Contents, size_px: tuple[int, int] = SIZE_PX) -> Image.Image:
    """All of the scene in the middle of a sheet of this size. Raises RenderFailed, StorageUnavailable."""
    ground = on_paper(contents.board.background)
    sheet = Image.new("RGB", size_px, ground)
    if not contents.elements:
        return sheet
    pictures = scenes.pictures_or_none(contents)
    view = View(padding=PADDING, background=ground)
    scale = LARGEST_SCALE * size_px[0] / SIZE_PX[0]
    png = drawing.png(contents.elements, pictures, view, scale=scale, within_px=size_px)
    drawn = Image.open(io.BytesIO(png), formats=["PNG"]).convert("RGB")
    sheet.paste(drawn, ((size_px[0] - drawn.width) // 2, (size_px[1] - drawn.height) // 2))
    return sheet


def _store(picture: Image.Image) -> StoredImage:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    if buffer.tell() <= PNG_MAX_BYTES:
        return storage.store_bytes(buffer.getvalue(), "thumbnails", picture.size, "image/png", "png")
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=JPEG_QUALITY, optimize=True)
    return storage.store_bytes(buffer.getvalue(), "thumbnails", picture.size, "image/jpeg", "jpg")


def _forget(key: str, replaced_by: StoredImage | None) -> None:
    """Delete what nobody shows any more. Two boards that look the same share one file."""
    if not key or (replaced_by and key == replaced_by.key) or Thumbnail.objects.filter(key=key).exists():
        return
    try:
        default_storage.delete(key)
    except (
        Exception
    ) as error:  # each storage raises what its own library raises; a file too much does no harm
        log.warning("The old thumbnail %s was not deleted: %s", key, error)
