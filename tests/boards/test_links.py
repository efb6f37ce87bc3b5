"""Share links: what the database keeps of them, and whom they let in."""

import pytest
from django.core import serializers
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from boards import links
from boards.models import Role, ShareLink
from boards.sealing import seal, unseal

pytestmark = pytest.mark.django_db


def test_the_database_alone_does_not_tell_a_token(board, alice):
    link = links.create(board, alice, Role.EDIT)
    row = serializers.serialize("json", ShareLink.objects.all())
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM boards_sharelink")
        row += str(cursor.fetchall())
    assert link.token and link.token not in row


def test_a_link_can_be_shown_again(board, alice):
    token = links.create(board, alice, Role.EDIT).token
    assert ShareLink.objects.get().token == token and links.find(token).board == board


def test_under_another_secret_key_links_work_and_cannot_be_shown(board, alice, client, settings):
    token = links.create(board, alice, Role.EDIT).token
    before, settings.SECRET_KEY = settings.SECRET_KEY, "another"
    assert links.find(token).board == board
    client.force_login(alice)
    shown = client.get(f"/api/v1/boards/{board.pk}/links").json()["items"]
    assert [(link["url"], link["token"]) for link in shown] == [(None, None)]
    settings.SECRET_KEY_FALLBACKS = [before]
    assert ShareLink.objects.get().token == token


def test_what_is_sealed_comes_back_and_nothing_else():
    assert unseal(seal("secret")) == "secret" and "secret" not in seal("secret")
    assert seal("secret") != seal("secret") and unseal("nonsense") is None
    assert len(seal("x" * 64)) <= 200


@pytest.mark.parametrize("token", ["", "\x00", "\ud800", "x" * 10_000, "ü"])
def test_what_is_no_token(board, alice, token):
    links.create(board, alice, Role.EDIT)
    assert links.find(token) is None


@pytest.mark.django_db(transaction=True)
def test_links_from_before_go_on_working():
    latest = MigrationExecutor(connection).loader.graph.leaf_nodes()
    old = MigrationExecutor(connection)
    old.migrate([("boards", "0005_candidates")])
    past = old.loader.project_state([("boards", "0005_candidates")]).apps
    user = past.get_model("accounts", "User").objects.create(name="Ada")
    board = past.get_model("boards", "Board").objects.create(owner=user)
    past.get_model("boards", "ShareLink").objects.create(
        board=board, created_by=user, role="edit", token="an-old-token"
    )
    MigrationExecutor(connection).migrate(latest)
    assert links.find("an-old-token").board_id == board.pk
    assert ShareLink.objects.get().token == "an-old-token"
