"""The HTTP API under /api/v1: authentication, scopes and routers."""

from django.http import HttpRequest
from ninja.openapi.docs import Swagger
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
    """`Authorization: Bearer KEY`. If the header is there, cookies are ignored, and no CSRF token is needed."""

    openapi_scheme = "bearer"

    def __call__(self, request: HttpRequest) -> Principal | None:
        return None if api_keys.bearer_of(request) is None else _authenticate(request)


class Session(SessionAuth):
    """The session cookie of the page, of guests too; unsafe methods need a CSRF token."""

    def authenticate(self, request: HttpRequest, key: str | None) -> Principal | None:
        return _authenticate(request)


def _authenticate(request: HttpRequest) -> Principal | None:
    """The principal of a request; None without a user. Raises Unauthenticated, ScopeRequired."""
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
    # Deep links are links within buttons, which no screen reader can open.
    docs=Swagger({"deepLinking": False}),
    openapi_url="/openapi.json",
)
problems.install(api)
api.add_router("/me", accounts_router, tags=["people"])
api.add_router("/", boards_router)
api.add_router("/checkpoints", generation_router, tags=["generation"])
