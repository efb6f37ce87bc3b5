"""HTTP: the signed-in user."""

import unicodedata
from typing import Annotated

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import AfterValidator, StringConstraints
from typing_extensions import TypedDict

from accounts import sessions
from accounts.models import NAME_MAX, User
from http_api.openapi import Answer

router = Router()


def _readable(name: str) -> str:
    name = unicodedata.normalize("NFC", name)
    if any(unicodedata.category(character) in {"Cc", "Cf", "Cs"} for character in name):
        raise ValueError("A name has no control characters.")
    return name


Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=NAME_MAX),
    AfterValidator(_readable),
]


class Rename(Schema):
    name: Name


class Me(TypedDict):
    """The person who asks. email: null for a guest."""

    id: str
    name: str
    email: str | None
    guest: bool


@router.get("", response=Answer[Me])
def get_me(request: HttpRequest) -> Me:
    """The account or guest that this request comes from."""
    return _describe(_user(request))


@router.patch("", response=Answer[Me])
def rename_me(request: HttpRequest, body: Rename) -> Me:
    """Change the name that others see."""
    user = _user(request)
    user.name = body.name
    user.save(update_fields=["name"])
    return _describe(user)


def _user(request: HttpRequest) -> User:
    user = sessions.user_of(request)
    assert user is not None, "the API answers signed-in users only"
    return user


def _describe(user: User) -> Me:
    # A guest's address is not confirmed; showing it would reveal whether an account has it.
    email = None if user.is_guest else user.email
    return {"id": str(user.pk), "name": user.display_name, "email": email, "guest": user.is_guest}
