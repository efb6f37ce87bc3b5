"""Atelier's own data on an element, in `customData.atelier`: a frame's prompt, the job that made a picture.

Pages trust it although other clients wrote it, so a field has the type of FIELDS or is dropped.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from generation.checkpoints.kinds import KINDS

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


def _is(value: object, type_: Any) -> bool:
    try:
        msgspec.convert(value, type_)
    except msgspec.ValidationError:
        return False
    return True
