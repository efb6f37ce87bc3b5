"""Of an SVG what draws is let in, and nothing else."""

import base64
import re
from contextlib import suppress
from xml.etree import ElementTree

import pytest

from generation.errors import SnapshotInvalid
from generation.images.header import is_svg
from generation.images.svg import SVG_MAX_BYTES, clean_svg
from tests.generation.test_image_header import encoded, png_bomb


def svg(inside: str = "", attributes: str = 'width="20" height="10"', before: str = "") -> bytes:
    return (
        f'{before}<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f"{attributes}>{inside}</svg>"
    ).encode()


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ('width="20" height="10"', (20, 10)),
        ('width="20.4px" height="10"', (20, 10)),
        ('viewBox="0 0 300 150"', (300, 150)),
        ('width="100%" height="100%" viewBox="0,0,3e2,150"', (300, 150)),
        ('width="3cm" height="0"', (512, 512)),
        ('width="1e999"', (512, 512)),
        ('width="1.2.3" height="5"', (512, 5)),
    ],
)
def test_the_size_is_what_it_says_or_a_usual_one(attributes: str, size: tuple[int, int]) -> None:
    cleaned = clean_svg(svg(attributes=attributes))
    assert (cleaned.width_px, cleaned.height_px) == size
    root = ElementTree.fromstring(cleaned.data)
    assert (root.get("width"), root.get("height")) == (str(size[0]), str(size[1])) and root.get("viewBox")


@pytest.mark.parametrize(
    "kept",
    [
        '<path d="M12 2l3 7h7" fill="none" stroke="#c00" stroke-width="1" transform="rotate(3)"/>',
        '<g id="a" class="b" style="fill:url(#g);opacity:.5"><use href="#a" x="3"/></g>',
        '<linearGradient id="g" gradientUnits="userSpaceOnUse"><stop offset="0" stop-color="red"/></linearGradient>',
        '<text x="1" y="2" font-family="Arial, sans-serif" text-anchor="middle">a <tspan dx="2">b</tspan> c</text>',
        "<style>.a{fill:url(#g);stroke:rgb(1,2,3)}</style>",
        '<style type="text/css" media="print">.a{fill:red}</style>',
        "<style>@media (prefers-color-scheme:dark){.a{fill:red}}</style>",
        '<style>@font-face{font-family:F;src:url("data:font/woff2;base64,AA")}</style>',
        "<a><text>x</text></a>",
    ],
)
def test_what_draws_is_kept_as_it_is(kept: str) -> None:
    cleaned = clean_svg(svg(kept))
    assert kept.encode() in cleaned.data and not cleaned.lost
    assert is_svg(cleaned.data)
    assert clean_svg(cleaned.data).data == cleaned.data


@pytest.mark.parametrize(
    "inside",
    [
        "<script>evil()</script>",
        '<x:script xmlns:x="http://www.w3.org/2000/svg">evil()</x:script>',
        '<rect onload="evil()"/>',
        '<rect ONCLICK="evil()"/>',
        '<image href="https://evil.example/p.png"/>',
        '<image xlink:href="/evil"/>',
        '<image href="data:image/png;base64,evil"/>',
        '<image href="data:text/html,evil"/>',
        '<use href="file:///evil#a"/>',
        '<use href="data:image/svg+xml,evil"/>',
        '<a href=" javascript:evil()"/>',
        '<a href="java&#9;script:evil()"/>',
        '<a xlink:href="https://evil.example"/>',
        '<set attributeName="href" to="evil"/>',
        '<animate attributeName="href" to="evil"/>',
        '<animateTransform attributeName="transform" to="evil"/>',
        "<style>@import 'https://evil.example/x.css';</style>",
        "<style>.a{}<g/>@import url(evil);</style>",
        "<style>.a{fill:\\75rl(evil)}</style>",
        "<style>.a{fill:u\\72 l('evil')}</style>",
        "<style>.a{background:URL('//evil.example')}</style>",
        "<style>.a{background:image-set('evil' 1x)}</style>",
        "<style>@font-face{src:url(https://evil.example)}</style>",
        "<style>.a{fill:url(evil</style>",
        "<style>.a{-moz-binding:url(#evil);behavior:url(#evil)}</style>",
        '<rect style="fill:url( https://evil.example/)"/>',
        '<rect fill="\\75rl(evil)"/>',
        '<rect fill="url(data:image/svg+xml,evil)"/>',
        '<rect data-evil="1"/>',
        '<metadata>evil</metadata><evil xmlns="http://evil.example"/>',
        '<!-- evil --><?evil href="x"?>',
    ],
)
def test_what_does_more_than_draw_is_left_out(inside: str) -> None:
    cleaned = clean_svg(svg(inside + '<rect width="5"/>'))
    assert b'<rect width="5"/>' in cleaned.data
    assert b"evil" not in cleaned.data and not cleaned.lost


@pytest.mark.parametrize(
    ("inside", "lost"),
    [
        ("<foreignObject><body/></foreignObject>", True),
        ('<filter id="f"><feGaussianBlur stdDeviation="9"/></filter><g filter="url(#f)"/>', True),
        ('<g style="filter:blur(3px)"/>', True),
        ("<style>.a{-webkit-filter:blur(3px)}</style>", True),
        ('<g filter="none" style="filter: none"/>', False),
        ("<switch><foreignObject/><text>instead</text></switch>", False),
    ],
)
def test_what_a_browser_would_show_is_said_to_be_lost(inside: str, lost: bool) -> None:
    cleaned = clean_svg(svg(inside))
    assert cleaned.lost is lost
    assert b"foreignObject" not in cleaned.data and b"filter" not in cleaned.data


