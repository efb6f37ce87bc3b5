"""The HTTP API with its OpenAPI document: what all routes have in common is declared here once."""

from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from http_api.openapi import schema_of, with_definitions_shared
from http_api.problems import Problem

PROBLEM = "#/components/responses/Problem"


class DocumentedAPI(NinjaAPI):
    """Routes go by their functions' names; each may answer with a problem."""

    def get_openapi_operation_id(self, operation: Operation) -> str:
        return str(operation.view_func.__name__)

    def get_openapi_schema(self, *args: Any, **options: Any) -> OpenAPISchema:
        document = super().get_openapi_schema(*args, **options)
        content = {"application/problem+json": {"schema": schema_of(Problem)}}
        document["components"]["responses"] = {
            "Problem": {"description": "The request failed.", "content": content}
        }
        for operations in document["paths"].values():
            for operation in operations.values():
                answers = {str(status): answer for status, answer in operation["responses"].items()}
                operation["responses"] = answers | {"default": {"$ref": PROBLEM}}
        shared = with_definitions_shared(document)
        document.update({part: _untitled(shared[part]) for part in ("paths", "components")})
        return document


def _untitled(node: Any) -> Any:
    """Without the titles that pydantic makes of names: they add nothing."""
    if isinstance(node, list):
        return [_untitled(each) for each in node]
    if not isinstance(node, dict):
        return node
    return {
        key: _untitled(value) for key, value in node.items() if key != "title" or not isinstance(value, str)
    }
