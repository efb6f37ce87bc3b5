"""Every JSON message that the server sends to a client.

The structs declare what arrives. On hot paths the JSON of elements and of people is built once and joined as
bytes, by the functions at the end.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, TypeVar, cast

import msgspec
from msgspec import Meta, Raw, Struct
from typing_extensions import TypedDict

from boards.models import Role as BoardRole
from boards.wire.client_messages import Coordinate, Params, Presence

T = TypeVar("T")


JobDescription = Annotated[Mapping[str, Any], Meta(extra_json_schema={"x-http-type": "JobDescription"})]
"""As boards.jobs.board_jobs declares it and docs/openapi.json describes it."""


Role = Annotated[BoardRole, Meta(extra_json_schema={"$ref": "#/components/schemas/Role"})]


class FileDescription(TypedDict):
    """What a client needs to show a picture of a board."""

    url: str
    mime_type: str
    width_px: int
    height_px: int


class WireElement(Struct, rename="camel"):
    """An element as it travels: what merging needs, beside all other fields of its Excalidraw type."""

    id: str
    type: str
    version: int
    version_nonce: int
    index: str
    is_deleted: bool = False


class Person(Struct, frozen=True):
    """id: of the account or guest, else of the room session. color: a CSS colour."""

    id: str
    name: str
    color: str


class You(Person, frozen=True):
    """The person that a room session belongs to, and what they may do on the board."""

    role: Role


class CollaboratorPointer(Struct, frozen=True):
    """Where the pointer of another person is, in scene coordinates."""

    x: Coordinate
    y: Coordinate
    tool: Literal["pointer", "laser"]


class Collaborator(Person, frozen=True, omit_defaults=True):
    """A person on the board, with what their page last sent in `presence`."""

    pointer: CollaboratorPointer | None = None
    button: Literal["up", "down"] | None = None
    selected: list[str] | None = None
    viewport: list[Coordinate] | None = None
    idle: Literal["active", "idle", "away"] | None = None


class Limits(Struct, frozen=True):
    """How much a client may send."""

    max_elements_per_push: int
    max_push_bytes: int
    max_live_elements: int
    max_file_bytes: int
    prompt_max: int


class Refusal(Struct, frozen=True):
    """Why an element of a push is not stored. `id`: of the element; empty where it has none."""

    id: str
    code: str
    message: str


class LiveHost(Person, frozen=True):
    """The person who switched live redraw on, and the room session that sends the live frames."""

    session: str


class LiveRun(Struct, frozen=True):
    """The frame that is redrawn while somebody draws. `run`: its number, on every live frame and picture."""

    run: int
    frame: str
    host: LiveHost
    params: Params


LiveEnd = Literal["stopped", "host_left", "no_worker", "no_answer", "failed", "refused"]


class Message(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """A message of the server. Fields that are None by default are left out."""


class Welcome(Message, frozen=True, tag="welcome"):
    """The answer to `hello`. `complete`: start over with these elements and this clock, also where they are older
    than what you saw: that was taken back; otherwise they are what changed since your clock. `more: true`: `patch`
    messages follow, then `synced`. `background`: the colour behind the scene. Running jobs have
    a `preview_url` besides: the newest preview. `frozen`: a moderator stopped all changes.
    """

    protocol: int
    session: str
    you: You
    frozen: bool
    clock: int
    complete: bool
    more: bool
    background: str
    limits: Limits
    live: LiveRun | None
    files: Mapping[str, FileDescription]
    collaborators: Mapping[str, Collaborator]
    jobs: list[JobDescription]
    elements: list[WireElement]
    """The last field: its items are joined to an encoded welcome."""


class Patch(Message, frozen=True, tag="patch"):
    """Changed elements, merged over one tick. What you pushed yourself is left out, unless the server gave it another
    `index` (then its version is higher than yours) or you asked for `deflate`.
    """

    clock: int
    elements: list[WireElement]


class Synced(Message, frozen=True, tag="synced"):
    """The scene is complete as of this clock: the last `patch` after a welcome with `more` has been sent."""

    clock: int


class Ack(Message, frozen=True, tag="ack"):
    """The push `ref` is committed: what is not refused survives any crash."""

    ref: str
    clock: int
    refused: list[Refusal]


class PresenceUpdate(Message, frozen=True, tag="presence"):
    """What changed about people, by room session; null: left. Your own session may be among them."""

    users: Mapping[str, Collaborator | None]


class FilesAdded(Message, frozen=True, tag="file"):
    """New files of the board, by `file_id`."""

    files: Mapping[str, FileDescription]


class JobUpdate(Message, frozen=True, tag="job"):
    """A job changed, or has a new picture: all of it, as the HTTP API describes it. An image's `standing`:
    `placed`, or, of pictures to choose from (`placement: "stage"`), `candidate`, `kept`, `discarded`.
    """

    job: JobDescription


class Progress(Message, frozen=True, tag="progress"):
    """How far a running job is. Lossy: slow clients do not get all of them. `preview_url`: a data URL, or null when
    there is no new preview.
    """

    job: str
    step: int
    steps: int
    preview_url: str | None


class LiveUpdate(Message, frozen=True, tag="live"):
    """Live redraw began, changed its params, or ended: then `live` is null, with the `reason` and perhaps `by` (a
    name) or `message`.
    """

    live: LiveRun | None
    reason: LiveEnd | None = None
    by: str | None = None
    message: str | None = None


class BoardUpdate(Message, frozen=True, tag="board"):
    """Something about the board changed. `role`: yours. `background`: the colour behind the scene, which those who
    may edit set by `PATCH /api/v1/boards/{board}`.
    """

    title: str
    frozen: bool
    background: str
    role: Role


class ErrorMessage(Message, frozen=True, tag="error"):
    """A message was refused; the socket lives. `ref`: its `id`, if it had one. `scope_required`: the key lacks a
    scope. `overloaded`: Postgres has been away for long; keep the push `ref` and send it again.
    """

    code: str
    message: str
    ref: str | None = None
    retry_after_seconds: float | None = None


class Resync(Message, frozen=True, tag="resync"):
    """Start over: `hello` with your clock."""


class Pong(Message, frozen=True, tag="pong"):
    """The answer to `ping`, with its `id`."""

    id: str | int | None


ServerMessage = (
    Welcome
    | Patch
    | Synced
    | Ack
    | PresenceUpdate
    | FilesAdded
    | JobUpdate
    | Progress
    | LiveUpdate
    | BoardUpdate
    | ErrorMessage
    | Resync
    | Pong
)

_encode = msgspec.json.Encoder().encode


def encode(message: Message | Person) -> bytes:
    return _encode(message)


def encoded(entries: Mapping[str, bytes], of: type[T]) -> Mapping[str, T]:
    """Values whose JSON exists already, to stand in a message that is going to be encoded and nothing else."""
    return cast(Mapping[str, T], {key: Raw(json) for key, json in entries.items()})


# --- messages that are joined from bytes ---------------------------------------------------------------------

WELCOME_END = b"]}"


def welcome_head(welcome: Welcome) -> bytes:
    """A welcome without elements, as far as they begin: bodies with commas between them follow, then WELCOME_END."""
    return _encode(welcome)[: -len(WELCOME_END)]


def patch(clock: int, bodies: Iterable[bytes]) -> bytes:
    """A Patch. bodies: the JSON of each element."""
    return b'{"type":"patch","clock":%d,"elements":[' % clock + b",".join(bodies) + b"]}"


_PRESENCE_HEAD = len(_encode(Presence())) - 1  # {"type":"presence" stands first


def with_presence(person: bytes, presence: Presence) -> bytes:
    """The JSON of a Collaborator. person: the JSON of the Person."""
    return person[:-1] + _encode(presence)[_PRESENCE_HEAD:]


def presence(users: Mapping[str, bytes | None]) -> bytes:
    """A PresenceUpdate. users: session → the JSON of a Collaborator, None for one that left."""
    entries = (b'"%s":%s' % (session.encode(), entry or b"null") for session, entry in users.items())
    return b'{"type":"presence","users":{' + b",".join(entries) + b"}}"
