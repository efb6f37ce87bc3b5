"""The first messages to a session that joins: the state of the board, and the scene in pieces."""

from collections.abc import Mapping, Sequence

from boards.room import board_state
from boards.room.board_cache import BoardCache
from boards.room.live import LiveBoard
from boards.room.scene_snapshot import SceneSnapshot
from boards.room.session import RoomSession
from boards.wire import protocol, server_messages
from boards.wire.frames import Packet
from boards.wire.server_messages import Collaborator, Synced, Welcome, You, encode, encoded


def packets(
    session: RoomSession,
    since: int | None,
    snapshot: SceneSnapshot,
    later: Sequence[bytes],
    clock: int,
    board: BoardCache,
    live: LiveBoard,
    roster: Mapping[str, bytes],
) -> list[Packet]:
    """The `welcome` with the first piece of the snapshot; its other pieces and what is later, as patches; `synced`.

    since: the clock that the client has seen; None if it gets the whole scene. later: bodies of what changed since
    the snapshot was taken. clock: the scene's, with all of that.
    """
    pack = Packet.deflated if session.deflate else Packet.of
    rest = snapshot.rest(deflate=session.deflate)
    if later:
        rest = rest + [pack(server_messages.patch(0, chunk)) for chunk in protocol.chunks(later)]
    welcome = Welcome(
        protocol=protocol.VERSION,
        session=session.id,
        you=You(session.who.id, session.who.name, session.who.color, session.role),
        frozen=board.frozen,
        clock=(since or 0) if rest else clock,
        complete=since is None,
        more=bool(rest),
        background=board.background,
        limits=board_state.LIMITS,
        live=live.described,
        files=board.files,
        collaborators=encoded(roster, Collaborator),
        jobs=list(board.jobs.values()),
        elements=[],
    )
    head = server_messages.welcome_head(welcome)
    first = snapshot.welcome(head, deflate=session.deflate)
    if not rest:
        return [first]
    return [first, *rest, Packet.of(encode(Synced(clock=clock)))]
