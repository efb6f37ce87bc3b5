"""Imports a document into a board: merged by the merge rule, or as a copy beside the scene."""

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

import msgspec
from django.db import transaction
from fractional_indexing import generate_n_keys_between
from msgspec import Raw
from typing_extensions import TypedDict

from accounts.models import User
from boards import announce, background, database
from boards.elements import store, tombstones
from boards.elements.bounds import bounds_of
from boards.elements.element import SHAPES, Element, parse
from boards.elements.geometry import Rectangle, union
from boards.elements.hatching import BOARD_COST_MAX
from boards.elements.reconcile import Rank, may_follow, takes_incoming
from boards.errors import BoardFull, ElementRefused
from boards.exchange import document_files, layout
from boards.exchange.document import Document, Fields
from boards.exchange.id_remapping import IdMap, PartialIdMap, new_id, remapped, with_file_ids
from boards.exchange.import_notes import Note, Notes, Refusal
from boards.exchange.repair import stable_id
from boards.exchange.restore import restore_elements
from boards.models import Board

NULL = Raw(b"null")
_FRAME_TYPES = {b'"frame"', b'"magicframe"'}
_KNOWN_FIELDS = {
    kind: frozenset(field.encode_name for field in msgspec.structs.fields(shape))
    for kind, shape in SHAPES.items()
}

log = logging.getLogger(__name__)


class _Deleted(msgspec.Struct, rename="camel"):
    is_deleted: bool = False


class _Typed(msgspec.Struct):
    id: str
    type: str


_deleted = msgspec.json.Decoder(_Deleted)
_typed = msgspec.json.Decoder(_Typed)
_fields_of = msgspec.json.Decoder(dict[str, Raw]).decode


class Checked(NamedTuple):
    """Elements with different ids, in the order of the document, and those that the board refuses."""

    elements: list[Element]
    refused: list[Refusal]


class _OnBoard(NamedTuple):
    """The version of an element that the board has; a pruned one counts as deleted."""

    rank: Rank
    is_deleted: bool


class Merged(TypedDict):
    """What a merge changed. deleted: left so, though the file holds them; unchanged: stood as they stand in the file."""

    clock: int
    added: int
    updated: int
    revived: int
    deleted: int
    unchanged: int
    added_ids: list[str]
    updated_ids: list[str]
    revived_ids: list[str]


class ImportResult(Merged):
    """What became of a file that was brought to a board, by elements.

    clock: the board's, afterwards. kind: a library comes as copies. items: of a library, else null.
    revived: deleted on the board since, and brought back. deleted: the same, and left so, as was asked for.
    refused: what did not come. notes: what came otherwise than it stood in the file.
    """

    kind: Literal["scene", "library"]
    items: int | None
    refused: list[Refusal]
    notes: list[Note]


def import_document(
    board: Board, user: User, document: Document, *, copy: bool = False, revive: bool = True
) -> ImportResult:
    """Import a document. Returns what was added, updated, revived, unchanged, refused, and notes.

    copy: with new ids, beside the scene; a library always. revive: elements of the document that were deleted on the
    board come back. Raises BoardFull, BoardFrozen, BoardGone; then nothing was written.
    """
    notes = Notes()
    bodies, unread = _restored(board, document, copy, notes)
    _refuse_too_many(bodies)
    stored_files = document_files.store_all(document.files)
    with transaction.atomic():
        file_names = document_files.add_all(board, user, stored_files)
        checked = _checked(bodies, file_names, notes)
        if not background.taken_from_import(board, document.background):
            notes.count("background")
        result = _merge(board, user, checked.elements, revive, notes)
    return {
        **result,
        "kind": "scene" if document.items is None else "library",
        "items": None if document.items is None else len(document.items),
        "refused": stored_files.refused + unread + checked.refused,
        "notes": notes.listed(),
    }


def check_elements(bodies: Iterable[bytes], here: Collection[str] = frozenset()) -> Checked:
    """The elements of a scene restored and checked. here: ids of elements on the board, to which they may refer."""
    notes = Notes()
    found = restore_elements(bodies, notes, here)
    elements, refused = _checked(found.bodies, {}, notes)
    return Checked(elements, found.refused + refused)


def scene_box(board: Board) -> Rectangle | None:
    """The rectangle around the live elements of the board; None if there are none."""
    bodies = board.elements.filter(is_deleted=False).values_list("body", flat=True)
    return union(bounds_of(body) for body in bodies)


def _restored(
    board: Board, document: Document, copy: bool, notes: Notes
) -> tuple[list[bytes], list[Refusal]]:
    """The restored elements, with new ids and places where they are copies; and those that cannot be read.

    May take seconds, holding no database connection.
    """
    if document.items is None and not copy:
        here = frozenset(board.elements.filter(is_deleted=False).values_list("element_id", flat=True))
        database.give_back()
        found = restore_elements(document.elements, notes, here)
        return _with_ids_of_their_own(board, found.bodies), found.refused
    scene = scene_box(board)
    database.give_back()
    scenes = [restore_elements(bodies, notes) for bodies in document.items or [document.elements]]
    items = [scene.bodies for scene in scenes]
    bodies = _copy(items[0], scene) if document.items is None else _library(items, scene)
    return list(bodies), [refusal for scene in scenes for refusal in scene.refused]


