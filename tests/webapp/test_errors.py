"""Every error under AtelierError, beside docs/errors.md."""

import re
from collections import defaultdict
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from accounts.errors import AtelierError
from generation.errors import SnapshotInvalid

ROOT = Path(__file__).parent.parent.parent
APPS = ("accounts", "boards", "generation", "http_api", "webapp")
SHARED = {
    "internal": {"Refused"},
    "bad_message": {"BadMessage", "InvalidCursor"},
    "not_found": {"BoardGone", "JobGone", "VersionGone", "PersonGone"},
    "overloaded": {"NotSaving", "Overloaded", "TooManyUploads"},
    "too_big": {"TooBig", "BodyTooLarge"},
    "remote_failed": {"RemoteError", "RemoteFailed"},
}
"""Codes of several classes (`internal`: of the root and of a base that is not raised itself)."""
OF_DOORS = {"invalid", "bad_request", "csrf_failed", "error", "protocol_version", "database_unavailable"}
"""Codes that a door gives to an error of Django, Ninja or the database, and that no class needs to have."""
OF_IMAGES = {
    "image_broken",
    "image_empty",
    "image_format",
    "image_too_large",
    "image_too_many_pixels",
    "mask_shape",
}
"""Codes that SnapshotInvalid is raised with."""


def subclasses(of: type[AtelierError]) -> Iterator[type[AtelierError]]:
    for each in of.__subclasses__():
        yield each
        yield from subclasses(each)


def import_all() -> None:
    """Import every module of the apps that derives a class from one of these errors."""
    known, before = {"AtelierError"}, 0
    sources = [path for app in APPS for path in (ROOT / app).rglob("*.py")]
    while len(known) > before:
        before = len(known)
        for path in sources:
            for name, base in re.findall(r"^class (\w+)\((\w+)\):", path.read_text(), re.MULTILINE):
                if base in known:
                    known.add(name)
                    import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))


def documented() -> dict[str, tuple[str, str]]:
    """code → (status, again), as docs/errors.md has them."""
    page = (ROOT / "docs" / "errors.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (\S+) \| (\w+) \|", page, re.MULTILINE)
    assert len(rows) == len({code for code, *_ in rows}), "each code has one row"
    return {code: (status, again) for code, status, again in rows}


@pytest.fixture(scope="module")
def by_code() -> dict[str, list[type[AtelierError]]]:
    import_all()
    found = defaultdict(list)
    for each in subclasses(AtelierError):
        if not each.__module__.startswith("tests."):
            found[each.code].append(each)
    return found


def test_a_code_has_one_class_or_is_shared_on_purpose(by_code: dict[str, list[type[AtelierError]]]) -> None:
    shared = {code: {each.__name__ for each in classes} for code, classes in by_code.items()}
    assert {code: names for code, names in shared.items() if len(names) > 1 or code in SHARED} == SHARED


def test_errors_that_share_a_code_are_answered_alike(by_code: dict[str, list[type[AtelierError]]]) -> None:
    for code, classes in by_code.items():
        assert len({each.status for each in classes}) == 1, code
        assert all(400 <= each.status < 600 for each in classes), code


def test_docs_errors_md_has_every_error_as_it_is(by_code: dict[str, list[type[AtelierError]]]) -> None:
    rows = documented()
    assert set(rows) == set(by_code) | OF_DOORS | OF_IMAGES
    for code, classes in by_code.items():
        again = {each.retryable for each in classes}
        word = "either" if len(again) > 1 else "yes" if again.pop() else "no"
        assert rows[code] == (str(int(classes[0].status)), word), code
    for code in OF_IMAGES:
        assert rows[code] == (str(SnapshotInvalid.status), "no")


def test_the_images_codes_are_those_that_are_raised() -> None:
    sources = [path.read_text() for path in (ROOT / "generation").rglob("*.py")]
    raised = {code for text in sources for code in re.findall(r'SnapshotInvalid\(\s*"(\w+)"', text)}
    assert raised == OF_IMAGES
