"""What a messenger shows where somebody shares the address of a board (Open Graph).

Its robots come without an account: only a board that anybody with the address may see has a preview. Any other
board's page tells them nothing, not even its title.
"""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

from boards import access
from boards.models import Board, Thumbnail
from boards.principal import NOBODY
from boards.rendering.thumbnails import SIZE_PX

DESCRIPTION = "A shared whiteboard on which sketches become pictures. Open it and draw along."


@dataclass(frozen=True)
class Image:
    """An absolute address, and the size in pixels."""

    url: str
    mime_type: str
    alt: str
    width_px: int = SIZE_PX[0]
    height_px: int = SIZE_PX[1]


@dataclass(frozen=True)
class LinkPreview:
    title: str
    url: str
    image: Image | None
    description: str = DESCRIPTION


def of(board: Board, request: HttpRequest) -> LinkPreview | None:
    """None for a board that strangers may not see, whoever asks now."""
    if access.role_of(NOBODY, board) is None:
        return None
    address = request.build_absolute_uri(reverse("board", args=[board.pk]))
    return LinkPreview(board.title, address, _image(board, request))


def _image(board: Board, request: HttpRequest) -> Image | None:
    thumbnail = Thumbnail.objects.filter(board=board).exclude(key="").first()
    if thumbnail is None:
        return None
    # The address changes with the picture: messengers keep what they fetched once.
    path = f"{reverse('board-thumbnail', args=[board.pk])}?v={thumbnail.sha256[:12]}"
    return Image(request.build_absolute_uri(path), thumbnail.mime_type, f"The board “{board.title}”")
