"""What the HTTP API answers is what its OpenAPI document says: looked at in every test, see tests/conftest.py."""

import gzip
import json
from functools import cache
from typing import Any

import jsonschema_rs
from django.http import HttpResponse
from django.http.response import HttpResponseBase

PROBLEM = "application/problem+json"


@cache
def document() -> dict[str, Any]:
    from webapp.api import api

    return json.loads(json.dumps(api.get_openapi_schema(path_prefix="/api/v1/")))


def operation_of(door: str) -> dict[str, Any] | None:
    """The operation at a door such as `GET /api/v1/boards`."""
    method, path = door.split(" ")
    return document()["paths"].get(path, {}).get(method.lower())


def check(door: str, response: HttpResponseBase) -> None:
    """Fails if the answer at a door is not one that the document declares: no field more, none less.

    Of what is streamed, which can be read only once, only the kind is looked at: see `check_read`.
    """
    schema = _schema_of(door, response)
    if schema is not None and isinstance(response, HttpResponse):
        _check_json(door, schema, _content(response))


def check_read(door: str, response: HttpResponseBase, content: bytes) -> None:
    """The same with the content that was read of a streamed answer."""
    schema = _schema_of(door, response)
    assert schema is not None, door
    _check_json(door, schema, content)


def _schema_of(door: str, response: HttpResponseBase) -> dict[str, Any] | None:
    """What is declared of an answer's JSON, if it is JSON. Fails if no such answer is declared."""
    operation = operation_of(door)
    if operation is None:
        return None
    declared = operation["responses"].get(str(response.status_code), operation["responses"]["default"])
    if "$ref" in declared:
        assert response.status_code >= 400, f"{door}: {response.status_code} is not declared"
        declared = document()["components"]["responses"]["Problem"]
    contents = declared.get("content")
    if contents is None:
        assert getattr(response, "content", b"") == b"", f"{door}: {response.status_code} has content"
        return None
    mime_type = response.headers.get("Content-Type", "").split(";")[0]
    assert mime_type in contents, f"{door}: {mime_type} is not declared, {sorted(contents)} are"
    return contents[mime_type]["schema"] if mime_type.endswith("json") else None


def _content(response: HttpResponse) -> bytes:
    packed = response.headers.get("Content-Encoding") == "gzip"
    return gzip.decompress(response.content) if packed else response.content


def _check_json(door: str, schema: dict[str, Any], content: bytes) -> None:
    error = next(_validator(json.dumps(schema)).iter_errors(json.loads(content)), None)
    assert error is None, f"{door}: {'/'.join(map(str, error.instance_path))}: {error.message}"


@cache
def _validator(schema: str) -> Any:
    components = document()["components"]
    whole = json.loads(schema) | {"components": components}
    return jsonschema_rs.Draft202012Validator(_strict(whole), validate_formats=True)


def _strict(node: Any) -> Any:
    """The same schema, for which a property that it does not name is an error."""
    if isinstance(node, list):
        return [_strict(each) for each in node]
    if not isinstance(node, dict):
        return node
    strict = {key: _strict(value) for key, value in node.items()}
    if isinstance(node.get("properties"), dict) and node.get("type") == "object":
        strict.setdefault("additionalProperties", False)
    return strict
