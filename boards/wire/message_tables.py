"""The tables of docs/websocket.md that list the messages of the socket, made from the schemas of the structs."""

import json
from collections.abc import Iterable, Mapping

from boards.wire import asyncapi
from boards.wire.asyncapi import BINARY, CLIENT, SERVER, Schema
from boards.wire.protocol import Close

BEGIN = "<!-- written by `make schemas` from the docstrings in boards/wire -->"
END = "<!-- end of what is written by `make schemas` -->"
SCALARS = {"boolean", "integer", "number", "string", "string or integer"}


def written_into(page: str, scopes: Mapping[str, str | None]) -> str:
    """The page with the text between the two markers made anew. Raises ValueError without the markers.

    scopes: type of a client's message → the scope that it needs, None if any key will do.
    """
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n\n{tables(scopes)}\n\n{END}{after}"


def tables(scopes: Mapping[str, str | None]) -> str:
    """Markdown: the messages of each side, the objects in them, and the close codes. scopes: see `written_into`."""
    schemas = asyncapi.schemas()
    client = [_with_scope(row, scopes) for row in _messages(schemas, "client")]
    server = _messages(schemas, "server")
    messages = {struct.__name__ for struct in (*CLIENT, *SERVER)} | {"ClientMessage", "ServerMessage"}
    objects = [(name, schemas[name]) for name in sorted(schemas.keys() - messages)]
    sections = {
        "From the client": _table("type", client, "scope of an API key"),
        "From the server": _table("type", server),
        "Objects in messages": _table("object", [_row(name, schema) for name, schema in objects]),
        "Close codes": _close_codes(),
    }
    return "\n\n".join(f"## {title}\n\n{text}" for title, text in sections.items())


def _messages(schemas: dict[str, Schema], side: str) -> list[str]:
    """A row for each message of one side, binary ones last."""
    structs = CLIENT if side == "client" else SERVER
    rows = [_row(asyncapi.tag_of(struct), schemas[struct.__name__]) for struct in structs]
    return rows + [f"| binary | | {text} |" for by, text in BINARY.values() if by == side]


def _with_scope(row: str, scopes: Mapping[str, str | None]) -> str:
    name = row.removeprefix("| ").split(" ", 1)[0].strip("`")
    scope = scopes[name]
    return f"{row} {f'`{scope}`' if scope else ''} |"


def _table(of: str, rows: Iterable[str], *more: str) -> str:
    heads = [of, "fields", "", *more]
    return "\n".join(["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|", *rows])


def _row(name: str, schema: Schema) -> str:
    required = schema.get("required", [])
    fields = [
        _field(field, of, is_optional=field not in required)
        for field, of in schema.get("properties", {}).items()
        if of.get("enum") != [name]  # the `type` of a message
    ]
    return f"| `{name}` | {', '.join(fields or _choices(schema))} | {schema['description']} |"


def _field(name: str, schema: Schema, *, is_optional: bool) -> str:
    """The name, with its type where that is more than a number, a string or a yes. An optional one may be null."""
    kind = _kind(schema)
    mark = "?" if is_optional else ""
    if is_optional:
        kind = kind.removesuffix(" or null")
    if kind in SCALARS:
        return f"`{name}{mark}`"
    return f"`{name}{mark}: {kind}`"


def _choices(schema: Schema) -> list[str]:
    return [f"`{json.dumps(value)}`" for value in schema.get("enum", [])]


def _kind(schema: Schema) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[1]
    if "anyOf" in schema:
        return " or ".join(_kind(each) for each in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(map(json.dumps, schema["enum"]))
    if "items" in schema:
        return f"{_kind(schema['items'])}[]"
    if isinstance(values := schema.get("additionalProperties"), dict):
        return f"{{key: {_kind(values)}}}"
    return str(schema.get("x-http-type") or schema["type"])


def _close_codes() -> str:
    codes = [f"| {int(code)} | {code.meaning} | {'yes' if code.comes_back else ''} |" for code in Close]
    return "\n".join(["| code | | connect again by yourself |", "|---|---|---|", *codes])