def _with_ids_of_their_own(board: Board, bodies: list[bytes]) -> list[bytes]:
    """The elements; those whose id an element of another type has on the board get another id, the same each time.

    Files made by hand or by a program number their elements from one.
    """
    there = {found.id: found for found in map(_typed.decode, bodies)}
    rows = board.elements.filter(element_id__in=list(there), is_deleted=False).values_list(
        "element_id", "body"
    )
    here = {element_id: _typed.decode(body).type for element_id, body in rows}
    names = {i: stable_id("namesake", i, there[i].type) for i in here if there[i].type != here[i]}
    if not names:
        return bodies
    ids = PartialIdMap(names)
    return [msgspec.json.encode(remapped(_fields_of(body), ids)) for body in bodies]


def _refuse_too_many(bodies: Sequence[bytes]) -> None:
    count = sum(1 for body in bodies if not _is_deleted(body))
    if count > store.LIVE_ELEMENTS_MAX:
        raise BoardFull(f"The file has {count:,} elements, {store.LIVE_ELEMENTS_MAX:,} fit on one board.")


def _checked(bodies: Iterable[bytes], file_names: dict[str, str], notes: Notes) -> Checked:
    """The elements that pass the board's check, if need be without the data of other programs. file_names: document's
    file_id → the board's, where they differ."""
    elements: list[Element] = []
    refused: list[Refusal] = []
    for body in bodies:
        fields = with_file_ids(_fields_of(body), file_names)
        try:
            elements.append(parse(msgspec.json.encode(fields)))
        except ElementRefused as error:
            bare = _parsed_bare(fields)
            if bare is not None:
                notes.count("extras")
                elements.append(bare)
            elif not _is_deleted(body):
                log.info("An element of a file was refused: %s", error.message)
                message = "It holds something that cannot be on a board."
                refused.append(Refusal(id=_text(fields["id"]), code=error.code, message=message))
    return Checked(elements, refused)


def _parsed_bare(fields: Fields) -> Element | None:
    """The element without its unknown fields, without `customData`, or without both: the first that is accepted, or None."""
    known = _KNOWN_FIELDS.get(_text(fields["type"]), _KNOWN_FIELDS["rectangle"])
    own = {name: value for name, value in fields.items() if name in known}
    for fewer in (own, {**fields, "customData": NULL}, {**own, "customData": NULL}):
        try:
            return parse(msgspec.json.encode(fewer))
        except ElementRefused:
            continue
    return None


def _copy(bodies: Sequence[bytes], scene: Rectangle | None) -> Iterator[bytes]:
    ids = IdMap()
    live = (body for body in bodies if not _is_deleted(body))
    by = layout.shift_beside(scene, union(map(bounds_of, live)))
    return (_changed(body, ids, by) for body in bodies)


def _library(items: Sequence[Sequence[bytes]], scene: Rectangle | None) -> Iterator[bytes]:
    boxes = [union(map(bounds_of, item)) for item in items]
    for item, by in zip(items, layout.shifts_in_grid(boxes, scene), strict=True):
        ids, group = IdMap(), (new_id(),) if len(item) > 1 else ()
        for body in item:
            yield _changed(body, ids, by, group)


def _changed(body: bytes, ids: IdMap, by: tuple[float, float], group: Sequence[str] = ()) -> bytes:
    """The body with new ids, moved by (x, y)."""
    fields = _fields_of(body)
    if bytes(fields.get("type", NULL)) in _FRAME_TYPES or fields.get("frameId", NULL) != NULL:
        group = ()  # Excalidraw puts no frame into a group
    return msgspec.json.encode(layout.moved(remapped(fields, ids, group), by))


