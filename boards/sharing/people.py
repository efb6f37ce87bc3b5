"""How a user is shown to others on a board."""

import hashlib

from typing_extensions import TypedDict

from accounts.models import User


def color_of(user_id: str) -> str:
    """The color of a user, always the same: one of 36 hues, dark enough for white text. As CSS."""
    hue = int.from_bytes(hashlib.sha256(user_id.encode()).digest()[:2]) % 36 * 10
    return f"hsl({hue}, 65%, 42%)"


class PersonDescription(TypedDict):
    """A person as others see them. color: CSS, the same everywhere and always."""

    id: str
    name: str
    color: str


def describe(user: User | None) -> PersonDescription | None:
    """None for an account that was deleted."""
    return None if user is None else describe_user(user)


def describe_user(user: User) -> PersonDescription:
    return {"id": str(user.pk), "name": user.display_name, "color": color_of(str(user.pk))}
