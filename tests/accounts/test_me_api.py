"""The person who asks, over HTTP."""

import pytest

from accounts.models import User
from tests.boards.http_client import API, signed_in

pytestmark = pytest.mark.django_db(transaction=True)


def test_renaming_oneself(alice: User) -> None:
    client = signed_in(alice)
    assert (
        client.patch(f"{API}/me", {"name": " Ada "}, content_type="application/json").json()["name"] == "Ada"
    )
    for name in ("", " ", "x" * 61, "a\u202eb", "a\nb"):
        refused = client.patch(f"{API}/me", {"name": name}, content_type="application/json")
        assert refused.status_code == 422 and refused.json()["errors"][0]["field"] == "body.name", name
