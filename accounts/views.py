"""Pages of sign-up, sign-in and addresses. A guest may use the first two: allauth takes it for anonymous."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.forms import SignupForm
from allauth.account.models import EmailAddress
from allauth.account.views import EmailView, LoginView, SignupView
from django.contrib import messages
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext

from accounts import sessions

View = Callable[..., HttpResponseBase]


def account_required(view: View) -> View:
    """Decorator of pages that only accounts have: redirects a guest to sign-up."""

    @wraps(view)
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        user = sessions.user_of(request)
        if user is not None and user.is_guest:
            return redirect("account_signup")
        return view(request, *args, **kwargs)

    return page


class _GuestAsAnonymous:
    """View mixin: a guest becomes anonymous for allauth, and is kept as `request.guest`."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        user = sessions.user_of(request)
        if user is not None and user.is_guest:
            request.guest = user  # type: ignore[attr-defined]
            request.user = AnonymousUser()
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]


class GuestLoginView(_GuestAsAnonymous, LoginView):
    pass


class GuestSignupView(_GuestAsAnonymous, SignupView):
    def form_valid(self, form: SignupForm) -> HttpResponseBase:
        if form.account_already_exists:
            make_password(form.cleaned_data["password1"])  # the answer takes as long as for a new address
        return super().form_valid(form)


class AddressesView(EmailView):
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Refuse to make an unconfirmed address the primary one; the answer does not reveal whether another account has it."""
        address = EmailAddress.objects.filter(user=request.user, email__iexact=request.POST.get("email", ""))
        if "action_primary" in request.POST and not address.filter(verified=True).exists():
            messages.error(
                request,
                gettext("Confirm the address first: open the link in the mail that was sent to it."),
            )
            return redirect("account_email")
        return super().post(request, *args, **kwargs)
