"""A document becomes part of a board: merged by the rule, or laid beside the scene as a copy."""

import secrets
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import msgspec
from django.db import transaction
from fractional_indexing import generate_n_keys_between
from msgspec import Raw

from accounts.models import User
from boards import bus, store
from boards.element import Element, parse
from boards.errors import BoardFull, ElementRefused
from boards.exchange import layout, pictures
from boards.exchange.document import Document, Fields
from boards.exchange.layout import Box
from boards.exchange.renaming import Names, new_id, renamed, with_files
from boards.models import Board
from boards.reconcile import may_follow

Refusal = dict[str, str]
NULL = Raw(b"null")
TRUE = Raw(b"true")
FRAMES = {b'"frame"', b'"magicframe"'}

# What Excalidraw fills in as well where an old or foreign file leaves it out.
_FILLED = {"version": b"1", "x": b"0", "y": b"0", "width": b"0", "height": b"0"}
_NUMBERS = ("strokeWidth", "roughness", "opacity")

_fields_of = msgspec.json.Decoder(dict[str, Raw]).decode


class Checked(NamedTuple):
    """Elements with different ids, in the order of the document, and what was not let in."""

    elements: list[Element]
    refused: list[Refusal]


def add(board: Board, user: User, document: Document, *, copy: bool = False) -> dict[str, Any]:
    """Bring a document to the board: what was added, updated, left as it was, refused.

    copy: with new ids and out of the way of what is there. A library always comes like this.
    Raises BoardFull, BoardFrozen, BoardGone; then nothing was written.
    """
    _refuse_too_many(document)
    brought = pictures.store_all(document.files)
    with transaction.atomic():
        file_names = pictures.add_all(board, user, brought)
        if document.items is not None:
            bodies = _library(document.items, scene_box(board))
        elif copy:
            bodies = _copy(document.elements, scene_box(board))
        else:
            bodies = iter(document.elements)
        checked = check(bodies, file_names)
        result = _merge(board, user, checked.elements)
    return result | {
        "kind": "scene" if document.items is None else "library",
        "items": None if document.items is None else len(document.items),
        "refused": brought.refused + checked.refused,
    }


def check(bodies: Iterable[bytes], file_names: dict[str, str] | None = None) -> Checked:
    """The elements as the board takes them. The second one of an id is another element: it gets its own."""
    elements: dict[str, Element] = {}
    refused: list[Refusal] = []
    for body in bodies:
        fields: Fields = {}
        try:
            fields = _completed(_read(body))
            element = parse(msgspec.json.encode(with_files(fields, file_names or {})))
            if element.id in elements:
                if elements[element.id].body == element.body:
                    continue
                element = parse(msgspec.json.encode({**fields, "id": _json(new_id())}))
        except ElementRefused as error:
            refused.append({"id": _id_in(fields), "code": error.code, "message": error.message})
            continue
        elements[element.id] = element
    return Checked(list(elements.values()), refused)


def scene_box(board: Board) -> Box | None:
    """What the live elements of the board cover."""
    bodies = board.elements.filter(is_deleted=False).values_list("body", flat=True)
    return layout.around(layout.box_of(body.encode()) for body in bodies)


def _refuse_too_many(document: Document) -> None:
    count = len(document.elements) + sum(map(len, document.items or ()))
    if count > store.LIVE_ELEMENTS_MAX:
        raise BoardFull(f"The document has {count} elements, {store.LIVE_ELEMENTS_MAX} are allowed.")


def _copy(bodies: Sequence[bytes], scene: Box | None) -> Iterator[bytes]:
    names = Names()
    live = (body for body in bodies if not _is_deleted(body))
    by = layout.beside(scene, layout.around(map(layout.box_of, live)))
    return (_changed(body, names, by) for body in bodies)


def _library(items: Sequence[Sequence[bytes]], scene: Box | None) -> Iterator[bytes]:
    boxes = [layout.around(map(layout.box_of, item)) for item in items]
    for item, by in zip(items, layout.grid(boxes, scene), strict=True):
        names, group = Names(), (new_id(),) if len(item) > 1 else ()
        for body in item:
            yield _changed(body, names, by, group)


def _changed(body: bytes, names: Names, by: tuple[float, float], group: Sequence[str] = ()) -> bytes:
    """A body with new ids at another place; one that cannot be read stays as it is and is refused later."""
    try:
        fields = _read(body)
    except ElementRefused:
        return body
    if bytes(fields.get("type", NULL)) in FRAMES or fields.get("frameId", NULL) != NULL:
        group = ()  # Excalidraw groups no frames: a frame is a group already
    return msgspec.json.encode(layout.moved(renamed(_completed(fields), names, group), by))


def _merge(board: Board, user: User, elements: Sequence[Element]) -> dict[str, Any]:
    Board.objects.select_for_update(no_key=True).filter(pk=board.pk).first()
    ids = [element.id for element in elements]
    versions = dict(board.elements.filter(element_id__in=ids).values_list("element_id", "version"))
    known = set(versions)
    wanted = [
        _within_reach(element, versions.get(element.id, 0))
        for element in elements
        if element.id in known or not element.is_deleted
    ]
    authors = dict.fromkeys(ids, user.pk)
    change = store.apply(board.pk, _in_order(board, wanted, known), authors)
    transaction.on_commit(lambda: bus.clock_moved(board.pk, change.clock))
    changed = [element.id for element in change.elements]
    return {
        "clock": change.clock,
        "added": sum(1 for element_id in changed if element_id not in known),
        "updated": sum(1 for element_id in changed if element_id in known),
        "unchanged": len(wanted) - len(changed),
        "added_ids": [element_id for element_id in changed if element_id not in known],
        "updated_ids": [element_id for element_id in changed if element_id in known],
    }


def _within_reach(element: Element, known: int) -> Element:
    """The element, as the version after `known` where its own is too far ahead for anybody to go on from."""
    if may_follow(known, element.version):
        return element
    return element.renewed(known, is_deleted=element.is_deleted)


def _in_order(board: Board, elements: Sequence[Element], known: set[str]) -> list[Element]:
    """Elements whose order is that of the document, the new ones on top where their places are taken.

    As Excalidraw does, the order in the file counts where it and the indexes differ. A place that is given to
    an element which the board did not know is no new version of it.
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


def _read(body: bytes) -> Fields:
    try:
        return _fields_of(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ElementRefused(f"The element is malformed: {error}.") from None


def _completed(fields: Fields) -> Fields:
    """Files of older Excalidraw releases lack what merging needs, and write some numbers as text."""
    changes = {name: Raw(value) for name, value in _FILLED.items() if name not in fields}
    if "id" not in fields:
        changes["id"] = _json(new_id())
    if bytes(fields.get("versionNonce", b"-")).startswith(
        b"-"
    ):  # none, or a negative one, which wins every tie
        changes["versionNonce"] = _json(secrets.randbelow(2**31))
    for name in _NUMBERS:
        if bytes(fields.get(name, NULL)).startswith(b'"'):
            changes[name] = _number(fields[name])
    return {**fields, **changes} if changes else fields


def _number(raw: Raw) -> Raw:
    try:
        return _json(float(msgspec.json.decode(raw)))
    except (ValueError, OverflowError):
        return raw


def _id_in(fields: Fields) -> str:
    found = msgspec.json.decode(fields["id"]) if "id" in fields else ""
    return found[:64] if isinstance(found, str) else ""


def _is_deleted(body: bytes) -> bool:
    try:
        return _read(body).get("isDeleted") == TRUE
    except ElementRefused:
        return False


def _json(value: object) -> Raw:
    return Raw(msgspec.json.encode(value))
