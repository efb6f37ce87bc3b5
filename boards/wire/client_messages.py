"""Every JSON message that a client may send. Elements stay raw JSON; boards.elements.element looks into them."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Raw, Struct

Ref = Annotated[str, Meta(min_length=1, max_length=64)]
Coordinate = Annotated[float, Meta(ge=-1e9, le=1e9)]


class Message(Struct, tag_field="type"):
    """What a client may send."""


class Hello(Message, tag="hello"):
    protocol: int
    token: Annotated[str, Meta(max_length=200)] | None = None
    clock: Annotated[int, Meta(ge=0, le=2**53)] | None = None
    name: Annotated[str, Meta(max_length=200)] | None = None
    deflate: bool = False


class Push(Message, tag="push"):
    id: Ref
    elements: list[Raw]


class Pointer(Struct):
    x: Coordinate
    y: Coordinate
    tool: Literal["pointer", "laser"] = "pointer"


class Presence(Message, tag="presence", omit_defaults=True):
    pointer: Pointer | None = None
    button: Literal["up", "down"] | None = None
    selected: Annotated[list[Ref], Meta(max_length=200)] | None = None
    viewport: Annotated[list[Coordinate], Meta(min_length=4, max_length=4)] | None = None
    idle: Literal["active", "idle", "away"] | None = None


REGION_SIDE_MAX = 1e6


class Region(Struct):
    x: Coordinate
    y: Coordinate
    width: Annotated[float, Meta(gt=0, le=REGION_SIDE_MAX)]
    height: Annotated[float, Meta(gt=0, le=REGION_SIDE_MAX)]


class Generate(Message, tag="generate"):
    id: Ref
    params: dict[str, Any]
    frame: Ref | None = None
    region: Region | None = None
    placement: Literal["beside", "inside", "stage"] = "beside"


class Cancel(Message, tag="cancel"):
    id: Ref
    job: Annotated[str, Meta(max_length=36)]


class LiveStart(Message, tag="live.start"):
    """Redraw this frame while I draw; again for the same frame: with these params from now on."""

    id: Ref
    params: dict[str, Any]
    frame: Ref


class LiveStop(Message, tag="live.stop"):
    id: Ref | None = None
    frame: Ref | None = None


class Ping(Message, tag="ping"):
    id: str | int | None = None


ClientMessage = Hello | Push | Presence | Generate | Cancel | LiveStart | LiveStop | Ping
