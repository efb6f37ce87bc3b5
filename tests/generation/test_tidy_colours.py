"""One colour for each region that a sketch's lines enclose."""

import numpy as np
from PIL import Image, ImageDraw

from generation.pipelines import regions, tidy_colours

RED, BLUE, GREEN = (220, 50, 40), (40, 90, 210), (50, 150, 60)
SQUARE = (128, 128, 384, 384)


def sketch(*boxes: tuple[int, int, int, int], size: tuple[int, int] = (512, 512)) -> Image.Image:
    sheet = Image.new("RGB", size, "white")
    for box in boxes:
        ImageDraw.Draw(sheet).rectangle(box, outline="black", width=6)
    return sheet


def painted(*patches: tuple[tuple[int, int, int, int], tuple[int, int, int]]) -> Image.Image:
    picture = Image.new("RGB", (512, 512), "white")
    for box, colour in patches:
        ImageDraw.Draw(picture).rectangle(box, fill=colour)
    return picture


def tidied(paper: Image.Image, picture: Image.Image, prompt: str = "") -> Image.Image:
    known = regions.find(paper)
    assert known is not None
    return tidy_colours.tidy(picture, known, prompt)


def near(picture: Image.Image, place: tuple[int, int], colour: tuple[int, int, int]) -> bool:
    return max(abs(a - b) for a, b in zip(picture.getpixel(place), colour, strict=True)) <= 12


def test_a_blotch_goes_and_so_does_paint_over_the_outline() -> None:
    picture = painted(
        ((110, 128, 400, 384), RED), ((150, 150, 220, 220), BLUE), ((250, 250, 330, 300), (255, 255, 255))
    )
    result = tidied(sketch(SQUARE), picture)
    assert all(near(result, place, RED) for place in [(180, 180), (300, 280), (350, 350)])
    assert result.getpixel((115, 250)) == (255, 255, 255)


def test_the_rooms_have_their_own_colours() -> None:
    picture = painted(((128, 128, 384, 384), RED), ((180, 180, 230, 230), BLUE))
    result = tidied(sketch(SQUARE, (170, 170, 240, 240)), picture)
    assert near(result, (205, 205), BLUE) and near(result, (330, 330), RED)


def test_the_outer_half_of_a_thick_outline_gets_no_paint_of_its_own() -> None:
    paper = Image.new("RGB", (512, 512), "white")
    ImageDraw.Draw(paper).rectangle(SQUARE, outline="black", width=24)
    result = tidied(paper, painted(((116, 116, 396, 396), RED)))
    assert near(result, (250, 250), RED)
    assert {result.getpixel((x, 250)) for x in range(100, 126)} == {(255, 255, 255)}


def test_the_tip_of_a_sharp_corner_gets_no_paint_of_its_own() -> None:
    paper = Image.new("RGB", (512, 512), "white")
    corners = [(60, 300), (250, 140), (440, 300)]
    pen = ImageDraw.Draw(paper)
    pen.line([*corners, corners[0]], fill="black", width=12, joint="curve")
    pen.line([(440, 300), (456, 312)], fill="black", width=8)  # where two strokes cross
    picture = painted(((425, 285, 490, 330), GREEN))
    ImageDraw.Draw(picture).polygon(corners, fill=RED)
    result = tidied(paper, picture)
    assert near(result, (250, 260), RED)
    assert {result.getpixel((x, 320)) for x in range(450, 480)} == {(255, 255, 255)}


def test_what_the_model_left_as_paper_stays_paper() -> None:
    picture = painted(((128, 128, 384, 384), RED), ((170, 170, 240, 240), (255, 255, 255)))
    assert tidied(sketch(SQUARE, (170, 170, 240, 240)), picture).getpixel((205, 205)) == (255, 255, 255)


def test_slow_light_and_dark_is_kept_in_part() -> None:
    ramp = np.linspace(90, 250, 512)[None, :, None] * np.array([1, 0.3, 0.3])
    picture = Image.fromarray(np.broadcast_to(ramp, (512, 512, 3)).astype(np.uint8))
    picture = Image.composite(
        picture, painted(), Image.fromarray(np.uint8(255) * (np.asarray(painted((SQUARE, RED))).min(2) < 255))
    )
    result = tidied(sketch(SQUARE), picture)
    left, right = result.getpixel((150, 256)), result.getpixel((360, 256))
    assert 5 < right[0] - left[0] < 0.6 * (picture.getpixel((360, 256))[0] - picture.getpixel((150, 256))[0])


def test_alike_regions_share_their_colour() -> None:
    petals = [(60, 60, 160, 160), (160, 60, 260, 160), (260, 60, 360, 160)]
    picture = painted(((60, 60, 360, 160), (240, 140, 190)), ((162, 62, 258, 158), (250, 160, 60)))
    result = tidied(sketch(*petals), picture)
    assert all(near(result, (x, 110), (240, 140, 190)) for x in (110, 210, 310))


def test_what_was_filled_by_a_person_keeps_its_colour() -> None:
    paper = sketch(SQUARE, (170, 170, 240, 240))
    ImageDraw.Draw(paper).rectangle((176, 176, 234, 234), fill="#2f9e44")
    result = tidied(paper, painted(((128, 128, 384, 384), RED)))
    assert near(result, (205, 205), (47, 158, 68)) and near(result, (330, 330), RED)


def test_a_picture_painted_mostly_outside_stays_as_it_is() -> None:
    picture = painted(((0, 0, 512, 100), GREEN), ((128, 128, 250, 250), RED))
    assert tidied(sketch(SQUARE), picture) is picture


def test_a_picture_that_is_mostly_black_stays_as_it_is() -> None:
    picture = painted((SQUARE, (20, 20, 22)), ((150, 150, 220, 220), GREEN))
    assert tidied(sketch(SQUARE), picture) is picture


def test_a_black_surface_takes_the_colour_that_is_named() -> None:
    picture = painted((SQUARE, (20, 20, 22)))
    red = tidied(sketch(SQUARE), picture, "a red box").getpixel((256, 256))
    assert red[0] > 150 > 90 > max(red[1:])


def test_black_lines_stay_as_they_are_whatever_is_named() -> None:
    picture = painted((SQUARE, (20, 20, 22)), ((170, 170, 350, 350), (255, 255, 255)))
    assert tidied(sketch(SQUARE), picture, "a red box") is picture


def test_an_empty_picture_stays_as_it_is() -> None:
    picture = painted()
    assert tidied(sketch(SQUARE), picture) is picture


def test_a_stroke_that_encloses_nothing_keeps_its_paint() -> None:
    paper = sketch(SQUARE)
    ImageDraw.Draw(paper).line((430, 200, 490, 200), "black", 6)
    result = tidied(paper, painted((SQUARE, RED), ((425, 190, 495, 210), GREEN)))
    assert near(result, (460, 200), GREEN) and result.getpixel((460, 230)) == (255, 255, 255)


def test_a_picture_of_another_size_than_its_sketch_keeps_its_size() -> None:
    known = regions.of(sketch(SQUARE), (1024, 1024))
    assert known is not None and known.size == (512, 512)
    picture = painted((SQUARE, RED)).resize((1024, 1024))
    result = tidy_colours.tidy(picture, known, "")
    assert result.size == (1024, 1024) and near(result, (512, 512), RED)


def test_it_comes_out_the_same_every_time() -> None:
    picture = painted((SQUARE, RED), ((150, 150, 220, 220), BLUE))
    first, second = (tidied(sketch(SQUARE), picture) for _ in range(2))
    assert first.tobytes() == second.tobytes()
