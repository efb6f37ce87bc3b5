"""Scenes as SVG and PNG without a browser.

Excalidraw's own export code draws them (frontend/render, built into one script), in a V8 of its own process that
cannot reach the network, has little memory and little time, and is thrown away when it misbehaves.
"""

from boards.rendering.drawing import RenderBusy, RenderFailed, RenderTooLarge, draw_png, draw_svg, png
from boards.rendering.view import Drawn, Picture, View

__all__ = [
    "Drawn",
    "Picture",
    "RenderBusy",
    "RenderFailed",
    "RenderTooLarge",
    "View",
    "draw_png",
    "draw_svg",
    "png",
]
