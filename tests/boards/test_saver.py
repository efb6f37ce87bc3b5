"""Between a room and Postgres: nothing is acknowledged before it is stored, nothing is lost while Postgres is away."""

import asyncio
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DataError, OperationalError

from boards.elements import store
from boards.elements.element import Element
from boards.errors import BoardError, ElementRefused, NotSaving
from boards.room import saver
from boards.room.saver import Batch, PendingAck, Saver
from tests.factories import element

BOARD = uuid.UUID(int=1)
ANA, BEN = uuid.UUID(int=2), uuid.UUID(int=3)


class Postgres:
    """A stub at the database's door: fails as it is told, and notes what it was given."""

    def __init__(self) -> None:
        self.failures: list[Exception] = []
        self.open = asyncio.Event()
        self.open.set()
        self.visits = 0
        self.batches: list[list[Element]] = []
        self.authors: list[dict[str, uuid.UUID | None]] = []

    async def in_thread(
        self, function: Callable[..., Any], board: uuid.UUID, elements: Any, authors: Any
    ) -> Any:
        assert function is store.apply
        self.visits += 1
        await self.open.wait()
        if self.failures:
            raise self.failures.pop(0)
        self.batches.append(list(elements))
        self.authors.append(dict(authors))
        return store.Change(len(self.batches), list(elements))


class Stage:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.postgres = Postgres()
        monkeypatch.setattr(saver, "in_thread", self.postgres.in_thread)
        self.committed: list[Batch] = []
        self.refused: list[tuple[Batch, BoardError]] = []
        self.saver = Saver(BOARD, self._committed, self._refused)
        self.work = asyncio.ensure_future(self.saver.run())

    async def _committed(self, batch: Batch, change: store.Change | None) -> None:
        self.committed.append(batch)

    async def _refused(self, batch: Batch, error: BoardError) -> None:
        self.refused.append((batch, error))

    def push(self, ref: str, *elements: Element, session: Any = None) -> None:
        for each in elements:
            self.saver.add(each, ANA)
        self.saver.acknowledge(PendingAck(session, ref, [], {each.id: each.fingerprint for each in elements}))

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not done():
                await asyncio.sleep(0.01)

    @property
    def answered(self) -> list[str]:
        return [ack.ref for batch in self.committed for ack in batch.acks]


@pytest.fixture
async def stage(monkeypatch: pytest.MonkeyPatch) -> Any:
    made = Stage(monkeypatch)
    yield made
    made.work.cancel()
    await asyncio.gather(made.work, return_exceptions=True)


async def test_RM7_nothing_is_acknowledged_before_it_is_stored(stage: Stage) -> None:
    stage.postgres.open.clear()
    stage.push("p1", element("a"))
    await stage.until(lambda: stage.postgres.visits == 1)
    assert stage.answered == []
    stage.postgres.open.set()
    await stage.until(lambda: stage.answered == ["p1"])
    assert [e.id for e in stage.postgres.batches[0]] == ["a"]


async def test_the_first_push_after_a_pause_is_stored_at_once_and_the_next_when_the_interval_is_over(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saver, "INTERVAL_SECONDS", 3_600)
    stage.push("p1", element("a"))
    await stage.until(lambda: stage.answered == ["p1"])
    stage.push("p2", element("a", version=2))
    for _ in range(50):
        await asyncio.sleep(0)
    assert stage.postgres.visits == 1 and not stage.saver.idle


async def test_a_board_commits_once_an_interval_however_often_people_push(stage: Stage) -> None:
    began, pushes = time.monotonic(), 0
    while time.monotonic() - began < 10 * saver.INTERVAL_SECONDS:
        pushes += 1
        stage.push(f"p{pushes}", element("a", version=pushes))
        await asyncio.sleep(0.005)  # less than a commit and its ack take
    commits = stage.postgres.visits
    assert commits <= 1 + (time.monotonic() - began) / saver.INTERVAL_SECONDS
    await stage.until(lambda: len(stage.answered) == pushes)


async def test_RM20_a_batch_is_tried_again_and_takes_along_what_came(stage: Stage) -> None:
    stage.postgres.failures = [OperationalError("away"), OSError("away")]
    stage.push("p1", element("a"), element("b"))
    await stage.until(lambda: stage.postgres.visits == 1)
    stage.push("p2", element("a", version=2))
    await stage.until(lambda: stage.answered == ["p1", "p2"])
    assert [(e.id, e.version) for e in stage.postgres.batches[0]] == [("a", 2), ("b", 1)]
    assert len(stage.postgres.batches) == 1


