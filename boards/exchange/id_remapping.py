"""New ids for elements that are brought as a copy, the same everywhere that one element names another. Pure."""

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
    """Old id → new id, made when it is first asked for.

    Total on purpose: an id that names nothing in the document gets a new one too, so that it cannot
    happen to name something on the board.
    """

    def __missing__(self, old: str) -> str:
        self[old] = found = new_id()
        return found


class PartialIdMap(IdMap):
    """New ids for some; all others stay as they are."""

    def __missing__(self, old: str) -> str:
        return old


def remapped(fields: Fields, names: IdMap, outer_groups: Sequence[str] = ()) -> Fields:
    """An element with all its ids replaced, as a member of further groups around its own.

    What is malformed stays as it is: checking the element refuses it.
    """
    changes = {
        name: _changed(fields[name], change, names) for name, change in _REFERENCES.items() if name in fields
    }
    if outer_groups:
        groups = _decoded(changes.get("groupIds", Raw(b"null"))) or []
        if isinstance(groups, list):
            changes["groupIds"] = Raw(msgspec.json.encode([*groups, *outer_groups]))
    return {**fields, **changes}


def with_file_ids(fields: Fields, names: dict[str, str]) -> Fields:
    """An element whose picture goes by another file_id here; or by none, where no picture could have its name."""
    file_id = _decoded(fields["fileId"]) if "fileId" in fields else None
    if not isinstance(file_id, str) or (file_id not in names and len(file_id) <= _FILE_ID_MAX):
        return fields
    return {**fields, "fileId": Raw(msgspec.json.encode(names.get(file_id)))}


def _name(value: Any, names: IdMap) -> Any:
    return names[value] if isinstance(value, str) and value else value


def _names(value: Any, names: IdMap) -> Any:
    return [_name(item, names) for item in value] if isinstance(value, list) else value


def _bound(value: Any, names: IdMap) -> Any:
    return [_under("id", item, names) for item in value] if isinstance(value, list) else value


def _binding(value: Any, names: IdMap) -> Any:
    return _under("elementId", value, names)


def _custom(value: Any, names: IdMap) -> Any:
    """Our own note on a generated picture names the frame that it came from."""
    if not isinstance(value, dict) or "atelier" not in value:
        return value
    return {**value, "atelier": _under("source", value["atelier"], names)}


def _under(key: str, value: Any, names: IdMap) -> Any:
    if not isinstance(value, dict) or key not in value:
        return value
    return {**value, key: _name(value[key], names)}


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


def _changed(raw: Raw, change: Callable[[Any, IdMap], Any], names: IdMap) -> Raw:
    before = _decoded(raw)
    after = change(before, names)
    return raw if after == before else Raw(msgspec.json.encode(after))


def _decoded(raw: Raw) -> Any:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return None
