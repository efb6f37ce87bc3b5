"""Sign-up and sign-in. A guest may use them: for allauth they are nobody yet."""

from typing import Any

from allauth.account.views import LoginView, SignupView
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from accounts.models import User


class _GuestsWelcome:
    """Shows a guest the form, and remembers them on the request as `request.guest`."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if isinstance(request.user, User) and request.user.is_guest:
            request.guest = request.user  # type: ignore[attr-defined]
            request.user = AnonymousUser()
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]


class GuestLoginView(_GuestsWelcome, LoginView):
    pass


class GuestSignupView(_GuestsWelcome, SignupView):
    pass
