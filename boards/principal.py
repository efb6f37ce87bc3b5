"""Who asks: made at the door from what somebody showed, handed to boards.access, looked at again while they stay."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

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
        raise Unauthenticated("This key is not valid, or not any more.")
    return by_api_key(key)


def renewed(principals: Sequence[Principal]) -> list[Principal | None]:
    """Each as the database has it now; None where what was shown does not count any more. Four queries at most.

    That is so once a session ended, its user got another password or was disabled, a key was revoked, a link ended.
    """
    user_ids = {p.user.pk for p in principals if p.user}
    users = User.objects.in_bulk(user_ids) if user_ids else {}
    alive = sessions.alive({p.session_key for p in principals if p.session_key})
    key_ids = {p.api_key.pk for p in principals if p.api_key}
    keys = ApiKey.objects.filter(revoked_at=None).in_bulk(key_ids) if key_ids else {}
    link_ids = {p.share_link.pk for p in principals if p.share_link}
    links = ShareLink.objects.in_bulk(link_ids) if link_ids else {}

    def again(principal: Principal) -> Principal | None:
        user = users.get(principal.user.pk) if principal.user else None
        link = links.get(principal.share_link.pk) if principal.share_link else None
        key = keys.get(principal.api_key.pk) if principal.api_key else None
        if principal.user and (user is None or not user.is_active):
            return None
        if principal.share_link and (link is None or not link.is_valid):
            return None
        if principal.api_key and key is None:
            return None
        if principal.session_key and not (principal.session_key in alive and _same_password(principal, user)):
            return None
        limits = scopes.named(key.scopes) if key else principal.scopes
        return replace(principal, user=user, share_link=link, api_key=key, scopes=limits)

    return [again(principal) for principal in principals]


def _same_password(then: Principal, now: User | None) -> bool:
    """Django ends a session when it is next used after its user's password was changed; a socket uses it once."""
    return then.user is not None and now is not None and then.user.password == now.password
