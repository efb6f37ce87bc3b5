"""Principal: what a request or a socket acts as. Made at each door, handed to boards.access, refreshed on open sockets."""

from collections.abc import Hashable, Sequence
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
    """A user, a share link, or neither; the credential that was shown; and the scopes that it grants.

    user: an account or a guest. share_link: of a program that showed a link's token; it has no user.
    api_key: the credential, else session_key: of the page's session. Both None: anonymous, or a share link.
    """

    user: User | None = None
    api_key: ApiKey | None = None
    share_link: ShareLink | None = None
    session_key: str | None = None
    scopes: frozenset[Scope] = EVERY

    @property
    def identity(self) -> Hashable | None:
        """The same for all credentials of one user, and for all uses of one share link; None if anonymous."""
        known = self.user or self.share_link
        return (type(known), known.pk) if known is not None else None


NOBODY = Principal()


class Revocation(Enum):
    """Why a credential does not count any more."""

    ENDED = auto()
    SESSION_REPLACED = auto()
    """The user's password changed and the session is gone: the browser that changed it has a session of another key."""


def by_session(request: HttpRequest) -> Principal:
    """The principal of a page, which accepts no API keys."""
    user = sessions.user_of(request)
    return Principal(user, session_key=request.session.session_key if user else None)


def by_api_key(key: ApiKey) -> Principal:
    """The principal of a valid key."""
    return Principal(key.user, api_key=key, scopes=scopes.from_names(key.scopes))


def of_request(request: HttpRequest) -> Principal:
    """By the Bearer header if there is one, else by the session. Raises Unauthenticated for an invalid key."""
    found: Principal | None = getattr(request, "principal", None)
    if found is None:
        found = request.principal = _read(request)  # type: ignore[attr-defined]
    return found


def person_of(request: HttpRequest) -> User:
    """The account or guest of a request. Raises Unauthenticated."""
    return person(of_request(request))


def person(principal: Principal) -> User:
    """The account or guest of a principal. Raises Unauthenticated if it has none."""
    if principal.user is None:
        raise Unauthenticated("Sign in, or join as a guest, to do this.")
    return principal.user


def _read(request: HttpRequest) -> Principal:
    token = api_keys.bearer_of(request)
    if token is None:
        return by_session(request)
    key = api_keys.find(token)
    if key is None:
        raise Unauthenticated("This key is not valid or no longer valid.")
    return by_api_key(key)


def refresh(principals: Sequence[Principal]) -> list[Principal | Revocation]:
    """Each principal with its link, scopes and password as they are now, or why its credential does not count any more.

    A credential ends when its session ends, its user gets another password or is disabled, its key is revoked, or its
    link ends. At most four queries for any number of principals, and one more when passwords changed. Users are not
    read whole, as this is called twice a second.
    """
    people = User.objects.filter(pk__in={p.user.pk for p in principals if p.user}, is_active=True)
    passwords = dict(people.values_list("pk", "password"))
    alive = sessions.alive({p.session_key for p in principals if p.session_key})
    keys = ApiKey.objects.filter(pk__in={p.api_key.pk for p in principals if p.api_key}, revoked_at=None)
    limits = dict(keys.values_list("pk", "scopes"))
    links = ShareLink.objects.in_bulk({p.share_link.pk for p in principals if p.share_link})
    # After a new password Django ends each session when it is next used, except the one in which it was changed. A
    # socket uses its session only once, so it has to be looked at here.
    changed = {
        p.session_key: _with_password(p.user, passwords[p.user.pk])
        for p in principals
        if p.session_key and p.user and passwords.get(p.user.pk, p.user.password) != p.user.password
    }
    confirmed = sessions.with_current_password({key: user for key, user in changed.items() if key in alive})

    def refreshed(principal: Principal) -> Principal | Revocation:
        user, key, link = principal.user, principal.api_key, principal.share_link
        if user is not None and user.pk not in passwords:
            return Revocation.ENDED
        if principal.session_key is not None and principal.session_key not in alive:
            return Revocation.SESSION_REPLACED if principal.session_key in changed else Revocation.ENDED
        if principal.session_key in changed:
            known = principal.session_key in confirmed
            return replace(principal, user=changed[principal.session_key]) if known else Revocation.ENDED
        if key is not None:
            known = key.pk in limits
            return replace(principal, scopes=scopes.from_names(limits[key.pk])) if known else Revocation.ENDED
        if link is not None:
            now = links.get(link.pk)
            return replace(principal, share_link=now) if now and now.is_valid else Revocation.ENDED
        return principal

    return [refreshed(principal) for principal in principals]


def _with_password(user: User, password: str) -> User:
    user = copy(user)
    user.password = password
    return user
