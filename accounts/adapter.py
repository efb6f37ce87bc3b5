"""Where allauth meets our guests."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from accounts.models import User


class AccountAdapter(DefaultAccountAdapter):
    """Signing up turns the guest into the account, so that nothing has to be moved."""

    def new_user(self, request: HttpRequest) -> User:
        return getattr(request, "guest", None) or User()

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        user.is_guest = False
        saved: User = super().save_user(request, user, form, commit)
        return saved
