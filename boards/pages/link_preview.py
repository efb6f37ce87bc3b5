"""The preview that messengers show for a shared address of a board (Open Graph).

Messengers fetch the page without an account, so only a board that is open to all has a preview. The page of any
other board reveals nothing, not even its title.
"""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_noop

from boards import access
from boards.models import Board, Thumbnail
from boards.principal import NOBODY
from boards.rendering.thumbnails import SIZE_PX

DESCRIPTION = gettext_noop("A shared whiteboard on which sketches become pictures. Open it and draw along.")


@dataclass(frozen=True)
class Image:
    """The picture of a preview. url: absolute."""

    url: str
    mime_type: str
    alt: str
    width_px: int = SIZE_PX[0]
    height_px: int = SIZE_PX[1]


@dataclass(frozen=True)
class LinkPreview:
    """What templates/boards/link_preview.html needs. url: absolute. image: None for a board without a thumbnail."""

    title: str
    url: str | None = None
    image: Image | None = None
    description: str = DESCRIPTION


INVITATION = LinkPreview(
    gettext_noop("An invitation to a board"),
    description=gettext_noop(
        "Someone has invited you to a shared whiteboard where sketches become pictures."
    ),
)
"""The preview of a share link. It tells nothing of the board."""


def of_home(request: HttpRequest) -> LinkPreview:
    """The preview of Atelier itself."""
    return LinkPreview("Atelier", request.build_absolute_uri(reverse("home")))


def of(board: Board, request: HttpRequest) -> LinkPreview | None:
    """The preview; None for a board that is not open to all, even if this request may see it."""
    if access.role_of(NOBODY, board) is None:
        return None
    address = request.build_absolute_uri(reverse("board", args=[board.pk]))
    return LinkPreview(board.title, address, _image(board, request))


def _image(board: Board, request: HttpRequest) -> Image | None:
    thumbnail = Thumbnail.objects.filter(board=board).exclude(key="").first()
    if thumbnail is None:
        return None
    # The address changes with the picture, as messengers cache what they fetched.
    path = f"{reverse('board-thumbnail', args=[board.pk])}?v={thumbnail.sha256[:12]}"
    return Image(request.build_absolute_uri(path), thumbnail.mime_type, f"The board “{board.title}”")
