"""Authenticates sockets: by a token, else by the cookie of a session; and reads their access to the board.

Requests that come while one query runs are answered together by the next: two queries for a crowd with keys, and one
trip to a thread.
"""

import asyncio
import uuid
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple
from weakref import WeakKeyDictionary

from accounts import api_keys, sessions
from accounts.models import ApiKey
from boards import access, scopes
from boards.access import Act
from boards.database.threads import in_thread
from boards.errors import BoardError, Unauthenticated
from boards.models import Role
from boards.principal import NOBODY, Principal, by_api_key
from boards.room.access_check import BoardReading
from boards.sharing import links

BATCH_MAX = 64
"""Answered by one query, so that the first of a crowd need not wait for the last."""


class AdmissionRequest(NamedTuple):
    """token, cookie: as the client sent them; the cookie counts only without a token."""

    board_id: uuid.UUID
    token: str | None
    cookie: str | None


class Admission(NamedTuple):
    """The principal, its role on the board, and what was read of the board with them."""

    principal: Principal
    role: Role
    board: BoardReading


async def authenticate(request: AdmissionRequest) -> Admission:
    """Raises Unauthenticated, ScopeRequired, BoardGone; what the database raises when it is away."""
    authenticator = _authenticators.setdefault(asyncio.get_running_loop(), BatchAuthenticator())
    return await authenticator.authenticate(request)


class BatchAuthenticator:
    """Batches the requests of one event loop: while one batch is answered, the next one is collected."""

    def __init__(self) -> None:
        self._waiting: list[tuple[AdmissionRequest, asyncio.Future[Admission]]] = []
        self._running: asyncio.Task[None] | None = None

    async def authenticate(self, request: AdmissionRequest) -> Admission:
        answer: asyncio.Future[Admission] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, answer))
        if self._running is None:
            self._running = asyncio.ensure_future(self._run())
        return await answer

    async def _run(self) -> None:
        try:
            while self._waiting:
                asked, self._waiting = self._waiting[:BATCH_MAX], self._waiting[BATCH_MAX:]
                await self._answer(asked)
        finally:
            self._running = None

    async def _answer(self, asked: Sequence[tuple[AdmissionRequest, asyncio.Future[Admission]]]) -> None:
        answers: Sequence[Admission | Exception]
        try:
            answers = await in_thread(authenticate_each, [request for request, _ in asked])
        except Exception as error:  # the database is away: raised for each request
            answers = [error] * len(asked)
        for (_, future), answer in zip(asked, answers, strict=True):
            if future.done():
                continue  # its socket is gone
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)


_authenticators: WeakKeyDictionary[asyncio.AbstractEventLoop, BatchAuthenticator] = WeakKeyDictionary()


def authenticate_each(requests: Sequence[AdmissionRequest]) -> list[Admission | BoardError]:
    """The answer to each, in order; the error of one that is refused stands in its place."""
    keys = api_keys.find_each(request.token for request in requests if request.token)
    answers: list[Admission | BoardError | None] = [None] * len(requests)
    shown: defaultdict[uuid.UUID, dict[int, Principal]] = defaultdict(dict)
    for number, request in enumerate(requests):
        try:
            principal = _principal(request, keys)
            scopes.check(principal, "hello")
            shown[request.board_id][number] = principal
        except BoardError as error:
            answers[number] = error
    for board_id, principals in shown.items():
        found = access.find_each(list(principals.values()), board_id, Act.SEE)
        for (number, principal), answer in zip(principals.items(), found, strict=True):
            answers[number] = (
                answer
                if isinstance(answer, BoardError)
                else Admission(principal, answer[1], BoardReading(answer[0].frozen, answer[0].pruned_clock))
            )
    return [answer for answer in answers if answer is not None]


def _principal(request: AdmissionRequest, keys: dict[str, ApiKey]) -> Principal:
    """By the token, else by the session. Raises Unauthenticated."""
    if request.token is None:
        return _by_cookie(request.cookie)
    if (key := keys.get(request.token)) is not None:
        return by_api_key(key)
    if (link := links.find(request.token)) is not None:
        return Principal(share_link=link)
    raise Unauthenticated("The token is not valid or no longer valid.")


def _by_cookie(cookie: str | None) -> Principal:
    user = sessions.find_user(cookie)
    return Principal(user, session_key=cookie) if user is not None else NOBODY
