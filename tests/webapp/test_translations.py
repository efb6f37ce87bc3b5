"""The translations of the pages that Django serves. Those of the board: frontend/src/language/catalogue.test.ts."""

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(settings.BASE_DIR)
LOCALE = ROOT / "webapp" / "locale"
LANGUAGES = [code for code, _ in settings.LANGUAGES if code != "en"]
ROOMS = ("accounts", "boards", "generation", "webapp", "http_api")


def _entries(code: str) -> dict[str, list[str]]:
    """Translations of a .po file by their English text, more than one for a text with a plural."""
    entries: dict[str, list[str]] = {}
    for block in (LOCALE / code / "LC_MESSAGES" / "django.po").read_text().split("\n\n"):
        fields: list[tuple[str, str]] = []
        for line in block.splitlines():
            if match := re.match(r'(msg\w+(?:\[\d\])?) (".*")$', line):
                fields.append((match[1], ast.literal_eval(match[2])))
            elif line.startswith('"'):
                fields[-1] = (fields[-1][0], fields[-1][1] + ast.literal_eval(line))
        entries[fields[0][1]] = [text for name, text in fields if name.startswith("msgstr")]
    return entries


def _texts_of(source: str) -> Iterator[str]:
    """First arguments of the calls of gettext in Python code."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
            name, text = node.func.id, node.args[0]
            if re.fullmatch(r"_|n?gettext(_noop)?", name) and isinstance(text, ast.Constant):
                yield str(text.value)


def _marked() -> set[str]:
    code = [path.read_text() for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    # Templates become calls among blanked-out text, several on a line.
    calls = re.compile(r'n?gettext\((?:u?("(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'))')
    templates = [templatize(path.read_text()) for path in (ROOT / "webapp" / "templates").rglob("*.html")]
    in_templates = {ast.literal_eval(text) for source in templates for text in calls.findall(source)}
    return {text for source in code for text in _texts_of(source)} | in_templates | _underscored(templates)


def _underscored(templates: list[str]) -> set[str]:
    call = re.compile(r"\b_\(u?(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')\)")
    return {ast.literal_eval(text) for source in templates for text in call.findall(source)}


@pytest.mark.parametrize("code", LANGUAGES)
class TestTranslations:
    def test_there_is_one_of_every_text_and_none_of_another(self, code: str) -> None:
        assert set(_entries(code)) - {""} == _marked()

    def test_they_fill_the_same_holes(self, code: str) -> None:
        holes = re.compile(r"%\(\w+\)s")
        for english, translations in _entries(code).items():
            for text in translations:
                assert text, english
                assert sorted(holes.findall(text)) == sorted(holes.findall(english)), english

    def test_what_is_served_is_what_was_written(self, code: str) -> None:
        """Made by: msgfmt -o django.mo django.po."""
        with (LOCALE / code / "LC_MESSAGES" / "django.mo").open("rb") as file:
            served = gettext.GNUTranslations(file)
        for english, translations in _entries(code).items():
            if len(translations) == 1:
                assert served.gettext(english) == translations[0]
            else:
                assert [served.ngettext(english, "", n) for n in (1, 2)] == translations
