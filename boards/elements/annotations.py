"""What Atelier itself notes on an element, in `customData.atelier`: on frames their prompt, on pictures their origin.

Pages read it from elements that others wrote, so it has the shape that they expect, or is not there.
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


def repaired(note: object) -> dict[str, Any] | None:
    """The note without what is not of the type that a page expects; None when it is no note at all.

    Fields that this release does not know stay.
    """
    if not isinstance(note, dict):
        return None
    return {name: value for name, value in note.items() if name not in FIELDS or _is(value, FIELDS[name])}


def _is(value: object, type_: Any) -> bool:
    try:
        msgspec.convert(value, type_)
    except msgspec.ValidationError:
        return False
    return True
