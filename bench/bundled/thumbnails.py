"""Draws the small pictures of the built-in model's styles for the page, all of one sketch.

python -m bench.bundled.thumbnails

Writes generation/static/generation/styles/bundled/*.webp. The product's engine and defaults draw them, with one seed.
"""

import os
import tempfile

from PIL import Image, ImageChops, ImageOps

from bench.bundled.scene import read
from bench.bundled.sixty import FOLDER
from bench.bundled.studio import Studio
from generation.checkpoints import styles

SKETCH = FOLDER / "turtle.excalidraw"
SEED = 1
SIZE_PX = (192, 144)  # three times the tile's
MARGIN_PX = 6
QUALITY = 82


def main() -> None:
    scene = read(SKETCH)
    studio = Studio("bundled")
    studio.open()
    try:
        for style in studio.checkpoint.styles:
            picture, _ = studio.picture(scene.paper(), scene.prompt, SEED, style=style)
            path = styles.STATIC / styles.thumbnail_name(studio.checkpoint.name, style)
            path.parent.mkdir(parents=True, exist_ok=True)
            thumbnail(picture).save(path, quality=QUALITY, method=6)
    finally:
        studio.close()


def thumbnail(picture: Image.Image) -> Image.Image:
    """What is drawn on a picture, as large as a tile has room for."""
    drawn = ImageChops.invert(picture.convert("L")).point(lambda value: 255 * (value > 24)).getbbox()
    room = (SIZE_PX[0] - 2 * MARGIN_PX, SIZE_PX[1] - 2 * MARGIN_PX)
    small = ImageOps.contain(picture.crop(drawn), room, Image.Resampling.LANCZOS)
    tile = Image.new("RGB", SIZE_PX, "white")
    tile.paste(small, ((SIZE_PX[0] - small.width) // 2, (SIZE_PX[1] - small.height) // 2))
    return tile


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    with tempfile.TemporaryDirectory(prefix="atelier-bench-") as home:
        os.environ["ATELIER_HOME"] = home  # nothing of one's own Atelier is read or changed
        main()
