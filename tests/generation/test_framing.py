"""An image of any shape is never stretched, and comes back in its place, in the shape and size asked for."""

import pytest
from PIL import Image, ImageDraw

from generation.images import framing

Size = tuple[int, int]
Box = tuple[int, int, int, int]
SQUARE = [(128, 128)]
MANY = [(512, 512), (640, 448), (448, 640)]


def image_with(box: Box, size: Size = (800, 400)) -> Image.Image:
    init_image = Image.new("RGB", size, "white")
    ImageDraw.Draw(init_image).ellipse(box, fill="black")
    return init_image


def dark(image: Image.Image) -> Box:
    found = image.convert("L").point([255 * (value < 128) for value in range(256)]).getbbox()
    assert found
    return found


@pytest.mark.parametrize(
    ("result", "canvas"), [((512, 512), (512, 512)), ((900, 600), (640, 448)), ((300, 700), (448, 640))]
)
def test_the_canvas_nearest_in_shape_is_used(result: Size, canvas: Size) -> None:
    assert framing.fit(result, MANY).canvas == canvas


@pytest.mark.parametrize("focus", [0, 0.8])
@pytest.mark.parametrize("size", [(512, 512), (1536, 64), (64, 1536), (512, 384), (520, 512)])
def test_a_picture_has_the_size_that_was_asked_for(size: Size, focus: float) -> None:
    init_image = image_with((100, 50, 200, 90), (333, 777))
    crop = framing.fit(size, SQUARE, init_image, focus)
    laid = framing.lay(init_image, crop)
    assert laid.size == (128, 128)
    assert framing.cut(laid, crop, 150).size == size
    for how in ("crop", "pad"):
        assert framing.outside(laid, size, how).size == size


@pytest.mark.parametrize("focus", [0, 0.5, 0.85, 0.9])
@pytest.mark.parametrize(
    "box", [(300, 100, 500, 300), (0, 0, 120, 120), (700, 300, 800, 400), (40, 20, 360, 340)]
)
def test_a_circle_stays_a_circle_and_in_its_place(box: Box, focus: float) -> None:
    init_image = image_with(box)
    crop = framing.fit((800, 400), SQUARE, init_image, focus)
    back = dark(framing.cut(framing.lay(init_image, crop), crop))
    assert all(abs(edge - wanted) <= 6 for edge, wanted in zip(back, box, strict=True)), back


def test_around_the_board_there_is_white() -> None:
    init_image = Image.new("RGB", (512, 128), "red")
    laid = framing.lay(init_image, framing.fit((512, 128), SQUARE))
    assert laid.getpixel((0, 0)) == laid.getpixel((127, 127)) == (255, 255, 255)
    assert laid.getpixel((64, 64)) == (255, 0, 0)


def test_a_board_of_another_shape_than_the_picture_is_not_stretched_either() -> None:
    laid = framing.lay(Image.new("RGB", (400, 100), "red"), framing.fit((512, 512), SQUARE))
    assert laid.getpixel((64, 10)) == (255, 255, 255)
    assert laid.getpixel((5, 64)) == (255, 0, 0)


@pytest.mark.parametrize("box", [(300, 100, 500, 300), (20, 20, 120, 120), (690, 290, 790, 390)])
def test_in_focus_a_thing_fills_the_canvas_wherever_it_stands(box: Box) -> None:
    init_image = image_with(box)
    laid = framing.lay(init_image, framing.fit((800, 400), SQUARE, init_image, 0.8))
    left, top, right, bottom = dark(laid)
    assert abs((right - left) / 128 - 0.8) < 0.04 and abs((bottom - top) / 128 - 0.8) < 0.04
    assert abs(left - (128 - right)) <= 3 and abs(top - (128 - bottom)) <= 3


def test_what_fills_the_board_is_shown_whole() -> None:
    init_image = image_with((0, 0, 799, 399))
    assert framing.fit((800, 400), SQUARE, init_image, 0.8) == framing.fit((800, 400), SQUARE)


def test_an_empty_board_is_shown_whole() -> None:
    assert framing.fit((800, 400), SQUARE, Image.new("RGB", (800, 400), "white"), 0.8).window == (
        0,
        -200,
        800,
        600,
    )


def test_a_dot_is_not_blown_up_to_a_blot() -> None:
    init_image = image_with((400, 200, 404, 204))
    left, top, right, bottom = framing.fit((800, 400), SQUARE, init_image, 0.8).window
    assert right - left == bottom - top == 100


def test_paper_that_is_nearly_white_is_not_ink() -> None:
    init_image = Image.new("RGB", (800, 400), (250, 248, 240))
    ImageDraw.Draw(init_image).rectangle((100, 100, 200, 200), fill="yellow")
    left, _, right, _ = framing.fit((800, 400), SQUARE, init_image, 0.8).window
    assert (left + right) // 2 in range(140, 160)


def test_specks_at_the_edge_of_the_canvas_do_not_show_on_the_paper() -> None:
    init_image = image_with((300, 100, 500, 300))
    crop = framing.fit((800, 400), SQUARE, init_image, 0.8)
    speckled = Image.new("RGB", (128, 128), "white")
    for corner in ((0, 0), (127, 0), (0, 127), (127, 127)):
        speckled.putpixel(corner, (0, 0, 0))
    assert min(low for low, _ in framing.cut(speckled, crop).getextrema()) > 230  # type: ignore[misc]


def test_padding_keeps_the_whole_picture_and_cropping_fills_the_shape() -> None:
    red = Image.new("RGB", (128, 128), "red")
    padded, cropped = (framing.outside(red, (512, 256), how) for how in ("pad", "crop"))
    assert padded.getpixel((5, 5)) == (255, 255, 255) and padded.getpixel((256, 128)) == (255, 0, 0)
    assert cropped.getpixel((5, 5)) == cropped.getpixel((506, 250)) == (255, 0, 0)


@pytest.mark.parametrize(
    ("image_size", "size"),
    [
        ((400, 200), (512, 256)),
        ((1600, 100), (1024, 64)),
        ((100, 1600), (64, 1024)),
        ((2300, 100), (1472, 64)),
        ((30, 3000), (64, 1536)),
        ((4000, 4000), (512, 512)),
        (None, (512, 512)),
    ],
)
def test_without_a_wish_a_picture_takes_the_shape_of_the_image(image_size: Size | None, size: Size) -> None:
    assert framing.default_size(image_size, SQUARE) == size


def test_a_larger_model_is_not_made_small() -> None:
    assert framing.default_size((300, 300), [(1024, 1024)]) == (1024, 1024)


def test_specks_in_the_corners_do_not_grow() -> None:
    picture = Image.new("RGB", (16, 16), framing.WHITE)
    for corner in ((0, 0), (15, 0), (0, 15), (15, 15)):
        picture.putpixel(corner, (0, 0, 0))
    assert framing.enlarge(picture, (64, 64)).getcolors() == [(64 * 64, framing.WHITE)]
