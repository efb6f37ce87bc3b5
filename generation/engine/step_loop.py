"""The pictures in flight: they share steps, are retried in smaller batches when memory runs out, and end one by one."""

import logging
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from time import monotonic

import torch

from generation.engine import device as devices
from generation.engine.batching import rows_in_use, select_for_step, split
from generation.engine.denoiser import Denoiser
from generation.engine.postprocessing import Postprocessor, download_images
from generation.engine.request import InFlight, Pending
from generation.engine.residency import Residency, Resident
from generation.engine.sampler import Sampler
from generation.engine.user_errors import without_traceback
from generation.engine.watchdog import LOADING_SECONDS

logger = logging.getLogger(__name__)

# Pictures that can share a step: the same UNet, (width, height), and number of tokens of the prompt.
Group = tuple[Denoiser, tuple[int, int], int]


class StepLoop:
    """Every method must be called on the engine's thread."""

    def __init__(self, residency: Residency, postprocessor: Postprocessor) -> None:
        self._residency, self._postprocessor = residency, postprocessor
        self._pace = devices.StepPacer(residency.device)
        self._last_group: Group | None = None
        # How many rows fit into memory, of groups that ran out of it.
        self._rows_that_fit: dict[Group, int] = {}
        self._steps = 0
        self._last_step: dict[str, int] = {}
        self.in_flight: list[InFlight] = []

    @property
    def rows(self) -> Counter[str]:
        """Rows of the UNet's batch by person, of all pictures in flight."""
        rows: Counter[str] = Counter()
        for picture in self.in_flight:
            rows[picture.owner] += picture.rows
        return rows

    @property
    def checkpoints(self) -> set[str]:
        """Names of the checkpoints in use."""
        return {picture.request.checkpoint.name for picture in self.in_flight}

    def has_room(self, rows: int, rows_max: int) -> bool:
        """True if a picture of so many rows may begin. A first one always may."""
        return not self.in_flight or rows_in_use(self.rows, rows_max) + rows <= rows_max

    def begin(self, picture: Pending, resident: Resident, sampler: Sampler) -> None:
        """Put a picture in flight. Raises whatever encoding its prompt and its init image raises."""
        started = monotonic()
        sample = sampler.begin(picture.drawing)
        denoiser = resident.denoiser(sampler)
        if picture.request.is_warm_up:
            # Graphs are captured, the decoder is compiled.
            with self._residency.watchdog.extended(LOADING_SECONDS):
                denoiser.prepare(sample)
                sampler.prepare(sample)
        self.in_flight.append(
            InFlight(picture.request, picture.index, sampler, denoiser, sample, resident.previewer)
        )
        picture.request.accelerator_seconds += monotonic() - started

    def drop_ended(self) -> None:
        """Drop the pictures of requests that have ended."""
        self.in_flight = [picture for picture in self.in_flight if not picture.request.ended]
        # Groups without pictures are forgotten: they would keep weights alive, and memory may suffice the next time.
        groups = {_group(picture) for picture in self.in_flight}
        self._rows_that_fit = {group: rows for group, rows in self._rows_that_fit.items() if group in groups}
        self._last_group = self._last_group if self._last_group in groups else None

    def step(self, rows_max: int) -> None:
        """One step of at most rows_max rows for one group; pictures that it finishes are decoded."""
        group = self._next_group()
        if group is None:
            return
        pictures = self._select([each for each in self.in_flight if _group(each) == group], rows_max)
        for batch in split(pictures, _rows, min(rows_max, self._rows_that_fit.get(group, rows_max))):
            self._step_batch(group, batch)
        done = [picture for picture in pictures if picture.sample.done and not picture.request.ended]
        # People with the fewest pictures in flight get theirs first.
        rows = self.rows
        self._decode_all(sorted(done, key=lambda picture: rows[picture.owner]))
        self.in_flight = [picture for picture in self.in_flight if not picture.sample.done]
        self.drop_ended()

    def _select(self, pictures: Sequence[InFlight], rows_max: int) -> list[InFlight]:
        rows = self.rows
        chosen = select_for_step(pictures, rows, rows_max, self._last_step)
        self._steps += 1
        self._last_step = {owner: step for owner, step in self._last_step.items() if owner in rows}
        self._last_step.update((picture.owner, self._steps) for picture in chosen)
        return chosen

    def _next_group(self) -> Group | None:
        """Round-robin over the groups in flight; None if there are none."""
        groups = list(dict.fromkeys(_group(picture) for picture in self.in_flight))
        if not groups:
            return None
        following = groups.index(self._last_group) + 1 if self._last_group in groups else 0
        self._last_group = groups[following % len(groups)]
        return self._last_group

    def _step_batch(self, group: Group, batch: Sequence[InFlight]) -> None:
        """One step in one call of the UNet; in smaller batches if that fails."""
        started = monotonic()
        failure: Exception | None = None
        try:
            group[0].step([picture.sample for picture in batch])
        except Exception as error:
            failure = without_traceback(error)
        self._residency.watchdog.beat()
        if failure is None:
            # The pictures have changed already: an error from here on is the card's, and nothing is tried again.
            self._pace.step()
            self._report(batch, monotonic() - started)
        elif len(batch) > 1:
            self._retry_smaller(group, batch, failure)
        else:
            self._fail(batch[0], failure)

    def _retry_smaller(self, group: Group, batch: Sequence[InFlight], failure: Exception) -> None:
        """Out of memory: halves. Any other error: one by one, to find the picture that causes it."""
        rows_max = 1
        if devices.is_out_of_memory(failure):
            rows_max = self._rows_that_fit[group] = max(1, sum(map(_rows, batch)) // 2)
            logger.warning("out of memory with %s pictures: at most %s rows a step", len(batch), rows_max)
            self._residency.release(keep=len(self.checkpoints))
        for smaller in split(batch, _rows, rows_max):
            self._step_batch(group, smaller)

    def _report(self, batch: Sequence[InFlight], seconds: float) -> None:
        """Report the step to each request, and divide the seconds among them by rows."""
        rows = sum(map(_rows, batch))
        for picture in batch:
            sample = picture.sample
            picture.request.accelerator_seconds += seconds * sample.rows / rows
            picture.request.report_step(sample.steps, sample.pred_original_sample, picture.previewer)

    def _decode_all(self, done: Sequence[InFlight]) -> None:
        for _, pictures in groupby(done, lambda picture: picture.sampler):
            for batch in split(list(pictures), lambda picture: 1, self._residency.tuning.pictures):
                self._decode(batch)

    def _decode(self, batch: Sequence[InFlight]) -> None:
        """Decode in one call and hand over to the postprocessor; one by one if that fails."""
        started = monotonic()
        failure: Exception | None = None
        try:
            latents = torch.cat([picture.sample.latents for picture in batch])
            images = download_images(*batch[0].sampler.decode(latents))
        except Exception as error:
            failure = without_traceback(error)
        if failure is None:
            self._residency.watchdog.beat()
            share = (monotonic() - started) / len(batch)
            for picture, get_image in zip(batch, images, strict=True):
                picture.request.accelerator_seconds += share
                self._postprocessor.submit(picture, get_image)
        elif len(batch) > 1:
            for picture in batch:
                self._decode([picture])
        else:
            self._fail(batch[0], failure)

    def _fail(self, picture: InFlight, failure: Exception) -> None:
        picture.request.fail(failure)
        if devices.is_out_of_memory(failure):
            self.drop_ended()
            self._residency.release(keep=1)


def _rows(picture: InFlight) -> int:
    return picture.rows


def _group(picture: InFlight) -> Group:
    return picture.denoiser, picture.drawing.size, picture.sample.prompt_embeds.shape[1]
