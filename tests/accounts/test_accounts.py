"""Keys, guests, and the command that makes a key."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts import api_keys
from accounts.models import ApiKey, User
from accounts.tasks import forget_guests
from boards.models import Board
from tests.factories import person

pytestmark = pytest.mark.django_db


def test_a_key_stands_for_its_user_and_is_not_kept(alice):
    key = api_keys.create(alice, ["boards"])
    assert api_keys.find(key).user == alice
    kept = ApiKey.objects.get()
    assert key not in (kept.digest, kept.prefix) and kept.scopes == ["boards"] and key.startswith(kept.prefix)


@pytest.mark.parametrize("key", ["", "ak_", "ak_wrong", "Bearer x", "ak_" + "x" * 10_000])
def test_what_is_no_key(alice, key):
    api_keys.create(alice)
    assert api_keys.find(key) is None


def test_a_revoked_key_and_a_disabled_user(alice):
    key = api_keys.create(alice)
    ApiKey.objects.update(revoked_at=timezone.now())
    assert api_keys.find(key) is None
    key = api_keys.create(alice)
    User.objects.update(is_active=False)
    assert api_keys.find(key) is None


def test_the_command_prints_the_key_and_nothing_else():
    out = StringIO()
    call_command(
        "create_api_key", "ada@example.org", "--create-user", "--staff", "--scopes", "a,b", stdout=out
    )
    user = api_keys.find(out.getvalue().strip()).user
    assert user is not None and user.email == "ada@example.org" and user.is_staff
    assert out.getvalue().count("\n") == 1 and ApiKey.objects.get().scopes == ["a", "b"]


def test_the_command_makes_no_user_unasked():
    with pytest.raises(CommandError, match="--create-user"):
        call_command("create_api_key", "nobody@example.org")


def test_idle_guests_without_anything_are_forgotten(alice):
    long_ago = timezone.now() - timedelta(days=200)
    idle = User.objects.create(name="Idle Owl", is_guest=True, last_login=long_ago)
    owner = User.objects.create(name="Busy Bee", is_guest=True, last_login=long_ago)
    Board.objects.create(owner=owner)
    fresh = User.objects.create(name="New Newt", is_guest=True, last_login=timezone.now())
    User.objects.filter(pk=alice.pk).update(last_login=long_ago)
    assert forget_guests() == 1
    assert not User.objects.filter(pk=idle.pk).exists()
    assert User.objects.filter(pk__in=[owner.pk, fresh.pk, alice.pk]).count() == 3


def test_names_are_shown_kindly():
    assert person("ada").display_name == "Ada"
    assert User(email="grace@example.org").display_name == "grace"
    assert User().display_name == "Somebody"
