"""The widest range of every number in a request. A checkpoint may narrow them."""

from collections.abc import Mapping
from dataclasses import dataclass

TEXT_MAX = 1000
SEED_MAX = 2**32 - 1


@dataclass(frozen=True)
class Number:
    """low, high: inclusive. whole: no fraction."""

    low: float
    high: float
    whole: bool = False
    multiple_of: int = 1


# The catalogue has a default for each of these that a kind uses.
NUMBERS: Mapping[str, Number] = {
    "strength": Number(0, 1),
    "guidance_scale": Number(0, 30),
    "image_guidance_scale": Number(0, 10),
    "steps": Number(1, 100, whole=True),
}
# The same for every checkpoint; one that is not given is filled in on submission.
COMMON: Mapping[str, Number] = {
    "seed": Number(0, SEED_MAX, whole=True),
    "count": Number(1, 4, whole=True),
    "width_px": Number(64, 1536, whole=True, multiple_of=8),
    "height_px": Number(64, 1536, whole=True, multiple_of=8),
}


def seeds(first: int, count: int) -> list[int]:
    """The seeds of a job's pictures, counted up from the first. They tell its pictures apart."""
    return [(first + number) % (SEED_MAX + 1) for number in range(count)]


def allowed(name: str, narrowed: Mapping[str, tuple[float, float]]) -> tuple[float, float]:
    """The lowest and highest value of a number. narrowed: the limits of a kind of a checkpoint."""
    widest = NUMBERS.get(name) or COMMON[name]
    return narrowed.get(name, (widest.low, widest.high))
