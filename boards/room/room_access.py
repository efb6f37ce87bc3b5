"""The access of the sessions in one room: applied whenever it is read, and read again when it may have changed."""

import time
import uuid
from collections.abc import Callable

from boards.database.threads import in_thread
from boards.principal import Principal
from boards.room import access_check
from boards.room.access_check import BoardAccess
from boards.room.board_cache import BoardCache
from boards.room.fanout import Fanout
from boards.wire.protocol import Close


class RoomAccess:
    def __init__(
        self,
        board_id: uuid.UUID,
        fanout: Fanout,
        board: BoardCache,
        close_room: Callable[[int], None],
        refresh_soon: Callable[[], None],
    ) -> None:
        """close_room: called with a close code when the board is gone. refresh_soon: has the room read all again."""
        self._board_id = board_id
        self._fanout = fanout
        self._board = board
        self._close_room = close_room
        self._refresh_soon = refresh_soon
        self._changed_at = 0.0  # when it was last announced that access may have changed, monotonic seconds

    def principals(self) -> dict[str, Principal]:
        """Those of the sessions, by session id."""
        return {session_id: session.principal for session_id, session in self._fanout.sessions.items()}

    def receive_change(self) -> None:
        """Access may have changed: read it for all sessions. A session that is joining: see `receive_joining`."""
        self._changed_at = time.monotonic()
        self._refresh_soon()

    def receive_joining(self, *, frozen: bool, asked_at: float) -> None:
        """Apply what was read for a session that is joining; read it again if that was before the last change."""
        if asked_at <= self._changed_at:
            self._refresh_soon()
        elif frozen != self._board.frozen:
            self._board.frozen = frozen
            self._refresh_soon()  # the others are told

    def receive(self, access: BoardAccess | None, asked_at: float) -> None:
        """Apply what was read at this time, unless a later change is being read already."""
        if asked_at > self._changed_at and self.apply(access):
            self._refresh_soon()  # sessions are sent their roles, and a live redraw may have to end

    async def read(self) -> BoardAccess | None:
        """That of the sessions now; None if the board is gone."""
        checked = await in_thread(access_check.check, {self._board_id: self.principals()})
        return checked.get(self._board_id)

    def apply(self, access: BoardAccess | None) -> bool:
        """Close the sockets of sessions that lost their access. Returns True if something changed for the others."""
        if access is None:
            self._close_room(Close.NOT_FOUND)
            return False
        changed = access.frozen != self._board.frozen
        self._board.frozen = access.frozen
        for session_id, granted in access.sessions.items():
            session = self._fanout.sessions.get(session_id)
            if session is None:
                continue
            if isinstance(granted, Close):
                session.close(granted)
                continue
            changed = changed or granted.role != session.role
            session.role, session.principal = granted
        return changed
