"""HTTP: the checkpoints that pictures can be made with, and what they hear of a prompt."""

from typing import Annotated

from django.http import HttpRequest
from django.views.decorators.gzip import gzip_page
from ninja import Router, Schema
from ninja.decorators import decorate_view
from pydantic import StringConstraints
from typing_extensions import TypedDict

from generation.checkpoints import catalogue, hearing
from generation.checkpoints.hearing import Heard
from generation.checkpoints.limits import TEXT_MAX
from generation.jobs.description import CheckpointDescription, describe_checkpoints
from http_api.openapi import Answer

router = Router()

Words = Annotated[str, StringConstraints(max_length=TEXT_MAX)]


class CheckpointPage(TypedDict):
    """Every checkpoint there is. next: always null."""

    items: list[CheckpointDescription]
    next: None


@router.get("", response=Answer[CheckpointPage])
@decorate_view(gzip_page)  # every board page asks for it, and it says the same things many times
def list_checkpoints(request: HttpRequest) -> CheckpointPage:
    """The checkpoints, what each can draw, and whether a worker has it ready."""
    return {"items": describe_checkpoints(), "next": None}


class HearingRequest(Schema):
    """A prompt as a job would be asked with. style: one of the checkpoint's; its words are always heard."""

    prompt: Words = ""
    negative_prompt: Words = ""
    style: str | None = None


class HeardText(TypedDict):
    """heard: the words that have an effect. not_heard: those after them; empty: all have."""

    heard: str
    not_heard: str


class Hearing(TypedDict):
    """What a checkpoint hears of a prompt."""

    prompt: HeardText
    negative_prompt: HeardText


@router.post("/{checkpoint}/hearing", response=Answer[Hearing])
def hear(request: HttpRequest, checkpoint: str, body: HearingRequest) -> Hearing:
    """Which words of a prompt have an effect: text encoders read only so much. Nothing is drawn."""
    asked = catalogue.get(checkpoint)
    style = asked.style_words(body.style)
    return {
        "prompt": _heard(hearing.heard(asked, body.prompt, style.prompt)),
        "negative_prompt": _heard(hearing.heard(asked, body.negative_prompt, style.negative_prompt)),
    }


def _heard(heard: Heard) -> HeardText:
    return {"heard": heard.text, "not_heard": heard.not_heard}
