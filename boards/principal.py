"""Who asks: made at the door from what somebody showed, handed to boards.access, looked at again while they stay."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from enum import Enum, auto

from django.http import HttpRequest

from accounts import api_keys, scopes, sessions
from accounts.models import ApiKey, User
from accounts.scopes import EVERY, Scope
from boards.errors import Unauthenticated
from boards.models import ShareLink


@dataclass(frozen=True)
class Principal:
    """A person, a share link, or nobody; by which key or session; and how far that goes.

    user: an account or a guest. share_link: a program that came by a link alone, without a user.
    session_key: of the page's session, for a user who showed no key.
    """

    user: User | None = None
    api_key: ApiKey | None = None
    share_link: ShareLink | None = None
    session_key: str | None = None
    scopes: frozenset[Scope] = EVERY


NOBODY = Principal()


class Lapse(Enum):
    """Why what somebody showed does not count any more."""

    ENDED = auto()
    MOVED = auto()
    """Their password changed and the session is gone. Whoever changed it goes on in one with another key."""


def by_session(request: HttpRequest) -> Principal:
    """Of a page, which takes no keys."""
    user = request.user if isinstance(request.user, User) else None
    return Principal(user, session_key=request.session.session_key if user else None)


def by_api_key(key: ApiKey) -> Principal:
    return Principal(key.user, api_key=key, scopes=scopes.named(key.scopes))


def of_request(request: HttpRequest) -> Principal:
    """A Bearer header alone decides where there is one, else the session does. Raises Unauthenticated for a bad key."""
    found: Principal | None = getattr(request, "principal", None)
    if found is None:
        found = request.principal = _read(request)  # type: ignore[attr-defined]
    return found


def person_of(request: HttpRequest) -> User:
    """The account or guest that asks. Raises Unauthenticated."""
    return person(of_request(request))


def person(principal: Principal) -> User:
    """Raises Unauthenticated."""
    if principal.user is None:
        raise Unauthenticated("Sign in, or come in as a guest, to do this.")
    return principal.user


def _read(request: HttpRequest) -> Principal:
    token = api_keys.bearer_of(request)
    if token is None:
        return by_session(request)
    key = api_keys.find(token)
    if key is None:
        raise Unauthenticated("This key is not valid or no longer valid.")
    return by_api_key(key)


def renewed(principals: Sequence[Principal]) -> list[Principal | Lapse]:
    """Each with its link, scopes and password as they are now; a Lapse where what was shown does not count any more.

    That is so once a session ended, its user got another password or was disabled, a key was revoked, a link ended.
    Four queries at most, however many there are, and one more when passwords changed; whole users are not read, as
    this is asked all the time.
    """
    people = User.objects.filter(pk__in={p.user.pk for p in principals if p.user}, is_active=True)
    passwords = dict(people.values_list("pk", "password"))
    alive = sessions.alive({p.session_key for p in principals if p.session_key})
    keys = ApiKey.objects.filter(pk__in={p.api_key.pk for p in principals if p.api_key}, revoked_at=None)
    limits = dict(keys.values_list("pk", "scopes"))
    links = ShareLink.objects.in_bulk({p.share_link.pk for p in principals if p.share_link})
    # Django ends a session when it is next used after a new password, except that in which it was changed. A socket
    # uses its session once.
    changed = {
        p.session_key: _with_password(p.user, passwords[p.user.pk])
        for p in principals
        if p.session_key and p.user and passwords.get(p.user.pk, p.user.password) != p.user.password
    }
    confirmed = sessions.confirmed({key: user for key, user in changed.items() if key in alive})

    def again(principal: Principal) -> Principal | Lapse:
        user, key, link = principal.user, principal.api_key, principal.share_link
        if user is not None and user.pk not in passwords:
            return Lapse.ENDED
        if principal.session_key is not None and principal.session_key not in alive:
            return Lapse.MOVED if principal.session_key in changed else Lapse.ENDED
        if principal.session_key in changed:
            known = principal.session_key in confirmed
            return replace(principal, user=changed[principal.session_key]) if known else Lapse.ENDED
        if key is not None:
            return (
                replace(principal, scopes=scopes.named(limits[key.pk])) if key.pk in limits else Lapse.ENDED
            )
        if link is not None:
            now = links.get(link.pk)
            return replace(principal, share_link=now) if now is not None and now.is_valid else Lapse.ENDED
        return principal

    return [again(principal) for principal in principals]


def _with_password(user: User, password: str) -> User:
    user = copy(user)
    user.password = password
    return user
