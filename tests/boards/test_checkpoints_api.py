"""GET /api/v1/checkpoints, as every board page asks for it."""

import gzip
import json

from django.test import Client

from accounts.models import User

PATH = "/api/v1/checkpoints"


def test_it_says_what_there_is_and_travels_packed(client: Client, alice: User) -> None:
    client.force_login(alice)
    plain = client.get(PATH)
    packed = client.get(PATH, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip" and "Accept-Encoding" in packed.headers["Vary"]
    assert len(packed.content) < len(plain.content) / 3
    assert json.loads(gzip.decompress(packed.content)) == plain.json()
    names = [item["name"] for item in plain.json()["items"]]
    assert names[0] == "bundled" and "sd-turbo" in names


def test_strangers_are_told_to_come_in_first(client: Client, db: None) -> None:
    assert client.get(PATH).status_code == 401
