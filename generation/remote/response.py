"""Decodes the picture in another server's response, which is not trusted."""

import base64
import binascii
import io

from PIL import Image

from generation.errors import RemoteAnswerInvalid, RemoteAnswerTooLarge, SnapshotInvalid
from generation.images import framing
from generation.images.header import read_header

_TOO_LARGE = {"image_too_large", "image_too_many_pixels"}


def decode_picture(data: bytes) -> Image.Image:
    """The pixels of an image file, RGB, flattened onto white. The header is checked before anything is decompressed.

    Raises RemoteAnswerInvalid, RemoteAnswerTooLarge.
    """
    try:
        header = read_header(data)
    except SnapshotInvalid as error:
        raise (RemoteAnswerTooLarge if error.code in _TOO_LARGE else RemoteAnswerInvalid)(
            error.message
        ) from error
    try:
        image: Image.Image = Image.open(io.BytesIO(data), formats=[header.format])
        # The first image of a GIF may be larger than its header says.
        if image.size != (header.width_px, header.height_px):
            raise RemoteAnswerInvalid("the picture is not of the size in its header")
        image.load()
        image = _flatten(image)
    except RemoteAnswerInvalid:
        raise
    # Image decoders raise almost anything on hostile bytes.
    except Exception as error:
        raise RemoteAnswerInvalid(f"the {header.format} file is damaged: {error}") from error
    return image


def decode_base64(text: object) -> bytes:
    """Takes a data URL as well, which some servers send. Raises RemoteAnswerInvalid."""
    if not isinstance(text, str):
        raise RemoteAnswerInvalid("the response holds no picture")
    try:
        return base64.b64decode(text.partition(";base64,")[2] or text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise RemoteAnswerInvalid("the picture is not base64") from error


def _flatten(image: Image.Image) -> Image.Image:
    """A new image on white, without metadata that Pillow would copy into the next file."""
    rgba = image.convert("RGBA")
    flat = Image.new("RGB", image.size, framing.WHITE)
    flat.paste(rgba, mask=rgba.getchannel("A"))
    return flat
