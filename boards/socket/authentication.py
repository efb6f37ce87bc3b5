"""Who may come in. Those who ask while the database is being asked are answered together by the next visit:
two queries for a crowd with keys, and one trip to a thread.
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
from boards.sharing import links

AT_ONCE = 64
"""Answered by one visit, so that the first of a crowd need not wait for the last."""


class Request(NamedTuple):
    """What somebody shows at the door of a board: a token, else the cookie of a session."""

    board_id: uuid.UUID
    token: str | None
    cookie: str | None


class Admission(NamedTuple):
    """Who it is, what they may do, and the board's pruned clock."""

    principal: Principal
    role: Role
    pruned_clock: int


async def ask(request: Request) -> Admission:
    """Raises Unauthenticated, BoardGone."""
    desk = _desks.setdefault(asyncio.get_running_loop(), Desk())
    return await desk.ask(request)


class Desk:
    """Of one event loop."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Request, asyncio.Future[Admission]]] = []
        self._serving: asyncio.Task[None] | None = None

    async def ask(self, request: Request) -> Admission:
        answer: asyncio.Future[Admission] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, answer))
        if self._serving is None:
            self._serving = asyncio.ensure_future(self._serve())
        return await answer

    async def _serve(self) -> None:
        try:
            while self._waiting:
                asked, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
                await self._answer(asked)
        finally:
            self._serving = None

    async def _answer(self, asked: Sequence[tuple[Request, asyncio.Future[Admission]]]) -> None:
        answers: Sequence[Admission | Exception]
        try:
            answers = await in_thread(decide, [request for request, _ in asked])
        except Exception as error:  # the database is away: each of them hears so
            answers = [error] * len(asked)
        for (_, future), answer in zip(asked, answers, strict=True):
            if future.done():
                continue  # its socket has ended meanwhile
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)


_desks: WeakKeyDictionary[asyncio.AbstractEventLoop, Desk] = WeakKeyDictionary()


def decide(requests: Sequence[Request]) -> list[Admission | BoardError]:
    """An answer for each, in order; what refuses one stands in its place."""
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
                else Admission(principal, answer[1], answer[0].pruned_clock)
            )
    return [answer for answer in answers if answer is not None]


def _principal(request: Request, keys: dict[str, ApiKey]) -> Principal:
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
