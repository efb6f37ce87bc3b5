"""The only writer of Element rows. A board's row lock puts its changes in one order: the board's clock."""

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import reduce
from operator import or_
from types import MappingProxyType
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from boards.elements import revisions, tombstones
from boards.elements.element import ROW, Element
from boards.elements.hatching import PASSES
from boards.elements.reconcile import Rank, free_index, takes_incoming
from boards.elements.revisions import StoredElement
from boards.errors import BoardFrozen, BoardFull, BoardGone
from boards.models import WHITE, Board
from boards.models import Element as ElementRow

LIVE_ELEMENTS_MAX = 20_000


class Change(NamedTuple):
    """The outcome of `apply`: the board's clock afterwards, and the elements as they were stored.

    `elements` holds only those that replaced something or were new; some may be a newer version at another index than
    was asked for.
    """

    clock: int
    elements: list[Element]


class _BoardRow(NamedTuple):
    clock: int
    frozen: bool
    version_clock: int
    pruned_clock: int


class Snapshot(NamedTuple):
    """The elements of a board, each with the clock of its commit, and the background, at the board's clock."""

    clock: int
    elements: list[tuple[int, Element]]
    pruned_clock: int
    background: str = WHITE


_UPSERT = """
    INSERT INTO boards_element
        (board_id, element_id, version, version_nonce, index, is_deleted, clock, body, changed_at,
         author_id, kept_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (board_id, element_id) DO UPDATE SET
        version = excluded.version, version_nonce = excluded.version_nonce, index = excluded.index,
        is_deleted = excluded.is_deleted, clock = excluded.clock, body = excluded.body,
        changed_at = excluded.changed_at, author_id = excluded.author_id, kept_at = excluded.kept_at
"""
# Two lookups: an OR of them would be one scan of the whole board.
_STORED = """
    SELECT element_id, version, version_nonce, index, is_deleted, clock, author_id, kept_at
    FROM boards_element WHERE board_id = %s AND element_id = ANY(%s)
    UNION
    SELECT element_id, version, version_nonce, index, is_deleted, clock, author_id, kept_at
    FROM boards_element WHERE board_id = %s AND index = ANY(%s)
"""
_LOCK = """
    SELECT clock, frozen, version_clock, pruned_clock FROM boards_board
    WHERE id = %s AND deleted_at IS NULL FOR NO KEY UPDATE
"""
_MOVE_CLOCK = """
    UPDATE boards_board SET
        clock = %s, changed_at = %s, unversioned_since = coalesce(unversioned_since, %s)
    WHERE id = %s
"""
NO_AUTHORS: Mapping[str, uuid.UUID | None] = MappingProxyType({})


def apply(
    board_id: uuid.UUID,
    incoming: Sequence[Element],
    authors: Mapping[str, uuid.UUID | None] = NO_AUTHORS,
    *,
    even_if_frozen: bool = False,
) -> Change:
    """Merge elements into the scene and move the board's clock by at most one, in one transaction.

    The elements' ids must differ. authors: element id → id of the user who made this version; None without an account.
    even_if_frozen: a moderator's change, which a frozen board takes.
    Of two with the same rank and different content, the stored one stays and becomes a newer version.
    Replaced versions are kept as revisions where boards.elements.revisions.is_worth_keeping says so.
    Raises BoardGone, BoardFrozen, BoardFull (then nothing was written).
    """
    with transaction.atomic():
        board = _lock(board_id)
        if board.frozen and not even_if_frozen:
            raise BoardFrozen("A moderator froze this board.")
        stored, holders = _stored(board_id, incoming)
        incoming, authors = _without_ties(board_id, incoming, authors, stored)
        pruned = (
            tombstones.ranks(board_id, {e.id for e in incoming} - stored.keys()) if board.pruned_clock else {}
        )
        newer = [new for e in incoming if (new := _against_pruned(e, pruned.get(e.id)))]
        winners = _winners(board_id, newer, stored, holders)
        if not winners:
            return Change(board.clock, [])
        now, clock = timezone.now(), board.clock + 1
        kept_at = _keep_revisions(board_id, board, stored, {e.id: authors.get(e.id) for e in winners}, now)
        rows = [
            (*_columns(board_id, clock, now, e), authors.get(e.id), kept_at.get(e.id, now)) for e in winners
        ]
        with connection.cursor() as cursor:
            cursor.executemany(_UPSERT, rows)  # psycopg pipelines these: one round trip
            cursor.execute(_MOVE_CLOCK, [clock, now, now, board_id])
        if revived := [e.id for e in winners if e.id in pruned]:
            tombstones.forget(board_id, revived)
        return Change(clock, winners)


