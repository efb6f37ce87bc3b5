"""Whether a judge that knows the training's drawings recognises a picture: is the right name the first of 500?

The judge is the one of the training's evaluation. Its drawings must have been made before, by the stages `dataset` and
`rasterise`; the trained judge is kept beside them.
"""

import random
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from bench.bundled import colour
from generation.bundled.training import evaluate
from generation.bundled.training.recipe import CPU, Workplace
from generation.bundled.training.samples import Emoji
from generation.bundled.training.text import Text

SEED = 3
SIDE_PX = 128
LITTLE = {"a", "an", "and", "the", "of", "in", "on", "over", "with", "half", "piece", "slice", "loaf"}


class Judge:
    """Needs the folder with the training's drawings. Training it takes six minutes, once."""

    def __init__(self, folder: Path) -> None:
        random.seed(SEED)
        torch.manual_seed(SEED)
        place, self._text = Workplace(folder), Text(torch.device("cpu"))
        emoji = Emoji(place)
        self._names = sorted({emoji.drawings[row].name for row in emoji.seen + emoji.held_out})
        self._eye = self._trained(folder / "judge.pt", emoji)

    @torch.no_grad()
    def rank(self, prompt: str, picture: Image.Image) -> int:
        """The place, from 1, of the prompt's thing among it and 499 other names."""
        names = [thing(prompt), *self._others(prompt)]
        vectors = self._text.sentences(names)
        likeness = (self._eye(_tensor(picture)) @ vectors.T)[0]
        return 1 + int((likeness > likeness[0]).sum())

    def _others(self, prompt: str) -> Sequence[str]:
        """499 names that share no word with the prompt, always the same."""
        own = set(_words(prompt))
        free = [name for name in self._names if not own & set(_words(name))]
        return random.Random(SEED).sample(free, evaluate.NAMES - 1)

    def _trained(self, kept: Path, emoji: Emoji) -> evaluate.Judge:
        if kept.exists():
            eye = evaluate.Judge()
            eye.load_state_dict(torch.load(kept))
            return eye.eval()
        eye = evaluate.train_judge(CPU, emoji, self._text, torch.device("cpu"))
        torch.save(eye.state_dict(), kept)
        return eye


def thing(prompt: str) -> str:
    """A prompt without articles and colours: the judge is to name the thing."""
    return " ".join(word for word in _words(prompt) if word not in colour.HUES)


def _words(text: str) -> list[str]:
    """Words that say what is there, in the singular as far as a final s tells."""
    return [word.rstrip("s") for word in re.findall(r"[a-z]+", text.lower()) if word not in LITTLE]


def _tensor(picture: Image.Image) -> Tensor:
    small = picture.convert("RGB").resize((SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS)
    return torch.from_numpy(np.array(small)).permute(2, 0, 1)[None].float() / 255
