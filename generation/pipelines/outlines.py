"""Outlines to start from where there is no sketch: line drawings of things, found by a prompt's words.

A small model paints along lines much better than out of nothing. Imports no torch.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, pairwise, product, zip_longest
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from generation.images.framing import Size
from generation.pipelines import natural_colours

FILE = "outlines.npz"
"""Beside a checkpoint's weights; a checkpoint without it starts from noise."""

# Names are not longer than so many words.
RUN_MAX = 5
LINE_SHARE = 0.011
MARGIN_SHARE = 0.09
FINER = 4  # drawn so much larger and reduced, for smooth edges
LITTLE = {
    "a", "an", "and", "the", "of", "in", "on", "at", "over", "with", "my", "some", "one", "two", "three", "very", "for",
}  # fmt: skip
# Of a thing, with colours: they count only as a part of its name ("old man", "new moon").
ADJECTIVES = natural_colours.COLOUR_WORDS | {
    "small", "little", "tiny", "big", "large", "huge", "old", "new", "cute", "happy", "sad", "beautiful", "pretty", "nice",
    "simple", "funny", "drawing", "picture", "bright", "dark", "light", "pale",
}  # fmt: skip
# What a picture shows is said first, then what is around it.
AROUND = re.compile(
    r"[,;.:!?]|\b(?:and|with|in|on|over|under|beside|near|by|behind|at|from|that|which|who|"
    r"wearing|holding|playing|eating|breathing|riding|carrying|drinking)\b"
)
WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
PLURALS = {
    "feet": "foot", "geese": "goose", "knives": "knife", "leaves": "leaf", "men": "man", "mice": "mouse", "teeth": "tooth",
    "wolves": "wolf", "women": "woman", "children": "child", "people": "person", "oxen": "ox", "buses": "bus",
}  # fmt: skip


@dataclass(frozen=True)
class Outlines:
    """Outlines with what they are called. by_name, by_tag: index for each phrase."""

    names: tuple[str, ...]
    by_name: dict[str, int]
    by_tag: dict[str, int]
    lines: tuple[tuple[NDArray[np.uint8], ...], ...]

    def find(self, prompt: str) -> int | None:
        """The index of the outline of what the prompt names first; None where nothing is called so."""
        for run in _runs(_words(prompt)):
            if len(run) > 1 and (index := _index(run, self.by_name)) is not None:
                return index
        for part in AROUND.split(prompt.lower()):
            if (index := self._find_in(_words(part))) is not None:
                return index
        return None

    def _find_in(self, words: list[str]) -> int | None:
        """A longer phrase counts before a shorter one, then a name before a tag, then a later word before an earlier one."""
        for _, runs in groupby(_runs(words), key=len):
            said = [run for run in runs if run == words or not ADJECTIVES.issuperset(run)]
            for called, run in product((self.by_name, self.by_tag), said):
                if (index := _index(run, called)) is not None:
                    return index
        return None

    def draw(self, index: int, size: Size) -> Image.Image:
        """An outline as black lines on white, in the middle of a sheet of that size."""
        side = min(size) * (1 - 2 * MARGIN_SHARE) * FINER
        every = np.concatenate(self.lines[index]).astype(np.float32)
        low, high = every.min(0), every.max(0)
        scale = side / max(1.0, float((high - low).max()))
        middle = np.array([size[0] * FINER / 2, size[1] * FINER / 2])
        sheet = np.full((size[1] * FINER, size[0] * FINER), 255, np.uint8)
        width = max(1, round(LINE_SHARE * min(size) * FINER))
        for line in self.lines[index]:
            points = (line - (low + high) / 2) * scale + middle
            cv2.polylines(sheet, [points.round().astype(np.int32)], True, (0,), width, cv2.LINE_AA)
        small = cv2.resize(sheet, size, interpolation=cv2.INTER_AREA)
        return Image.fromarray(np.asarray(small, np.uint8)).convert("RGB")


@lru_cache(maxsize=2)
def beside(folder: Path | None) -> Outlines | None:
    """The outlines beside a checkpoint's weights; None where there are none, or no folder."""
    if folder is None or not (folder / FILE).exists():
        return None
    with np.load(folder / FILE) as stored:
        raw = dict(stored)
    called = [json.loads(text) for text in raw["words"].tolist()]
    points = np.split(raw["points"], raw["points_of"][:-1])
    ends = [0, *raw["lines_of"].tolist()]
    return Outlines(
        tuple(names[0] for names, _ in called),
        _by_phrase([names for names, _ in called]),
        _by_phrase([tags for _, tags in called]),
        tuple(tuple(points[a:b]) for a, b in pairwise(ends)),
    )


def _by_phrase(phrases: list[list[str]]) -> dict[str, int]:
    """What is said as it stands counts before a plural's singular, and a thing's first phrase before another one's second."""
    found: dict[str, int] = {}
    in_turn = [
        (index, words)
        for same_place in zip_longest(*phrases)
        for index, phrase in enumerate(same_place)
        if phrase and (words := _words(phrase))
    ]
    for place in (0, 1):
        for index, words in in_turn:
            for form in _forms(words)[place:][:1]:
                found.setdefault(form, index)
    return found


def _index(run: list[str], called: Mapping[str, int]) -> int | None:
    return next((called[form] for form in _forms(run) if form in called), None)


def _words(text: str) -> list[str]:
    return [word for word in WORD.findall(text.lower()) if word not in LITTLE]


def _runs(words: list[str]) -> Iterator[list[str]]:
    """Runs of the words, the longest first; of equally long ones the last, which is what a phrase is about."""
    for length in range(min(len(words), RUN_MAX), 0, -1):
        for start in range(len(words) - length, -1, -1):
            yield words[start : start + length]


def _forms(words: list[str]) -> list[str]:
    """A phrase as it is said, of one thing, and written in one word."""
    one = [*words[:-1], _singular(words[-1])]
    return [" ".join(words), " ".join(one), "".join(one)]


def _singular(word: str) -> str:
    if word in PLURALS:
        return PLURALS[word]
    for plural, singular in (
        ("ies", "y"),
        ("ches", "ch"),
        ("shes", "sh"),
        ("xes", "x"),
        ("sses", "ss"),
        ("oes", "o"),
    ):
        if word.endswith(plural) and len(word) > len(plural) + 1:
            return word.removesuffix(plural) + singular
    return re.sub(r"(?<=[^s])s$", "", word)
