"""What a file holds, as we make it whole, beside what Excalidraw 0.18.1's own `restoreElements` makes of it.

Real files, files that failed once, and variations: every field of every type with every odd value. Wherever ours
differs, one of DELIBERATE below says why; one that explains nothing any more fails the test. `make soak` tries many more
variations of several fields at once.
"""

import json
import os
import random
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec import Raw

from boards.elements.element import COORDINATE_MAX, SHAPES, is_safe_link, parse
from boards.elements.fields import repairs
from boards.errors import ElementRefused, ImportRefused
from boards.exchange import document, importing
from boards.models import Board
from tests.factories import body

PROJECT = Path(__file__).parents[2]
FRONTEND = PROJECT / "frontend"
CORPUS = PROJECT.parent / "shared" / "corpus"
INPUTS = sorted((PROJECT / "tests" / "shared" / "imports").glob("*.excalidraw"))
MIXTURES = int(os.environ.get("RESTORE_MIXTURES", "1000"))
"""How many variations of several fields at once; those of one field are always tried, all of them."""
AT_ONCE = 10_000
NODE = {"PATH": f"{PROJECT / '.venv' / 'bin'}:/usr/local/bin:/usr/bin:/bin"}

Values = dict[str, Any]
Beside = Callable[[Sequence[list[Any]]], list[Any]]
GONE = object()


@pytest.fixture(scope="module")
def excalidraw(tmp_path_factory: pytest.TempPathFactory) -> Beside:
    """What Excalidraw makes of each of many scenes: its elements, or {"failed": why} where it gives up."""
    folder = tmp_path_factory.mktemp("restoring")
    vite = [str(FRONTEND / "node_modules" / ".bin" / "vite"), "build", "--logLevel", "error"]
    config = ["--config", "render/restoring.config.ts", "--outDir", str(folder)]
    subprocess.run([*vite, *config], cwd=FRONTEND, env=NODE, check=True)

    def restore(scenes: Sequence[list[Any]]) -> list[Any]:
        # Opening a file, it takes out what was deleted first (clearElementsForExport).
        live = [
            [each for each in scene if not (isinstance(each, dict) and each.get("isDeleted"))]
            for scene in scenes
        ]
        answer = subprocess.run(
            ["node", str(folder / "restoring.mjs")],
            input=json.dumps(live), capture_output=True, text=True, env=NODE, check=True,
        )  # fmt: skip
        found: list[Any] = json.loads(answer.stdout)
        return found

    return restore


# --- why ours differs --------------------------------------------------------------------------------------


def is_nonsense(name: str, raw: Values, theirs: Values, ours: Values) -> bool:
    if name not in theirs:
        return False
    try:
        parse(json.dumps(ours | {name: theirs[name]}).encode())
    except ElementRefused:
        return True
    return False


def is_a_number_in_words(name: str, raw: Values, theirs: Values, ours: Values) -> bool:
    found = ours.get(name)
    return (
        isinstance(theirs.get(name), str)
        and is_number(found)
        and found in (number_in(theirs[name]), int(number_in(theirs[name]) or 5))
    )


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def number_in(value: Any) -> Any:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def has_no_place(raw: Values) -> bool:
    """Its x, y or size are such that nobody could find it."""
    places = [raw[name] for name in ("x", "y") if raw.get(name) is not None]
    sizes = [size for name in ("width", "height") if (size := number_in(raw.get(name))) is not None]
    far = (abs(number_in(place) or 0) > COORDINATE_MAX for place in (*places, *sizes))
    return any(far) or any(isinstance(place, bool) or number_in(place) is None for place in places)


def has_point(raw: Values) -> Iterator[bool]:
    points = raw.get("points")
    for point in points if isinstance(points, list) else ():
        yield isinstance(point, list) and len(point) >= 2


def is_flag(value: Any) -> bool:
    return isinstance(value, bool) or value in (1, "true")


