"""Lists in pages: `?limit=&cursor=` → {items, next}."""

import base64
import binascii
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Generic, TypeVar

from django.db.models import Model, Q, QuerySet
from pydantic import AfterValidator
from typing_extensions import TypedDict

from accounts.errors import AtelierError

LIMIT_MAX = 100
YEARS = range(1900, 3000)
"""Times of these years can be expressed in every time zone, and stored."""


class InvalidCursor(AtelierError):
    code = "bad_message"
    status = 400
    message = "The cursor is not one that a list returned."


def storable_time(time: datetime) -> datetime:
    """The time, with a zone: UTC where it has none. Raises ValueError for one outside of YEARS."""
    if time.year not in YEARS:
        raise ValueError(f"A time must lie in the years {YEARS.start} to {YEARS.stop - 1}.")
    return time if time.tzinfo else time.replace(tzinfo=UTC)


Moment = Annotated[datetime, AfterValidator(storable_time)]
"""A time in a request; without a zone, UTC."""

M = TypeVar("M", bound=Model)
T = TypeVar("T")


class Page(TypedDict, Generic[T]):
    """A part of a list. next: the cursor of the following page; null after the last."""

    items: list[T]
    next: str | None


def page(
    rows: QuerySet[M],
    describe_each: Callable[[Sequence[M]], list[T]],
    limit: int,
    cursor: str | None,
    by: str = "created_at",
) -> Page[T]:
    """The newest rows first, by the time field `by`; `next` is the cursor of the following page or None.

    describe_each: gets all rows of a page at once, so that related rows are read in one query.
    cursor: of an earlier page; empty or None for the first. Raises InvalidCursor.
    """
    limit = max(1, min(limit, LIMIT_MAX))
    if cursor:
        time, pk = _read(cursor)
        rows = rows.filter(Q(**{f"{by}__lt": time}) | Q(**{by: time, "pk__lt": pk}))
    found = list(rows.order_by(f"-{by}", "-pk")[: limit + 1])
    more = len(found) > limit
    last = found[limit - 1] if more else None
    return {
        "items": describe_each(found[:limit]),
        "next": _write(getattr(last, by), last.pk) if last else None,
    }


def _write(time: datetime, pk: uuid.UUID) -> str:
    return base64.urlsafe_b64encode(f"{time.isoformat()} {pk}".encode()).decode()


def _read(cursor: str) -> tuple[datetime, uuid.UUID]:
    try:
        time, pk = base64.urlsafe_b64decode(cursor).decode().split(" ")
        return storable_time(datetime.fromisoformat(time)), uuid.UUID(pk)
    except (ValueError, binascii.Error):
        raise InvalidCursor from None
