"""New ids for elements that are imported as a copy, in the elements and in all references between them. Pure."""

import secrets
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec import Raw

from boards.exchange.document import Fields

_ID_LENGTH = 21  # as Excalidraw's own
_FILE_ID_MAX = 64


def new_id() -> str:
    return secrets.token_urlsafe(16)[:_ID_LENGTH]


class IdMap(dict[str, str]):
    """Old id → new id, made by chance on first lookup.

    It has every id: a reference to an element that is not in the document gets a new id too, so that it cannot name
    an element of the board.
    """

    def __missing__(self, old: str) -> str:
        self[old] = found = new_id()
        return found


class PartialIdMap(IdMap):
    """An IdMap with new ids for some elements; all other ids map to themselves."""

    def __missing__(self, old: str) -> str:
        return old


def remapped(fields: Fields, ids: IdMap, outer_groups: Sequence[str] = ()) -> Fields:
    """The element with its own id and all references replaced.

    outer_groups: groups to add around its own. Malformed fields stay as they are; the element check refuses them.
    """
    changes = {
        name: _changed(fields[name], change, ids) for name, change in _REFERENCES.items() if name in fields
    }
    if outer_groups:
        groups = _decoded(changes.get("groupIds", Raw(b"null"))) or []
        if isinstance(groups, list):
            changes["groupIds"] = Raw(msgspec.json.encode([*groups, *outer_groups]))
    return {**fields, **changes}


def with_file_ids(fields: Fields, new_ids: dict[str, str]) -> Fields:
    """The element with its file_id replaced by that of new_ids; by null where it is too long for any file."""
    file_id = _decoded(fields["fileId"]) if "fileId" in fields else None
    if not isinstance(file_id, str) or (file_id not in new_ids and len(file_id) <= _FILE_ID_MAX):
        return fields
    return {**fields, "fileId": Raw(msgspec.json.encode(new_ids.get(file_id)))}


def _name(value: Any, ids: IdMap) -> Any:
    return ids[value] if isinstance(value, str) and value else value


def _names(value: Any, ids: IdMap) -> Any:
    return [_name(item, ids) for item in value] if isinstance(value, list) else value


def _bound(value: Any, ids: IdMap) -> Any:
    return [_under("id", item, ids) for item in value] if isinstance(value, list) else value


def _binding(value: Any, ids: IdMap) -> Any:
    return _under("elementId", value, ids)


def _custom(value: Any, ids: IdMap) -> Any:
    """The annotation of a generated picture names the frame that it was made from (`source`)."""
    if not isinstance(value, dict) or "atelier" not in value:
        return value
    return {**value, "atelier": _under("source", value["atelier"], ids)}


def _under(key: str, value: Any, ids: IdMap) -> Any:
    if not isinstance(value, dict) or key not in value:
        return value
    return {**value, key: _name(value[key], ids)}


_REFERENCES: dict[str, Callable[[Any, IdMap], Any]] = {
    "id": _name,
    "frameId": _name,
    "containerId": _name,
    "groupIds": _names,
    "boundElements": _bound,
    "startBinding": _binding,
    "endBinding": _binding,
    "customData": _custom,
}


def _changed(raw: Raw, change: Callable[[Any, IdMap], Any], ids: IdMap) -> Raw:
    before = _decoded(raw)
    after = change(before, ids)
    return raw if after == before else Raw(msgspec.json.encode(after))


def _decoded(raw: Raw) -> Any:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return None
