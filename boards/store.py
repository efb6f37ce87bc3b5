"""The only writer of Element rows. A board's row lock puts its changes in one order: the board's clock."""

import uuid
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.db import connection, transaction
from django.utils import timezone

from boards.element import Element
from boards.errors import BoardFrozen, BoardFull, BoardGone
from boards.models import Board
from boards.models import Element as ElementRow
from boards.reconcile import free_index, takes_incoming

LIVE_ELEMENTS_MAX = 20_000


class Change(NamedTuple):
    """What a call of `apply` did: the clock after it, and the elements as they were stored.

    `elements` holds only what won; some may stand at another index, as a newer version, than was asked for.
    """

    clock: int
    elements: list[Element]


class Snapshot(NamedTuple):
    """The elements of a board, with the clock of each, at the board's clock."""

    clock: int
    elements: list[tuple[int, Element]]


_UPSERT = """
    INSERT INTO boards_element
        (board_id, element_id, version, version_nonce, index, is_deleted, clock, body, changed_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (board_id, element_id) DO UPDATE SET
        version = excluded.version, version_nonce = excluded.version_nonce, index = excluded.index,
        is_deleted = excluded.is_deleted, clock = excluded.clock, body = excluded.body,
        changed_at = excluded.changed_at
"""


def apply(board_id: uuid.UUID, incoming: Sequence[Element]) -> Change:
    """Merge elements into the scene and move the board's clock by at most one, in one transaction.

    The elements' ids must differ. Raises BoardGone, BoardFrozen, BoardFull (then nothing was written).
    """
    with transaction.atomic():
        board = Board.objects.select_for_update().filter(pk=board_id, deleted_at=None).first()
        if board is None:
            raise BoardGone("There is no such board.")
        if board.frozen:
            raise BoardFrozen("A moderator froze this board.")
        winners = _winners(board_id, incoming)
        if not winners:
            return Change(board.clock, [])
        now, clock = timezone.now(), board.clock + 1
        rows = [
            (board_id, e.id, e.version, e.version_nonce, e.index, e.is_deleted, clock, e.body.decode(), now)
            for e in winners
        ]
        with connection.cursor() as cursor:
            cursor.executemany(_UPSERT, rows)  # psycopg pipelines these: one round trip
        Board.objects.filter(pk=board_id).update(clock=clock, changed_at=now)
        return Change(clock, winners)


def snapshot(board_id: uuid.UUID) -> Snapshot:
    """The whole scene, tombstones included. Raises BoardGone."""
    return _read(board_id, since=-1)


def changes_since(board_id: uuid.UUID, clock: int) -> Snapshot:
    """What was committed after `clock`. Raises BoardGone."""
    return _read(board_id, since=clock)


def _read(board_id: uuid.UUID, since: int) -> Snapshot:
    # One statement sees one state: rows may be newer than a clock that was read before them.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT b.clock, e.clock, e.element_id, e.version, e.version_nonce, e.index, e.is_deleted, e.body"
            " FROM boards_board b LEFT JOIN boards_element e ON e.board_id = b.id AND e.clock > %s"
            " WHERE b.id = %s AND b.deleted_at IS NULL",
            [since, board_id],
        )
        rows = cursor.fetchall()
    if not rows:
        raise BoardGone("There is no such board.")
    elements = [(row[1], _from_row(*row[2:])) for row in rows if row[1] is not None]
    return Snapshot(rows[0][0], elements)


def _from_row(
    element_id: str, version: int, version_nonce: int, index: str, is_deleted: bool, body: str
) -> Element:
    return Element(element_id, "", version, version_nonce, index, is_deleted, body.encode())


def _winners(board_id: uuid.UUID, incoming: Sequence[Element]) -> list[Element]:
    """Those that replace what is stored, each at an index of its own. The board's row must be locked."""
    ids = [element.id for element in incoming]
    wanted = [element.index for element in incoming if element.index is not None]
    rows = ElementRow.objects.filter(board_id=board_id)
    stored = {
        row[0]: row[1:]
        for row in rows.filter(element_id__in=ids).values_list(
            "element_id", "version", "version_nonce", "index"
        )
    }
    won = [e for e in incoming if e.id not in stored or takes_incoming(stored[e.id][:2], e.rank)]
    new = sum(1 for e in won if e.id not in stored and not e.is_deleted)
    if new and rows.filter(is_deleted=False).count() + new > LIVE_ELEMENTS_MAX:
        raise BoardFull(f"The board is full: {LIVE_ELEMENTS_MAX} elements.")
    taken = {
        index: element_id
        for index, element_id in rows.filter(index__in=wanted).values_list("index", "element_id")
        if element_id not in ids
    }
    if all(e.index is not None and e.index not in taken for e in won) and len(set(wanted)) == len(wanted):
        return won
    others = set(rows.exclude(element_id__in=ids).values_list("index", flat=True))
    return list(_at_free_indexes(won, others, {key: value[2] for key, value in stored.items()}))


def _at_free_indexes(elements: Iterable[Element], taken: set[str], own: dict[str, str]) -> Iterable[Element]:
    for element in elements:
        index = settle_index(element, own.get(element.id), taken)
        taken.add(index)
        yield element if index == element.index else element.moved_to(index)


def settle_index(element: Element, own: str | None, taken: set[str] | dict[str, str]) -> str:
    """Where the element may stand: where it asks to, else where it stood, else at a free place nearby.

    own: the index of its stored version. taken: the indexes of all other elements.
    """
    if element.index is not None and element.index not in taken:
        return element.index
    if own is not None and own not in taken:
        return own
    return free_index(element.index, taken)
