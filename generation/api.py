"""HTTP: the checkpoints that pictures can be made with."""

from typing import Any

from django.http import HttpRequest
from django.views.decorators.gzip import gzip_page
from ninja import Router
from ninja.decorators import decorate_view

from generation.jobs.description import describe_checkpoints

router = Router()


@router.get("")
@decorate_view(gzip_page)  # every board page asks for it, and it says the same things many times
def index(request: HttpRequest) -> dict[str, Any]:
    return {"items": describe_checkpoints(), "next": None}
