"""Measures how long an accelerator works, without waiting for it in between."""

from collections.abc import Callable
from time import monotonic
from typing import Any

import torch


class Meter:
    """Measures by events on CUDA, elsewhere by the clock, because there a call returns when it is done."""

    def __init__(self) -> None:
        self._now = _event if torch.cuda.is_available() else monotonic
        self.spans: list[tuple[Any, Any]] = []

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, measured."""

        def measured(*arguments: Any, **options: Any) -> Any:
            began = self._now()
            answer = function(*arguments, **options)
            self.spans.append((began, self._now()))
            return answer

        return measured

    def seconds(self) -> float:
        """The sum over all calls."""
        if not torch.cuda.is_available():
            return float(sum(ended - began for began, ended in self.spans))
        torch.cuda.synchronize()
        return float(sum(began.elapsed_time(ended) for began, ended in self.spans) / 1000)


def _event() -> Any:
    event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
    event.record()
    return event
