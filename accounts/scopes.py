"""What an API key, or any other token, may be limited to. The names are part of the public contract."""

from collections.abc import Iterable
from enum import StrEnum


class Scope(StrEnum):
    SCENE_READ = "scene:read"
    SCENE_WRITE = "scene:write"
    PRESENCE = "presence"
    COMMENT = "comment"
    GENERATE = "generate"
    LIVE = "live"
    BOARDS = "boards"  # make, rename, share, delete
    GALLERY_READ = "gallery:read"
    GALLERY_WRITE = "gallery:write"
    EXPORT = "export"
    ACCOUNT = "account"
    MODERATE = "moderate"


EVERY = frozenset(Scope)


def named(names: Iterable[str]) -> frozenset[Scope]:
    """The scopes of a list, every one for an empty list. A name that is not known allows nothing."""
    wanted = set(names)
    return frozenset(scope for scope in Scope if scope in wanted) if wanted else EVERY
