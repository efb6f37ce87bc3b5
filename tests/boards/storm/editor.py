"""A page of the board: keeps its books as the product's RoomClient does, and draws at random."""

import json
import random
from collections.abc import Callable
from typing import Any, Literal

import msgspec

from boards.elements.reconcile import Rank, takes_incoming


class Seen(msgspec.Struct, rename="camel"):
    """An element as it travels, as far as the storm looks into it. `x` differs with each edit: it is the content."""

    id: str
    version: int
    version_nonce: int
    index: str
    x: int
    is_deleted: bool = False

    @property
    def rank(self) -> Rank:
        return self.version, self.version_nonce


class Refusal(msgspec.Struct):
    id: str
    code: str


class Frame(msgspec.Struct):
    """Every message of the server, with the fields of all."""

    type: Literal["welcome", "patch", "synced", "ack", "error", "resync", "presence", "board", "pong"]
    clock: int = 0
    elements: list[Seen] = []
    more: bool = False
    complete: bool = False
    ref: str | None = None
    refused: list[Refusal] = []
    retry_after_seconds: float | None = None
    code: str = ""
    frozen: bool | None = None


class Push(msgspec.Struct):
    text: str
    bodies: dict[str, Seen]


read = msgspec.json.Decoder(Frame).decode

BODY = (
    '{{"id":"{id}","type":"rectangle","x":{x},"y":2,"width":100,"height":50,"angle":0,"strokeColor":"#1e1e1e",'
    '"backgroundColor":"transparent","fillStyle":"solid","strokeWidth":2,"strokeStyle":"solid","roughness":1,'
    '"opacity":100,"groupIds":[],"frameId":null,"index":"{index}","roundness":null,"seed":1,"version":{version},'
    '"versionNonce":{nonce},"isDeleted":{deleted},"boundElements":null,"updated":1,"link":null,"locked":false}}'
)


def body(e: Seen) -> str:
    return BODY.format(
        id=e.id,
        x=e.x,
        index=e.index,
        version=e.version,
        nonce=e.version_nonce,
        deleted=json.dumps(e.is_deleted),
    )