def test_entities_of_the_file_are_filled_in_and_no_others() -> None:
    before = (
        '<?xml version="1.0"?><!DOCTYPE svg PUBLIC "x" "http://evil.example/x.dtd" [<!ENTITY a "red">%s]>'
    )
    assert b'fill="red"' in clean_svg(svg('<rect fill="&a;"/>', before=before % "")).data
    for entity in (
        '<!ENTITY b SYSTEM "file:///etc/passwd">',
        '<!ENTITY % b SYSTEM "http://evil.example">%b;',
    ):
        with suppress(SnapshotInvalid):
            data = clean_svg(svg("<text>&b;</text>", before=before.replace("%s", entity))).data
            assert b"root:" not in data and b"ENTITY" not in data


def test_a_picture_inside_is_kept_when_it_is_one_and_an_svg_inside_is_cleaned() -> None:
    picture = base64.b64encode(encoded("PNG")).decode()
    inner = base64.b64encode(svg("<script>evil()</script><rect/>")).decode()
    data = clean_svg(
        svg(
            f'<image href="data:image/png;base64,{picture}"/><image href="data:image/svg+xml;base64,{inner}"/>'
        )
    ).data
    assert picture.encode() in data
    [cleaned] = re.findall(rb"svg\+xml;base64,([^\"]+)", data)
    assert b"<rect/>" in base64.b64decode(cleaned) and b"evil" not in base64.b64decode(cleaned)


def test_one_that_is_larger_than_browsers_draw_is_scaled_down_and_stays_sharp() -> None:
    cleaned = clean_svg(svg('<circle cx="9000" cy="9000" r="7000"/>', 'width="20000" height="10000"'))
    assert (cleaned.width_px, cleaned.height_px) == (16_384, 8_192)
    assert b'viewBox="0 0 20000 10000"' in cleaned.data


def copies(levels: int) -> str:
    uses = [f'<g id="l{n}">' + f'<use href="#l{n - 1}"/>' * 10 + "</g>" for n in range(1, levels)]
    return '<g id="l0"><rect/></g>' + "".join(uses)


def test_one_that_leads_back_to_itself_is_drawn_once() -> None:
    assert clean_svg(svg('<g id="a"><use href="#a"/></g>')).width_px == 20


def within(data: bytes) -> str:
    return f'<image href="data:image/svg+xml;base64,{base64.b64encode(data).decode()}"/>'


def test_an_svg_inside_weighs_what_it_draws_each_time() -> None:
    inner = within(svg(copies(5)))  # about 36,000 elements
    assert clean_svg(svg(inner * 5)).width_px == 20
    for many in (inner * 6, f'<g id="i">{inner}</g>' + '<use href="#i"/>' * 5):
        with pytest.raises(SnapshotInvalid, match="draws more than"):
            clean_svg(svg(many))


@pytest.mark.parametrize(
    "again",
    [
        '<use href="#%6c4"/>',
        r'<rect fill="url(#\6c 4)"/>',
        """<rect style="fill: url( '#l4' )"/>""",
        '<rect fill="color-mix(in srgb, url(#l4), red)"/>',
    ],
)
def test_what_is_drawn_again_is_counted_however_it_is_referred_to(again: str) -> None:
    inside = copies(5) + '<g id="l4"/>'  # browsers take the first of one id
    assert clean_svg(svg(inside)).width_px == 20
    with pytest.raises(SnapshotInvalid, match="draws more than"):
        clean_svg(svg(inside + again * 20))


def test_a_circle_hides_no_weight() -> None:
    """What was weighed as part of a circle, where it goes on to nothing, is as heavy as it is drawn elsewhere."""
    heavy = '<g id="start"><use href="#around"/><use href="#l4"/></g><g id="around"><use href="#start"/></g>'
    assert clean_svg(svg(heavy + copies(5))).width_px == 20
    tangled = "".join(
        f'<g id="t{n}">' + "".join(f'<use href="#t{m}"/>' for m in range(9)) + "</g>" for n in range(9)
    )
    for inside in (heavy + copies(5) + '<use href="#around"/>' * 6, tangled):
        with pytest.raises(SnapshotInvalid, match="draws more than"):
            clean_svg(svg(inside))


@pytest.mark.parametrize(
    "data",
    [
        svg(copies(9)),
        svg("<g>" * 300 + "</g>" * 300),
        svg(
            "&c;",
            before=f'<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "{"&a;" * 9999}"><!ENTITY c "{"&b;" * 9999}">]>',
        ),
        svg(
            "".join(
                f'<image href="data:image/png;base64,{base64.b64encode(png_bomb(4000, 4000)).decode()}"/>'
                for _ in range(2)
            )
        ),
        svg("<g>"),
        svg("&undefined;"),
        b"<html><svg/></html>",
        b"<svg" + b" " * SVG_MAX_BYTES,
        b"\xff\xfe<svg/>",
        b"",
    ],
)
def test_what_is_none_or_draws_too_much_is_refused(data: bytes) -> None:
    with pytest.raises(SnapshotInvalid):
        clean_svg(data)
