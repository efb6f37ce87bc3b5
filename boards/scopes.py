"""The scope that each door requires: every HTTP route that accepts API keys, and every message of the socket.

A door without a row fails for everybody; tests/boards/test_doors.py walks the routes, the messages and the rows.
"""

import re
from collections.abc import Mapping

from django.http import HttpRequest

from accounts.scopes import Scope
from boards.errors import ScopeRequired
from boards.principal import Principal
from boards.wire.client_messages import ClientMessage

READ, WRITE, GENERATE = Scope.SCENE_READ, Scope.SCENE_WRITE, Scope.GENERATE
BOARDS, EXPORT, LIVE = Scope.BOARDS, Scope.EXPORT, Scope.LIVE
BINARY = "binary"

NEEDED: Mapping[str, Scope | None] = {
    # None: no scope is required.
    "GET /api/v1/checkpoints": None,
    "POST /api/v1/checkpoints/{checkpoint}/hearing": None,
    "GET /api/v1/me": Scope.ACCOUNT,
    "PATCH /api/v1/me": Scope.ACCOUNT,
    # boards
    "GET /api/v1/boards": READ,
    "POST /api/v1/boards": BOARDS,
    "GET /api/v1/boards/{board_id}": READ,
    "PATCH /api/v1/boards/{board_id}": BOARDS,
    "DELETE /api/v1/boards/{board_id}": BOARDS,
    "POST /api/v1/boards/{board_id}/restore": BOARDS,
    "GET /api/v1/boards/{board_id}/links": BOARDS,
    "POST /api/v1/boards/{board_id}/links": BOARDS,
    "DELETE /api/v1/boards/{board_id}/links/{link_id}": BOARDS,
    # what is on them
    "GET /api/v1/boards/{board_id}/scene": READ,
    "GET /api/v1/boards/{board_id}/render.png": READ,
    "GET /api/v1/boards/{board_id}/render.svg": READ,
    "GET /api/v1/boards/{board_id}/export.zip": EXPORT,
    "POST /api/v1/boards/{board_id}/import": WRITE,
    "POST /api/v1/boards/{board_id}/files": WRITE,
    "GET /b/{board}/files/{file_id}": READ,
    "GET /b/{board}/thumbnail": READ,
    # their history
    "GET /api/v1/boards/{board_id}/versions": READ,
    "POST /api/v1/boards/{board_id}/versions": WRITE,
    "PATCH /api/v1/boards/{board_id}/versions/{version_id}": WRITE,
    "DELETE /api/v1/boards/{board_id}/versions/{version_id}": WRITE,
    "GET /api/v1/boards/{board_id}/versions/{version_id}/scene": READ,
    "GET /api/v1/boards/{board_id}/versions/{version_id}/thumbnail.png": READ,
    "POST /api/v1/boards/{board_id}/versions/{version_id}/restore": WRITE,
    "POST /api/v1/boards/{board_id}/undo-person": WRITE,
    # pictures
    "GET /api/v1/jobs": GENERATE,
    "POST /api/v1/jobs": GENERATE,
    "POST /api/v1/boards/{board_id}/jobs": GENERATE,
    "POST /api/v1/boards/{board_id}/jobs/cancel": GENERATE,
    "GET /api/v1/jobs/{job_id}": GENERATE,
    "GET /api/v1/jobs/{job_id}/snapshot": GENERATE,
    "GET /api/v1/jobs/{job_id}/images/{image_id}": GENERATE,
    "POST /api/v1/jobs/{job_id}/cancel": GENERATE,
    "POST /api/v1/jobs/{job_id}/retry": GENERATE,
    "POST /api/v1/jobs/{job_id}/run-next": GENERATE,
    "POST /api/v1/jobs/{job_id}/images/{standing}": GENERATE,
    "POST /api/v1/jobs/{job_id}/images/{image_id}/accept": GENERATE,
    "POST /api/v1/jobs/{job_id}/images/{image_id}/finish": GENERATE,
    "POST /api/v1/jobs/{job_id}/images/{image_id}/{standing}": GENERATE,
    # messages of the socket
    "hello": READ,
    "push": WRITE,
    "presence": Scope.PRESENCE,
    "generate": GENERATE,
    "cancel": GENERATE,
    "live.start": LIVE,
    "live.stop": LIVE,
    BINARY: LIVE,
    "ping": None,
}
_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")


def check(principal: Principal, door: str) -> None:
    """Return if the principal's scopes open the door. Raises ScopeRequired."""
    if not opens(principal, door):
        raise ScopeRequired(f"This key lacks the scope “{NEEDED[door]}”.")


def opens(principal: Principal, door: str) -> bool:
    """True if the principal has the scope that the door requires."""
    needed = NEEDED[door]
    return needed is None or needed in principal.scopes


def door_of_request(request: HttpRequest) -> str:
    """The key in NEEDED of the route that handles a request."""
    assert request.resolver_match is not None, "the request has been routed"
    path = _PARAMETER.sub(r"{\1}", request.resolver_match.route)
    return f"{request.method} /{path}"


def door_of(message: ClientMessage) -> str:
    """The key in NEEDED of a message."""
    return str(message.__struct_config__.tag)