class Editor:
    """send: puts text on the line, if there is one. drawn: every edit of every page goes there.

    Everything the server says comes in by `receive`.
    """

    def __init__(
        self,
        name: str,
        random_: random.Random,
        send: Callable[[str], None],
        drawn: list[Seen],
        *,
        paced: bool = False,
        nonce: int | None = None,
    ) -> None:
        """nonce: the one that this program sends with each version; None: it draws them, as pages do."""
        self.name = name
        self.clock: int | None = None
        self.held: dict[str, Seen] = {}  # the canvas
        self.frozen = False
        self.synced = False
        self.welcomed = False
        self.reenter = False  # the server asked to start over
        self.delayed: list[tuple[float, str]] = []
        self.acknowledged: list[tuple[str, Seen]] = []  # (ref, edit), for whoever checks
        self.refused: list[Seen] = []
        self.resent: set[str] = set()  # refs of pushes that went out more than once
        self.log: list[dict[str, Any]] | None = None  # of a page that is recorded: what happened to it
        self.sent: list[list[Any]] = []  # (ref, ranks) of each push that it sent of its own accord
        self._random = random_
        self._fixed_nonce = nonce
        self.send = send
        self._drawn = drawn
        self._paced = paced  # somebody else calls `flush`
        self._settled: dict[str, Seen] = {}
        self._seen: dict[str, Rank] = {}
        self._unsent: dict[str, Seen] = {}
        self.pushes: dict[str, Push] = {}
        self._whole: dict[str, Seen] | None = None
        self._moved: list[Seen] = []  # by the server, since the last frame
        self._inherited: list[Seen] = []  # what an earlier page may have got through
        self._count = 0

    # --- drawing ---------------------------------------------------------------------------------------

    def draw(self, element_id: str, index: str, version: int = 1) -> None:
        self._offer(Seen(element_id, version, self._nonce(), index, len(self._drawn) + 1))

    def edit(self, element_id: str, *, index: str | None = None, deleted: bool | None = None) -> None:
        old = self.held[element_id]
        self._offer(
            Seen(
                element_id,
                old.version + 1,
                self._nonce(),
                old.index if index is None else index,
                len(self._drawn) + 1,
                old.is_deleted if deleted is None else deleted,
            )
        )

    def repeat(self) -> None:
        """Send a push that waits for its ack once more, as after a lost line."""
        if self.pushes and self.welcomed:
            ref = self._random.choice(list(self.pushes))
            self._again(ref)

    def _again(self, ref: str) -> None:
        self.resent.add(ref)
        self.send(self.pushes[ref].text)

    def _out(self, ref: str) -> None:
        if self.log is not None:
            self.sent.append([ref, [[e.id, *e.rank] for e in self.pushes[ref].bodies.values()]])
        self.send(self.pushes[ref].text)

    def _note(self, what: str, value: Any) -> None:
        if self.log is not None:
            self.log.append({what: value})

    def _nonce(self) -> int:
        return self._random.randrange(2**31) if self._fixed_nonce is None else self._fixed_nonce

    def _offer(self, element: Seen) -> None:
        self._drawn.append(element)
        self.held[element.id] = element
        self._seen[element.id] = element.rank
        self._unsent[element.id] = element
        self._note("offer", element)
        if not self._paced:
            self.flush()

    def flush(self) -> None:
        """Send what waits, if it may go."""
        if not self.welcomed or not self._unsent:
            return
        bodies, self._unsent = self._unsent, {}
        self._count += 1
        ref = f"p{self._count}"
        text = f'{{"type":"push","id":"{ref}","elements":[{",".join(map(body, bodies.values()))}]}}'
        self.pushes[ref] = Push(text, bodies)
        self._out(ref)

    # --- the line --------------------------------------------------------------------------------------

    def hello(self) -> dict[str, Any]:
        self._note("hello", self.clock)
        return {"type": "hello", "protocol": 1, "clock": self.clock, "name": self.name}

    def lost(self) -> None:
        self._note("drop", 1006)
        self.welcomed = False
        self.delayed = []

    def crash(self, name: str, send: Callable[[str], None]) -> "Editor":
        """The page dies. A new one finds what was not confirmed on the device, and knows nothing else."""
        new = Editor(name, self._random, send, self._drawn, nonce=self._fixed_nonce)
        for element in self._pending().values():
            new.held[element.id] = element
            new._seen[element.id] = element.rank
            new._unsent[element.id] = element
            new._inherited.append(element)
        return new

    def receive(self, text: str) -> None:
        frame = read(text)
        self._note("feed", text)
        match frame.type:
            case "welcome":
                self._welcome(frame)
            case "patch":
                self._arrived(frame.elements)
                if self.synced:
                    self._advance(frame.clock)
            case "synced":
                self._caught_up(frame.clock)
            case "ack":
                assert frame.ref is not None
                self._acknowledged(frame.ref, {refusal.id for refusal in frame.refused})
                if self.synced:
                    self._advance(frame.clock)
            case "board":
                self.frozen = bool(frame.frozen)
            case "error" if frame.ref in self.pushes:
                if frame.retry_after_seconds is None:
                    self._acknowledged(frame.ref, set(self.pushes[frame.ref].bodies))
                else:
                    self.delayed.append((frame.retry_after_seconds, frame.ref))
            case "resync":
                self.reenter = True
        moved, self._moved = self._moved, []
        for move in moved:  # as a canvas does with its next frame
            self._follow(move)

    def retry(self, ref: str) -> None:
        if ref in self.pushes and self.welcomed:
            self._again(ref)

    def _welcome(self, frame: Frame) -> None:
        self.welcomed, self.synced = True, False
        self._whole = {} if frame.complete else None
        self._arrived(frame.elements)
        if not frame.more:
            self._caught_up(frame.clock)
        for ref in self.pushes:
            self.resent.add(ref)
            self._out(ref)
        self.flush()

    def _caught_up(self, clock: int) -> None:
        self.synced = True
        if self._whole is not None:
            self._start_over(self._whole)
            self.clock, self._whole = clock, None
        self._advance(clock)

    def _start_over(self, scene: dict[str, Seen]) -> None:
        """The scene is the truth, even where it is older than what was seen: that was taken back."""
        for element_id, settled in list(self._settled.items()):
            told = scene.get(element_id)
            other = told is not None and told.rank == settled.rank and told.x != settled.x
            if told is not None and not other and not takes_incoming(told.rank, settled.rank):
                continue
            # Should what we drew on it be refused, this is what there is to go back to.
            del self._settled[element_id]
            if told is not None:
                self._settled[element_id] = told
            self._give_up(element_id)

    def _advance(self, clock: int) -> None:
        self.clock = max(self.clock or 0, clock)

    def _arrived(self, elements: list[Seen]) -> None:
        for element in elements:
            if self._whole is not None:
                self._whole[element.id] = element
            ours = any(
                (sent := push.bodies.get(element.id)) and sent.x == element.x for push in self.pushes.values()
            )
            self._receive(element)
            here = self.held.get(element.id)
            if ours and here is not None:
                self._moved.append(element)
            elif here is None or takes_incoming(here.rank, element.rank):
                self.held[element.id] = element

    def _receive(self, element: Seen) -> None:
        self._settle(element)
        seen = self._seen.get(element.id)
        if seen is None or takes_incoming(seen, element.rank):
            self._seen[element.id] = element.rank
        waiting = self._unsent.get(element.id)
        if waiting is not None and takes_incoming(waiting.rank, element.rank):
            del self._unsent[element.id]

    def _follow(self, move: Seen) -> None:
        """The server put one of ours at another place. What was edited here since stays; only the place changes."""
        here = self.held.get(move.id)
        if here is None:
            return
        if here.x == move.x:
            if takes_incoming(here.rank, move.rank):
                self.held[here.id] = move
        elif here.index != move.index or takes_incoming(here.rank, move.rank):
            version = max(here.version, move.version) + 1
            self._offer(
                msgspec.structs.replace(here, index=move.index, version=version, version_nonce=self._nonce())
            )

    def _acknowledged(self, ref: str, refused: set[str]) -> None:
        push = self.pushes.pop(ref, None)
        if push is None:
            return
        pending = self._pending()
        for element_id, sent in push.bodies.items():
            if element_id not in refused:
                self._settle(sent)
                self.acknowledged.append((ref, sent))
                continue
            if ref not in self.resent and sent not in self._inherited:
                self.refused.append(sent)
            newest = pending.get(element_id)
            if newest is None or takes_incoming(newest.rank, sent.rank):
                self._give_up(element_id)

    def _give_up(self, element_id: str) -> None:
        """Back to the newer of what is on its way still and what the server has."""
        newest, pending = self._settled.get(element_id), self._pending().get(element_id)
        if newest is None or (pending is not None and takes_incoming(newest.rank, pending.rank)):
            newest = pending
        if newest is None:
            self._seen.pop(element_id, None)
            self.held.pop(element_id, None)
        else:
            self._seen[element_id] = newest.rank
            self.held[element_id] = newest

    def _settle(self, element: Seen) -> None:
        settled = self._settled.get(element.id)
        if settled is None or takes_incoming(settled.rank, element.rank):
            self._settled[element.id] = element

    def is_pending(self, element_id: str) -> bool:
        return element_id in self._pending()

    def _pending(self) -> dict[str, Seen]:
        pending: dict[str, Seen] = {}
        for push in self.pushes.values():
            pending |= push.bodies
        return pending | self._unsent

    @property
    def idle(self) -> bool:
        return self.welcomed and self.synced and not self.pushes and not self._unsent
