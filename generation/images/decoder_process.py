"""The program of a decoding process: image files in, image files out. It knows no database and no secret.

    python -E -s -m generation.images.decoder_process OPTIONS

generation.sandbox has the frames on stdin and stdout. A request is [name, arguments…]; an answer is
{code, message, data}, code empty where it went well.
"""

from collections.abc import Callable, Mapping
from typing import Any

from generation import sandbox
from generation.errors import GenerationError
from generation.images import pixels
from generation.images.header import read_header


def clean(data: bytes, limit_bytes: int) -> Any:
    return pixels.clean(data, read_header(data), limit_bytes)


def snapshot(data: bytes, longest_px: int) -> Any:
    return pixels.snapshot(data, read_header(data), longest_px)


def whole(data: bytes) -> Any:
    return pixels.whole(data, read_header(data, bounded=False))


def mask(data: bytes, size: tuple[int, int]) -> Any:
    return pixels.mask(data, read_header(data), size)


def svg(data: bytes) -> Any:
    from generation.images.svg import clean_svg  # few pictures need its parsers

    return clean_svg(data)


WORK: Mapping[str, Callable[..., Any]] = {
    "clean": clean,
    "snapshot": snapshot,
    "whole": whole,
    "mask": mask,
    "svg": svg,
}


def _answer(name: str, *arguments: Any) -> dict[str, Any]:
    try:
        return {"code": "", "message": "", "data": WORK[name](*arguments)}
    except GenerationError as error:
        return {"code": error.code, "message": error.message, "data": None}
    except MemoryError:
        return {"code": "image_too_many_pixels", "message": "The image needs too much memory.", "data": None}


def start(options: Mapping[str, Any]) -> sandbox.Answer:
    return lambda request, attachments: _answer(*request)


if __name__ == "__main__":
    sandbox.serve(start)
