"""Stage `dataset`: openly licensed drawings with the words for them.

Downloads seven emoji sets and the Unicode annotations with the npm client and writes `drawings.jsonl` and `ATTRIBUTION.md`.
Only things a person would draw are kept: no flags, arrows, letters, clock faces, skin tones or family portraits.
"""

from __future__ import annotations

import json
import re
import subprocess
import tarfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .recipe import Recipe, Workplace


@dataclass(frozen=True)
class Source:
    """One npm package of drawings; `share` scales how often its drawings are shown."""

    package: str
    version: str
    licence: str
    author: str
    share: float


SOURCES: dict[str, Source] = {
    "noto": Source("@iconify-json/noto", "1.2.9", "Apache-2.0", "Google (Noto Emoji)", 1.0),
    "fluent-flat": Source("@iconify-json/fluent-emoji-flat", "1.2.6", "MIT", "Microsoft (Fluent Emoji)", 1.0),
    "twemoji": Source(
        "@iconify-json/twemoji", "1.2.5", "CC-BY-4.0", "Twitter, Inc. and other contributors (Twemoji)", 1.0
    ),
    "emojione": Source("@iconify-json/emojione", "1.2.3", "CC-BY-4.0", "EmojiOne (version 2)", 0.8),
    "noto-v1": Source(
        "@iconify-json/noto-v1", "1.2.5", "Apache-2.0", "Google (Noto Emoji, first version)", 0.5
    ),
    "fxemoji": Source("@iconify-json/fxemoji", "1.2.2", "Apache-2.0", "Mozilla (FxEmojis)", 0.4),
    "streamline-emojis": Source("@iconify-json/streamline-emojis", "1.2.4", "CC-BY-4.0", "Streamline", 0.4),
}
ANNOTATIONS = Source(
    "emojibase-data", "17.0.0", "MIT (annotations: Unicode-3.0, Unicode CLDR)", "Emojibase, Unicode", 0.0
)

VARIANT = re.compile(
    r"(^|-)(medium|light|dark|medium-light|medium-dark)(-|$)|skin-tone|^flag-|^(keycap|regional)|-button$"
)
LONGEST_SVG = 60_000  # characters; longer ones are gradients meshed by an exporter, slow to draw

# Unicode groups: 0 faces, 1 people, 3 animals and plants, 4 food, 5 travel, 6 activities, 7 objects, 8 symbols.
GROUP_WEIGHT = {0: 0.2, 3: 1.0, 4: 1.0, 5: 1.0, 6: 0.6, 7: 0.6}
SUBGROUP_WEIGHT = {
    **dict.fromkeys(("cat-face", "monkey-face", "face-costume", "heart"), 0.4),
    **dict.fromkeys(("time", "light-video", "mail", "office", "book-paper", "computer", "game"), 0.35),
    **dict.fromkeys(("place-religious", "place-map", "dishware", "science", "medical", "award-medal"), 0.35),
    **dict.fromkeys(("body-parts", "geometric"), 0.2),
    **dict.fromkeys(("person", "person-role", "person-fantasy"), 0.12),
}
UNWANTED = re.compile(r"oncoming|o’clock|thirty|^(man|woman) ")
FAVOURITE_FACTOR = 3.0  # what people draw first, when they try a board
FAVOURITES = frozenset(
    """house,hut,castle,automobile,racing car,taxi,bus,delivery truck,bicycle,sailboat,ship,rocket,airplane,deciduous tree,evergreen tree,palm tree,
    cactus,red apple,green apple,banana,strawberry,lemon,pear,carrot,mushroom,pizza,hamburger,doughnut,birthday cake,soft ice cream,hot beverage,
    teacup without handle,cat,cat face,dog,dog face,rabbit face,bear,fox,lion,panda,bird,duck,owl,penguin,chicken,fish,tropical fish,whale,turtle,
    butterfly,snail,lady beetle,honeybee,blossom,tulip,rose,sunflower,mountain,snow-capped mountain,volcano,sun,star,cloud,crescent moon,rainbow,
    snowman,red heart,blue heart,green heart,grinning face,slightly smiling face,robot,ghost,balloon,wrapped gift,umbrella,crown,tent,guitar,
    light bulb,book,pencil,horse,elephant,dragon,unicorn,frog,key,chair,clock""".replace("\n    ", "").split(
        ","
    )
)
EVERYDAY_WORDS: dict[str, tuple[str, ...]] = {
    "automobile": ("car",), "hot beverage": ("cup of coffee", "mug", "coffee"), "deciduous tree": ("tree",), "evergreen tree": ("pine tree",),
    "sailboat": ("boat",), "red apple": ("apple",), "green apple": ("apple",), "dog face": ("dog", "puppy"), "cat face": ("cat", "kitten"),
    "rabbit face": ("rabbit", "bunny"), "bear": ("bear face", "teddy bear"), "mouse face": ("mouse",), "tiger face": ("tiger",), "cow face": ("cow",),
    "pig face": ("pig",), "monkey face": ("monkey",), "horse face": ("horse",), "red heart": ("heart",), "grinning face": ("smiley", "happy face"),
    "slightly smiling face": ("smiley", "face"), "soccer ball": ("football", "ball"), "doughnut": ("donut",), "wrapped gift": ("gift", "present"),
    "birthday cake": ("cake",), "snow-capped mountain": ("mountain",), "crescent moon": ("moon",), "full moon": ("moon",), "light bulb": ("lamp",),
    "lady beetle": ("ladybug",), "blossom": ("flower",), "snowman without snow": ("snowman",), "closed umbrella": ("umbrella",),
    "jack-o-lantern": ("pumpkin",), "t-shirt": ("shirt",), "airplane": ("plane",), "hamburger": ("burger",), "ear of corn": ("corn",),
    "soft ice cream": ("ice cream",), "tropical fish": ("fish",), "locomotive": ("train",), "delivery truck": ("truck",), "top hat": ("hat",),
    "wine glass": ("glass of wine",), "grapes": ("bunch of grapes",),
}  # fmt: skip


