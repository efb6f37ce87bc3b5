"""One training over several calls: weights, their moving average, the optimiser, and the time already spent."""

from __future__ import annotations

import copy
import math
import time
from pathlib import Path

import torch
from torch import Tensor, nn

LONGEST_STEP_MINUTES = 1 / 6  # a stopped process does not use up its budget
SAVE_MINUTES = 3.0
LOWEST_RATE = 0.02  # of the peak, at the end of the plan
LONGEST_GRADIENT = 1.0


class Clock:
    """Minutes of work done, and how many are left for this call and in the whole plan."""

    def __init__(self, planned: float, this_call: float | None, spent: float = 0.0) -> None:
        self.planned, self.spent = planned, spent
        self.stop = planned if this_call is None else min(planned, spent + this_call)
        self._last = time.monotonic()

    def tick(self) -> None:
        now = time.monotonic()
        self.spent += min((now - self._last) / 60, LONGEST_STEP_MINUTES)
        self._last = now

    @property
    def running(self) -> bool:
        return self.spent < self.stop

    @property
    def fraction(self) -> float:
        """0 at the start of the plan, 1 at its end."""
        return min(1.0, self.spent / self.planned)


class Progress:
    """Runs the optimiser steps of one model and saves them in `file`; a new call resumes where the last one ended."""

    def __init__(
        self, model: nn.Module, trained: list[nn.Parameter], file: Path | None, *, rate: float, weight_decay: float, average_decay: float,
        warm_up_steps: int, planned_minutes: float, minutes: float | None,
    ) -> None:  # fmt: skip
        self.model, self.trained, self.file = model, trained, file
        self.rate, self.average_decay, self.warm_up_steps = rate, average_decay, warm_up_steps
        self.average = copy.deepcopy(model).eval().requires_grad_(False)
        self.optimiser = torch.optim.AdamW(
            trained, rate, betas=(0.9, 0.99), weight_decay=weight_decay, fused=True
        )
        self.step, spent = 0, 0.0
        if file is not None and file.exists():
            state = torch.load(file, map_location="cpu", weights_only=True)
            model.load_state_dict(state["model"])
            self.average.load_state_dict(state["average"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.step, spent = state["step"], state["spent"]
        self.clock, self._saved_at = Clock(planned_minutes, minutes, spent), spent

    @property
    def running(self) -> bool:
        return self.clock.running

    def rate_now(self) -> float:
        """A linear rise, then half a cosine over the planned minutes."""
        cosine = (1 + math.cos(math.pi * self.clock.fraction)) / 2
        return (
            self.rate
            * min(1.0, (self.step + 1) / self.warm_up_steps)
            * (LOWEST_RATE + (1 - LOWEST_RATE) * cosine)
        )

    def learn(self, loss: Tensor) -> None:
        """One optimiser step; the average follows faster at the beginning."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate_now()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.trained, LONGEST_GRADIENT)
        self.optimiser.step()
        keep = min(self.average_decay, (1 + self.step) / (20 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.average.parameters()), list(self.model.parameters()), 1 - keep)
        self.step += 1
        self.clock.tick()
        if self.clock.spent - self._saved_at > SAVE_MINUTES:
            self.save()

    def save(self) -> None:
        """Replace the file in one move, so that a kill leaves the old one."""
        if self.file is None:
            return
        self._saved_at = self.clock.spent
        state = {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        whole = self.file.with_suffix(".new")
        torch.save({**state, "step": self.step, "spent": self.clock.spent}, whole)
        whole.replace(self.file)
