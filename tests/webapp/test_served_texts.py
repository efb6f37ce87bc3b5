"""What the front end translates of the server's texts: frontend/src/language/catalogue.test.ts reads the same file."""

import json
import re
from pathlib import Path

from boards.exchange import import_notes
from generation.checkpoints import catalogue, styles
from generation.checkpoints.kinds import KINDS

SERVED = json.loads((Path(__file__).parent.parent / "shared" / "served_texts.json").read_text())


def _first_sentence(text: str) -> str:
    """As firstSentence in frontend/src/generation/PromptPanel.tsx, which shows no more of a description."""
    found = re.match(r".*?[.!?](?=\s|$)", text, re.DOTALL)
    return found[0] if found else text


def test_every_title_hint_and_description_is_translated() -> None:
    kinds = {text for params in KINDS.values() for text in (params.title, params.hint)}
    checkpoints = catalogue.entries().values()
    own_titles = {kind.title for each in checkpoints for kind in each.kinds.values() if kind.title}
    descriptions = {_first_sentence(each.description) for each in checkpoints}
    titles = {each.title for each in (*checkpoints, *styles.every().values())}
    assert set(SERVED["texts"]) == kinds | own_titles | descriptions | titles


def test_every_note_of_an_import_is_translated() -> None:
    assert set(SERVED["notes"]) == set(import_notes._MESSAGES)