def has_line(raw: Values) -> bool:
    return raw.get("type") in ("line", "draw", "arrow")


ELBOW_FIELDS = {
    "elbowed",
    "points",
    "width",
    "height",
    "startBinding",
    "endBinding",
    "fixedSegments",
    "startIsSpecial",
    "endIsSpecial",
}
DELIBERATE: dict[str, Callable[[str, Values, Values, Values], bool]] = {
    "Nonsense that Excalidraw lets through is mended: pages would draw nothing, or break.": is_nonsense,
    "A number in words is a number, also where Excalidraw keeps the words.": is_a_number_in_words,
    "Nothing bound is null as well as an empty list.": lambda name, raw, theirs, ours: (
        name == "boundElements" and theirs.get(name) == [] and ours.get(name) is None
    ),
    "Fields of old releases go when they were read: they would override the new ones the next time.": (
        lambda name, raw, theirs, ours: name in ("font", "boundElementIds", "rawText")
    ),
    "The store gives places, and an element that has none yet is no new version for it.": (
        lambda name, raw, theirs, ours: (
            name in ("index", "version", "versionNonce", "updated")
            and ours.get("index") != theirs.get("index")
        )
    ),
    "When something changed is only known from the file.": lambda name, raw, theirs, ours: name == "updated",
    "The oldest text's height is not counted in a size that it does not have.": lambda name, raw, theirs, ours: (
        name == "lineHeight" and (theirs.get(name) is None or not is_number(raw.get("fontSize")))
    ),
    "What Excalidraw's own drawing code cannot do without is there.": lambda name, raw, theirs, ours: (
        theirs.get(name) is None
        and name in ("x", "y", "fontSize", "fontFamily", "pressures", "simulatePressure", "elbowed", "fileId")
    ),
    "Only numbers of fonts are fonts.": lambda name, raw, theirs, ours: (
        name == "fontFamily" and ours.get(name) == 5
    ),
    "Empty words are no style and no arrowhead.": lambda name, raw, theirs, ours: (
        theirs.get(name) == "" and name in ("strokeStyle", "startArrowhead", "endArrowhead", "name")
    ),
    "A link opens a page or a mail, or it is none.": lambda name, raw, theirs, ours: (
        name == "link" and not is_safe_link(str(raw.get("link"))) and ours.get("link") is None
    ),
    "A text without a size is measured, so that it is seen.": lambda name, raw, theirs, ours: (
        name in ("", "width", "height")
        and raw.get("type") == "text"
        and bool(ours)
        and not all(number_in(theirs.get(side)) and is_number(theirs[side]) for side in ("width", "height"))
    ),
    "A number is words.": lambda name, raw, theirs, ours: (
        raw.get("type") == "text"
        and (is_number(raw.get("text")) or is_number(raw.get(name)))
        and name in ("text", "originalText", "isDeleted", "version", "versionNonce")
    ),
    "An empty text does not come; Excalidraw brings it as a deleted one.": lambda name, raw, theirs, ours: (
        name == "" and not ours and theirs.get("text") == ""
    ),
    "A shape without a size is as large as Excalidraw's skeletons are.": lambda name, raw, theirs, ours: (
        name in ("width", "height") and not is_number(raw.get(name)) and ours.get(name) == 100
    ),
    "An id that is none, or another's, is made anew, each time the same.": lambda name, raw, theirs, ours: (
        name == "id" and theirs["id"] != raw.get("id")
    ),
    "Pages that run inside a drawing are not taken.": lambda name, raw, theirs, ours: (
        name == "" and raw.get("type") == "iframe" and not ours
    ),
    "A skeleton's label becomes the text that it stands for.": lambda name, raw, theirs, ours: (
        name in ("label", "boundElements") and "label" in raw
    ),
    "Only what says that it is deleted is taken for deleted.": lambda name, raw, theirs, ours: (
        name == "" and not theirs and bool(raw.get("isDeleted")) and not is_flag(raw["isDeleted"])
    ),
    "Only what says that it is an elbow arrow is taken for one.": lambda name, raw, theirs, ours: (
        "elbowed" in raw and not is_flag(raw["elbowed"]) and name in ELBOW_FIELDS
    ),
    "Pieces of an elbow arrow that were moved by hand say where they are.": lambda name, raw, theirs, ours: (
        name in ("fixedSegments", "startIsSpecial", "endIsSpecial") and ours[name] is None
    ),
    "Corners are rounded in a way that is named, or not at all.": lambda name, raw, theirs, ours: (
        name == "roundness" and not (isinstance(theirs[name], dict) and "type" in theirs[name])
    ),
    "A skew elbow arrow goes round as simply as it can; Excalidraw finds its way around what is there.": (
        lambda name, raw, theirs, ours: (
            name in ("points", "width", "height") and theirs.get("elbowed") is True
        )
    ),
    "Pressures without a point go.": lambda name, raw, theirs, ours: (
        name == "pressures" and len(ours[name]) == len(ours["points"]) < len(theirs[name])
    ),
    "A stroke without a point is nothing.": lambda name, raw, theirs, ours: (
        name == "" and raw.get("type") == "freedraw" and not ours and not any(has_point(raw))
    ),
    "Nothing can be shown at a place that is none.": lambda name, raw, theirs, ours: (
        name == "" and not ours and has_no_place(raw)
    ),
    "What this Excalidraw does not know is kept for one that does.": lambda name, raw, theirs, ours: (
        name == "" and not theirs and raw.get("type") not in SHAPES
    ),
    "A line whose points are lost runs across its box.": lambda name, raw, theirs, ours: (
        name in ("", "points", "width", "height") and has_line(raw) and sum(has_point(raw)) < 2
    ),
    "A single point of a pen is a dot, not nothing.": lambda name, raw, theirs, ours: (
        name == "" and raw.get("type") == "freedraw" and not theirs and len(raw.get("points") or ()) == 1
    ),
    "A stroke is as large as its points say, and stays where they are.": lambda name, raw, theirs, ours: (
        raw.get("type") == "freedraw" and name in ("x", "y", "width", "height")
    ),
    "A binding says how far away it holds.": lambda name, raw, theirs, ours: (
        name in ("startBinding", "endBinding") and ours.get(name) == {"gap": 1} | (theirs.get(name) or {})
    ),
    "Nothing of a picture is cut off by an empty crop.": lambda name, raw, theirs, ours: (
        name == "crop" and not theirs.get(name)
    ),
    "What no page may be given is mended at every door, imports included.": lambda name, raw, theirs, ours: (
        name in theirs and name in repairs({name: Raw(json.dumps(theirs[name]).encode())})
    ),
}
"""Why ours differs: whether that is so for (field, the element in the file, theirs, ours)."""


