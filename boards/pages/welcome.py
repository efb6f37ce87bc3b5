"""Welcome boards: each newcomer gets a board of their own, with a sketch in a frame and a prompt to start from.

The scene is a file of this repository, its texts are translated by another beside it. It holds no pictures, so that a copy
writes rows and stores no file.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.db import transaction

from accounts.models import User
from boards.elements import store
from boards.elements.element import Element, parse
from boards.exchange import document
from boards.models import UNTOUCHED_WELCOME, WELCOME_CLOCK, WELCOME_TITLES, WHITE, Board, Thumbnail

SCENE = Path(__file__).parent / "welcome.excalidraw"
TRANSLATIONS = {"de": Path(__file__).parent / "welcome.de.json"}
"""By language: what differs of elements, by their ids. Widths are as wide as the page draws the text."""


class Scene(NamedTuple):
    """digest: tells one scene from those of earlier releases."""

    digest: str
    elements: Sequence[Element]
    background: str


@cache
def scene(language: str = "en") -> Scene:
    """The scene in a language, English where there is no translation; read once."""
    data = _translated(language)
    found = document.read(data)
    elements = tuple(parse(element) for element in found.elements)
    return Scene(hashlib.sha256(data).hexdigest()[:12], elements, found.background or WHITE)


def _translated(language: str) -> bytes:
    """The file of the scene with its texts in a language."""
    data = SCENE.read_bytes()
    if language not in TRANSLATIONS:
        return data
    translation = json.loads(TRANSLATIONS[language].read_bytes())
    whole = json.loads(data)
    for element in whole["elements"]:
        changes = translation.get(element["id"], {})
        element.update(changes)
        if "text" in changes:
            element["originalText"] = changes["text"]
    return json.dumps(whole).encode()


@transaction.atomic
def make(user: User, language: str = "en") -> Board:
    """A new welcome board of this user, in a language of WELCOME_TITLES."""
    copied = scene(language)
    board = Board.objects.create(
        title=WELCOME_TITLES[language], owner=user, welcome=copied.digest, background=copied.background
    )
    store.apply(board.pk, copied.elements)
    _take_thumbnail(board)
    return board


def _take_thumbnail(board: Board) -> None:
    """Give the copy the thumbnail of an earlier one, so that the same scene is drawn once and not for each newcomer."""
    alike = (
        Thumbnail.objects.filter(board__welcome=board.welcome, clock=WELCOME_CLOCK).exclude(key="").first()
    )
    if alike is not None:
        Thumbnail.objects.create(
            board=board, clock=WELCOME_CLOCK, key=alike.key, sha256=alike.sha256, mime_type=alike.mime_type
        )


def of(user: User) -> Board | None:
    """The user's welcome board, if it is still there."""
    return Board.objects.filter(owner=user, deleted_at=None).exclude(welcome="").first()


def forget(now: datetime) -> int:
    """Delete welcome boards that their guests left as they were, after WELCOME_KEPT_DAYS. Returns how many."""
    before = now - timedelta(days=settings.WELCOME_KEPT_DAYS)
    idle = Board.objects.filter(UNTOUCHED_WELCOME, owner__is_guest=True, created_at__lt=before)
    return idle.delete()[1].get("boards.Board", 0)
