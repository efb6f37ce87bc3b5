"""Natural colours: what the network says of a region, and how it is weighed against the model's paint."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from generation.checkpoints import catalogue
from generation.pipelines import natural_colours, region_features, regions
from generation.pipelines.natural_colours import PAPER, Network

RED, GREEN = (50.0, 70.0, 50.0), (60.0, -50.0, 50.0)


def certain(colour: int, chance: float = 0.99) -> Network:
    """Says of every region that it has one colour of the palette with some chance, whatever it is shown."""
    wide = region_features.WIDTH
    rest = (1 - chance) / 2
    out = np.log(np.where(np.arange(3) == colour, chance, rest)).astype(np.float32)
    sizes = {"words": (2, 4), "shape": (wide, 4), "both": (8, 4), "deep": (4, 4), "out": (4, 3)}
    weights = {f"{name}.weight": np.zeros((to, of), np.float32) for name, (of, to) in sizes.items()}
    weights |= {f"{name}.bias": np.zeros(to, np.float32) for name, (_, to) in sizes.items()}
    palette = np.array([RED, GREEN, PAPER], np.float32)
    return Network(
        palette, np.zeros(wide, np.float32), np.ones(wide, np.float32), weights | {"out.bias": out}
    )


def two_squares() -> regions.Regions:
    sheet = Image.new("RGB", (256, 256), "white")
    pen = ImageDraw.Draw(sheet)
    pen.rectangle((30, 30, 130, 200), outline="black", width=5)
    pen.rectangle((130, 150, 220, 200), outline="black", width=5)
    found = regions.find(sheet)
    assert found is not None
    assert len(found.found) == 2
    return found


@pytest.mark.parametrize(
    ("prompt", "thing"),
    [
        ("a green cactus in a red pot", "a cactus"),
        ("A Yellow house, with a red roof", "a house"),
        ("a light bulb", "a light bulb"),
        ("a slice of watermelon", "a slice of watermelon"),
        ("red", ""),
        ("", ""),
    ],
)
def test_the_thing_is_named_without_colours_and_parts(prompt: str, thing: str) -> None:
    assert natural_colours.thing(prompt) == thing


def test_labels_are_the_regions_where_they_lie() -> None:
    found = two_squares()
    labels = natural_colours.labels_of(found.found)
    height, width = labels.shape
    assert (labels == found.labels[:height, :width]).all()
    assert not found.labels[height:].any()
    assert not found.labels[:, width:].any()


def test_shape_and_place_are_measured_whatever_the_size_and_the_side() -> None:
    labels = natural_colours.labels_of(two_squares().found)
    features = region_features.measure(labels)
    assert features.shape == (2, region_features.WIDTH)
    large = int(features[:, 0].argmax())
    assert features[large, -1] == 1, "the largest one knows it"
    assert features[large, 3] < features[1 - large, 3], "and lies higher"
    mirrored = region_features.measure(np.ascontiguousarray(labels[:, ::-1]))
    moved = region_features.measure(np.pad(labels, ((40, 0), (60, 0))))
    assert mirrored == pytest.approx(features, abs=0.05)
    assert moved == pytest.approx(features, abs=0.05)


def test_a_sure_network_overrules_the_paint_and_an_unsure_one_asks_it() -> None:
    found, sentence = two_squares().found, np.ones(2, np.float32)
    for chance, wanted in ((0.99, RED), (0.34, GREEN)):
        natural = natural_colours.source(certain(0, chance), sentence)
        assert natural(found, [GREEN, GREEN], "") == [pytest.approx(wanted)] * 2


def test_paper_is_a_colour_too() -> None:
    natural = natural_colours.source(certain(2), np.ones(2, np.float32))
    assert natural(two_squares().found, [GREEN, None], "") == [pytest.approx(PAPER)] * 2


def test_the_network_that_ships_fits_its_code_and_is_small() -> None:
    known = natural_colours.network(catalogue.BUNDLED)
    assert known is not None
    assert (catalogue.BUNDLED / natural_colours.FILE).stat().st_size < 1_000_000
    words = np.full(384, 384**-0.5, np.float32)
    logs = known.log_likelihoods(words, region_features.measure(two_squares().labels))
    assert logs.shape == (2, len(known.palette))
    assert np.exp(logs).sum(1) == pytest.approx(1, abs=1e-4)


def test_a_checkpoint_without_the_file_has_none(tmp_path: Path) -> None:
    assert natural_colours.network(tmp_path) is None
    assert natural_colours.network(None) is None
