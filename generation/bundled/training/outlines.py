"""Stage `outlines`: line drawings of one set's things, by name.

For pictures of words alone: the model paints much better along an outline than without one.
"""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from .art import Drawing
from .rasterise import draw
from .recipe import Workplace
from .text import Text

SET = "fluent-flat"
FILE = "outlines.npz"
SIDE_PX = 512
"""Points are 0–255 on a square twice as fine."""
STEP_MIN = 26
"""Of 255: colours that differ less are shades of one surface."""
AREA_MIN = 0.0012
ROUGHNESS_PX = 1.6
LINES_MAX = 24
ALIKE_MIN = 0.5
"""Cosine of name and tag: a yacht is a sailboat (0.79), a monster is no robot (0.33)."""
# What people call these, beside art.EVERYDAY_WORDS: a drawing is found by it before another one that it is a tag of.
MORE_WORDS: dict[str, tuple[str, ...]] = {
    "alarm clock": ("clock",), "baguette bread": ("baguette",), "beer mug": ("beer",), "blossom": ("flower",), "bottle with popping cork": ("bottle",),
    "cheese wedge": ("cheese",), "chocolate bar": ("chocolate",), "couch and lamp": ("sofa", "couch"), "crossed swords": ("sword",),
    "desert island": ("island",), "desktop computer": ("computer",), "droplet": ("drop", "raindrop"), "fallen leaf": ("autumn leaf",),
    "fire engine": ("fire truck",), "french fries": ("fries", "chips"), "gem stone": ("gem", "diamond", "jewel"), "hiking boot": ("boot",),
    "honeybee": ("bee",), "hot pepper": ("chili", "chilli"), "hourglass done": ("hourglass",), "kitchen knife": ("knife",), "lady beetle": ("ladybird",),
    "magic wand": ("wand",), "maple leaf": ("leaf",), "military helmet": ("helmet",), "mobile phone": ("phone",), "money bag": ("money",),
    "motorcycle": ("motorbike",), "office building": ("skyscraper", "building"), "old man": ("grandfather", "grandpa"),
    "old woman": ("grandmother", "grandma"), "playground slide": ("slide",), "postbox": ("mailbox",), "potted plant": ("plant",),
    "motor scooter": ("scooter",), "running shoe": ("shoe", "sneaker"), "sailboat": ("sailing boat", "yacht"), "sauropod": ("dinosaur",),
    "seedling": ("sprout",), "spiral shell": ("shell", "seashell"), "spider web": ("cobweb",), "sport utility vehicle": ("jeep", "suv"),
    "steaming bowl": ("soup", "noodles"), "tangerine": ("orange",), "teacup without handle": ("teacup", "tea"), "television": ("tv",),
    "rabbit": ("bunny",), "cat": ("kitten",), "dog": ("puppy",), "ewe": ("sheep", "lamb"), "rocket": ("spaceship",), "bullet train": ("fast train",),
    "tumbler glass": ("glass",), "water wave": ("wave",), "fish": ("goldfish",), "seat": ("armchair",), "child": ("kid",),
}  # fmt: skip


def trace(svg: str) -> list[NDArray[np.uint8]]:
    """The closed lines of a drawing, (points, 2), x and y of 0–255, largest first."""
    rgba = np.asarray(draw(svg, SIDE_PX).resize((SIDE_PX, SIDE_PX)))
    rgb = np.where(rgba[..., 3:] > 128, rgba[..., :3], 255).astype(np.uint8)
    opaque = rgba[..., 3] > 128
    flat = cv2.medianBlur(rgb, 7)
    keys = (flat.astype(np.int32) // STEP_MIN) @ np.array([10_000, 100, 1])
    lines: list[tuple[float, NDArray[np.uint8]]] = []
    for key in np.unique(keys[opaque]):
        lines += _contours(opaque & (keys == key))
    lines += _contours(opaque)
    return [line for _, line in sorted(lines, key=lambda each: -each[0])[:LINES_MAX]]


def _contours(mask: NDArray[np.bool_]) -> list[tuple[float, NDArray[np.uint8]]]:
    smooth = cv2.medianBlur(mask.astype(np.uint8) * 255, 5)
    found, _ = cv2.findContours(smooth, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    lines = []
    for contour in found:
        area = cv2.contourArea(contour)
        if area >= AREA_MIN * SIDE_PX**2:
            points = cv2.approxPolyDP(contour, ROUGHNESS_PX, True)[:, 0]
            lines.append((area, (points // 2).astype(np.uint8)))
    return lines


def tags(drawings: list[Drawing]) -> list[list[str]]:
    """The tags that mean about what a drawing's name means, each only at the drawing that it fits best."""
    phrases = sorted({phrase for each in drawings for phrase in (each.name, *each.tags)})
    text = Text(torch.device("cpu"))
    vectors = torch.cat([text.sentences(phrases[at : at + 256]) for at in range(0, len(phrases), 256)])
    of = dict(zip(phrases, vectors, strict=True))
    best: dict[str, tuple[float, int]] = {}
    for index, each in enumerate(drawings):
        for tag in each.tags:
            alike = float(of[each.name] @ of[tag])
            if alike >= ALIKE_MIN:
                best[tag] = max(best.get(tag, (alike, index)), (alike, index))
    return [
        [tag for tag in each.tags if best.get(tag, (0, -1))[1] == index]
        for index, each in enumerate(drawings)
    ]


def build(place: Workplace, out: Path) -> None:
    """Write FILE: the drawings' names and tags, and their points with their ends."""
    drawings = [Drawing(**json.loads(line)) for line in place.drawings.open()]
    chosen = [drawing for drawing in drawings if drawing.set == SET]
    traced = [trace(drawing.svg) for drawing in chosen]
    lines = [line for drawing in traced for line in drawing]
    names = [[each.name, *each.everyday, *MORE_WORDS.get(each.name, ())] for each in chosen]
    np.savez_compressed(
        out / FILE,
        words=np.array([json.dumps(both) for both in zip(names, tags(chosen), strict=True)]),
        lines_of=np.cumsum([len(drawing) for drawing in traced]).astype(np.uint32),
        points_of=np.cumsum([len(line) for line in lines]).astype(np.uint32),
        points=np.concatenate(lines),
    )
    print(f"{len(chosen)} outlines, {(out / FILE).stat().st_size / 1e6:.2f} MB")