def snapshot(board_id: uuid.UUID) -> Snapshot:
    """The whole scene, tombstones included. Raises BoardGone."""
    return _read(board_id, since=-1)


def changes_since(board_id: uuid.UUID, clock: int) -> Snapshot:
    """What was committed after `clock`. Raises BoardGone."""
    return _read(board_id, since=clock)


def clocks(board_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, int]:
    """The clock of each of these boards; deleted ones are left out."""
    rows = Board.objects.filter(pk__in=board_ids, deleted_at=None)
    return dict(rows.values_list("pk", "clock"))


def hatch_cost(board_id: uuid.UUID, besides: Collection[str]) -> float:
    """The hatch cost of the board's live elements (boards.elements.hatching) without these. Reads the hatched ones."""
    is_hatched = reduce(or_, (Q(body__contains=style) for style in PASSES))
    rows = ElementRow.objects.filter(is_hatched, board_id=board_id, is_deleted=False)
    return sum(Element.from_row(*row).hatch_cost for row in rows.values_list(*ROW) if row[0] not in besides)


def _read(board_id: uuid.UUID, since: int) -> Snapshot:
    # One statement sees one state: rows may be newer than a clock that was read before them.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT b.clock, b.pruned_clock, b.background,"
            " e.clock, e.element_id, e.version, e.version_nonce, e.index, e.is_deleted, e.body"
            " FROM boards_board b LEFT JOIN boards_element e ON e.board_id = b.id AND e.clock > %s"
            " WHERE b.id = %s AND b.deleted_at IS NULL",
            [since, board_id],
        )
        rows = cursor.fetchall()
    if not rows:
        raise BoardGone("There is no such board.")
    clock, pruned_clock, background = rows[0][:3]
    elements = [(row[3], Element.from_row(*row[4:])) for row in rows if row[3] is not None]
    return Snapshot(clock, elements, pruned_clock, background)


def _columns(
    board_id: uuid.UUID, clock: int, now: datetime, e: Element
) -> tuple[uuid.UUID, str, int, int, str | None, bool, int, str, datetime]:
    return board_id, e.id, *e.rank, e.index, e.is_deleted, clock, e.body.decode(), now


