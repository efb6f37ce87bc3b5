"""What a route declares of itself for the OpenAPI document, where its signature does not."""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from ninja import Header
from ninja.openapi.schema import REF_TEMPLATE
from pydantic import GetCoreSchemaHandler, TypeAdapter, WithJsonSchema
from pydantic_core import CoreSchema, core_schema

T = TypeVar("T")
JsonSchema = dict[str, Any]


class _AsItIs:
    """To pydantic: the JSON schema of the annotated type, of whose values nothing is checked or changed."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        unchanged = core_schema.plain_serializer_function_ser_schema(_unchanged)
        return core_schema.json_or_python_schema(
            json_schema=handler(source), python_schema=core_schema.any_schema(), serialization=unchanged
        )


def _unchanged(value: Any) -> Any:
    return value


Answer = Annotated[T, _AsItIs()]
"""`response=Answer[T]`: the document says T, and what the route returns is sent as it is.

mypy checks the route, and the tests what is sent. Pydantic would turn 1 into 1.0 where T says float, leave out what T
does not name, and answer 500 to what T did not foresee, such as a row that an older version wrote.
"""

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="Chosen by the client: the same request with it again has one effect.",
    ),
]

Upload = Annotated[bytes, WithJsonSchema({"type": "string", "format": "binary"})]
"""A file in a form."""

Timestamp = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
"""A time as text: ISO 8601 with its offset."""


def schema_of(described: Any) -> JsonSchema:
    """The JSON schema of a type; what it refers to comes along under `$defs`, for `with_definitions_shared`."""
    key = ("it", "serialization", TypeAdapter(described))
    schemas, definitions = TypeAdapter.json_schemas([key], ref_template=REF_TEMPLATE)  # type: ignore[list-item]
    return {**schemas["it", "serialization"], "$defs": definitions.get("$defs", {})}


def takes(contents: Mapping[str, Any], encoding: Mapping[str, Any] | None = None) -> JsonSchema:
    """`openapi_extra` of a route that reads its body by itself: the body's type by MIME type.

    encoding: of the parts of a form that are not plain text.
    """
    content = {mime_type: {"schema": schema_of(each)} for mime_type, each in contents.items()}
    if encoding:
        content["multipart/form-data"]["encoding"] = dict(encoding)
    return {"requestBody": {"required": True, "content": content}}


def sends(*mime_types: str, described: Any = Upload, kept: bool = False) -> JsonSchema:
    """`openapi_extra` of a route that answers with a file. kept: clients may ask whether theirs still holds."""
    content = {mime_type: {"schema": schema_of(described)} for mime_type in mime_types}
    unchanged = {304: {"description": "Not Modified: what the client has still holds."}} if kept else {}
    return {"responses": {200: {"description": "OK", "content": content}, **unchanged}}


def with_definitions_shared(document: JsonSchema) -> JsonSchema:
    """The document with every `$defs` that stands somewhere in it among its components."""
    found: JsonSchema = {}
    moved = _without_definitions(document, found)
    schemas = moved["components"].setdefault("schemas", {})
    for name, schema in found.items():
        schemas.setdefault(name, schema)
    return moved


def _without_definitions(node: Any, found: JsonSchema) -> Any:
    if isinstance(node, list):
        return [_without_definitions(each, found) for each in node]
    if not isinstance(node, dict):
        return node
    for name, schema in node.get("$defs", {}).items():
        found[name] = _without_definitions(schema, found)
    return {key: _without_definitions(value, found) for key, value in node.items() if key != "$defs"}
