"""Who changes a password goes on; every other session of theirs ends."""

from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from boards.models import Board, Membership, Role
from boards.principal import Principal
from boards.room import access_check
from boards.room.access_check import Granted
from boards.wire.protocol import Close
from tests.boards.socket_client import joined
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db
ANOTHER = "another one altogether"


@pytest.fixture(autouse=True)
def nobody_tried_yet() -> None:
    cache.clear()


def as_(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def came_by(client: Client) -> Principal:
    """Of a tab of this browser, as it came in."""
    user = User.objects.get(pk=client.session["_auth_user_id"])
    return Principal(user, session_key=client.session.session_key)


def stands(board: Board, principal: Principal) -> Granted | Close:
    return access_check.check({board.pk: {"tab": principal}})[board.pk].sessions["tab"]


def change(client: Client) -> None:
    fields = {"oldpassword": PASSWORD, "password1": ANOTHER, "password2": ANOTHER}
    assert client.post("/accounts/password/change/", fields).status_code == 302


@pytest.mark.parametrize("verification", ["none", "mandatory"])
def test_a_guest_who_signs_up_stays(board: Board, settings: Any, verification: str) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = verification
    client = Client()
    client.post("/boards/new")
    tab = came_by(client)
    Membership.objects.create(board=board, user=tab.user, role=Role.EDIT)  # type: ignore[misc]
    fields = {"email": "new@example.org", "password1": PASSWORD}
    assert client.post("/accounts/signup/", fields).status_code == 302
    stay = stands(board, tab)
    assert isinstance(stay, Granted) and stay.role == Role.EDIT
    assert stay.principal.user is not None and stay.principal.user.password != tab.user.password  # type: ignore[union-attr]
    assert stands(board, stay.principal) == stay, "and is asked for the session once"


def test_who_changes_the_password_comes_back_and_everybody_else_is_signed_out(
    board: Board, alice: User
) -> None:
    here, elsewhere = as_(alice), as_(alice)
    tab, foreign = came_by(here), came_by(elsewhere)
    change(here)
    assert stands(board, tab) == Close.RESTART
    assert isinstance(stands(board, came_by(here)), Granted), "with what the browser has now"
    assert stands(board, foreign) == Close.UNAUTHENTICATED


def test_who_signs_out_or_is_disabled_is_signed_out_whatever_the_password(board: Board, alice: User) -> None:
    client = as_(alice)
    tab = came_by(client)
    client.post("/accounts/logout/")
    assert stands(board, tab) == Close.UNAUTHENTICATED
    client = as_(alice)
    tab = came_by(client)
    change(client)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert stands(board, tab) == Close.UNAUTHENTICATED


@pytest.mark.usefixtures("rooms_end")
@pytest.mark.django_db(transaction=True)
async def test_a_socket_is_told_to_come_back(board: Board, alice: User) -> None:
    async with joined(board, alice) as tab:

        def changed() -> None:
            client = Client()
            client.cookies["sessionid"] = Session.objects.get().session_key
            change(client)

        await sync_to_async(changed)()
        assert await tab.closed() == Close.RESTART
