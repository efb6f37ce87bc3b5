"""The title of a board: the only writer of it."""

from boards import announce
from boards.models import Board


def change(board: Board, to: str) -> None:
    """Set the title, and announce it to all rooms. to: 1 to TITLE_MAX characters."""
    board.title = to
    board.save(update_fields=["title"])
    announce.board_changed(board.pk)