def explained(name: str, raw: Values, theirs: Values, ours: Values) -> str | None:
    return next((why for why, holds in DELIBERATE.items() if holds(name, raw, theirs, ours)), None)


# --- scenes ------------------------------------------------------------------------------------------------

ODD: list[Any] = [
    GONE, None, True, False, 0, 1, -1, 3.0, 0.5, -7.25, 250, 3e9, 1e12, "", "5", "2.5", "none", "x" * 70, [], [1, 2], {}, {"a": 1},
    [[0, 0]], [[0, 0], [30, 40]], [[5, 6], [30, 40], [7, 7]], [None], ["r"], [{"id": "r", "type": "arrow"}], {"elementId": "r"},
    {"elementId": "nobody", "focus": 0.1, "gap": 2}, {"type": 3}, "https://example.org/", "javascript:alert(1)",
]  # fmt: skip
COMMON = body(
    "e", x=10, y=20, width=120, height=80, angle=0.25, index="a5", updated=1, customData=None, boundElements=[], link=None
)  # fmt: skip
TEXT = {"text": "some words", "originalText": "some words", "fontSize": 20, "fontFamily": 5, "textAlign": "left",
        "verticalAlign": "top", "containerId": None, "autoResize": True, "lineHeight": 1.25, "baseline": 18}  # fmt: skip
