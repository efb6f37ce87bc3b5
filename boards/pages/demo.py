"""The demo board that new visitors see: a rough sketch in a frame, with a prompt."""

from pathlib import Path

from django.db import transaction

from boards.elements import store
from boards.elements.element import parse
from boards.exchange import document
from boards.models import Board, Role

SCENE = Path(__file__).parent / "welcome.excalidraw"
TITLE = "Welcome to Atelier"


def board() -> Board:
    """The demo board; created with its scene on first use."""
    found = Board.objects.filter(is_demo=True, deleted_at=None).order_by("created_at").first()
    return found or _make()


@transaction.atomic
def _make() -> Board:
    made = Board.objects.create(title=TITLE, is_demo=True, open_role=Role.EDIT)
    scene = document.read(SCENE.read_bytes())
    store.apply(made.pk, [parse(element) for element in scene.elements])
    return made
