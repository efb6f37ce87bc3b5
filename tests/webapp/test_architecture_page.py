"""docs/architecture.md walks through the code: each function that it names is where it says."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text()
FILE = r"`([\w/]+\.(?:py|tsx?))`"
NAMED = re.findall(rf"{FILE}((?:,? `\w+`)+)", PAGE)


@pytest.mark.parametrize("path", sorted(set(re.findall(FILE, PAGE))))
def test_a_file_of_the_walk_exists(path: str) -> None:
    assert (ROOT / path).is_file()


@pytest.mark.parametrize(("path", "names"), NAMED)
def test_a_function_of_the_walk_is_in_its_file(path: str, names: str) -> None:
    source = (ROOT / path).read_text()
    for name in re.findall(r"`(\w+)`", names):
        defined = rf"^ *(?:async )?(?:def |private |export function |readonly )?{name}[(:]"
        assert re.search(defined, source, re.MULTILINE), name


def test_the_walk_names_the_code_of_every_step() -> None:
    assert len(NAMED) >= 25