LINE = {"points": [[0, 0], [120, 80]], "startBinding": None, "endBinding": None, "lastCommittedPoint": None,
        "startArrowhead": None, "endArrowhead": None}  # fmt: skip
BOUND = {"startBinding": {"elementId": "r", "focus": 0.5, "gap": 3}}
ELBOW = {"elbowed": True, "points": [[0, 0], [120, 0], [120, 80]], "fixedSegments": None, "startIsSpecial": None, "endIsSpecial": None,
         "endBinding": {"elementId": "r", "focus": 0, "gap": 5, "fixedPoint": [0.2, 0.7]}}  # fmt: skip
TYPES: dict[str, Values] = {
    "rectangle": {"roundness": {"type": 3}},
    "diamond": {"strokeSharpness": "round"},
    "ellipse": {"boundElements": [{"id": "r", "type": "arrow"}], "boundElementIds": None},
    "embeddable": {"link": "https://example.org/"},
    "frame": {"name": "A frame"},
    "text": TEXT,
    "old text": {"type": "text", "text": "old", "font": "20px Virgil", "rawText": "old"},
    "line": LINE,
    "draw": LINE | {"points": [[0, 0], [40, 9], [120, 80]]},
    "arrow": LINE | BOUND | {"endArrowhead": "arrow"},
    "elbow": LINE | ELBOW | {"type": "arrow"},
    "freedraw": {"points": [[0, 0], [60, 9], [120, 80]], "pressures": [0.5, 0.4, 0.3], "simulatePressure": False, "lastCommittedPoint": None},
    "image": {"fileId": "f", "status": "saved", "scale": [1, 1], "crop": None},
}  # fmt: skip
SKEW = TYPES["elbow"] | {"endBinding": None, "points": [[0, 0], [-30, 40], [9, 9]]}
BESIDE = [
    body("r", x=400, width=50, height=50, index="a1"),
    body("frame", type="frame", name="F", x=0, y=0, width=900, height=900, index="a2"),
]


def variations() -> Iterator[list[Any]]:
    """One field at a time."""
    for kind, own in TYPES.items():
        element = COMMON | {"type": kind} | own
        for name in element:
            for value in ODD:
                yield marked([*BESIDE, varied(element, {name: value})])


def mixtures(count: int) -> Iterator[list[Any]]:
    """Several fields at once, the same ones each time."""
    chance = random.Random(20_260_101)
    for _ in range(count):
        kind, own = chance.choice(list(TYPES.items()))
        element = COMMON | {"type": kind} | own
        names = chance.sample(sorted(element), chance.randint(2, 5))
        yield marked([*BESIDE, varied(element, {name: chance.choice(ODD) for name in names})])


def varied(element: Values, changes: Values) -> Values:
    return {name: value for name, value in (element | changes).items() if value is not GONE}


# --- side by side ------------------------------------------------------------------------------------------


def ours(scene: Sequence[Any]) -> list[Values]:
    return [
        json.loads(each.body)
        for each in importing.check_elements([json.dumps(each).encode() for each in scene]).elements
    ]


def differences(
    scene: list[Any], theirs: Any, mine: list[Values]
) -> Iterator[tuple[str, Values, Values, Values]]:
    """(field, the element in the file, theirs, ours); "" as the field where only one of them has the element.

    Who is who is told by a field of our own that both keep: `at`, the place in the file.
    """
    if isinstance(theirs, dict):
        return  # it gave up on the whole file
    live = [each for each in mine if not each["isDeleted"]]  # tombstones are for what the board has
    here, there = (
        {each["at"]: each for each in reversed(elements) if "at" in each} for elements in (live, theirs)
    )
    for at, raw in enumerate(scene):
        a, b = there.get(at, {}), here.get(at, {})
        if not a or not b:
            if a or b:
                yield "", raw, a, b
            continue
        for name in a.keys() | b.keys():
            if a.get(name) != b.get(name):
                yield name, raw, a, b


