"""Styles: text that is added to prompts, or a look that finished pictures get.

The catalogue says which a checkpoint offers.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

STYLES = Path(__file__).resolve().parent / "styles.json"
LOOKS = ("flat", "watercolour", "crayon", "ink-wash")
"""Styles that `pipelines.looks` can give to a finished picture, for weights that know no styles by name."""
STATIC = Path(__file__).resolve().parent.parent / "static"


@dataclass(frozen=True)
class Style:
    """prompt, negative_prompt: added to the user's own. colours: two CSS colours, for its tile on the page."""

    title: str
    prompt: str
    negative_prompt: str
    colours: tuple[str, str]


NONE = Style("", "", "", ("", ""))
"""No style: adds nothing."""


@cache
def every() -> Mapping[str, Style]:
    """All styles by name."""
    raw = json.loads(STYLES.read_text())
    return {
        name: Style(**{**entry, "colours": (entry["colours"][0], entry["colours"][1])})
        for name, entry in raw.items()
    }


@cache
def thumbnail(checkpoint: str, style: str) -> str | None:
    """The static file of a picture that a checkpoint drew in a style; None if there is none."""
    name = thumbnail_name(checkpoint, style)
    return name if (STATIC / name).is_file() else None


def thumbnail_name(checkpoint: str, style: str) -> str:
    """Where that picture is, below STATIC."""
    return f"generation/styles/{checkpoint}/{style}.webp"


def joined(words: str, more: str) -> str:
    """A prompt and the text of a style, which may be empty: then the prompt stays as it is."""
    return ", ".join(part for part in (words.strip().rstrip(",."), more) if part) if more else words