@dataclass(frozen=True)
class Drawing:
    """One drawing: `name` as Unicode has it, `everyday` words that replace it, `tags` that are related, how often to show it."""

    set: str
    name: str
    weight: float
    svg: str = ""
    everyday: tuple[str, ...] = ()
    tags: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Annotation:
    name: str
    tags: tuple[str, ...]
    group: int
    subgroup: str


def npm_files(source: Source, downloads: Path) -> dict[str, bytes]:
    """The files of one npm package by their path in it; downloaded once."""
    downloads.mkdir(parents=True, exist_ok=True)
    archive = downloads / f"{source.package.strip('@').replace('/', '-')}-{source.version}.tgz"
    if not archive.exists():
        pack = [
            "npm",
            "pack",
            "--silent",
            f"{source.package}@{source.version}",
            "--pack-destination",
            str(downloads),
        ]
        subprocess.run(pack, check=True, stdout=subprocess.DEVNULL)
    files: dict[str, bytes] = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            if (content := tar.extractfile(member)) is not None:
                files[member.name.split("/", 1)[1]] = content.read()
    return files


def slug(words: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", re.sub(r"[’']", "", words.lower())).strip("-")


def annotations(downloads: Path) -> dict[str, Annotation]:
    """What Unicode says about each emoji, by the slug of its name."""
    files = npm_files(ANNOTATIONS, downloads)
    subgroups = json.loads(files["meta/groups.json"])["subgroups"]
    found = {}
    for emoji in json.loads(files["en/data.json"]):
        if "group" in emoji:
            tags = tuple(tag.lower() for tag in emoji.get("tags", []))[:8]
            found[slug(emoji["label"])] = Annotation(
                emoji["label"].lower(), tags, emoji["group"], subgroups[str(emoji["subgroup"])]
            )
    return found


def interest(about: Annotation) -> float:
    """How often a drawing is shown in training; 0 leaves it out."""
    if UNWANTED.search(about.name):
        return 0.0
    weight = SUBGROUP_WEIGHT.get(about.subgroup, GROUP_WEIGHT.get(about.group, 0.0))
    return weight * (FAVOURITE_FACTOR if about.name in FAVOURITES else 1.0)


def icons(set_name: str, source: Source, about: dict[str, Annotation], downloads: Path) -> Iterator[Drawing]:
    """The wanted drawings of one Iconify package."""
    collection = json.loads(npm_files(source, downloads)["icons.json"])
    for key, icon in sorted(collection["icons"].items()):
        known = about.get(slug(key))
        if known is None or icon.get("hidden") or VARIANT.search(key) or len(icon["body"]) > LONGEST_SVG:
            continue
        if weight := interest(known) * source.share:
            box = (
                icon.get("left", 0),
                icon.get("top", 0),
                icon.get("width", collection.get("width", 16)),
                icon.get("height", collection.get("height", 16)),
            )
            view = " ".join(map(str, box))
            svg = f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="{view}">{icon["body"]}</svg>'
            yield Drawing(set_name, known.name, weight, svg, EVERYDAY_WORDS.get(known.name, ()), known.tags)


def attribution(counts: Counter[str]) -> str:
    """Markdown table of the packages used and their licences."""
    rows = [
        f"| {s.author} | npm `{s.package}` {s.version} | {s.licence} | {counts[name]} |"
        for name, s in SOURCES.items()
    ]
    return "\n".join(
        [
            "# Art the bundled model was trained on", "",
            "| author | package | licence | drawings |", "| --- | --- | --- | --- |", *rows, "",
            f"Names and tags: npm `{ANNOTATIONS.package}` {ANNOTATIONS.version}, {ANNOTATIONS.licence}.",
            "Picture-book drawings: made by shapes.py, under the licence of this project.",
            "Text encoder (not trained, not part of the weights): sentence-transformers/all-MiniLM-L6-v2, Apache-2.0.", "",
        ]
    )  # fmt: skip


def build(recipe: Recipe, place: Workplace) -> None:
    """Write `drawings.jsonl` and `ATTRIBUTION.md`."""
    about, counts = annotations(place.downloads), Counter[str]()
    with place.drawings.open("w") as out:
        for set_name, source in SOURCES.items():
            for drawing in icons(set_name, source, about, place.downloads):
                if recipe.drawings_per_set is not None and counts[set_name] >= recipe.drawings_per_set:
                    break
                counts[set_name] += 1
                out.write(json.dumps(asdict(drawing), ensure_ascii=False) + "\n")
    place.attribution.write_text(attribution(counts))
    print(f"{counts.total()} drawings: {dict(counts)}")


def read(place: Workplace) -> list[Drawing]:
    """The drawings as written, without their SVG."""
    rows = (json.loads(line) for line in place.drawings.open())
    return [
        Drawing(row["set"], row["name"], row["weight"], "", tuple(row["everyday"]), tuple(row["tags"]))
        for row in rows
    ]


def held_out(name: str) -> bool:
    """About one name in thirty is never trained on, in any set."""
    return sum(ord(letter) * 31**place for place, letter in enumerate(name)) % 30 == 0
