"""An event loop whose time passes only while nobody has anything to do: hours in a second, and always the same."""

import asyncio
import selectors
from collections.abc import Callable
from typing import Any


class SimulatedLoop(asyncio.SelectorEventLoop):
    """Never sleeps: where a real loop would wait, its clock jumps to the next timer."""

    def __init__(self) -> None:
        self._now = 0.0
        super().__init__(_Jump(self))

    def time(self) -> float:
        return self._now

    def run_in_executor(
        self, executor: Any, func: Callable[..., Any], *arguments: Any
    ) -> "asyncio.Future[Any]":
        """A thread's work, done at once and told a little later."""
        answer = self.create_future()
        self.call_later(0.005, lambda: answer.done() or answer.set_result(func(*arguments)))
        return answer

    def forget(self) -> None:
        """Drop every timer: what happens next belongs to another world."""
        for timer in self._scheduled:  # type: ignore[attr-defined]
            timer.cancel()
        self._now = 0.0

    def jump(self, seconds: float | None) -> None:
        if seconds is None:
            raise RuntimeError("Everybody waits, and there is no timer that could wake them.")
        self._now += seconds


class _Jump(selectors.SelectSelector):
    def __init__(self, loop: SimulatedLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout != 0:
            self._loop.jump(timeout)
        return []


class SimulatedTime:
    """Stands in for the module `time` where the rooms ask it."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self.monotonic = self.perf_counter = self.time = loop.time
