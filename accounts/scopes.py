"""Scopes that an API key, or any other token, can be limited to. Their names are part of the public contract."""

from collections.abc import Iterable
from enum import StrEnum


class Scope(StrEnum):
    SCENE_READ = "scene:read"
    SCENE_WRITE = "scene:write"
    PRESENCE = "presence"
    COMMENT = "comment"
    GENERATE = "generate"
    LIVE = "live"
    BOARDS = "boards"  # create, rename, share, delete
    GALLERY_READ = "gallery:read"
    GALLERY_WRITE = "gallery:write"
    EXPORT = "export"
    ACCOUNT = "account"
    MODERATE = "moderate"


EVERY = frozenset(Scope)


def from_names(names: Iterable[str]) -> frozenset[Scope]:
    """The scopes of these names; all scopes if there are no names. Unknown names grant nothing."""
    wanted = set(names)
    return frozenset(scope for scope in Scope if scope in wanted) if wanted else EVERY
