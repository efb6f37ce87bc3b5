"""How the built-in model does on twenty sketches drawn by hand.

python -m bench.bundled       writes bench/out/bundled-scenes.png, to be looked at, and bundled-scenes.json

Whatever lies in generation/bundled/ is measured, with the defaults that its checkpoint.json names, but without the
lines of the sketch and without tidy colours, which would flatter it; the sheet shows one picture more with both, as people get
it. Seconds count
one picture in the engine on as many threads as a worker takes; nothing else should run meanwhile.
"""

import json
import os
import statistics
import sys
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from PIL import Image

from bench.bundled import colour, edges
from bench.bundled.scene import Scene, scenes
from bench.bundled.sheet import Row, sheet
from bench.bundled.studio import Studio
from bench.report import OUT, machine

NAME = "bundled-scenes"
SEEDS = (1, 2)
DRAFT_SECONDS_MAX = 1.0  # live redraw: a frame a second


class Score(NamedTuple):
    """One picture. by_chance: the edge F1 with another scene's sketch. colour: None where no colour is named."""

    scene: str
    seed: int
    seconds: float
    edges: edges.Agreement
    by_chance: float
    colour: float | None


def main() -> None:
    drawn = scenes()
    papers = [scene.paper() for scene in drawn]
    studio = Studio("bundled")
    studio.open()
    try:
        rows, scores = _pictures(studio, drawn, papers)
        drafts = _drafts(studio, drawn, papers)
    finally:
        studio.close()
    summary = _summary(studio, scores, drafts)
    _write(studio, sheet(rows), summary, scores)
    _print(summary, scores)


def _pictures(studio: Studio, drawn: list[Scene], papers: list[Image.Image]) -> tuple[list[Row], list[Score]]:
    rows, scores = [], []
    for number, (scene, paper) in enumerate(zip(drawn, papers, strict=True)):
        print(f"drawing {scene.prompt} …", file=sys.stderr, flush=True)
        made = [
            studio.picture(paper, scene.prompt, seed, keep_lines=False, tidy_colours=False) for seed in SEEDS
        ]
        as_people_get_it, _ = studio.picture(paper, scene.prompt, SEEDS[0])
        rows.append(Row(scene.prompt, [paper, *(image for image, _ in made), as_people_get_it]))
        for seed, (image, seconds) in zip(SEEDS, made, strict=True):
            kept, chance = (edges.agreement(each, image) for each in (paper, papers[number - 1]))
            hue = colour.agreement(scene.prompt, image)
            scores.append(Score(scene.name, seed, seconds, kept, chance.f1, hue))
    return rows, scores


def _drafts(studio: Studio, drawn: list[Scene], papers: list[Image.Image]) -> list[float]:
    """Seconds of each frame when somebody draws and the picture follows."""
    frames = zip(drawn, papers, strict=True)
    return [studio.picture(paper, scene.prompt, SEEDS[0], **studio.draft)[1] for scene, paper in frames]


def _summary(studio: Studio, scores: list[Score], drafts: list[float]) -> dict[str, float]:
    return {
        "load_seconds": studio.load_seconds,
        "memory_mebibytes": studio.memory_mebibytes,
        "seconds_per_picture": statistics.median(score.seconds for score in scores),
        "seconds_per_draft": statistics.median(drafts),
        "edge_f1": statistics.mean(score.edges.f1 for score in scores),
        "edge_f1_by_chance": statistics.mean(score.by_chance for score in scores),
        "edge_precision": statistics.mean(score.edges.precision for score in scores),
        "edge_recall": statistics.mean(score.edges.recall for score in scores),
        "colour_agreement": statistics.mean(_known(score.colour for score in scores)),
    }


def _write(studio: Studio, picture: Image.Image, summary: dict[str, float], scores: list[Score]) -> None:
    OUT.mkdir(exist_ok=True)
    picture.save(OUT / f"{NAME}.png")
    kind = studio.checkpoint.kinds[studio.checkpoint.default_kind]
    content = {
        "at": datetime.now(UTC).isoformat(),
        "machine": machine() | {"device": studio.title, "load_average": os.getloadavg()[0]},
        "settings": {"kind": studio.checkpoint.default_kind, **kind.defaults, "draft": studio.draft},
        "summary": summary,
        "pictures": [score._asdict() | {"edges": score.edges._asdict()} for score in scores],
    }
    (OUT / f"{NAME}.json").write_text(json.dumps(content, indent=1))


def _print(summary: dict[str, float], scores: list[Score]) -> None:
    print(f"\n{'scene':12}{'edge F1':>9}{'colour':>9}{'seconds':>9}")
    for name in dict.fromkeys(score.scene for score in scores):
        mine = [score for score in scores if score.scene == name]
        hues = _known(score.colour for score in mine)
        hue = f"{statistics.mean(hues):.2f}" if hues else "–"
        kept = statistics.mean(score.edges.f1 for score in mine)
        print(f"{name:12}{kept:9.2f}{hue:>9}{statistics.mean(score.seconds for score in mine):9.2f}")
    print()
    for name, value in summary.items():
        print(f"{name.replace('_', ' '):22}{value:9.2f}")
    met = summary["seconds_per_draft"] <= DRAFT_SECONDS_MAX
    print(f"\nA frame a second while somebody draws: {'met' if met else 'MISSED'}. Look at {OUT / NAME}.png.")


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    with tempfile.TemporaryDirectory(prefix="atelier-bench-") as home:
        os.environ["ATELIER_HOME"] = home  # nothing of one's own Atelier is read or changed
        main()
