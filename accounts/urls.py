"""Routes of sign-up, sign-in, and the pages that only accounts have."""

from allauth.account import views as allauth
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.urls import include, path

from accounts.views import AddressesView, GuestLoginView, GuestSignupView, account_required

# The password and its session change in one transaction, as open sockets are checked against both twice a second.
_change, _set = transaction.atomic(allauth.password_change), transaction.atomic(allauth.password_set)

urlpatterns = [
    path("login/", GuestLoginView.as_view(), name="account_login"),
    path("signup/", GuestSignupView.as_view(), name="account_signup"),
    path("email/", account_required(login_required(AddressesView.as_view())), name="account_email"),
    path("password/change/", account_required(_change), name="account_change_password"),
    path("password/set/", account_required(_set), name="account_set_password"),
    path("reauthenticate/", account_required(allauth.reauthenticate), name="account_reauthenticate"),
    path("", include("allauth.urls")),
]
