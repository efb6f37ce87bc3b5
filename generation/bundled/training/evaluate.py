"""Stage `evaluate`: numbers for a checkpoint, on names that were never trained on and on seen ones.

There is no openly licensed CLIP at hand, so a judge is trained on the art itself: a small network that puts pictures near
the MiniLM vectors of their captions. It then looks for the right name among 500. It has seen every drawing, held-out names
too, so the real drawings give the ceiling; the bare sketches give the floor.
"""

from __future__ import annotations

import json
import math
import random
import time
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers import StableDiffusionInstructPix2PixPipeline
from torch import Tensor, nn

from . import drawing
from .progress import Progress
from .recipe import TOKEN_WIDTH, Recipe, Workplace
from .samples import Emoji
from .text import Text

NAMES = 500
JUDGE_RATE = 1.5e-3
EDGE_STEP = 0.12  # brightness difference between neighbours that counts as an edge
EDGE_SLACK = 0.02  # of the side
SHEET_COLUMNS = 16
FLAT_SETS = ("noto", "fluent-flat", "twemoji", "emojione")


class Judge(nn.Module):
    """Pictures (n, 3, s, s) in 0..1 -> unit vectors (n, TOKEN_WIDTH) beside those of their captions."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3, width, 5, 2, 2)]
        channels = width
        for _ in range(4):
            wider = min(2 * channels, 256)
            layers += [nn.GroupNorm(8, channels), nn.SiLU(), nn.Conv2d(channels, wider, 3, 1, 1)]
            layers += [nn.GroupNorm(8, wider), nn.SiLU(), nn.Conv2d(wider, wider, 3, 2, 1)]
            channels = wider
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(channels, TOKEN_WIDTH)
        self.log_scale = nn.Parameter(torch.tensor(math.log(14.0)))

    def forward(self, pictures: Tensor) -> Tensor:
        features = self.body(F.interpolate(pictures * 2 - 1, size=64, mode="area")).mean((2, 3))
        return F.normalize(self.head(features), dim=1)


class Gallery:
    """Every drawing and a sketch of it, drawn once, with the vector of its name."""

    def __init__(self, emoji: Emoji, text: Text) -> None:
        self.rows = emoji.seen + emoji.held_out
        made = [emoji.named(self.rows[n : n + 256]) for n in range(0, len(self.rows), 256)]
        self.pictures, self.sketches = (
            torch.cat([(getattr(part, kind) * 255).to(torch.uint8) for part in made])
            for kind in ("picture", "init_image")
        )
        words = [word for part in made for word in part.words]
        names = {name: number for number, name in enumerate(sorted(set(words)))}
        self.number = torch.tensor([names[word] for word in words])
        self.vectors = text.sentences(list(names))

    def draw(self, count: int, sketched: bool) -> tuple[Tensor, Tensor]:
        """Pictures (count, 3, s, s) in 0..1, some mirrored, and the numbers of their names."""
        rows = torch.randint(len(self.rows), (count,))
        pictures = (self.sketches if sketched else self.pictures)[rows].float() / 255
        return torch.where(torch.rand(count, 1, 1, 1) < 0.5, pictures, pictures.flip(-1)), self.number[rows]


def train_judge(recipe: Recipe, emoji: Emoji, text: Text, device: torch.device) -> Judge:
    """Train: each picture's vector near that of its own name; every fourth batch shows sketches, so that the floor is fair."""
    gallery, judge = Gallery(emoji, text), Judge().to(device).train()
    progress = Progress(
        judge, list(judge.parameters()), None, rate=JUDGE_RATE, weight_decay=0.05, average_decay=0.99, warm_up_steps=50,
        planned_minutes=recipe.judge_minutes, minutes=None,
    )  # fmt: skip
    while progress.running:
        pictures, numbers = gallery.draw(recipe.judge_batch, sketched=progress.step % 4 == 0)
        with torch.autocast(device.type, torch.bfloat16):
            looked = judge(pictures.to(device))
        scores = looked.float() @ gallery.vectors.T * judge.log_scale.exp().clamp(max=100)
        loss = F.cross_entropy(scores, numbers.to(device))
        progress.learn(loss)
        if progress.step % 50 == 0:
            print(f"judge {progress.step} {progress.clock.spent:.2f} min loss {loss.item():.3f}", flush=True)
    return judge.eval().requires_grad_(False)


def edges(pictures: Tensor) -> Tensor:
    """(n, 1, s, s) of 0 and 1."""
    gray = F.avg_pool2d(F.pad(pictures.mean(1, keepdim=True), (1,) * 4, mode="replicate"), 3, 1)
    down, right = F.pad(gray.diff(dim=2).abs(), (0, 0, 1, 0)), F.pad(gray.diff(dim=3).abs(), (1, 0))
    return (down + right > EDGE_STEP).float()


