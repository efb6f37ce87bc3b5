"""How a person appears to others on a board."""

import hashlib

from accounts.models import User


def color_of(user_id: str) -> str:
    """A steady color for a person: one of 36 hues, dark enough for white text."""
    hue = int.from_bytes(hashlib.sha256(user_id.encode()).digest()[:2]) % 36 * 10
    return f"hsl({hue}, 65%, 42%)"


def describe(user: User | None) -> dict[str, str] | None:
    if user is None:
        return None
    return {"id": str(user.pk), "name": user.display_name, "color": color_of(str(user.pk))}
