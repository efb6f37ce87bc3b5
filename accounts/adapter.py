"""Where allauth meets our guests."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from accounts import address
from accounts.models import User


class AccountAdapter(DefaultAccountAdapter):
    """Signing up turns the guest into the account, so that nothing has to be moved."""

    def new_user(self, request: HttpRequest) -> User:
        return getattr(request, "guest", None) or User()

    def get_client_ip(self, request: HttpRequest) -> str:
        return address.of_request(request)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """What failed sign-ins are counted by: the account and the address, so that nobody locks somebody else out.

        allauth has no public setting for it; a test fails if the name changes.
        """
        account: str = super()._get_login_attempts_cache_key(request, **credentials)
        return f"{account} from {self.get_client_ip(request)}"

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        user.is_guest = False
        saved: User = super().save_user(request, user, form, commit)
        return saved
