"""The HTTP API under /api/v1: who asks, which routers answer."""

from django.http import HttpRequest
from ninja import NinjaAPI
from ninja.security import HttpBearer, SessionAuth

from accounts import api_keys
from accounts.api import router as accounts_router
from accounts.models import User
from boards.api import router as boards_router
from generation.api import router as generation_router
from webapp import problems


class Bearer(HttpBearer):
    """`Authorization: Bearer KEY`."""

    def authenticate(self, request: HttpRequest, token: str) -> User | None:
        user = api_keys.user_of(token)
        if user is not None:
            request.user = user
        return user


class Session(SessionAuth):
    """The page's own session cookie, guests included, with CSRF on unsafe methods."""

    def authenticate(self, request: HttpRequest, key: str | None) -> User | None:
        return request.user if isinstance(request.user, User) else None


api = NinjaAPI(
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
