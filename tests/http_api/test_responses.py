"""Responses that are sent chunk by chunk, and what is held meanwhile."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.test import RequestFactory

from http_api import responses

FULL = b"x" * responses.CHUNK_BYTES


def asgi_request() -> ASGIRequest:
    return ASGIRequest({"type": "http", "method": "GET", "path": "/", "headers": []}, None)


@contextmanager
def noted(events: list[str]) -> Iterator[None]:
    events.append("entered")
    try:
        yield
    finally:
        events.append("exited")


def test_a_large_answer_comes_from_a_file_in_chunks() -> None:
    response: Any = responses.bytes_response(RequestFactory().get("/"), FULL + b"y", "text/plain")
    assert response["Content-Length"] == str(len(FULL) + 1)
    assert list(response.streaming_content) == [FULL, b"y"]


def test_a_file_whose_reader_is_gone_is_closed() -> None:
    chunks = responses.spool([FULL, b"y"])
    file = chunks._file
    next(chunks)
    del chunks
    gc.collect()
    assert file.closed


def test_a_slot_is_held_while_the_answer_is_sent() -> None:
    events: list[str] = []
    response: Any = responses.streaming_response(
        RequestFactory().get("/"), iter([b"a", b"b"]), "text/plain", slot=noted(events)
    )
    assert events == []
    assert list(response.streaming_content) == [b"a", b"b"]
    assert events == ["entered", "exited"]


def test_a_slot_is_given_back_when_the_client_leaves() -> None:
    events: list[str] = []

    async def read_one() -> None:
        response: Any = responses.streaming_response(
            asgi_request(), iter([b"a", b"b"]), "text/plain", slot=noted(events)
        )
        content: AsyncIterator[bytes] = response.streaming_content
        async for _ in content:
            break
        await content.aclose()  # type: ignore[attr-defined]

    asyncio.run(read_one())
    assert events == ["entered", "exited"]


def test_what_a_client_has_is_not_made_again() -> None:
    request = RequestFactory().get("/", headers={"If-None-Match": '"tag"'})

    def make() -> Any:
        raise AssertionError("it is not needed")

    assert responses.immutable(request, "tag", make).status_code == 304
    assert responses.not_modified(request, '"tag"') is not None
    assert responses.not_modified(request, '"other"') is None
