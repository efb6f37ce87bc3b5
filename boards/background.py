"""The background colour of a board: which values are valid, and the only writer of it."""

import re
import uuid
from typing import Any

from django.db import transaction
from django.utils import timezone

from boards import announce
from boards.errors import BoardFrozen, BoardGone
from boards.models import WHITE, Board

NAMES = frozenset(
    {"transparent", "white", "black", "red", "green", "blue", "yellow", "orange", "pink", "gray", "grey"}
)
_hex = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6}|[0-9a-f]{8})")


def colour(value: Any) -> str | None:
    """The colour as it is stored: #rgb, #rrggbb, #rrggbbaa or one of NAMES, in lower case. None: not a colour."""
    if not isinstance(value, str):
        return None
    text = value.strip().lower()
    return text if _hex.fullmatch(text) or text in NAMES else None


def on_paper(background: str) -> str:
    """The opaque colour that a background has on white paper, as #rrggbb or a name. transparent gives white."""
    if background == "transparent":
        return WHITE
    if not background.startswith("#") or len(background) != len("#rrggbbaa"):
        return background
    red, green, blue, alpha = bytes.fromhex(background[1:])
    return "#" + bytes((each * alpha + 255 * (255 - alpha) + 127) // 255 for each in (red, green, blue)).hex()


def change(board_id: uuid.UUID, to: str) -> None:
    """Set the background, move the clock by one, and announce it to all rooms after the commit.

    to: as `colour` returns it. Raises BoardGone, BoardFrozen.
    """
    with transaction.atomic():
        board = Board.objects.select_for_update(no_key=True).filter(pk=board_id, deleted_at=None).first()
        if board is None:
            raise BoardGone
        if board.frozen:
            raise BoardFrozen
        write(board, to)


def write(board: Board, to: str) -> None:
    """`change` for a board whose row is locked and that may be edited."""
    if board.background == to:
        return
    now = timezone.now()
    board.background, board.clock, board.changed_at = to, board.clock + 1, now
    board.unversioned_since = board.unversioned_since or now
    board.save(update_fields=["background", "clock", "changed_at", "unversioned_since"])
    transaction.on_commit(lambda: announce.board_changed(board.pk))


def taken_from_import(board: Board, found: str | None) -> bool:
    """Set an imported file's background on an empty board. Returns False if the board keeps another one.

    Call it within the import's transaction, before its elements are written. found: as in the file; None: it has none.
    """
    locked = Board.objects.select_for_update(no_key=True).filter(pk=board.pk).first()
    to = colour(found) if found is not None else None
    if locked is None or to is None or to == locked.background:
        return True
    if locked.background != WHITE or board.elements.filter(is_deleted=False).exists():
        return False
    write(locked, to)
    return True
