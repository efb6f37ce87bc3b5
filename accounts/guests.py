"""Guests: real users with a friendly name, made on arrival, kept when they sign up."""

import re
import secrets
from typing import Any

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.signals import user_logged_in
from django.dispatch import Signal, receiver
from django.http import HttpRequest

from accounts import address, sessions
from accounts.allowance import Allowance
from accounts.models import User

ADJECTIVES = [
    "Amber",
    "Azure",
    "Brave",
    "Bright",
    "Calm",
    "Clever",
    "Coral",
    "Crimson",
    "Curious",
    "Dapper",
    "Eager",
    "Gentle",
    "Golden",
    "Happy",
    "Indigo",
    "Jolly",
    "Keen",
    "Lively",
    "Lucky",
    "Mellow",
    "Merry",
    "Misty",
    "Nimble",
    "Olive",
    "Quick",
    "Quiet",
    "Rosy",
    "Ruby",
    "Sunny",
    "Swift",
    "Teal",
    "Violet",
    "Witty",
]
ANIMALS = [
    "Badger",
    "Beaver",
    "Crane",
    "Deer",
    "Dolphin",
    "Falcon",
    "Finch",
    "Fox",
    "Gecko",
    "Hare",
    "Hedgehog",
    "Heron",
    "Ibis",
    "Jay",
    "Koala",
    "Lark",
    "Lemur",
    "Lynx",
    "Marmot",
    "Otter",
    "Owl",
    "Panda",
    "Pelican",
    "Penguin",
    "Puffin",
    "Raven",
    "Robin",
    "Seal",
    "Sparrow",
    "Swan",
    "Tiger",
    "Toucan",
    "Turtle",
    "Whale",
    "Wren",
]

guest_claimed = Signal()
"""Sent with `guest` and `user` when a guest signs in to an account that exists: move what the guest made."""

BACKEND = "django.contrib.auth.backends.ModelBackend"

# Messengers and search engines that fetch an address because somebody wrote it; nearly all say what they are.
# Cubot makes phones.
ROBOTS = re.compile(
    r"(?<!cu)bot\b|bot/|crawl|spider|preview|externalhit|facebookcatalog|whatsapp|slurp|embedly|iframely|unfurl|mastodon",
    re.IGNORECASE,
)


def is_only_looking(request: HttpRequest) -> bool:
    """Whether nobody is there who wants to come in: HEAD, a robot, or a browser that fetches ahead. Robots post nothing."""
    if request.method == "POST":
        return False
    ahead = request.headers.get("Sec-Purpose", "") + request.headers.get("Purpose", "")
    robot = ROBOTS.search(request.headers.get("User-Agent", ""))
    return request.method == "HEAD" or "prefetch" in ahead or bool(robot)


def ensure_person(request: HttpRequest) -> User:
    """The signed-in user, or a new guest who is signed in by this call. Raises RateLimited."""
    if (user := sessions.user_of(request)) is not None:
        return user
    budget = Allowance("guests", settings.GUESTS_PER_ADDRESS_MAX, 3600)
    budget.take(
        address.of_request(request), "Too many guests came from your network. Sign in, or try again later."
    )
    guest = User(name=f"{secrets.choice(ADJECTIVES)} {secrets.choice(ANIMALS)}", is_guest=True)
    guest.set_unusable_password()
    guest.save()
    login(request, guest, backend=BACKEND)
    return guest


@receiver(user_logged_in)
def carry_over(request: HttpRequest, user: User, **_: Any) -> None:
    """What a guest made follows into the account they sign in to."""
    guest = getattr(request, "guest", None)
    if guest is not None and guest.pk != user.pk and guest.is_guest:
        guest_claimed.send(sender=User, guest=guest, user=user)
        guest.delete()
