"""A contact sheet of sketches and pictures side by side."""

from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

TILE_PX = 160
GAP_PX = 8
CAPTION_PX = 22
COLUMNS = 2


class Row(NamedTuple):
    """images: the sketch, then its pictures."""

    caption: str
    images: Sequence[Image.Image]


def sheet(rows: Sequence[Row], columns: int = COLUMNS) -> Image.Image:
    """Rows in columns, left to right and then down."""
    width = max(len(row.images) for row in rows) * TILE_PX + GAP_PX
    height = TILE_PX + CAPTION_PX + GAP_PX
    lines = -(-len(rows) // columns)
    paper = Image.new("RGB", (columns * width + GAP_PX, lines * height + GAP_PX), "#d8d8d8")
    pen, font = ImageDraw.Draw(paper), ImageFont.load_default(14)
    for number, row in enumerate(rows):
        left, top = GAP_PX + number % columns * width, GAP_PX + number // columns * height
        pen.text((left, top + 2), row.caption, fill="black", font=font)
        for place, image in enumerate(row.images):
            tile = image.convert("RGB").resize((TILE_PX - 2, TILE_PX - 2), Image.Resampling.LANCZOS)
            paper.paste(tile, (left + place * TILE_PX, top + CAPTION_PX))
    return paper
