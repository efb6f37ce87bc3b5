"""Reads which colours a prompt names, and of what: "a yellow house with a red roof".

A prompt is read as noun phrases between prepositions, "and" and commas. The first is the thing, later ones are its parts.
English only; what is not understood is left out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from generation.pipelines.regions import Lab

NAMED: dict[str, Lab] = {
    "red": (47, 65, 46),
    "scarlet": (49, 68, 52),
    "crimson": (42, 63, 30),
    "maroon": (27, 42, 22),
    "orange": (68, 33, 64),
    "coral": (67, 45, 32),
    "peach": (83, 15, 25),
    "yellow": (88, -3, 77),
    "gold": (77, 8, 66),
    "beige": (89, 1, 14),
    "tan": (74, 7, 27),
    "brown": (43, 17, 33),
    "green": (58, -45, 37),
    "lime": (82, -48, 66),
    "olive": (52, -9, 50),
    "teal": (52, -30, -8),
    "turquoise": (75, -36, -6),
    "cyan": (78, -30, -24),
    "blue": (51, 6, -52),
    "navy": (22, 14, -36),
    "indigo": (33, 34, -55),
    "purple": (44, 42, -45),
    "lavender": (74, 18, -27),
    "magenta": (54, 74, -24),
    "pink": (74, 40, -6),
    "black": (19, 1, -3),
    "grey": (62, -1, -3),
    "silver": (77, -1, -3),
    "white": (99, 0, 0),
}
SAME = {
    "golden": "gold",
    "gray": "grey",
    "violet": "purple",
    "aqua": "turquoise",
    "blonde": "gold",
}
# What a word before a colour does to lightness and colourfulness.
MODIFIERS = {
    "light": (14, 0.75),
    "pale": (18, 0.55),
    "dark": (-18, 0.9),
    "deep": (-12, 1.05),
    "bright": (4, 1.15),
}
PLURAL_LEAF = {"leaves": "leaf", "scarves": "scarf", "feet": "foot", "teeth": "tooth"}

_ARTICLES = {"a", "an", "the", "its", "his", "her", "their", "some", "very", "two", "three", "four", "one"}
_SPLIT = {
    "with",
    "in",
    "on",
    "of",
    "has",
    "having",
    "wearing",
    "under",
    "at",
    "by",
    "from",
    "over",
    "and",
    ",",
    "next",
}
_NOT = {"no", "not", "without", "never"}
_COPULA = {"is", "are", "painted", "coloured", "colored"}
_WORD = re.compile(r"[a-z]+|[,;.]")


@dataclass(frozen=True)
class Colours:
    """What a prompt says. whole: colours of the thing itself. parts: (noun in the singular, colour) of the others.

    noun: of the thing, singular; empty where none is named.
    """

    whole: tuple[Lab, ...] = ()
    noun: str = ""
    parts: tuple[tuple[str, Lab], ...] = ()

    @property
    def any(self) -> bool:
        return bool(self.whole or self.parts)


@dataclass
class _Phrase:
    opener: str
    colours: list[Lab] = field(default_factory=list)
    noun: str = ""
    negated: bool = False
    joined: bool = False  # by "and": the last of its colours is no fruit


@lru_cache(maxsize=256)
def read(prompt: str) -> Colours:
    """The colours that a prompt names."""
    phrases = [phrase for phrase in _phrases(prompt.lower()) if not phrase.negated]
    if not phrases:
        return Colours()
    thing, *others = phrases
    whole, parts = list(thing.colours), []
    for phrase in others:
        if phrase.noun:
            parts += [(phrase.noun, colour) for colour in phrase.colours[:1]]
        elif phrase.opener in ("in", "and"):  # "a cat in red"
            whole += phrase.colours
    return Colours(tuple(dict.fromkeys(whole)), thing.noun, tuple(parts))


def singular(noun: str) -> str:
    if noun in PLURAL_LEAF:
        return PLURAL_LEAF[noun]
    if noun.endswith("ies") and len(noun) > 4:
        return noun[:-3] + "y"
    if noun.endswith(("ches", "shes", "xes")):
        return noun[:-2]
    return noun[:-1] if noun.endswith("s") and not noun.endswith(("ss", "us")) and len(noun) > 3 else noun


def _phrases(text: str) -> Iterator[_Phrase]:
    phrase, modifier, after_copula, last_colour = _Phrase(""), "", False, ""
    for word in _WORD.findall(text):
        name = SAME.get(word, word)
        if name in NAMED:
            colour = _modified(NAMED[name], modifier)
            # "the roof is red": of what stands before.
            if phrase.noun and not after_copula:
                phrase.noun = ""
            phrase.colours.append(colour)
            last_colour, modifier = word, ""
        elif word in MODIFIERS:
            modifier = word
        elif word in _NOT:
            yield from _done(phrase, last_colour)
            phrase, last_colour = _Phrase(word, negated=True), ""
        elif word in _COPULA:
            after_copula = bool(phrase.noun)
        elif word in _SPLIT or word in ";.":
            if word == "and" and phrase.colours and not phrase.noun:  # "a black and white cat"
                phrase.joined = True
                continue
            yield from _done(phrase, last_colour)
            phrase, modifier, after_copula, last_colour = _Phrase(word), "", False, ""
        elif word not in _ARTICLES:
            phrase.noun, modifier = singular(word), ""
    yield from _done(phrase, last_colour)


def _done(phrase: _Phrase, last_colour: str) -> Iterator[_Phrase]:
    if not phrase.noun and last_colour and not phrase.opener:  # "an orange" is a thing, too
        phrase.noun = last_colour
        if len(phrase.colours) > 1 and not phrase.joined:  # "a green olive"
            phrase.colours.pop()
    if phrase.noun or phrase.colours:
        yield phrase


def _modified(colour: Lab, modifier: str) -> Lab:
    if modifier not in MODIFIERS:
        return colour
    lighter, chroma = MODIFIERS[modifier]
    return min(98.0, max(8.0, colour[0] + lighter)), colour[1] * chroma, colour[2] * chroma
