"""Notes of an import: what is on the board otherwise than in the file, in sentences for people. Pure."""

from collections import Counter

from typing_extensions import TypedDict

_MESSAGES = {
    "links": (
        "1 link was removed: only web and mail links are kept.",
        "{} links were removed: only web and mail links are kept.",
    ),
    "long_links": (
        "1 link was removed: it is longer than 2,048 characters.",
        "{} links were removed: they are longer than 2,048 characters.",
    ),
    "extras": (
        "Other programs' data on 1 element was left out: there is room for 8 KB of it.",
        "Other programs' data on {} elements was left out: there is room for 8 KB of it on each.",
    ),
    "invisible": (
        "1 element was left out: there is nothing of it to see.",
        "{} elements were left out: there is nothing of them to see.",
    ),
    "strokes": (
        "1 stroke was too long for one piece and came in several.",
        "{} strokes were too long for one piece and came in several.",
    ),
    "points": (
        "The outline of 1 shape was simplified to 5,000 points.",
        "The outlines of {} shapes were simplified to 5,000 points.",
    ),
    "background": ("The board keeps its own background.",) * 2,
    "newer": (
        "1 element is on this board in a newer version, which stays.",
        "{} elements are on this board in newer versions, which stay.",
    ),
    "hatching": (
        "1 shape is filled solidly: the board has reached its limit of hatching.",
        "{} shapes are filled solidly: the board has reached its limit of hatching.",
    ),
    "texts": (
        "1 text was longer than 20,000 characters: it came in several pieces, one below the other.",
        "{} texts were longer than 20,000 characters: they came in several pieces, one below the other.",
    ),
}


class Refusal(TypedDict):
    """An element or image file that was not imported. id: its id, "" where it has none; message: for people."""

    id: str
    code: str
    message: str


class Note(TypedDict):
    """code: stable, for programs; count: how many elements it holds for; message: for people."""

    code: str
    count: int
    message: str


class Notes:
    """Counts, by code, the elements that an import changed."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def count(self, code: str) -> None:
        assert code in _MESSAGES, code
        self._counts[code] += 1

    def listed(self) -> list[Note]:
        return [Note(code=code, count=n, message=_message(code, n)) for code, n in self._counts.items()]


def _message(code: str, count: int) -> str:
    one, many = _MESSAGES[code]
    return one if count == 1 else many.format(f"{count:,}")
