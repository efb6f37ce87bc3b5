"""Every JSON message that a client may send. Elements stay raw JSON; boards.elements.element looks into them."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Raw, Struct

REGION_SIDE_MAX = 1e6

Ref = Annotated[str, Meta(min_length=1, max_length=64)]
Coordinate = Annotated[float, Meta(ge=-1e9, le=1e9)]
RawElement = Annotated[Raw, Meta(extra_json_schema={"$ref": "#/components/schemas/WireElement"})]
Params = Annotated[dict[str, Any], Meta(extra_json_schema={"x-http-type": "ParamsDescription"})]
"""Of a job, as docs/openapi.json describes them."""


class Message(Struct, tag_field="type"):
    """What a client may send."""


class Hello(Message, tag="hello"):
    """The first message, within 5 s. `protocol`: 1. `clock`: the last one seen. `token`: an API key, or the token of a
    share link. `name`: for link tokens. `deflate`: send deflated frames too (see below).
    """

    protocol: int
    token: Annotated[str, Meta(max_length=200)] | None = None
    clock: Annotated[int, Meta(ge=0, le=2**53)] | None = None
    name: Annotated[str, Meta(max_length=200)] | None = None
    deflate: bool = False


class Push(Message, tag="push"):
    """New and changed elements: at most 500, the whole message at most 256 KiB. The answer is `ack` or `error`."""

    id: Ref
    elements: list[RawElement]


class Pointer(Struct):
    """Where a pointer is, in scene coordinates."""

    x: Coordinate
    y: Coordinate
    tool: Literal["pointer", "laser"] = "pointer"


class Presence(Message, tag="presence", omit_defaults=True):
    """What others see of this person. The newest wins. `selected`: ids of elements. `viewport`: [x1, y1, x2, y2]."""

    pointer: Pointer | None = None
    button: Literal["up", "down"] | None = None
    selected: Annotated[list[Ref], Meta(max_length=200)] | None = None
    viewport: Annotated[list[Coordinate], Meta(min_length=4, max_length=4)] | None = None
    idle: Literal["active", "idle", "away"] | None = None


class Region(Struct):
    """A rectangle of the scene, in scene coordinates."""

    x: Coordinate
    y: Coordinate
    width: Annotated[float, Meta(gt=0, le=REGION_SIDE_MAX)]
    height: Annotated[float, Meta(gt=0, le=REGION_SIDE_MAX)]


class Generate(Message, tag="generate"):
    """Ask for pictures of a `frame` (the id of a frame or picture) or a `region`. Kinds that need the board's picture
    get it drawn by the server, as of the last `ack`. `view`: what you see; a free place in it is preferred. The answer is `job` or `error`.
    """

    id: Ref
    params: Params
    frame: Ref | None = None
    region: Region | None = None
    placement: Literal["beside", "inside", "stage", "in_place"] | None = None
    view: Region | None = None


class Cancel(Message, tag="cancel"):
    """Take back a job. The answer is `job` or `error`."""

    id: Ref
    job: Annotated[str, Meta(max_length=36)]


class LiveStart(Message, tag="live.start"):
    """Redraw this `frame` while somebody draws. From the host again with the same frame: with these `params` from now
    on. The answer is `live` or `error`.
    """

    id: Ref
    params: Params
    frame: Ref


class LiveStop(Message, tag="live.stop"):
    """Stop redrawing. `frame`: only if it is this one."""

    id: Ref | None = None
    frame: Ref | None = None


class Ping(Message, tag="ping"):
    """Answered by `pong` with the same `id`."""

    id: str | int | None = None


ClientMessage = Hello | Push | Presence | Generate | Cancel | LiveStart | LiveStop | Ping
