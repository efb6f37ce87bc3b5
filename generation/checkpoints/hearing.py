"""How much of a prompt a text encoder reads. Imports no torch.

An encoder reads so many tokens, and what comes after them has no effect. A checkpoint whose tokenizer comes with a
Python package can say which words that are; a person's own words are cut then, and those of a style are kept. A longer
prompt for one of CLIP's encoders is read in chunks instead.
"""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tokenizers import Tokenizer

from generation.checkpoints.catalogue import Checkpoint, Component

SPECIAL_TOKENS = 2  # one at the beginning and one at the end of every text
STYLE_SEPARATOR = ", "


@dataclass(frozen=True)
class Heard:
    """A text, as far as it has an effect. not_heard: the words after that, empty if there are none."""

    text: str
    not_heard: str = ""


def tokens_max(checkpoint: Checkpoint) -> int | None:
    """How many tokens of a prompt have an effect; None for all, or where that is not known."""
    found = _component(checkpoint)
    return None if found is None else int(found.options["model_max_length"]) - SPECIAL_TOKENS


def heard(checkpoint: Checkpoint, text: str, style: str = "") -> Heard:
    """A text as far as it is read. style: text that will follow it, and that is read in any case."""
    component, room = _component(checkpoint), tokens_max(checkpoint)
    if component is None or room is None:
        return Heard(text)
    tokenizer = _tokenizer(component.package, component.folder)
    if tokenizer is None:
        return Heard(text)
    # A style as long as all that is read must leave some place for the words.
    left = max(room - _length(tokenizer, STYLE_SEPARATOR + style), room // 2) if style else room
    return _cut(tokenizer, text, left)


def chunks(text: str, length: Callable[[str], int], room: int) -> list[str]:
    """A text in pieces of at most `room` tokens each, cut between words. length: the number of tokens of a text.

    A text that fits is left as it is; a word that is too long for a piece is cut.
    """
    if length(text) <= room:
        return [text]
    pieces: list[list[str]] = [[]]
    filled = 0
    for word in (part for whole in text.split() for part in _parts(whole, length, room)):
        tokens = length(word)
        if filled + tokens > room and pieces[-1]:
            pieces.append([])
            filled = 0
        pieces[-1].append(word)
        filled += tokens
    return [" ".join(piece) for piece in pieces]


def _parts(word: str, length: Callable[[str], int], room: int) -> list[str]:
    """A word in halves until each fits."""
    if length(word) <= room or len(word) < 2:
        return [word]
    middle = len(word) // 2
    return _parts(word[:middle], length, room) + _parts(word[middle:], length, room)


def _component(checkpoint: Checkpoint) -> Component | None:
    """The tokenizer, if it comes with a package and has a limit."""
    component = checkpoint.components.get("tokenizer")
    return component if component and "model_max_length" in component.options else None


@cache
def _tokenizer(package: str, folder: str) -> Tokenizer | None:
    """None if the package is not installed; the worker reports that when it loads the weights."""
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        return None
    tokenizer = Tokenizer.from_file(
        str(Path(found.submodule_search_locations[0]) / folder / "tokenizer.json")
    )
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _length(tokenizer: Tokenizer, text: str) -> int:
    return len(tokenizer.encode(text, add_special_tokens=False).ids)


def _cut(tokenizer: Tokenizer, text: str, room: int) -> Heard:
    """Cut before the first word that does not fit whole; within it if it is the only one."""
    offsets = tokenizer.encode(text, add_special_tokens=False).offsets
    if len(offsets) <= room:
        return Heard(text)
    end = offsets[room][0]
    last_space = max(text.rfind(space, 0, end + 1) for space in " \n\t")
    if text[:last_space].strip() if last_space > 0 else "":
        end = last_space
    return Heard(text[:end].rstrip(), text[end:].strip())
