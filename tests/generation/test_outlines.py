"""Pictures of words alone start from a stock outline of what the words name."""

from typing import Any

import numpy as np
import pytest

from generation.checkpoints import catalogue
from generation.checkpoints.params import complete, parse
from generation.errors import WordsUnknown
from generation.pipelines import drawing, outlines
from generation.pipelines.drawing import Drawing
from generation.pipelines.outlines import Outlines
from generation.work import Work


@pytest.fixture
def known() -> Outlines:
    found = outlines.beside(catalogue.BUNDLED)
    assert found is not None
    return found


def drawn(prompt: str, **chosen: Any) -> Drawing:
    checkpoint = catalogue.get("bundled")
    raw = {"kind": "txt2img", "prompt": prompt, "seed": 1, **chosen}
    return drawing.drawings(Work(checkpoint, complete(parse(raw, checkpoint), (512, 384))))[0]


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("a yellow fish", "fish"),
        ("a house with a red roof", "house"),
        ("two blue cars", "automobile"),
        ("A cute little DOG!", "dog"),
        ("a slice of pizza", "pizza"),
        ("a butterfly on a flower", "butterfly"),
        ("a sailing boat", "sailboat"),  # a canoe has only the tag
        ("boats on the sea", "sailboat"),
        ("a green apple", "green apple"),
        ("an orange", "tangerine"),
        ("an orange cat and a dog", "cat"),
        ("mice", "mouse"),
        ("a cherry", "cherries"),
        ("buses", "bus"),
        ("a cup of coffee", "hot beverage"),
        ("an old man", "old man"),
        ("a moon", "crescent moon"),  # not the new moon
        ("a house in a garden", "house with garden"),
        ("a dragon breathing fire", "dragon"),
        ("a yacht", "sailboat"),
    ],
)
def test_words_find_what_they_name(known: Outlines, prompt: str, name: str) -> None:
    index = known.find(prompt)
    assert index is not None and known.names[index] == name


@pytest.mark.parametrize(
    "prompt", ["", "quantum entanglement", "the of and", "!", "a lighthouse", "a knight"]
)
def test_words_that_name_nothing_are_refused_plainly(known: Outlines, prompt: str) -> None:
    assert known.find(prompt) is None
    with pytest.raises(WordsUnknown, match="Name one everyday thing in English"):
        drawn(prompt)


def test_every_outline_is_lines_on_white_within_its_sheet(known: Outlines) -> None:
    for index in range(0, len(known.names), 25):
        sheet = np.asarray(known.draw(index, (128, 96)).convert("L"))
        assert sheet.shape == (96, 128)
        assert 0.001 < (sheet < 128).mean() < 0.5, known.names[index]
        assert min(sheet[0].min(), sheet[-1].min(), sheet[:, 0].min(), sheet[:, -1].min()) == 255


def test_the_picture_starts_from_the_outline_with_its_lines_and_regions() -> None:
    picture = drawn("a red apple")
    assert picture.init_image is not None and picture.lines is not None and picture.regions is not None
    assert picture.crop.result == (512, 384)
    assert drawn("a red apple", keep_lines=False).lines is None
