"""How large a body may be, and how much of them is held. On real servers: tests/attacks/test_uploads.py."""

import pytest

from boards.exchange.document import UPLOAD_MAX_BYTES
from webapp.door import bodies
from webapp.door.bodies import BODY_MAX_BYTES, Body, Refused, TooManyUploads, held, limit_of

IMPORT = "/api/v1/boards/7/import"


@pytest.mark.parametrize(
    ("method", "path", "limit"),
    [
        ("POST", IMPORT, UPLOAD_MAX_BYTES + 2**20),
        ("POST", "/api/v1/boards/7/files", 11 * 2**20),
        ("POST", "/api/v1/boards/7/jobs", 21 * 2**20),
        ("POST", "/api/v1/jobs", 21 * 2**20),
        ("PUT", IMPORT, BODY_MAX_BYTES),
        ("POST", f"{IMPORT}/more", BODY_MAX_BYTES),
        ("POST", "/live", BODY_MAX_BYTES),
    ],
)
def test_only_what_takes_files_takes_more_than_a_megabyte(method: str, path: str, limit: int) -> None:
    assert limit_of(method, path) == limit


def test_a_body_is_refused_when_it_says_or_shows_that_it_is_too_large() -> None:
    with pytest.raises(Refused) as refused:
        Body("POST", "/", "somewhere", BODY_MAX_BYTES + 1)
    assert (refused.value.status, refused.value.code) == (413, "too_big")
    body = Body("POST", "/", "somewhere", None)
    body.take(BODY_MAX_BYTES)
    with pytest.raises(Refused):
        body.take(1)
    body.close()


def test_what_is_held_of_one_address_is_bounded_and_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "HELD_BY_ADDRESS_MAX_BYTES", 100)
    first, second, elsewhere = (Body("POST", "/", address, None) for address in ("a", "a", "b"))
    first.take(60)
    elsewhere.take(60)
    with pytest.raises(TooManyUploads):
        second.take(60)
    first.close()
    first.close()
    second.take(60)
    second.close()
    elsewhere.close()
    assert held.total == 0


def test_the_time_for_a_body_grows_with_what_came() -> None:
    body = Body("POST", "/", "somewhere", None)
    before = body.deadline
    body.take(80 * 1024)
    assert body.deadline == pytest.approx(before + 10)
    body.close()
