"""HTTP: the checkpoints that pictures can be made with."""

from django.http import HttpRequest
from django.views.decorators.gzip import gzip_page
from ninja import Router
from ninja.decorators import decorate_view
from typing_extensions import TypedDict

from generation.jobs.description import CheckpointDescription, describe_checkpoints
from http_api.openapi import Answer

router = Router()


class CheckpointPage(TypedDict):
    """Every checkpoint there is. next: always null."""

    items: list[CheckpointDescription]
    next: None


@router.get("", response=Answer[CheckpointPage])
@decorate_view(gzip_page)  # every board page asks for it, and it says the same things many times
def list_checkpoints(request: HttpRequest) -> CheckpointPage:
    """The checkpoints, what each can draw, and whether a worker has it ready."""
    return {"items": describe_checkpoints(), "next": None}
