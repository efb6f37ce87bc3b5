"""Sign-up and sign-in. A guest may use them: for allauth they are nobody yet."""

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

from accounts import sessions

View = Callable[..., HttpResponseBase]


def for_accounts(view: View) -> View:
    """The page of an account. A guest is led to sign-up."""

    @wraps(view)
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        user = sessions.user_of(request)
        if user is not None and user.is_guest:
            return redirect("account_signup")
        return view(request, *args, **kwargs)

    return page


class _GuestsWelcome:
    """Shows a guest the form, and remembers them on the request as `request.guest`."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        user = sessions.user_of(request)
        if user is not None and user.is_guest:
            request.guest = user  # type: ignore[attr-defined]
            request.user = AnonymousUser()
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]


class GuestLoginView(_GuestsWelcome, LoginView):
    pass


class GuestSignupView(_GuestsWelcome, SignupView):
    def form_valid(self, form: SignupForm) -> HttpResponseBase:
        if form.account_already_exists:
            make_password(form.cleaned_data["password1"])  # the answer takes as long as for a new address
        return super().form_valid(form)


class AddressesView(EmailView):
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """One that is not confirmed may be somebody else's: it becomes nobody's first, whether it is or not."""
        address = EmailAddress.objects.filter(user=request.user, email__iexact=request.POST.get("email", ""))
        if "action_primary" in request.POST and not address.filter(verified=True).exists():
            messages.error(
                request, "Confirm the address first: open the link in the mail that was sent to it."
            )
            return redirect("account_email")
        return super().post(request, *args, **kwargs)
