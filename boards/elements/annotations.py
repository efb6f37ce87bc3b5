"""Atelier's own data on an element, in `customData.atelier`: a frame's prompt, the job that made a picture.

Pages trust it although other clients wrote it, so a field has the type of FIELDS or is dropped.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from generation.checkpoints.kinds import KINDS
from generation.checkpoints.limits import SEED_MAX

_Id = Annotated[str, Meta(max_length=64)]

FIELDS: Mapping[str, Any] = {
    "prompt": str,
    "kind": Literal[tuple(KINDS)],
    "strength": Annotated[float, Meta(ge=0, le=1)],
    "seed": int,
    "draft": bool,
    "job": _Id,
    "image": _Id,
    "source": _Id | None,
}


def repaired(annotation: object) -> dict[str, Any] | None:
    """The annotation without fields of a wrong type; None if it is no object. Fields that are not in FIELDS stay."""
    if not isinstance(annotation, dict):
        return None
    return {
        name: value for name, value in annotation.items() if name not in FIELDS or _is(value, FIELDS[name])
    }


class _Note(msgspec.Struct):
    seed: Annotated[int, Meta(ge=0, le=SEED_MAX)] | None = None


class _CustomData(msgspec.Struct):
    atelier: _Note | None = None


class _Annotated(msgspec.Struct, rename="camel"):
    custom_data: _CustomData | None = None


def seed_of(body: str) -> int | None:
    """The seed in the annotation of an element; None where there is none, or it is not valid."""
    try:
        found = msgspec.json.decode(body, type=_Annotated).custom_data
    except msgspec.ValidationError:
        return None
    return found.atelier.seed if found and found.atelier else None


def _is(value: object, type_: Any) -> bool:
    try:
        msgspec.convert(value, type_)
    except msgspec.ValidationError:
        return False
    return True
