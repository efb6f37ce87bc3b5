"""Ask for pictures as boards and the HTTP API do: plan, keep, submit."""

from collections.abc import Mapping
from typing import Any

from accounts.models import User
from generation.jobs import submission
from generation.jobs.submission import Seen
from generation.models import Job


def ask(
    user: User,
    raw_params: Mapping[str, Any],
    snapshot: bytes | None = None,
    mask: bytes | None = None,
    audience: str = "board.1",
    **more: Any,
) -> Job:
    seen = Seen(snapshot, mask)
    plan = submission.plan(user, raw_params, audience=audience, seen=seen, **more)
    return submission.submit(plan, submission.keep(plan, seen))