def _merge(board: Board, user: User, elements: Sequence[Element], revive: bool, notes: Notes) -> Merged:
    Board.objects.select_for_update(no_key=True).filter(pk=board.pk).first()
    on_board = _on_board(board, [element.id for element in elements])
    alive = {element_id for element_id, known in on_board.items() if not known.is_deleted}
    wanted = [element for element in elements if element.id in alive or not element.is_deleted]
    far = {element.id for element in wanted if not _is_within_reach(element, on_board.get(element.id))}
    wanted = [_next(e, on_board.get(e.id)) if e.id in far else e for e in wanted]
    deleted = {element.id for element in wanted if element.id in on_board} - alive
    if revive:
        wanted = [_revived(e, on_board[e.id].rank) if e.id in deleted else e for e in wanted]
    wanted = limit_hatching(board, wanted, notes)
    left = _unchanged(board, [e for e in wanted if e.id in far])
    if not revive:
        left |= far & deleted  # their versions do not say whether they are newer than the deletion
    # An element with the rank that the board has is the same; it may differ in its index, which the board gave it.
    left |= {e.id for e in wanted if e.id in on_board and on_board[e.id].rank == e.rank}
    news = [e for e in wanted if e.id not in left]
    authors = dict.fromkeys((element.id for element in news), user.pk)
    change = store.apply(board.pk, _in_order(board, news, on_board), authors)
    transaction.on_commit(lambda: announce.clock_moved(board.pk, change.clock))
    changed = [element.id for element in change.elements]
    revived = [each for each in changed if each in deleted]
    updated = [each for each in changed if each in alive]
    added = [each for each in changed if each not in on_board]
    left_deleted = len(deleted) - len(revived)
    for element in news:
        if element.id in alive and element.id not in changed:
            notes.count("newer")
    return {
        "clock": change.clock,
        "added": len(added),
        "updated": len(updated),
        "revived": len(revived),
        "deleted": left_deleted,
        "unchanged": len(wanted) - len(changed) - left_deleted,
        "added_ids": added,
        "updated_ids": updated,
        "revived_ids": revived,
    }


def _is_within_reach(element: Element, known: _OnBoard | None) -> bool:
    """True if its version is not further ahead of the board's than a push may be (RM24)."""
    return may_follow(known.rank[0] if known else 0, element.version)


def _next(element: Element, known: _OnBoard | None) -> Element:
    """The element as the version after the one on the board."""
    return element.replacing(known.rank[0] if known else 0, is_deleted=element.is_deleted)


def _unchanged(board: Board, elements: Sequence[Element]) -> set[str]:
    """The ids of those elements that look as on the board, their index aside."""
    wanted = {element.id: element for element in elements}
    rows = board.elements.filter(element_id__in=wanted).values_list("element_id", "body")
    return {i for i, body in rows if _look(body.encode()) == _look(wanted[i].body)}


def _look(body: bytes) -> dict[str, object]:
    own = {"index", "version", "versionNonce", "updated"}
    return {name: value for name, value in msgspec.json.decode(body).items() if name not in own}


def _on_board(board: Board, ids: Sequence[str]) -> dict[str, _OnBoard]:
    """The board's versions of these elements, pruned ones included. Its row must be locked."""
    pruned = {i: _OnBoard(rank, True) for i, rank in tombstones.ranks(board.pk, ids).items()}
    rows = board.elements.filter(element_id__in=ids)
    stored = rows.values_list("element_id", "version", "version_nonce", "is_deleted")
    return pruned | {i: _OnBoard((version, nonce), gone) for i, version, nonce, gone in stored}


def _revived(element: Element, deleted: Rank) -> Element:
    """The element as a version that replaces the deletion of this rank."""
    return (
        element if takes_incoming(deleted, element.rank) else element.replacing(deleted[0], is_deleted=False)
    )


def limit_hatching(board: Board, elements: Sequence[Element], notes: Notes) -> list[Element]:
    """The elements, of which those are filled solidly with which the board's hatching would exceed BOARD_COST_MAX.

    They count in the place of the board's elements with their ids.
    """
    if not any(element.hatch_cost for element in elements):
        return list(elements)
    cost, found = store.hatch_cost(board.pk, {element.id for element in elements}), []
    for element in elements:
        fits = cost + element.hatch_cost <= BOARD_COST_MAX
        if not fits:
            notes.count("hatching")
        cost += element.hatch_cost if fits else 0
        found.append(element if fits else element.with_solid_fill())
    return found


def _in_order(board: Board, elements: Sequence[Element], known: Mapping[str, object]) -> list[Element]:
    """The elements with indexes in the order of the document; new ones go on top where their indexes are taken.

    Where the order of a file and its indexes differ, its order counts, as in Excalidraw. An index that is given to
    an element new to the board makes no new version of it. known: ids that the board has.
    """
    taken = dict(board.elements.values_list("index", "element_id"))
    indexes = [element.index for element in elements if element.id not in known]
    sound = [index for index in indexes if index is not None and index not in taken]
    if len(sound) == len(indexes) and all(below < above for below, above in pairwise(sound)):
        return list(elements)
    own = {element.index for element in elements if element.id in known and element.index is not None}
    keys = iter(generate_n_keys_between(max(taken.keys() | own, default=None), None, len(indexes)))
    return [element if element.id in known else _placed(element, next(keys)) for element in elements]


def _placed(element: Element, index: str) -> Element:
    body = msgspec.json.encode({**_fields_of(element.body), "index": _json(index)})
    return msgspec.structs.replace(element, index=index, body=body)


def _is_deleted(body: bytes) -> bool:
    return _deleted.decode(body).is_deleted


def _text(raw: Raw) -> str:
    found = msgspec.json.decode(raw)
    return found if isinstance(found, str) else ""


def _json(value: object) -> Raw:
    return Raw(msgspec.json.encode(value))
