"""HTTP: the checkpoints that pictures can be made with."""

from typing import Any

from django.http import HttpRequest
from ninja import Router

from generation.description import describe_checkpoints

router = Router()


@router.get("")
def index(request: HttpRequest) -> dict[str, Any]:
    return {"items": describe_checkpoints(), "next": None}
