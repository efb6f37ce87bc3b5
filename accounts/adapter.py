"""How sign-up, sign-in and confirmation by allauth treat guests."""

from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.messages import ERROR
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest

from accounts import address
from accounts.models import User


class AccountAdapter(DefaultAccountAdapter):
    """Signing up makes the guest's own row the account, so that nothing has to be moved.

    Where addresses are verified, the user stays a guest until then, and can sign up again with another address.
    """

    def new_user(self, request: HttpRequest) -> User:
        """The row that sign-up fills in: the guest's, without addresses of earlier attempts, or a new one."""
        guest: User | None = getattr(request, "guest", None)
        if guest is None:
            return User()
        EmailAddress.objects.filter(user=guest, verified=False).delete()
        return guest

    def get_client_ip(self, request: HttpRequest) -> str:
        return address.of_request(request)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Failed sign-ins are counted by account and address, so that an account cannot be locked from elsewhere.

        allauth has no public setting for it; a test fails if the name changes.
        """
        account: str = super()._get_login_attempts_cache_key(request, **credentials)
        return f"{account} from {self.get_client_ip(request)}"

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """Save the new account; where addresses are verified it is still a guest, and stays signed in."""
        user.is_guest = app_settings.EMAIL_VERIFICATION == app_settings.EmailVerificationMethod.MANDATORY
        with transaction.atomic():
            saved: User = super().save_user(request, user, form, commit)
            if request.session.get(SESSION_KEY) == str(saved.pk):
                # The new password changes this hash, and the guest stays signed in while the mail is on its way. In
                # one transaction, or a check in between would close the guest's sockets as signed out.
                request.session[HASH_SESSION_KEY] = saved.get_session_auth_hash()
                request.session.save()
        return saved

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Refuse an address that another account has, as sign-in is by address."""
        others = User.objects.filter(email__iexact=email_address.email).exclude(pk=email_address.user_id)
        if others.exists():
            self.add_message(
                request,
                ERROR,
                message=f"{email_address.email} belongs to another account here. Sign in there, or reset its password.",
            )
            return False
        return bool(super().confirm_email(request, email_address))


@receiver(email_confirmed)
def end_guest(email_address: EmailAddress, **_: Any) -> None:
    """Called when an address is confirmed: its user is a guest no more."""
    User.objects.filter(pk=email_address.user_id, is_guest=True).update(is_guest=False)
