"""The pictures that are being drawn: they share steps, run out of memory together and end one by one."""

import logging
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from time import monotonic

import torch

from generation.engine import device as devices
from generation.engine.batching import movers, portions, taken
from generation.engine.denoiser import Denoiser
from generation.engine.failure import lightened
from generation.engine.finishing import Finishing, arriving
from generation.engine.residency import Residency, Resident
from generation.engine.sampler import Sampler
from generation.engine.undertaking import Going, Waiting
from generation.engine.watchdog import LOADING_SECONDS

logger = logging.getLogger(__name__)

# Pictures that share their steps: one UNet, one size.
Group = tuple[Denoiser, tuple[int, int]]


class Stepping:
    """Everything here happens on the engine's thread."""

    def __init__(self, residency: Residency, finishing: Finishing) -> None:
        self._residency, self._finishing = residency, finishing
        self._pace = devices.Pace(residency.device)
        self._last: Group | None = None
        self._learned: dict[Group, int] = {}
        self._steps = 0
        self._moved: dict[str, int] = {}
        self.going: list[Going] = []

    @property
    def rows(self) -> Counter[str]:
        """Of the UNet's batch that each person takes up, if all that is going were one step."""
        rows: Counter[str] = Counter()
        for going in self.going:
            rows[going.owner] += going.sample.rows
        return rows

    def has_room(self, rows: int, rows_max: int) -> bool:
        """Whether a picture of so many rows may begin. One alone always may."""
        return not self.going or taken(self.rows, rows_max) + rows <= rows_max

    @property
    def checkpoints(self) -> set[str]:
        return {going.undertaking.checkpoint.name for going in self.going}

    def begin(self, picture: Waiting, resident: Resident, sampler: Sampler) -> None:
        """Let a picture in. Raises whatever encoding its prompt and its init image raises."""
        started = monotonic()
        sample = sampler.begin(picture.drawing)
        denoiser = resident.denoiser(sampler)
        if picture.undertaking.warms_up:
            with self._residency.watchdog.patience(LOADING_SECONDS):  # captures, and a compiler
                denoiser.prepare(sample)
                sampler.prepare(sample)
        self.going.append(
            Going(picture.undertaking, picture.place, sampler, denoiser, sample, resident.previewer)
        )
        picture.undertaking.seconds += monotonic() - started

    def drop_what_is_over(self) -> None:
        self.going = [going for going in self.going if not going.undertaking.over]
        # A group that is over is forgotten: it would hold its weights, and there may be more memory the next time.
        groups = {_group(going) for going in self.going}
        self._learned = {group: rows for group, rows in self._learned.items() if group in groups}
        self._last = self._last if self._last in groups else None

    def step(self, rows_max: int) -> None:
        """One step of at most so many rows for one group, and what it finishes."""
        group = self._next_group()
        if group is None:
            return
        pictures = self._movers([going for going in self.going if _group(going) == group], rows_max)
        for portion in portions(pictures, _rows, min(rows_max, self._learned.get(group, rows_max))):
            self._move(group, portion)
        rows = self.rows
        done = [going for going in pictures if going.sample.done and not going.undertaking.over]
        self._finish(
            sorted(done, key=lambda going: rows[going.owner])
        )  # who asked for least waits for nobody
        self.going = [going for going in self.going if not going.sample.done]
        self.drop_what_is_over()

    def _movers(self, pictures: Sequence[Going], rows_max: int) -> list[Going]:
        rows = self.rows
        chosen = movers(pictures, rows, rows_max, self._moved)
        self._steps += 1
        self._moved = {owner: step for owner, step in self._moved.items() if owner in rows}
        self._moved.update((going.owner, self._steps) for going in chosen)
        return chosen

    def _next_group(self) -> Group | None:
        """Groups take turns."""
        groups = list(dict.fromkeys(_group(going) for going in self.going))
        if not groups:
            return None
        after = groups.index(self._last) + 1 if self._last in groups else 0
        self._last = groups[after % len(groups)]
        return self._last

    def _move(self, group: Group, portion: Sequence[Going]) -> None:
        """One step of some pictures in one call of the UNet; in more calls if that is too much."""
        started = monotonic()
        failure: Exception | None = None
        try:
            group[0].step([going.sample for going in portion])
        except Exception as error:
            failure = lightened(error)
        self._residency.watchdog.beat()
        if failure is None:
            self._pace.step()  # what fails only here is the card, and the pictures have moved already
            self._tell(portion, monotonic() - started)
        elif len(portion) > 1:
            self._move_fewer(group, portion, failure)
        else:
            self._fail(portion[0], failure)

    def _move_fewer(self, group: Group, portion: Sequence[Going], failure: Exception) -> None:
        """Out of memory: halves. Anything else: one by one, to find the one that it comes from."""
        rows_max = 1
        if devices.is_out_of_memory(failure):
            rows_max = self._learned[group] = max(1, sum(map(_rows, portion)) // 2)
            logger.warning("out of memory with %s pictures: at most %s rows a step", len(portion), rows_max)
            self._residency.release(keep=len(self.checkpoints))
        for fewer in portions(portion, _rows, rows_max):
            self._move(group, fewer)

    def _tell(self, portion: Sequence[Going], seconds: float) -> None:
        rows = sum(map(_rows, portion))
        for going in portion:
            going.undertaking.seconds += seconds * going.sample.rows / rows
            going.undertaking.hear(going.sample.steps, going.sample.pred_original_sample, going.previewer)

    def _finish(self, done: Sequence[Going]) -> None:
        for _, pictures in groupby(done, lambda going: going.sampler):
            for portion in portions(list(pictures), lambda going: 1, self._residency.tuning.pictures):
                self._decode(portion)

    def _decode(self, portion: Sequence[Going]) -> None:
        started = monotonic()
        failure: Exception | None = None
        try:
            latents = torch.cat([going.sample.latents for going in portion])
            images = arriving(*portion[0].sampler.decode(latents))
        except Exception as error:
            failure = lightened(error)
        if failure is None:
            self._residency.watchdog.beat()
            share = (monotonic() - started) / len(portion)
            for going, image in zip(portion, images, strict=True):
                going.undertaking.seconds += share
                self._finishing.hand_over(going, image)
        elif len(portion) > 1:
            for one in portion:
                self._decode([one])
        else:
            self._fail(portion[0], failure)

    def _fail(self, picture: Going, failure: Exception) -> None:
        picture.undertaking.fail(failure)
        if devices.is_out_of_memory(failure):
            self.drop_what_is_over()
            self._residency.release(keep=1)


def _rows(going: Going) -> int:
    return going.sample.rows


def _group(going: Going) -> Group:
    return going.denoiser, going.drawing.size
