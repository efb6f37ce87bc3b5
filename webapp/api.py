"""The HTTP API under /api/v1: who asks, which routers answer."""

from django.http import HttpRequest
from ninja.security import SessionAuth
from ninja.security.http import HttpAuthBase

from accounts import api_keys
from accounts.api import router as accounts_router
from boards import scopes
from boards.api import router as boards_router
from boards.principal import Principal, of_request
from generation.api import router as generation_router
from webapp import problems
from webapp.openapi import DocumentedAPI


class Bearer(HttpAuthBase):
    """`Authorization: Bearer KEY`. Where there is one it alone decides: no cookie is looked at, and so no CSRF token."""

    openapi_scheme = "bearer"

    def __call__(self, request: HttpRequest) -> Principal | None:
        return None if api_keys.bearer_of(request) is None else _admitted(request)


class Session(SessionAuth):
    """The page's own session cookie, guests included, with CSRF on unsafe methods."""

    def authenticate(self, request: HttpRequest, key: str | None) -> Principal | None:
        return _admitted(request)


def _admitted(request: HttpRequest) -> Principal | None:
    """Who asks, if the route is open to them; None for nobody. Raises Unauthenticated, ScopeRequired."""
    principal = of_request(request)
    if principal.user is None:
        return None
    request.user = principal.user
    scopes.check(principal, scopes.door_of_request(request))
    return principal


api = DocumentedAPI(
    title="Atelier",
    version="1",
    description="Boards, their elements, and pictures made from them.",
    auth=[Bearer(), Session()],
    docs_url="/docs",
    openapi_url="/openapi.json",
)
problems.install(api)
api.add_router("/me", accounts_router, tags=["people"])
api.add_router("/", boards_router)
api.add_router("/checkpoints", generation_router, tags=["generation"])
