"""Guests: users with a friendly name and no account, made on the first visit that needs one."""

import re
import secrets
from typing import Any

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.signals import user_logged_in
from django.dispatch import Signal, receiver
from django.http import HttpRequest

from accounts import address, sessions
from accounts.models import User
from accounts.rate_limits import RateLimit

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
"""Sent with `guest` and `user` when a guest signs in to an existing account; receivers move what the guest owns."""

BACKEND = "django.contrib.auth.backends.ModelBackend"

# User agents of messengers and search engines that fetch a shared address. Cubot is a brand of phones.
ROBOTS = re.compile(
    r"(?<!cu)bot\b|bot/|crawl|spider|preview|externalhit|facebookcatalog|whatsapp|slurp|embedly|iframely|unfurl|mastodon",
    re.IGNORECASE,
)


def is_automated(request: HttpRequest) -> bool:
    """True for HEAD, a robot, or a browser's prefetch: no guest is made for these. Robots never POST."""
    if request.method == "POST":
        return False
    ahead = request.headers.get("Sec-Purpose", "") + request.headers.get("Purpose", "")
    robot = ROBOTS.search(request.headers.get("User-Agent", ""))
    return request.method == "HEAD" or "prefetch" in ahead or bool(robot)


def ensure_user(request: HttpRequest) -> User:
    """The signed-in user, else a new guest, which is signed in. Raises RateLimited."""
    if (user := sessions.user_of(request)) is not None:
        return user
    limit = RateLimit("guests", settings.GUESTS_PER_ADDRESS_MAX, 3600)
    limit.hit(
        address.of_request(request), "Too many guests came from your network. Sign in, or try again later."
    )
    guest = User(name=f"{secrets.choice(ADJECTIVES)} {secrets.choice(ANIMALS)}", is_guest=True)
    guest.set_unusable_password()
    guest.save()
    login(request, guest, backend=BACKEND)
    return guest


@receiver(user_logged_in)
def transfer_from_guest(request: HttpRequest, user: User, **_: Any) -> None:
    """Called on sign-in: move what the guest of this session owns to the account, then delete the guest."""
    guest = getattr(request, "guest", None)
    if guest is not None and guest.pk != user.pk and guest.is_guest:
        guest_claimed.send(sender=User, guest=guest, user=user)
        guest.delete()
