"""Which colour a region of a sketch should have, by what is known without the picture's own blotches.

Sources are asked in order; the first that knows a region's colour decides. A region that none knows takes the colour that the
model gave it. A new source is a function of the same shape, added to SOURCES.
"""

from collections.abc import Callable, Sequence
from math import hypot

from generation.pipelines import colour_words, parts
from generation.pipelines.parts import Layout, apart
from generation.pipelines.regions import Lab, Region

# How far from the named colour, in a and b, the model's paint still means it.
SAME_COLOUR = 50.0
# Grey says nothing of a region of this share of the drawn area; smaller ones may be metal, glass or shade.
DULL_CHROMA, DULL_SHARE = 22.0, 0.05
# Black is no grey: coffee, tyres, eyes.
BLACK_L = 25.0
# A region that the model left as paper takes the thing's colour when it is so large and no spot within it.
LEFT_AS_PAPER = 0.3
# How much of the model's lightness stays in a named colour.
TONE, TONE_MAX = 0.25, 24.0

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


def by_words(regions: Sequence[Region], painted: Painted, prompt: str) -> list[Lab | None]:
    """The colours that the prompt names: of parts where they are found, of the thing where the region is surely its own."""
    said = colour_words.read(prompt)
    wishes: list[Lab | None] = [None] * len(regions)
    if not said.any or not regions:
        return wishes
    layout = Layout(regions)
    for noun, colour in said.parts:
        for region in parts.find(noun, layout, painted, colour, said.whole):
            wishes[region.index] = wishes[region.index] or toned(colour, painted[region.index])
    rest = [region for region in regions if wishes[region.index] is None]
    for region in rest if said.whole else ():
        wishes[region.index] = _whole(region, painted[region.index], said.whole, layout, rest)
    return wishes


def _whole(
    region: Region, paint: Lab | None, whole: Sequence[Lab], layout: Layout, rest: Sequence[Region]
) -> Lab | None:
    """The thing's colour where the region is its main one, or its paint is no clear other colour; else None."""
    main = max(rest, key=lambda each: each.area)
    share = layout.share(region)
    if region is main:
        return toned(whole[0] if len(whole) == 1 or paint is None else _nearest(paint, whole), paint)
    if paint is None:
        return whole[0] if share > LEFT_AS_PAPER and region.touches_outside and region.neighbours else None
    nearest = _nearest(paint, whole)
    dull = hypot(paint[1], paint[2]) < DULL_CHROMA and paint[0] > BLACK_L and share > DULL_SHARE
    return (
        toned(nearest, paint)
        if dull or hypot(paint[1] - nearest[1], paint[2] - nearest[2]) < SAME_COLOUR
        else None
    )


def toned(colour: Lab, paint: Lab | None) -> Lab:
    """The colour, a little lighter or darker where the model's paint is."""
    if paint is None or hypot(colour[1], colour[2]) < DULL_CHROMA:
        return colour
    step = TONE * max(-TONE_MAX, min(TONE_MAX, paint[0] - colour[0]))
    return min(97.0, max(5.0, colour[0] + step)), colour[1], colour[2]


def _nearest(paint: Lab, colours: Sequence[Lab]) -> Lab:
    return min(colours, key=lambda colour: apart(paint, colour))


SOURCES: tuple[Source, ...] = (by_own_ink, by_words)


def wished(
    regions: Sequence[Region], painted: Painted, prompt: str, sources: Sequence[Source] = SOURCES
) -> list[Lab | None]:
    """The wished colour of each region; None where no source knows one."""
    found: list[Lab | None] = [None] * len(regions)
    for source in sources:
        new = source(regions, painted, prompt)
        found = [old if old is not None else each for old, each in zip(found, new, strict=True)]
    return found
