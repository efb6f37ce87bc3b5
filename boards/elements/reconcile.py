"""Which of two versions of an element stays, and which index an element may have. Pure.

The same rules as Excalidraw's `reconcileElements`, without its "is being edited here" part, so that the
server agrees with every client. The cases in tests/shared/reconcile_cases.json bind Python and TypeScript.
"""

from collections.abc import Collection, Iterable
from functools import lru_cache

from fractional_indexing import FIError, generate_key_between, validate_order_key

INDEX_MAX = 256
VERSION_JUMP_MAX = 1_000_000
"""How far ahead of the stored version a push may be: a page may have been offline, and drawn on, for hours."""
VERSION_STEPS_FROM = 2**30
VERSION_STEP_MAX = 10_000
"""From VERSION_STEPS_FROM on only so far, twice the longest stroke. Above 2⁵³ JavaScript has no next number, and the
element could never be changed again; at 120 pushes a second it takes two centuries to get there."""
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BASE_62 = frozenset(_DIGITS)


Rank = tuple[int, int]
"""version and versionNonce of an element. Equal ranks are compared with ==, all others by takes_incoming alone."""
CLIENT_NONCES_END = 2**31
"""Clients draw their nonces below this, as Excalidraw does. Of equal versions the lower nonce stays (takes_incoming),
so a version that the server makes with a nonce from here on never beats what a client drew at the same version: RM3."""


def takes_incoming(stored: Rank, incoming: Rank) -> bool:
    """True if the incoming version replaces the stored one.

    The higher version wins, on a tie the lower nonce; a full tie keeps the stored one, so that repeating
    a message changes nothing. The only place where ranks are compared. Rule RM1 in docs/sync-rules.md.
    """
    return incoming[0] > stored[0] or (incoming[0] == stored[0] and incoming[1] < stored[1])


def may_follow(known: int, version: int) -> bool:
    """True if a push may bring this version of an element that is at version `known` (0: it is new). Rule RM24."""
    return version <= max(min(known + VERSION_JUMP_MAX, VERSION_STEPS_FROM), known + VERSION_STEP_MAX)


def is_index(key: object) -> bool:
    """True for a well-formed fractional index. A malformed one makes Excalidraw throw at every change of the scene."""
    return isinstance(key, str) and 0 < len(key) <= INDEX_MAX and _is_order_key(key)


@lru_cache(maxsize=16_384)  # an element keeps its index while it is drawn
def _is_order_key(key: str) -> bool:
    if not _BASE_62.issuperset(key):
        return False
    try:
        validate_order_key(key, digits=_DIGITS)
    except FIError:
        return False
    return True


def order(elements: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """(index, id) pairs in drawing order: by index, then id, as plain strings of code units."""
    return sorted(elements)


def free_index(wanted: str | None, taken: Collection[str]) -> str:
    """A free index: `wanted` itself, or the middle of the gap above it; with None, one on top of all.

    Costs a pass over `taken` when `wanted` is not free, which is rare.
    """
    if wanted is not None and wanted not in taken:
        return wanted
    below = wanted if wanted is not None else max(taken, default=None)
    above = min((key for key in taken if key > below), default=None) if below is not None else None
    key = str(generate_key_between(below, above))
    # A gap that became too deep for a key of reasonable length: the top is always free.
    return key if len(key) <= INDEX_MAX else str(generate_key_between(max(taken), None))
