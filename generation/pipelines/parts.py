"""Which regions of a sketch are the part that a word names, by where parts of things are and how they look."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import hypot

from generation.pipelines import alike
from generation.pipelines.regions import Lab, Region

# A region that scores less is not the part.
SCORE_MIN = 1.0
# Of parts that come in numbers, those that score nearly as the best.
NEARLY = 0.4
# The model's own paint is evidence when it is so much nearer to one of two colours, in a and b.
EVIDENCE = 20.0
# The largest region is a part only if another one is nearly as large.
RIVAL = 0.35
# Smaller shares of the drawn area, such as smoke, do not say where the drawing ends.
SPECK = 0.02
PAPER: Lab = (100.0, 0.0, 0.0)


@dataclass(frozen=True)
class Trait:
    """Where a part is and how it looks.

    y: 0 at the top of the drawing, 1 at the bottom; None: anywhere. most, least: its share of the drawn area. many: it
    comes in numbers. inside: no outside beside it; None: either. shape: round, tall, wide or any.
    """

    y: float | None = None
    most: float = 0.5
    many: bool = False
    inside: bool | None = None
    shape: str = "any"
    least: float = 0.01


_TOP = Trait(0.15, 0.6, least=0.08)
_BOTTOM = Trait(0.85, 0.6, least=0.06)
_SIDES = Trait(None, 0.3, many=True, inside=False)
_DOTS = Trait(None, 0.08, many=True, inside=True, shape="round", least=0)

TRAITS: dict[str, Trait] = {
    noun: trait
    for nouns, trait in (
        ("roof cap hat lid top crown hair icing frosting snow peak", _TOP),
        ("cherry flame tip star chimney nose comb", Trait(0.05, 0.15, least=0.003)),
        ("head", Trait(0.2, 0.5)),
        ("pot vase base stand cone basket wrapper hull plate saucer", _BOTTOM),
        ("cup sole ground grass wave boot trouser pant skirt", _BOTTOM),
        ("trunk stem stalk stick", Trait(0.8, 0.4, shape="tall")),
        ("foot leg shoe paw", Trait(0.92, 0.2, many=True)),
        ("wheel tyre tire", Trait(0.85, 0.25, many=True, shape="round")),
        ("window", Trait(None, 0.2, many=True, inside=True, least=0.003)),
        ("door", Trait(0.8, 0.25, shape="tall")),
        ("leaf wing fin arm handle sail claw flipper pocket", _SIDES),
        ("ear horn antenna", Trait(0.1, 0.2, many=True)),
        ("ribbon bow", Trait(0.15, 0.2, many=True)),
        ("tail", Trait(None, 0.3, inside=False)),
        ("beak bill snout", Trait(0.3, 0.15, inside=False)),
        ("spot dot eye button seed hole freckle berry", _DOTS),
        ("petal", Trait(0.35, 0.3, many=True, inside=False)),
        ("stripe line panel", Trait(None, 0.3, many=True)),
        ("collar belt band scarf", Trait(0.5, 0.25, shape="wide")),
        ("belly tummy chest", Trait(0.65, 0.5)),
        ("centre center middle heart yolk face", Trait(0.45, 0.4, inside=True, shape="round")),
    )
    for noun in nouns.split()
}


class Layout:
    """The regions of a drawing with what parts are told by."""

    def __init__(self, regions: Sequence[Region]) -> None:
        self.regions = regions
        self.drawn = sum(region.area for region in regions) or 1.0
        large = [region for region in regions if self.share(region) > SPECK]
        self.top = min((region.box[1] for region in large), default=0)
        self.bottom = max((region.box[3] for region in large), default=1)
        by_area = sorted(regions, key=lambda region: -region.area)
        self.main = by_area[0] if by_area else None
        self.has_rival = len(by_area) > 1 and by_area[1].area > RIVAL * by_area[0].area

    def height(self, region: Region) -> float:
        """0 at the top of what is drawn, 1 at its bottom: where the middle of the region's box is."""
        middle = (region.box[1] + region.box[3]) / 2
        return (middle - self.top) / max(1, self.bottom - self.top)

    def share(self, region: Region) -> float:
        """Of the drawn area."""
        return region.area / self.drawn


def find(
    noun: str, layout: Layout, painted: Sequence[Lab | None], colour: Lab, others: Sequence[Lab]
) -> list[Region]:
    """The regions that are the part; none when unsure. others: the colours of the thing itself, against which the paint speaks."""
    trait = TRAITS.get(noun)
    if trait is None:
        return []
    scores = {
        region.index: _score(region, trait, layout) + _evidence(painted[region.index], colour, others)
        for region in layout.regions
        if region is not layout.main or (layout.has_rival and trait.most >= 0.5)
    }
    best = max(scores.values(), default=0.0)
    if best < SCORE_MIN:
        return []
    if not trait.many:
        return [next(region for region in layout.regions if scores.get(region.index) == best)]
    return [
        region for region in layout.regions if scores.get(region.index, 0.0) >= max(SCORE_MIN, best - NEARLY)
    ]


def _score(region: Region, trait: Trait, layout: Layout) -> float:
    score = 0.5 if trait.least <= layout.share(region) <= trait.most else -1.0
    score += 0.5 if trait.y is None else 1 - abs(layout.height(region) - trait.y) / 0.4
    if trait.inside is not None:
        score += 0.4 if trait.inside != region.touches_outside else -0.7
    # Of two that fit, the larger one: a speck is seldom what a word means.
    return score + _shape_score(region, trait.shape) + 0.6 * min(1.0, layout.share(region) / trait.most)


def _shape_score(region: Region, shape: str) -> float:
    if shape == "any":
        return 0.0
    width, height = region.box[2] - region.box[0], region.box[3] - region.box[1]
    fits = {
        "round": 0.7 < width / height < 1.4 and _solidity(region) > 0.88,
        "tall": height > 1.15 * width,
        "wide": width > 1.15 * height,
    }[shape]
    return 0.4 if fits else -0.5


@lru_cache(maxsize=512)
def _solidity(region: Region) -> float:
    return alike.solidity(region)


def _evidence(paint: Lab | None, colour: Lab, others: Sequence[Lab]) -> float:
    if not others:
        return 0.0
    paint = paint or PAPER
    nearer = min(apart(paint, other) for other in others) - apart(paint, colour)
    return 0.4 if nearer > EVIDENCE else -0.2 if nearer < -EVIDENCE else 0.0


def apart(one: Lab, other: Lab) -> float:
    """How far two colours are apart, mostly in hue and colourfulness."""
    return hypot(0.5 * (one[0] - other[0]), one[1] - other[1], one[2] - other[2])
