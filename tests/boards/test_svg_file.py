"""An SVG is let in as a picture only when it draws and nothing else."""

import pytest

from boards.errors import FileRefused
from boards.svg_file import SVG_MAX_BYTES, check_svg, is_svg


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
    assert check_svg(svg(attributes=attributes)) == size


@pytest.mark.parametrize(
    "data",
    [
        svg(
            '<style>.a{fill:url(#g)} @font-face{src:url("data:font/woff2;base64,AA")}</style><use xlink:href="#a"/>'
        ),
        svg('<image href="data:image/png;base64,AA"/><a href="https://example.org"><text>x</text></a>'),
        svg(
            before='<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/x.dtd">'
        ),
    ],
)
def test_what_drawing_programs_write_is_let_in(data: bytes) -> None:
    assert is_svg(data)
    check_svg(data)


@pytest.mark.parametrize(
    "data",
    [
        svg("<script>alert(1)</script>"),
        svg('<x:script xmlns:x="http://www.w3.org/2000/svg">1</x:script>'),
        svg('<rect onload="alert(1)"/>'),
        svg('<rect ONCLICK="alert(1)"/>'),
        svg("<foreignObject><body/></foreignObject>"),
        svg('<image href="https://evil.example/p.png"/>'),
        svg('<image xlink:href="/etc/passwd"/>'),
        svg('<use href="file:///etc/passwd#a"/>'),
        svg('<a href=" javascript:alert(1)"/>'),
        svg('<set attributeName="href" to="javascript:alert(1)"/>'),
        svg("<style>@import 'https://evil.example/x.css';</style>"),
        svg('<rect style="fill:url( https://evil.example/)"/>'),
        svg("<style>a{background:URL('//evil.example')}</style>"),
        svg("&a;", before='<!DOCTYPE svg [<!ENTITY a "aaaa">]>'),
        svg(before='<?xml-stylesheet href="https://evil.example/x.css"?>'),
        svg("<g>" * 300 + "</g>" * 300),
        svg(attributes='width="99999"'),
        svg("<g>"),
        b"<html><svg/></html>",
        b"<svg" + b" " * SVG_MAX_BYTES,
        b"\xff\xfe<svg/>",
        b"",
    ],
)
def test_anything_that_does_more_than_draw_is_refused(data: bytes) -> None:
    with pytest.raises(FileRefused):
        check_svg(data)
