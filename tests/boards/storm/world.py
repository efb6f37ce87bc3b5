"""A board, its processes and its pages, everything that can happen to them, and what must hold."""

import asyncio
import itertools
import random
import sys
import uuid
from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from django.db import OperationalError

from boards import announce
from boards.elements import element, store
from boards.elements.reconcile import free_index
from boards.errors import BoardError
from boards.room import access_check, board_state
from boards.wire.peer_messages import BoardChanged, ClockMoved, PeerMessage
from tests.boards.storm.bus import LossyLayer
from tests.boards.storm.clock import SimulatedLoop, SimulatedTime
from tests.boards.storm.editor import Editor, Seen, body
from tests.boards.storm.memory import MemoryStore
from tests.boards.storm.process import Line, Process
from tests.boards.storm.rules import Rules, Violation

BOTS_FROM_SEED = 100_000
"""From this seed on some of the editors are programs that send the same nonce with every version."""
CATCH_UP_SECONDS = 5.0
"""So long after the last fault everybody must see the same."""


class World:
    def __init__(self, seed: int, loop: SimulatedLoop, trace: Callable[[str], None] | None = None) -> None:
        self._trace = trace
        self.calm = False  # whoever loses the line comes back for sure
        self.random = random.Random(seed)
        self.loop = loop
        self.board_id = uuid.UUID(int=seed + 1)
        self.store = MemoryStore(self.board_id)
        self.layer = LossyLayer(self.random)
        self.sessions = itertools.count(1)
        self.processes = [Process(self) for _ in range(self.random.choice((1, 1, 2, 2, 3)))]
        self.lines: dict[str, Line] = {}  # name of an editor → its line
        self.problems: list[BaseException] = []  # what was raised where nobody waits for it
        self.counts: Counter[str] = Counter()
        self.drawn: list[Seen] = []  # every edit that anybody made
        self.rules = Rules(self.store, self.drawn)
        self._nonces = itertools.cycle([7, None, 7] if seed >= BOTS_FROM_SEED else [None])
        self._names = itertools.count(1)
        self._elements = itertools.count(1)
        self._down_until = 0.0
        self._unsure_until = 0.0
        self.editors = [self._editor() for _ in range(self.random.randint(2, 5))]
        # What a process told and a frozen board then refuses stays on the pages that saw it, if the process died
        # in between: nobody is left to take it back. RM12 says so, and no storm has both.
        never = World.kill if seed % 4 == 0 else World.freeze
        self._acts = [act for act, _ in _ACTS if act is not never]
        self._weights = [weight for act, weight in _ACTS if act is not never]

    # --- doors -----------------------------------------------------------------------------------------

    def stub_doors(self) -> Callable[[], None]:
        """Put this world where time, threads, chance and Redis are. Returns the way back."""
        stubs = {
            "time": SimulatedTime(self.loop),
            "secrets": SimpleNamespace(randbelow=self.random.randrange),
            "in_thread": self.in_thread,
            "in_access_thread": self.in_thread,
            "_in_thread": self.in_live_thread,
            "get_channel_layer": lambda: self.layer,
        }
        doors = [
            (module, door, getattr(module, door))
            for name, module in sys.modules.items()
            if name.startswith("boards.")
            for door in stubs.keys() & vars(module).keys()
        ]
        for module, door, _ in doors:
            setattr(module, door, stubs[door])

        def back() -> None:
            for module, door, real in doors:
                setattr(module, door, real)

        return back

    async def in_thread(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """A thread's work on Postgres: it goes on when nobody waits for it any more."""
        answer: asyncio.Future[Any] = self.loop.create_future()
        self.loop.call_later(self.random.random() * 0.01, self._work, answer, function, arguments)
        return await answer

    async def in_live_thread(self, function: Callable[..., Any], *arguments: Any) -> None:
        """What Redis keeps of the live frame: nothing, for nobody has one."""
        await asyncio.sleep(0.005)

    def _work(
        self, answer: "asyncio.Future[Any]", function: Callable[..., Any], arguments: tuple[Any, ...]
    ) -> None:
        mine: dict[Any, Callable[..., Any]] = {
            store.apply: self.store.apply,
            store.snapshot: self.store.snapshot,
            store.changes_since: self.store.changes_since,
            store.clocks: self.store.clocks,
            board_state.read: self.store.state,
            board_state.read_anew: self.store.state_anew,
            access_check.check: self.store.access,
        }
        now = self.loop.time()
        try:
            if now < self._down_until:
                raise OperationalError("Postgres is away.")
            before = self.store.clock
            found = mine[function](*arguments)
            if function is store.apply:
                self.say(f"store {before} → {found}")
            if self.store.clock != before:
                self.rules.commit(before)
            if now < self._unsure_until and self.random.random() < 0.5:
                raise OperationalError("The answer of Postgres was lost.")
        except (BoardError, OperationalError) as error:
            outcome: Any = error
        else:
            outcome = found
        self.loop.call_later(self.random.random() * 0.003, self._answer, answer, outcome)

    def _answer(self, answer: "asyncio.Future[Any]", outcome: Any) -> None:
        if answer.done():
            return
        if isinstance(outcome, Exception):
            answer.set_exception(outcome)
        else:
            answer.set_result(outcome)

    def soon(self, after: float, call: Callable[..., None], *arguments: Any) -> float:
        """Call it a little later, and not before what was sent earlier. Returns when."""
        when = max(after + 1e-6, self.loop.time() + self.random.random() * 0.02)  # timers of one time swap
        self.loop.call_at(when, call, *arguments)
        return when

    def say(self, line: str) -> None:
        if self._trace is not None:
            self._trace(f"{self.loop.time():8.3f} {line}")

    # --- lines -----------------------------------------------------------------------------------------

    def connect(self, editor: Editor) -> None:
        if editor.name not in self.lines and editor in self.editors:
            self.lines[editor.name] = Line(self, editor, self.random.choice(self.processes))

    def lost(self, editor: Editor) -> None:
        self.rules.clock(editor)
        editor.lost()
        self.lines.pop(editor.name, None)
        if self.random.random() < 0.8 or self.calm:
            self.loop.call_later(0.05 + self.random.random(), self.connect, editor)

    def heard(self, line: Line) -> None:
        editor = line.editor
        for _, edit in editor.acknowledged:
            self.rules.ack(edit)
        editor.acknowledged.clear()
        for edit in editor.refused:
            self.rules.refusal(edit)
        editor.refused.clear()
        for wait, ref in editor.delayed:
            self.loop.call_later(wait, editor.retry, ref)
        editor.delayed.clear()
        if editor.reenter:
            editor.reenter = False
            line.cut()

    # --- what can happen -------------------------------------------------------------------------------

    def record(self) -> None:
        """Note what happens to the pages that are there now."""
        for editor in self.editors:
            editor.log = []

    async def live(self, operations: int) -> None:
        for editor in self.editors:
            self.connect(editor)
        await asyncio.sleep(0.1)
        for _ in range(operations):
            self.check_problems()
            act = self.random.choices(self._acts, self._weights)[0]
            name = act.__name__
            self.counts[name] += 1
            self.say(f"--- {name}")
            act(self)
            pause = self.random.random()
            await asyncio.sleep(
                0 if pause < 0.2 else 0.06 * pause if pause < 0.97 else 4 * self.random.random()
            )

    async def settle(self) -> None:
        """Every fault ends; then all must be well within CATCH_UP_SECONDS of everybody being back."""
        self.calm = True
        self.layer.away, self.layer.loss, self.layer.doubles = False, 0.0, 0.0
        self._down_until = self._unsure_until = 0.0
        if self.store.frozen:
            self.thaw()
        self.fast()
        await asyncio.sleep(2.5)  # the longest wait of a saver that tries again, or of a listener
        for editor in self.editors:
            self.connect(editor)
        deadline = self.loop.time() + 10
        while not all(editor.idle for editor in self.editors):
            await asyncio.sleep(0.2)
            self.check_problems()
            if self.loop.time() > deadline:
                raise Violation(
                    f"Not confirmed: {[(e.name, list(e.pushes), e.welcomed) for e in self.editors]}"
                )
        await asyncio.sleep(CATCH_UP_SECONDS)

    def _editor(self) -> Editor:
        name = f"e{next(self._names)}"
        editor = Editor(
            name, self.random, lambda text: self._push(editor, text), self.drawn, nonce=next(self._nonces)
        )
        return editor

    def _push(self, editor: Editor, text: str) -> None:
        line = self.lines.get(editor.name)
        if line is not None:
            line.push(text)

    def _anybody(self) -> Editor:
        return self.random.choice(self.editors)

    def create(self) -> None:
        editor = self._anybody()
        if editor.frozen:
            return
        live = [e.index for e in editor.held.values()]
        editor.draw(f"el{next(self._elements)}", free_index(None, live))

    def collide(self) -> None:
        """Draw where something is already, or move there."""
        editor = self._anybody()
        if editor.frozen or not editor.held:
            return
        index = self.random.choice(list(editor.held.values())).index
        if self.random.random() < 0.5:
            editor.draw(f"el{next(self._elements)}", index)
        else:
            editor.edit(self.random.choice(list(editor.held)), index=index)

    def edit(self) -> None:
        editor = self._anybody()
        if not editor.frozen and editor.held:
            editor.edit(self.random.choice(list(editor.held)))

    def scribble(self) -> None:
        """Several people at the same element at once."""
        ids = {i for editor in self.editors for i, e in editor.held.items() if not e.is_deleted}
        if not ids:
            return
        element_id = self.random.choice(sorted(ids))
        for editor in self.editors:
            if element_id in editor.held and not editor.frozen:
                editor.edit(element_id)

    def delete(self) -> None:
        editor = self._anybody()
        if not editor.frozen and editor.held:
            editor.edit(self.random.choice(list(editor.held)), deleted=True)

    def undelete(self) -> None:
        editor = self._anybody()
        gone = [i for i, e in editor.held.items() if e.is_deleted]
        if gone and not editor.frozen:
            editor.edit(self.random.choice(gone), deleted=False)

    def repeat(self) -> None:
        self._anybody().repeat()

    def cut(self) -> None:
        if self.lines:
            self.random.choice(list(self.lines.values())).cut()

    def come_back(self) -> None:
        for editor in self.editors:
            self.connect(editor)

    def crash_page(self) -> None:
        at = self.random.randrange(len(self.editors))
        old = self.editors[at]
        if line := self.lines.get(old.name):
            line.cut()
        new = old.crash(f"e{next(self._names)}", lambda text: self._push(new, text))
        self.editors[at] = new
        self.connect(new)

    def slow(self) -> None:
        if self.lines:
            line = self.random.choice(list(self.lines.values()))
            line.set_slow(True)
            self.loop.call_later(self.random.choice((0.1, 0.1, 0.3, 0.3, 1.0, 12.0)), line.set_slow, False)

    def fast(self) -> None:
        for line in self.lines.values():
            line.set_slow(False)

    def kill(self) -> None:
        self.random.choice(self.processes).kill()

    def postgres_goes(self) -> None:
        self._down_until = self.loop.time() + self.random.choice((0.05, 0.5, 3.0))

    def postgres_is_unsure(self) -> None:
        self._unsure_until = self.loop.time() + 0.5

    def redis_goes(self) -> None:
        self.layer.away = True
        self.loop.call_later(self.random.choice((0.1, 1.0, 8.0)), self.redis_returns)

    def redis_returns(self) -> None:
        self.layer.away = False

    def redis_forgets(self) -> None:
        """Some of what is said is not heard, some twice, some late."""
        self.layer.loss = self.random.choice((0.0, 0.05, 0.5, 1.0))
        self.layer.doubles = self.random.choice((0.0, 0.2))
        self.layer.delay_seconds = self.random.choice((0.002, 0.02, 0.5))

    def place(self) -> None:
        """A picture is placed past the rooms, which are told of it if Redis is so kind."""
        if self.store.frozen:
            return
        picture = Seen(f"el{next(self._elements)}", 1, 7, "", len(self.drawn) + 1)
        self.drawn.append(picture)
        parsed = element.parse(body(picture).encode())
        before = self.store.clock
        change = self.store.apply(self.board_id, [parsed])
        self.rules.commit(before)
        self._tell(ClockMoved(change.clock))

    def freeze(self) -> None:
        self.store.frozen = True
        self._tell(BoardChanged())
        self.loop.call_later(self.random.random() * 2, self.thaw)

    def thaw(self) -> None:
        self.store.frozen = False
        self._tell(BoardChanged())

    def prune(self) -> None:
        """Only what every room knows of: pruning comes days later, and no room is behind for longer than seconds."""
        known = [found.clock for process in self.processes if (found := process.live) is not None]
        self.store.prune(min(known, default=self.store.clock) - self.random.randint(0, 10))

    def nothing(self) -> None:
        """A longer pause comes by itself."""

    def _tell(self, message: PeerMessage) -> None:
        task = asyncio.ensure_future(announce.publish(self.board_id, message))
        task.add_done_callback(lambda done: done.exception())

    def check_problems(self) -> None:
        if self.problems:
            raise self.problems[0]

    def check_end(self) -> None:
        self.check_problems()
        rooms = [found for process in self.processes if (found := process.live) is not None]
        self.rules.end(self.editors, rooms)

    def end(self) -> None:
        for process in self.processes:
            process.kill()


_ACTS: list[tuple[Callable[[World], None], float]] = [
    (World.create, 22),
    (World.edit, 26),
    (World.scribble, 6),
    (World.collide, 8),
    (World.delete, 8),
    (World.undelete, 2),
    (World.repeat, 4),
    (World.cut, 5),
    (World.come_back, 3),
    (World.crash_page, 1),
    (World.slow, 2),
    (World.fast, 2),
    (World.kill, 1.5),
    (World.postgres_goes, 1.5),
    (World.postgres_is_unsure, 1.5),
    (World.redis_goes, 1.5),
    (World.redis_forgets, 3),
    (World.place, 2),
    (World.freeze, 0.7),
    (World.prune, 1.5),
    (World.nothing, 2),
]