def _lock(board_id: uuid.UUID) -> _BoardRow:
    """Lock the board's row until the transaction ends. Inserts of rows that refer to it do not wait. Raises BoardGone.

    Plain SQL here and below: it runs many times a second, and building the queries took most of a commit's time.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [board_id])
        row = cursor.fetchone()
    if row is None:
        raise BoardGone("There is no such board.")
    return _BoardRow(*row)


def _keep_revisions(
    board_id: uuid.UUID,
    board: _BoardRow,
    stored: Mapping[str, StoredElement],
    authors: Mapping[str, uuid.UUID | None],
    now: datetime,
) -> dict[str, datetime]:
    """Keep revisions of those stored elements that are worth it, before they are replaced.

    authors: of all elements that are written. Returns when a revision of each stored element was last kept.
    """
    kept = [
        element_id
        for element_id, author_id in authors.items()
        if element_id in stored
        and revisions.is_worth_keeping(stored[element_id], author_id, board.version_clock, now)
    ]
    if kept:
        revisions.keep(board_id, kept, board.clock + 1, now)
    return {element_id: row.kept_at for element_id, row in stored.items()} | dict.fromkeys(kept, now)


def _stored(
    board_id: uuid.UUID, incoming: Sequence[Element]
) -> tuple[dict[str, StoredElement], list[tuple[str, str]]]:
    """The stored rows of these elements, and (index, element id) of every stored element at one of their indexes."""
    ids = [element.id for element in incoming]
    wanted = [element.index for element in incoming if element.index is not None]
    with connection.cursor() as cursor:
        cursor.execute(_STORED, [board_id, ids, board_id, wanted])
        rows = cursor.fetchall()
    known = set(ids)
    found = [(row[0], StoredElement(*row[1:])) for row in rows]
    stored = {element_id: row for element_id, row in found if element_id in known}
    return stored, [(row.index, element_id) for element_id, row in found]


def _without_ties(
    board_id: uuid.UUID,
    incoming: Sequence[Element],
    authors: Mapping[str, uuid.UUID | None],
    stored: Mapping[str, StoredElement],
) -> tuple[Sequence[Element], Mapping[str, uuid.UUID | None]]:
    """The incoming elements; where one ties with its stored version, that one as a newer version in its place.

    Clients may hold either of the two, and would keep it.
    """
    same_rank = [e for e in incoming if e.id in stored and stored[e.id].rank == e.rank]
    if not same_rank:
        return incoming, authors
    there = _elements(board_id, [element.id for element in same_rank])
    winning = {e.id: there[e.id].as_next_version() for e in same_rank if there[e.id].ties_with(e)}
    return [winning.get(e.id, e) for e in incoming], {**authors, **{i: stored[i].author_id for i in winning}}


def _elements(board_id: uuid.UUID, ids: Sequence[str]) -> dict[str, Element]:
    rows = ElementRow.objects.filter(board_id=board_id, element_id__in=ids)
    return {row[0]: Element.from_row(*row) for row in rows.values_list(*ROW)}


def _winners(
    board_id: uuid.UUID,
    incoming: Sequence[Element],
    stored: Mapping[str, StoredElement],
    holders: Iterable[tuple[str, str]],
) -> list[Element]:
    """The incoming elements that are new or replace their stored version, each at an index of its own.

    The board's row must be locked. Raises BoardFull.
    """
    won = [e for e in incoming if e.id not in stored or takes_incoming(stored[e.id].rank, e.rank)]
    ids = [element.id for element in won]  # one that lost stays where it is, and its index is taken
    wanted = [element.index for element in won if element.index is not None]
    new = sum(1 for e in won if e.id not in stored and not e.is_deleted)
    freed = sum(1 for e in won if e.is_deleted and e.id in stored and not stored[e.id].is_deleted)
    if new and _live(board_id) + new - freed > LIVE_ELEMENTS_MAX:
        raise BoardFull(f"The board is full: {LIVE_ELEMENTS_MAX} elements.")
    known = set(ids)
    taken = {index for index, element_id in holders if element_id not in known}
    stay = all(not e.repaired and e.index is not None and e.index not in taken for e in won)
    if stay and len(set(wanted)) == len(wanted):
        return won
    rows = ElementRow.objects.filter(board_id=board_id).exclude(element_id__in=ids)
    others = set(rows.values_list("index", flat=True))
    return list(_at_free_indexes(won, others, {key: row.index for key, row in stored.items()}))


def _live(board_id: uuid.UUID) -> int:
    return ElementRow.objects.filter(board_id=board_id, is_deleted=False).count()


def _against_pruned(element: Element, pruned: Rank | None) -> Element | None:
    """The element to store where a pruned tombstone has this rank: itself, or the tombstone anew; None: nothing."""
    if pruned is None or takes_incoming(pruned, element.rank):
        return element
    ties = pruned == element.rank and not element.is_deleted
    return element.as_tombstone(pruned).as_next_version() if ties else None


def _at_free_indexes(elements: Iterable[Element], taken: set[str], own: dict[str, str]) -> Iterable[Element]:
    for element in elements:
        index = settle_index(element, own.get(element.id), taken)
        taken.add(index)
        yield element if index == element.index and not element.repaired else element.moved_to(index)


def settle_index(element: Element, own: str | None, taken: set[str] | dict[str, str]) -> str:
    """The index for an element: the one it asks for, else that of its stored version, else a free one right above.

    own: the index of the stored version. taken: the indexes of all other elements. Rule RM3.
    """
    if element.index is not None and element.index not in taken:
        return element.index
    if own is not None and own not in taken:
        return own
    return free_index(element.index, taken)