def marked(scene: list[Any]) -> list[Any]:
    return [each | {"at": at} if isinstance(each, dict) else each for at, each in enumerate(scene)]


def compare(excalidraw: Beside, scenes: Sequence[list[Any]]) -> Counter[str]:
    """How often each of DELIBERATE explains a difference. Fails with those that none explains."""
    whys: Counter[str] = Counter()
    unexplained = []
    for scene, theirs in zip(scenes, excalidraw(scenes), strict=True):
        mine = ours(scene)
        if isinstance(theirs, dict):
            whys["failed"] += 1
            assert {each.get("id") for each in mine} >= {each["id"] for each in BESIDE if each in scene}, (
                scene
            )
        for name, raw, a, b in differences(scene, theirs, mine):
            why = explained(name, raw, a, b)
            if why is None:
                unexplained.append((name, raw, a.get(name), b.get(name)) if name else (raw, bool(a), bool(b)))
            else:
                whys[why] += 1
    assert unexplained == [], f"{len(unexplained)} differences, the first: {unexplained[:3]}"
    return whys


def read(files: Iterable[Path]) -> Iterator[list[Any]]:
    """The scenes in some files, and the items of libraries as scenes of their own."""
    for file in files:
        try:
            found = document.read(file.read_bytes())
        except ImportRefused:
            continue  # one file of the corpus has no elements
        for item in found.items or [found.elements]:
            yield marked([json.loads(each) for each in item])


def test_each_field_with_each_odd_value_is_mended_as_excalidraw_mends_it(excalidraw: Beside) -> None:
    scenes = [*variations(), *read(INPUTS), marked([*BESIDE, COMMON | SKEW])]
    assert len(scenes) > 5_000 and len(INPUTS) > 20
    whys = compare(excalidraw, scenes)
    assert whys["failed"] > 100, "a file on which Excalidraw gives up is saved here"
    assert [why for why in DELIBERATE if not whys[why]] == [], "these explain nothing"


def test_several_fields_with_odd_values_are_mended_as_excalidraw_mends_them(excalidraw: Beside) -> None:
    scenes = list(mixtures(MIXTURES))
    for start in range(0, len(scenes), AT_ONCE):
        compare(excalidraw, scenes[start : start + AT_ONCE])


@pytest.mark.skipif(
    not CORPUS.is_dir(), reason="the corpus of real Excalidraw files is not beside this checkout"
)
def test_real_files_open_as_in_excalidraw(excalidraw: Beside) -> None:
    compare(excalidraw, list(read(sorted(CORPUS.glob("*.excalidraw*")))))


TOLD = {
    "customdata-9k": ["Other programs' data on 1 element was left out: there is room for 8 KB of it."],
    "elements-null-entries": ["It is not an element of a drawing."] * 3,
    "foreign-links": ["4 links were removed: only web and mail links are kept."],
    "iframe-embed": ["Pages that run inside a drawing are not taken: put a link to them instead."],
    "long-link": ["1 link was removed: it is longer than 2,048 characters."],
}


@pytest.mark.django_db
@pytest.mark.parametrize("file", INPUTS, ids=lambda file: file.stem)
def test_files_that_failed_once_come_and_say_what_is_lost(file: Path, alice: Any) -> None:
    board = Board.objects.create(owner=alice)
    done = importing.import_document(board, alice, document.read(file.read_bytes()))
    assert [each["message"] for each in (*done["notes"], *done["refused"])] == TOLD.get(file.stem, [])
    again = importing.import_document(board, alice, document.read(file.read_bytes()))
    assert (again["added"], again["updated"], again["unchanged"]) == (0, 0, done["added"])
