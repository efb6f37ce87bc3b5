"""Scenes as SVG and PNG without a browser.

elements, image files → render → pool → process (Excalidraw's own export code, frontend/render, in a V8) → RenderResult.
The process cannot reach the network, has little memory and time, and is ended when it exceeds them. Above render stand
scenes (which elements), snapshot and masking (what a job sees), thumbnails, and render_cache.
"""

from boards.rendering.options import ImageFile, RenderOptions, RenderResult
from boards.rendering.render import (
    RenderBusy,
    RenderFailed,
    RenderTooLarge,
    png_bytes,
    render_png,
    render_svg,
)

__all__ = [
    "ImageFile",
    "RenderBusy",
    "RenderFailed",
    "RenderOptions",
    "RenderResult",
    "RenderTooLarge",
    "png_bytes",
    "render_png",
    "render_svg",
]