def edge_f1(init_image: Tensor, picture: Tensor) -> float:
    """How well the edges of the picture lie on the strokes of the init image, and the other way round."""
    slack = max(1, round(EDGE_SLACK * init_image.shape[-1]))
    near = lambda e: F.max_pool2d(e, 2 * slack + 1, 1, slack)  # noqa: E731
    a, b = edges(init_image), edges(picture)
    precision = (b * near(a)).sum((1, 2, 3)) / b.sum((1, 2, 3)).clamp(1)
    recall = (a * near(b)).sum((1, 2, 3)) / a.sum((1, 2, 3)).clamp(1)
    return float((2 * precision * recall / (precision + recall).clamp(1e-6)).mean())


@dataclass
class Scores:
    """Chance that the right name is the first, or among the first five, of 500; edges kept; distance of colours."""

    first: float
    first_five: float
    edge_f1: float
    color_error: float


def color_error(picture: Tensor, target: Tensor) -> float:
    """Mean absolute difference of the drawn things at an eighth of the size, in 0..1: colours in the right places."""
    return float((F.avg_pool2d(picture, 8) - F.avg_pool2d(target, 8)).abs().mean())


def score(
    judge: Judge, vectors: Tensor, answers: Tensor, init_image: Tensor, picture: Tensor, target: Tensor
) -> Scores:
    """vectors: (500, TOKEN_WIDTH) of the names; answers: (n,) index of the right one."""
    order = (judge(picture) @ vectors.T).argsort(1, descending=True)
    rank = (order == answers[:, None]).float().argmax(1)
    return Scores(
        float((rank < 1).float().mean()),
        float((rank < 5).float().mean()),
        edge_f1(init_image, picture),
        color_error(picture, target),
    )


@torch.no_grad()
def examine(
    pipe: StableDiffusionInstructPix2PixPipeline,
    judge: Judge,
    emoji: Emoji,
    rows: list[int],
    text: Text,
    sheet: Path,
) -> dict[str, Scores]:
    """Scores of the real drawings, the sketches and the model's pictures for some rows; writes init image | picture | drawing."""
    made = emoji.named(rows)
    names = sorted(set(made.words))
    others = sorted({emoji.drawings[row].name for row in emoji.seen + emoji.held_out} - set(names))
    names += random.sample(others, min(len(others), max(0, NAMES - len(names))))
    vectors, answers = text.sentences(names).cpu(), torch.tensor([names.index(word) for word in made.words])
    began = time.monotonic()
    pictures = drawing.draw(pipe, made.init_image, made.words)
    print(f"{len(rows)} pictures, {(time.monotonic() - began) / len(rows):.2f} s each")
    part = slice(0, SHEET_COLUMNS)
    drawing.rows([made.init_image[part], pictures[part], made.picture[part]], made.words[part]).save(sheet)
    kinds = {"real drawing (ceiling)": made.picture, "sketch (floor)": made.init_image, "model": pictures}
    return {
        kind: score(judge, vectors, answers, made.init_image, shown, made.picture)
        for kind, shown in kinds.items()
    }


def evaluate(
    recipe: Recipe, place: Workplace, device: torch.device, checkpoint: Path, out: Path, count: int
) -> None:
    """Write evaluation.json and a contact sheet for held-out and for seen names under `out`."""
    random.seed(3)
    torch.manual_seed(3)
    out.mkdir(parents=True, exist_ok=True)
    emoji, text = Emoji(place), Text(device)
    judge = train_judge(recipe, emoji, text, device).cpu()
    pipe = drawing.from_folder(checkpoint, device)
    report = {}
    for part, pool in (("held-out names", emoji.held_out), ("seen names", emoji.seen)):
        flat = [row for row in pool if emoji.drawings[row].set in FLAT_SETS]
        rows = random.sample(flat, min(count, len(flat)))
        found = examine(pipe, judge, emoji, rows, text, out / f"{part.replace(' ', '-')}.png")
        report[part] = {
            "drawings": len(rows),
            **{kind: {k: round(v, 3) for k, v in vars(scores).items()} for kind, scores in found.items()},
        }
    settings = {
        "steps": drawing.STEPS,
        "guidance_scale": drawing.GUIDANCE_SCALE,
        "image_guidance_scale": drawing.IMAGE_GUIDANCE_SCALE,
    }
    (out / "evaluation.json").write_text(json.dumps({"settings": settings, **report}, indent=1))
    print(json.dumps(report, indent=1))
