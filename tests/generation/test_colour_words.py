"""Colours that a prompt names, of what, and where on a sketch that is."""

import pytest
from PIL import Image, ImageDraw

from generation.pipelines import regions
from generation.pipelines.colour_words import MODIFIERS, NAMED, read
from generation.pipelines.regions import Lab
from generation.pipelines.wished_colours import wished

NAMES = {colour: name for name, colour in NAMED.items()}
GREY: Lab = (60.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("prompt", "whole", "parts"),
    [
        ("a red apple", ["red"], []),
        ("a yellow house with a red roof", ["yellow"], [("roof", "red")]),
        ("a green cactus in a red pot", ["green"], [("pot", "red")]),
        ("a blue fish with orange fins", ["blue"], [("fin", "orange")]),
        ("a cat with a yellow collar", [], [("collar", "yellow")]),
        ("a blue house with a green roof and a red door", ["blue"], [("roof", "green"), ("door", "red")]),
        ("white dog, no red", ["white"], []),
        ("a dog without a red nose", [], []),
        ("a black and white cat", ["black", "white"], []),
        ("a house, the roof is red", [], [("roof", "red")]),
        ("an orange with a green leaf", ["orange"], [("leaf", "green")]),
        ("a green olive", ["green"], []),
        ("a cat in red", ["red"], []),
        ("strawberry ice cream", [], []),
        ("a tall green tree on a hill", ["green"], []),
        ("RED Car!!", ["red"], []),
        ("golden crown", ["gold"], []),
        ("rotes Haus", [], []),
        ("", [], []),
        (", and with in red red, and", ["red"], []),
    ],
)
def test_colours_belong_to_what_they_stand_before(
    prompt: str, whole: list[str], parts: list[tuple[str, str]]
) -> None:
    said = read(prompt)
    assert [NAMES[colour] for colour in said.whole] == whole
    assert [(noun, NAMES[colour]) for noun, colour in said.parts] == parts


def test_light_and_dark_change_a_colour() -> None:
    [light], [plain], [dark] = (read(f"a {word} blue car").whole for word in ("light", "", "dark"))
    assert light[0] > plain[0] > dark[0]
    assert set(MODIFIERS) >= {"light", "dark", "pale", "bright"}


def house() -> tuple[regions.Region, ...]:
    """A roof, a wall, a window and a door, from top to bottom."""
    sheet = Image.new("RGB", (512, 512), "white")
    pen = ImageDraw.Draw(sheet)
    pen.polygon([(80, 200), (256, 60), (432, 200)], outline="black", width=6)
    pen.rectangle((110, 200, 400, 440), outline="black", width=6)
    pen.rectangle((140, 250, 210, 310), outline="black", width=6)
    pen.rectangle((280, 310, 350, 440), outline="black", width=6)
    known = regions.find(sheet)
    assert known is not None
    return tuple(sorted(known.found, key=lambda region: region.box[1]))


def wishes(prompt: str, paint: Lab | None = GREY) -> list[str]:
    """What each part of the house should be: roof, wall, window, door."""
    drawn = house()
    ordered = sorted(drawn, key=lambda region: region.index)
    found = wished(ordered, [paint] * len(ordered), prompt)
    return [_name(found[region.index]) for region in drawn]


def _name(colour: Lab | None) -> str:
    if colour is None:
        return "-"
    return NAMES[min(NAMES, key=lambda each: abs(each[1] - colour[1]) + abs(each[2] - colour[2]))]


def test_parts_take_their_colours_and_the_rest_the_first_one() -> None:
    roof, wall, _, door = wishes("a yellow house with a red roof and a blue door")
    assert (roof, wall, door) == ("red", "yellow", "blue")


def test_smoke_above_a_roof_is_no_roof() -> None:
    sheet = Image.new("RGB", (512, 512), "white")
    pen = ImageDraw.Draw(sheet)
    pen.polygon([(80, 240), (256, 120), (432, 240)], outline="black", width=6)
    pen.rectangle((110, 240, 400, 440), outline="black", width=6)
    pen.ellipse((340, 40, 364, 64), outline="black", width=6)
    known = regions.find(sheet)
    assert known is not None
    found = wished(known.found, [GREY] * 3, "a house with a red roof")
    [roof] = [region for region in known.found if found[region.index]]
    assert roof.area == max(region.area for region in known.found if region.box[1] < 200)


def test_windows_are_found_in_a_wall() -> None:
    assert wishes("a red house with yellow windows") == ["red", "red", "yellow", "red"]


def test_a_part_alone_leaves_the_rest_to_the_model() -> None:
    assert wishes("a house with a red roof") == ["red", "-", "-", "-"]


def test_an_unknown_part_changes_nothing() -> None:
    assert wishes("a house with a red elephant") == ["-", "-", "-", "-"]


def test_what_the_model_painted_clearly_otherwise_stays() -> None:
    drawn = sorted(house(), key=lambda region: region.index)
    green: Lab = (55.0, -45.0, 40.0)
    paint = [green if region.box[1] > 300 else GREY for region in drawn]
    found = wished(drawn, paint, "a red house")
    assert [wish is None for wish in found] == [region.box[1] > 300 or region.area < 0.02 for region in drawn]


def test_without_colours_nothing_is_wished() -> None:
    assert wishes("a house") == wishes("") == ["-"] * 4