async def test_RM20_what_waits_is_bounded_but_only_while_postgres_is_away(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saver, "WAITING_MAX_BYTES", 1_000)
    stage.postgres.open.clear()
    stage.push("p1", *(element(f"e{n}") for n in range(10)))
    stage.saver.check()  # a lot, and Postgres is at it
    stage.postgres.failures = [OperationalError("away")] * 1_000
    stage.postgres.open.set()
    await stage.until(lambda: len(stage.postgres.failures) < 1_000)
    with pytest.raises(NotSaving):
        stage.saver.check()
    stage.postgres.failures.clear()
    await stage.until(lambda: stage.answered == ["p1"])
    stage.saver.check()


async def test_RM20_what_waits_is_bounded_too_while_postgres_does_not_answer(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saver, "WAITING_MAX_BYTES", 1_000)
    monkeypatch.setattr(saver, "STUCK_SECONDS", 0.0)
    stage.postgres.open.clear()
    stage.push("p1", *(element(f"e{n}") for n in range(10)))
    stage.saver.check()  # a lot, but nothing is being written yet
    await stage.until(lambda: stage.postgres.visits == 1)
    with pytest.raises(NotSaving):
        stage.saver.check()
    stage.postgres.open.set()
    await stage.until(lambda: stage.answered == ["p1"])
    stage.saver.check()


async def test_RM20_acks_that_wait_are_bounded_too(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saver, "WAITING_MAX_ACKS", 2)
    stage.postgres.failures = [OperationalError("away")] * 1_000
    for number in range(4):
        stage.push(f"p{number}", element("a", version=number + 1))
    await stage.until(lambda: len(stage.postgres.failures) < 1_000)
    with pytest.raises(NotSaving):
        stage.saver.check()


async def test_RM20_nobody_waits_for_the_acks_of_one_who_left(stage: Stage) -> None:
    here, left = object(), object()
    stage.postgres.open.clear()
    stage.push("p1", element("a"), session=left)
    await stage.until(lambda: stage.postgres.visits == 1)
    stage.push("p2", element("b"), session=left)
    stage.push("p3", element("c"), session=here)
    stage.saver.forget(left)  # type: ignore[arg-type]
    stage.postgres.open.set()
    await stage.until(lambda: stage.answered == ["p3"])
    assert [[e.id for e in batch] for batch in stage.postgres.batches] == [["a"], ["b", "c"]]


async def test_RM20_what_postgres_will_never_take_is_refused_and_holds_up_nobody(stage: Stage) -> None:
    stage.postgres.failures = [DataError("not like this")]
    stage.push("p1", element("a"))
    await stage.until(lambda: bool(stage.refused))
    assert isinstance(stage.refused[0][1], ElementRefused) and stage.answered == []
    stage.push("p2", element("b"))
    await stage.until(lambda: stage.answered == ["p2"])


async def test_RM9_what_another_process_told_is_stored_in_its_authors_name(stage: Stage) -> None:
    stage.saver.ensure(element("told"), BEN)
    await stage.until(lambda: bool(stage.postgres.batches))
    assert stage.postgres.authors == [{"told": BEN}]


async def test_RM9_what_is_being_stored_keeps_its_author_when_it_is_asked_for_again(stage: Stage) -> None:
    stage.postgres.open.clear()
    stage.push("p1", element("a", versionNonce=9))
    await stage.until(lambda: stage.postgres.visits == 1)
    stage.saver.ensure(element("a", versionNonce=9), None)
    stage.saver.ensure(element("a", versionNonce=9), BEN)
    stage.postgres.open.set()
    await stage.until(lambda: len(stage.postgres.batches) == 2)
    assert stage.postgres.authors == [{"a": ANA}, {"a": ANA}]


async def test_RM1_an_older_version_does_not_take_the_place_of_a_newer_one_that_waits(stage: Stage) -> None:
    stage.postgres.open.clear()
    stage.push("p0", element("other"))
    await stage.until(lambda: stage.postgres.visits == 1)
    stage.push("p1", element("a", version=6))  # waits for an index of its own, and was shown to nobody
    stage.push("p2", element("a", version=5))
    stage.postgres.open.set()
    await stage.until(lambda: stage.answered == ["p0", "p1", "p2"])
    assert [(e.id, e.version) for e in stage.postgres.batches[1]] == [("a", 6)]


def test_a_batch_knows_how_much_it_carries() -> None:
    batch, later = Batch(), Batch()
    batch.add(element("a"), None)
    later.add(long := element("a", version=2, x=123456.789), None)
    batch.absorb(later)
    assert batch.size_bytes == len(long.body)
