"""Which colour a region of a sketch should have, by what is known without the picture's own blotches.

Sources are asked in order; the first that knows a region's colour decides. A region that none knows takes the colour that the
model gave it. A new source is a function of the same shape, added to SOURCES.
"""

from collections.abc import Callable, Sequence

from generation.pipelines.regions import Lab, Region

Painted = Sequence[Lab | None]
"""The model's own robust colour of each region, None where it left paper."""

Source = Callable[[Sequence[Region], Painted, str], Sequence[Lab | None]]
"""(regions, what the model painted there, prompt) → a wished colour or None for each region, in the same order.

Of a region is known (see regions.Region): mask, box, area, centroid, whether it touches the outside, its neighbours, the
colour of the ink around it and of the sketch inside. Asked once a picture: a few milliseconds at most, no randomness.
"""


def by_own_ink(regions: Sequence[Region], painted: Painted, prompt: str) -> list[Lab | None]:
    """What a person coloured stays in that colour."""
    return [region.own_colour for region in regions]


SOURCES: tuple[Source, ...] = (by_own_ink,)


def wished(
    regions: Sequence[Region], painted: Painted, prompt: str, sources: Sequence[Source] = SOURCES
) -> list[Lab | None]:
    """The wished colour of each region; None where no source knows one."""
    found: list[Lab | None] = [None] * len(regions)
    for source in sources:
        new = source(regions, painted, prompt)
        found = [old if old is not None else each for old, each in zip(found, new, strict=True)]
    return found
