"""The OpenAPI document: every route says what it takes and answers. That it is true is looked at in every test."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.http import HttpResponse, JsonResponse
from django.test import Client

from boards import scopes
from generation.checkpoints.kinds import NAMES
from tests import documented

ME = {"id": "x", "name": "Ada", "email": None, "guest": True}


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in documented.document()["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_every_route_is_in_the_document() -> None:
    routes = {door for door in scopes.NEEDED if " /api/v1/" in door}
    assert {door for door, _ in operations()} == routes


def test_every_route_declares_what_it_answers() -> None:
    for door, operation in operations():
        answers = {status: answer.get("content") for status, answer in operation["responses"].items()}
        assert operation["responses"]["default"] == {"$ref": "#/components/responses/Problem"}, door
        ((status, content),) = [each for each in answers.items() if each[0] not in ("304", "default")]
        assert (content is None) == (status == "204"), door
        for mime_type, described in (content or {}).items():
            schema = described["schema"]
            assert schema == {"type": "string", "format": "binary"} or "$ref" in schema, (door, mime_type)


def test_every_route_has_a_name_of_its_own_and_says_what_it_does() -> None:
    names = [operation["operationId"] for _, operation in operations()]
    assert len(names) == len(set(names))
    assert [door for door, operation in operations() if not operation.get("description")] == []


def test_what_changes_something_says_what_it_takes() -> None:
    bare = ("/cancel", "/retry", "/run-next", "/finish", "/restore", "/{standing}")
    for door, operation in operations():
        method = door.split(" ")[0]
        assert ("requestBody" in operation) == (method in ("POST", "PATCH") and not door.endswith(bare)), door


def test_params_are_those_that_jobs_have() -> None:
    schemas = documented.document()["components"]["schemas"]
    for name in ("ParamsDescription", "ParamsRequest"):
        assert set(schemas[name]["properties"]) == NAMES


def test_the_files_are_fresh() -> None:
    call_command("schemas", check=True)


def test_the_document_is_served(client: Client) -> None:
    assert client.get("/api/v1/openapi.json").json() == documented.document()


@pytest.mark.parametrize(
    ("answer", "wrong"),
    [
        (JsonResponse(ME | {"age": 7}), "age"),
        (JsonResponse({"id": "x", "name": "Ada", "email": None}), "guest"),
        (JsonResponse(ME | {"name": None}), "name"),
        (JsonResponse(ME, status=201), "201"),
        (JsonResponse(ME, status=404), "application/json"),
        (HttpResponse("hello"), "text/html"),
        (JsonResponse({"code": "x"}, status=404, content_type=documented.PROBLEM), "required"),
    ],
)
def test_what_is_not_declared_is_noticed(answer: HttpResponse, wrong: str) -> None:
    documented.check("GET /api/v1/me", JsonResponse(ME))
    with pytest.raises(AssertionError, match=wrong):
        documented.check("GET /api/v1/me", answer)


def test_the_same_document_is_written_each_time() -> None:
    from webapp.management.commands.schemas import openapi

    assert openapi() == openapi()
    assert json.loads(openapi()) == documented.document()
