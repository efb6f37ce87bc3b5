"""What the lines of a sketch enclose."""

import random
from collections.abc import Iterable

import pytest
from PIL import Image, ImageDraw

from generation.pipelines import regions

Stroke = Iterable[tuple[int, int]]
SQUARE = [(128, 128), (384, 128), (384, 384), (128, 384), (128, 128)]


def sketch(*strokes: Stroke, size: int = 512, width: int = 6, ink: str = "black") -> Image.Image:
    """Strokes on a sheet of `size`, in shares of 512."""
    sheet = Image.new("RGB", (size, size), "white")
    scale = size / 512
    for stroke in strokes:
        points = [(x * scale, y * scale) for x, y in stroke]
        ImageDraw.Draw(sheet).line(points, ink, max(1, round(width * scale)), "curve")
    return sheet


def found(sheet: Image.Image) -> regions.Regions:
    known = regions.find(sheet)
    assert known is not None
    return known


def test_a_closed_square_is_one_region_where_it_was_drawn() -> None:
    [region] = found(sketch(SQUARE)).found
    assert region.area == pytest.approx(0.25, abs=0.02)
    assert region.centroid == pytest.approx((0.5, 0.5), abs=0.01)
    assert region.box == pytest.approx((128, 128, 384, 384), abs=4)
    assert region.touches_outside and not region.neighbours
    assert region.ink is None and region.fill is None


def test_a_gap_narrower_than_the_ball_is_closed() -> None:
    gap = [(263, 128), (384, 128), (384, 384), (128, 384), (128, 128), (248, 128)]
    [region] = found(sketch(gap)).found
    assert region.area == pytest.approx(0.25, abs=0.02)


def test_a_wide_gap_is_an_opening_to_the_outside() -> None:
    opened = [(330, 128), (384, 128), (384, 384), (128, 384), (128, 128), (180, 128)]
    assert regions.find(sketch(opened)) is None


def test_rooms_with_a_line_between_them_are_neighbours() -> None:
    rooms = found(sketch(SQUARE, [(256, 128), (256, 384)])).found
    assert [room.neighbours for room in rooms] == [{1}, {0}]
    assert all(room.area == pytest.approx(0.125, abs=0.01) for room in rooms)


def test_rooms_with_a_wide_door_between_them_are_one() -> None:
    rooms = found(sketch(SQUARE, [(256, 128), (256, 230)], [(256, 280), (256, 384)])).found
    assert len(rooms) == 1


def test_a_thin_ring_is_a_region_around_another() -> None:
    inner = [(140, 140), (372, 140), (372, 372), (140, 372), (140, 140)]
    ring = found(sketch(SQUARE, inner, width=3)).found
    assert sorted(round(region.area, 2) for region in ring) == [0.04, 0.21]
    assert sorted(region.touches_outside for region in ring) == [False, True]


def test_every_pixel_belongs_to_the_outside_or_a_region() -> None:
    known = found(sketch(SQUARE, [(256, 128), (256, 384)]))
    assert known.labels.shape == (512, 512)
    assert set(known.labels.ravel()) == {0, 1, 2}
    assert known.labels[0, 0] == regions.OUTSIDE and known.labels[256, 200] != known.labels[256, 300]


def test_a_place_cut_by_the_edge_of_the_sheet_is_outside() -> None:
    assert regions.find(sketch([(0, 256), (512, 256)])) is None


def test_lines_of_another_colour_than_most_are_known() -> None:
    sheet = sketch(SQUARE)
    ImageDraw.Draw(sheet).line([(200, 200), (300, 200), (300, 300), (200, 300), (200, 200)], "#2f9e44", 6)
    inks = {region.index: region.ink for region in found(sheet).found}
    [green] = [ink for ink in inks.values() if ink]
    assert green[1] < -30 and green[2] > 20


def test_a_drawing_in_one_coloured_pen_says_nothing_of_colours() -> None:
    assert [region.ink for region in found(sketch(SQUARE, ink="#1971c2")).found] == [None]


def test_a_filled_shape_has_a_colour_of_its_own() -> None:
    sheet = Image.new("RGB", (512, 512), "white")
    ImageDraw.Draw(sheet).rectangle((128, 128, 384, 384), fill="#ffc9c9", outline="black", width=6)
    [region] = found(sheet).found
    assert region.fill is not None and region.fill[0] == pytest.approx(85, abs=3) and region.fill[1] > 15


@pytest.mark.parametrize("colour", ["white", "black", "#ffeeaa"])
@pytest.mark.parametrize("size", [(1, 1), (1, 400), (512, 512)])
def test_a_sheet_without_lines_has_no_regions(colour: str, size: tuple[int, int]) -> None:
    assert regions.find(Image.new("RGB", size, colour)) is None


def test_noise_is_no_drawing() -> None:
    noise = Image.frombytes("L", (512, 512), random.Random(1).randbytes(512 * 512))
    assert regions.find(noise.convert("RGB")) is None


def test_a_grid_has_more_regions_than_a_thing() -> None:
    bars = [[(at, 0), (at, 511)] for at in range(6, 512, 26)]
    grid = sketch(*bars, *[[(y, x) for x, y in bar] for bar in bars], width=3)
    assert regions.find(grid) is None


def test_a_large_sketch_is_looked_at_in_a_smaller_size() -> None:
    known = regions.of(sketch(SQUARE, size=4096), (4096, 4096))
    assert known is not None and known.size == (512, 512)
    assert known.found[0].area == pytest.approx(0.25, abs=0.02)


def test_regions_of_a_sketch_are_found_once() -> None:
    sheet = sketch(SQUARE, width=7)
    first = regions.of(sheet, (512, 512))
    assert first is not None
    assert regions.of(sheet.copy(), (512, 512)) is first
    assert regions.of(sheet, (256, 512)) is not first


def test_few_sketches_are_remembered() -> None:
    first = regions.of(sketch(SQUARE, width=8), (512, 512))
    for width in range(9, 9 + regions.KEPT):
        regions.of(sketch(SQUARE, width=width), (512, 512))
    assert regions.of(sketch(SQUARE, width=8), (512, 512)) is not first
