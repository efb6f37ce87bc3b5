"""How the built-in model does on sixty sketches of different hands, with its colours tidied and without.

python -m bench.bundled.sixty [--judge FOLDER]

Writes bench/out/bundled-sketches-1.jpg and -2.jpg (sketch | without | with), to be looked at, and bundled-sketches.json.
Every picture is the one that people get: the product's engine and defaults, lines laid over, one seed. --judge: the
folder with the training's drawings; adds how often the judge of the training's evaluation names the thing.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

from PIL import Image

from bench.bundled import colour, edges
from bench.bundled.scene import Scene, scenes
from bench.bundled.sheet import Row, sheet
from bench.bundled.spill import coverage, spill
from bench.bundled.studio import Studio
from bench.report import OUT, machine
from generation.checkpoints import catalogue

NAME = "bundled-sketches"
FOLDER = catalogue.BUNDLED / "sketches"
SEED = 1
WAYS: dict[str, dict[str, Any]] = {"without": {"tidy_colours": False}, "with": {"tidy_colours": True}}
SHEETS, SHEET_COLUMNS = 2, 3


class Score(NamedTuple):
    """One picture. colour, second_colour: None where the prompt names none, or but one. rank: None without a judge.

    second_colour: 1 if every colour named covers at least MIN_SHARE of what is drawn, else 0.
    """

    sketch: str
    way: str
    seconds: float
    edge_f1: float
    colour: float | None
    second_colour: float | None
    spill: float
    coverage: float
    rank: int | None


class Examiner:
    """Draws the sketches and scores the pictures."""

    def __init__(self, judge: Any = None) -> None:  # bench.bundled.judge.Judge, imported only when asked for
        self._judge = judge
        self.studio = Studio("bundled")

    def examine(self, drawn: Sequence[Scene]) -> tuple[list[Row], list[Score]]:
        rows, scores = [], []
        for scene in drawn:
            print(f"drawing {scene.prompt} …", file=sys.stderr, flush=True)
            paper = scene.paper()
            made = {way: self._timed(scene, paper, how) for way, how in WAYS.items()}
            rows.append(Row(scene.prompt, [paper, *(image for image, _ in made.values())]))
            scores += [self._score(scene, paper, way, *made[way]) for way in WAYS]
        return rows, scores

    def _timed(self, scene: Scene, paper: Image.Image, how: dict[str, Any]) -> tuple[Image.Image, float]:
        """The picture, and how long somebody waits for it: colours are tidied after the engine's own seconds."""
        began = monotonic()
        image, _ = self.studio.picture(paper, scene.prompt, SEED, **how)
        return image, monotonic() - began

    def _score(
        self, scene: Scene, paper: Image.Image, way: str, picture: Image.Image, seconds: float
    ) -> Score:
        return Score(
            scene.name,
            way,
            seconds,
            edges.agreement(paper, picture).f1,
            colour.agreement(scene.prompt, picture),
            colour.all_there(scene.prompt, picture),
            spill(paper, picture),
            coverage(paper, picture),
            self._judge.rank(scene.prompt, picture) if self._judge else None,
        )


def summary(scores: Sequence[Score]) -> dict[str, dict[str, float]]:
    """Means of each way; seconds: the median."""
    return {way: _means([score for score in scores if score.way == way]) for way in WAYS}


def _means(scores: Sequence[Score]) -> dict[str, float]:
    found = {"seconds": statistics.median(score.seconds for score in scores)}
    for field in ("colour", "second_colour", "spill", "coverage", "edge_f1"):
        known = [value for score in scores if (value := getattr(score, field)) is not None]
        found[field] = statistics.mean(known)
    ranks = [score.rank for score in scores if score.rank is not None]
    if ranks:
        found |= {f"named_among_{top}": statistics.mean(rank <= top for rank in ranks) for top in (1, 5)}
    return found


def _write(rows: Sequence[Row], scores: Sequence[Score], studio: Studio) -> None:
    OUT.mkdir(exist_ok=True)
    share = -(-len(rows) // SHEETS)
    for number in range(SHEETS):
        part = sheet(rows[number * share : (number + 1) * share], SHEET_COLUMNS)
        part.save(OUT / f"{NAME}-{number + 1}.jpg", quality=80)
    content = {
        "at": datetime.now(UTC).isoformat(),
        "machine": machine() | {"device": studio.title, "load_average": os.getloadavg()[0]},
        "summary": summary(scores),
        "pictures": [score._asdict() for score in scores],
    }
    (OUT / f"{NAME}.json").write_text(json.dumps(content, indent=1))


def _print(scores: Sequence[Score]) -> None:
    found = summary(scores)
    print(f"{'':18}" + "".join(f"{way:>10}" for way in found))
    for name in next(iter(found.values())):
        print(f"{name.replace('_', ' '):18}" + "".join(f"{found[way][name]:10.2f}" for way in found))
    print(f"\nLook at {OUT / NAME}-*.jpg.")


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw and judge the sixty sketches.")
    parser.add_argument("--judge", type=Path, help="the folder with the training's drawings")
    folder = parser.parse_args().judge
    judge = None
    if folder:
        from bench.bundled.judge import Judge

        judge = Judge(folder)
    examiner = Examiner(judge)
    examiner.studio.open()
    try:
        rows, scores = examiner.examine(scenes(FOLDER))
    finally:
        examiner.studio.close()
    _write(rows, scores, examiner.studio)
    _print(scores)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    with tempfile.TemporaryDirectory(prefix="atelier-bench-") as home:
        os.environ["ATELIER_HOME"] = home  # nothing of one's own Atelier is read or changed
        main()
