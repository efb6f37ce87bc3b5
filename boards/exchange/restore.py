"""Restores the elements of a file before the board checks them, as Excalidraw's `restore` does when it opens one. Pure.

First each element by itself (repair, labels, oversized), then the references between them: duplicate ids, frames that
do not exist, bindings that only one side has. An element is decoded, repaired and encoded again before the next one is
read, so that a large file is never in memory as Python objects as a whole.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

from boards.errors import ElementRefused
from boards.exchange import labels, oversized, repair
from boards.exchange.import_notes import Notes, Refusal
from boards.exchange.repair import Values

BODY_MAX_BYTES = 8 * 1024 * 1024
"""Size of one element in the file: hours of one stroke."""
NOTHING: frozenset[str] = frozenset()

_decode = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.encode


class RestoredElements(NamedTuple):
    """The outcome of restoring a list of elements.

    bodies: JSON of elements with different ids, in drawing order. refused: entries that are no element, or have no place.
    """

    bodies: list[bytes]
    refused: list[Refusal]


class _Part(msgspec.Struct):
    """An element, and its references to others."""

    id: str
    type: str
    is_deleted: bool
    body: bytes
    frame: str | None
    container: str | None
    bound: list[dict[str, str]] | None
    ends: dict[str, str]
    """Ids of the elements that startBinding and endBinding name."""
    unsized: bool
    """True for a text in a container without a size."""


def restore_elements(
    bodies: Iterable[bytes], notes: Notes, here: Collection[str] = NOTHING
) -> RestoredElements:
    """The elements of one scene or library item. here: ids of elements on the board, to which they may refer."""
    parts: dict[str, _Part] = {}
    refused: list[Refusal] = []
    for number, body in enumerate(bodies):
        for part in _read(body, number, notes, refused):
            _add(parts, part)
    _repair_references(parts, here)
    return RestoredElements([part.body for part in _in_order(parts)], refused)


def _read(body: bytes, number: int, notes: Notes, refused: list[Refusal]) -> Iterator[_Part]:
    """The elements that one entry of a file's list becomes: none, one, or several."""
    raw: Values = {}
    try:
        raw = _decoded(body)
        if raw.get("type") == "selection":
            return  # the rectangle of an ongoing selection, not an element
        element = repair.repaired(raw, repair.stable_id("nameless", number, body), notes)
        whole = [element] if element["isDeleted"] else labels.with_label_text(element, raw, notes)
        for each in whole:
            yield from map(_part, oversized.split(each, notes))
    except repair.Invisible:
        notes.count("invisible")
    except ElementRefused as error:
        if body != b"null" and not repair.is_deleted(raw):
            refused.append(
                Refusal(id=repair.valid_id(raw.get("id")) or "", code=error.code, message=error.message)
            )


def _decoded(body: bytes) -> Values:
    if len(body) > BODY_MAX_BYTES:
        raise ElementRefused(f"It has {len(body):,} bytes, {BODY_MAX_BYTES:,} are allowed.")
    try:
        values = _decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise ElementRefused("It is not an element of a drawing.") from None
    return _without_nul(values) if b"u0000" in body else values


def _without_nul(value: Any) -> Any:
    """The value without NUL characters, which Postgres does not store."""
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, list):
        return [_without_nul(item) for item in value]
    if isinstance(value, dict):
        return {_without_nul(name): _without_nul(item) for name, item in value.items()}
    return value


def _part(element: Values) -> _Part:
    is_text = element["type"] == "text"
    named = ("startBinding", "endBinding") if element["type"] == "arrow" else ()
    return _Part(
        id=element["id"],
        type=element["type"],
        is_deleted=element["isDeleted"],
        body=_encode(element),
        frame=element["frameId"],
        container=element["containerId"] if is_text else None,
        bound=element["boundElements"],
        ends={name: element[name]["elementId"] for name in named if element[name]},
        unsized=is_text and not (element["width"] and element["height"]),
    )


def _add(parts: dict[str, _Part], part: _Part) -> None:
    """Add a part. A second live element of the same id gets another one; a tombstone beside a live element is dropped."""
    first = parts.get(part.id)
    if first is None or first.is_deleted:
        parts[part.id] = part
    elif not part.is_deleted and part.body != first.body:
        number = 2
        while (new_id := repair.stable_id("again", part.id, number)) in parts:
            number += 1
        parts[new_id] = _changed(part, {"id": new_id})


def _repair_references(parts: dict[str, _Part], here: Collection[str]) -> None:
    """Make the references between the elements agree, as Excalidraw's `repairBindings` does."""
    known = {part.id for part in parts.values() if not part.is_deleted}.union(here)
    for element_id in parts:
        part = parts[element_id]
        if part.frame is not None and part.frame not in known:
            part = _update(parts, part, {"frameId": None})
        if part.container is not None:
            _repair_text(parts, part, known)
        elif part.bound:
            _repair_container(parts, part, known)
        if gone := [name for name, target in part.ends.items() if target not in known]:
            _update(parts, parts[element_id], dict.fromkeys(gone))
    for element_id in parts:
        if parts[element_id].unsized and not parts[element_id].is_deleted:
            _measure(parts, parts[element_id])


def _repair_text(parts: dict[str, _Part], text: _Part, known: Collection[str]) -> None:
    container = parts.get(text.container or "")
    if container is None:
        if text.container not in known:
            _update(parts, text, {"containerId": None})
    elif not text.is_deleted and container.bound is not None and text.id not in _ids(container.bound):
        _update(parts, container, {"boundElements": [*container.bound, {"type": "text", "id": text.id}]})


def _repair_container(parts: dict[str, _Part], container: _Part, known: Collection[str]) -> None:
    bound = {item["id"]: item for item in reversed(container.bound or []) if item["id"] in known}
    kept = [bound[each] for each in dict.fromkeys(_ids(container.bound or [])) if each in bound]
    if kept != container.bound:
        _update(parts, container, {"boundElements": kept})
    for item in kept:
        text = parts.get(item["id"])
        if text is not None and text.type == "text" and text.container is None:
            _update(parts, text, {"containerId": container.id})


def _measure(parts: dict[str, _Part], part: _Part) -> None:
    text = _decode(part.body)
    container = parts.get(part.container or "")
    if container is None or container.type not in labels.CONTAINERS:
        _update(parts, part, repair.measured_text(text))
        return
    changes, box = labels.fit(text, _decode(container.body))
    _update(parts, part, changes)
    if box:
        _update(parts, container, box)


def _update(parts: dict[str, _Part], part: _Part, changes: Values) -> _Part:
    parts[part.id] = changed = _changed(part, changes)
    return changed


def _changed(part: _Part, changes: Values) -> _Part:
    return _part(_decode(part.body) | changes)


def _ids(bound: Iterable[dict[str, str]]) -> list[str]:
    return [item["id"] for item in bound]


def _in_order(parts: dict[str, _Part]) -> Iterator[_Part]:
    """The parts with each text after its container: Excalidraw throws where an arrow's label comes before the arrow."""
    waiting: dict[str, list[_Part]] = {}
    seen: set[str] = set()
    for part in parts.values():
        if part.container in parts and part.container not in seen and part.container != part.id:
            waiting.setdefault(part.container or "", []).append(part)
            continue
        seen.add(part.id)
        yield part
        yield from waiting.pop(part.id, ())
    for texts in waiting.values():
        yield from texts
