"""Small makers of people, elements and pictures for tests."""

import io
import itertools
import json
from typing import Any

from PIL import Image

from accounts.models import User
from boards.elements.element import Element, parse
from boards.models import Board
from boards.sharing import links

_numbers = itertools.count(1)
PASSWORD = "correct horse battery staple"


def person(name: str, **fields: Any) -> User:
    return User.objects.create_user(f"{name}@example.org", PASSWORD, name=name.title(), **fields)


def open_link(token: str, user: User, password: str | None = None) -> Board:
    """As the page of an invitation lets somebody in. Raises LinkInvalid."""
    link = links.valid(token)
    links.check(link, password)
    return links.join(link, user)


def body(element_id: str | None = None, **fields: Any) -> dict[str, Any]:
    """A complete rectangle; fields override."""
    number = next(_numbers)
    return {
        "id": element_id or f"element-{number}",
        "type": "rectangle",
        "x": 10.0 * number,
        "y": 20.0,
        "width": 100.0,
        "height": 50.0,
        "angle": 0,
        "strokeColor": "#1e1e1e",
        "backgroundColor": "transparent",
        "fillStyle": "solid",
        "strokeWidth": 2,
        "strokeStyle": "solid",
        "roughness": 1,
        "opacity": 100,
        "groupIds": [],
        "frameId": None,
        "index": f"a0{number:06d}V",
        "roundness": None,
        "seed": number,
        "version": 1,
        "versionNonce": number,
        "isDeleted": False,
        "boundElements": None,
        "updated": 1,
        "link": None,
        "locked": False,
    } | fields


def element(element_id: str | None = None, **fields: Any) -> Element:
    return parse(json.dumps(body(element_id, **fields)).encode())


def png(width: int = 64, height: int = 64, color: str = "white") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), color).save(buffer, "PNG")
    return buffer.getvalue()
