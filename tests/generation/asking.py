"""Ask for pictures as boards and the HTTP API do: plan, store the inputs, submit."""

from collections.abc import Mapping
from typing import Any

from accounts.models import User
from generation.jobs import submission
from generation.jobs.submission import InputImages, Request
from generation.models import Job


def ask(
    user: User,
    raw_params: Mapping[str, Any],
    snapshot: bytes | None = None,
    mask: bytes | None = None,
    audience: str = "board.1",
    idempotency_key: str | None = None,
    belongs_to: Mapping[str, Any] | None = None,
) -> Job:
    request = Request(raw_params, audience, InputImages(snapshot, mask), idempotency_key)
    plan = submission.plan(user, request, belongs_to)
    return submission.submit(plan, submission.store_inputs(plan, request.images))
