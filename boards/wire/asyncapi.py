"""The AsyncAPI 3 document of the socket, built from the message structs: docs/asyncapi.json.

The types of the page (frontend/src/room/messages.ts) are made from its schemas, the tables of docs/websocket.md
from the same structs.
"""

import inspect
from collections.abc import Iterable
from typing import Any, get_args

import msgspec
from msgspec import Struct

from boards.models import Role
from boards.wire import protocol
from boards.wire.client_messages import ClientMessage
from boards.wire.protocol import Close
from boards.wire.server_messages import Collaborator, ServerMessage

CLIENT: tuple[type[Struct], ...] = get_args(ClientMessage)
SERVER: tuple[type[Struct], ...] = get_args(ServerMessage)
SCHEMA_REF = "#/components/schemas/{name}"

Schema = dict[str, Any]

ROLE = "What a person may do on the board, weakest first."

BINARY: dict[str, tuple[str, str]] = {
    "LiveImage": (
        "client",
        "What the frame that is redrawn live looks like now; from its host only (see below).",
    ),
    "LivePicture": ("server", "The redrawn picture of a live image; empty where it is withheld (see below)."),
    "DeflatedBatch": (
        "server",
        "JSON messages joined by line feeds, deflated; after `hello` with `deflate` (see below).",
    ),
}
"""Binary messages: name → sender, description. docs/websocket.md has their layout."""


def document() -> Schema:
    """The whole document. Everything that a client needs beside it is in docs/websocket.md."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Atelier: the websocket of a board",
            "version": str(protocol.VERSION),
            "description": "Limits, binary layouts and rules: docs/websocket.md.",
        },
        "defaultContentType": "application/json",
        "channels": {"board": _channel()},
        "operations": {
            "receive": _operation("receive", [*_names(CLIENT), *_binary("client")]),
            "send": _operation("send", [*_names(SERVER), *_binary("server")]),
        },
        "components": {"messages": _messages(), "schemas": schemas()},
        "x-close-codes": [
            {"code": int(code), "meaning": code.meaning, "comes-back": code.comes_back} for code in Close
        ],
    }


def schemas() -> dict[str, Schema]:
    """JSON Schema of each struct by its name, and of the unions ServerMessage and ClientMessage."""
    (server, client), components = msgspec.json.schema_components(
        [ServerMessage, ClientMessage], ref_template=SCHEMA_REF, schema_hook=lambda _: {}
    )
    components["WireElement"]["additionalProperties"] = True
    components["Role"] = {"description": ROLE, "enum": list(Role.values)}
    for name in (*_names(SERVER), Collaborator.__name__):
        _leave_out_nulls(components[name])
    for schema in components.values():
        schema["description"] = described(schema["description"])
        schema.pop("title", None)
    for union in (server, client):
        del union["discriminator"]  # OpenAPI's form of it, which AsyncAPI does not know
    return components | {"ServerMessage": server, "ClientMessage": client}


def _leave_out_nulls(schema: Schema) -> None:
    """A field whose default is null is left out instead, so that it is never null where it is there."""
    for field in schema["properties"].values():
        if "default" in field and field.pop("default") is None:
            choices = [choice for choice in field.pop("anyOf") if choice != {"type": "null"}]
            field.update(choices[0] if len(choices) == 1 else {"anyOf": choices})


def described(text: str) -> str:
    """A docstring on one line."""
    return " ".join(inspect.cleandoc(text).split())


def _channel() -> Schema:
    names = [*_names(CLIENT), *_names(SERVER), *BINARY]
    subprotocol = {"const": protocol.SUBPROTOCOL}
    return {
        "address": "/ws/v1/boards/{board}",
        "parameters": {"board": {"description": "The board's id, a UUID."}},
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {
            "ws": {"headers": {"type": "object", "properties": {"Sec-WebSocket-Protocol": subprotocol}}}
        },
    }


def _operation(action: str, names: Iterable[str]) -> Schema:
    """action: as seen from the server."""
    return {
        "action": action,
        "channel": {"$ref": "#/channels/board"},
        "messages": [{"$ref": f"#/channels/board/messages/{name}"} for name in names],
    }


def _messages() -> dict[str, Schema]:
    found: dict[str, Schema] = {}
    for struct in (*CLIENT, *SERVER):
        found[struct.__name__] = {
            "name": tag_of(struct),
            "description": described(struct.__doc__ or ""),
            "payload": {"$ref": SCHEMA_REF.format(name=struct.__name__)},
        }
    for name, (_, text) in BINARY.items():
        found[name] = {"name": name, "contentType": "application/octet-stream", "description": text}
    return found


def tag_of(struct: type[Struct]) -> str:
    """The `type` of a message on the wire."""
    return str(struct.__struct_config__.tag)


def _names(structs: Iterable[type[Struct]]) -> list[str]:
    return [struct.__name__ for struct in structs]


def _binary(sender: str) -> list[str]:
    return [name for name, (by, _) in BINARY.items() if by == sender]
