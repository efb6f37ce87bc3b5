"""Signing up and in, and the pages of an account. The latter are for accounts only: guests have none yet."""

from allauth.account import views as allauth
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.urls import include, path

from accounts.views import AddressesView, GuestLoginView, GuestSignupView, for_accounts

# The password and the session that goes on with it change at once: sockets are looked at all the time.
_change, _set = transaction.atomic(allauth.password_change), transaction.atomic(allauth.password_set)

urlpatterns = [
    path("login/", GuestLoginView.as_view(), name="account_login"),
    path("signup/", GuestSignupView.as_view(), name="account_signup"),
    path("email/", for_accounts(login_required(AddressesView.as_view())), name="account_email"),
    path("password/change/", for_accounts(_change), name="account_change_password"),
    path("password/set/", for_accounts(_set), name="account_set_password"),
    path("reauthenticate/", for_accounts(allauth.reauthenticate), name="account_reauthenticate"),
    path("", include("allauth.urls")),
]
