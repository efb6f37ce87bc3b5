"""Write down what the server speaks: the documents from which clients and their types are made."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from boards import scopes
from boards.wire import asyncapi, message_tables
from webapp.api import api


def openapi() -> str:
    """The OpenAPI document of /api/v1, as it is served at /api/v1/openapi.json; keys are sorted."""
    schema = api.get_openapi_schema(path_prefix="/api/v1/")
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def socket_messages() -> str:
    """The AsyncAPI document of the websocket."""
    return json.dumps(asyncapi.document(), indent=2, ensure_ascii=False) + "\n"


def socket_page() -> str:
    """docs/websocket.md, its tables of messages made anew."""
    page = (settings.BASE_DIR / "docs/websocket.md").read_text(encoding="utf-8")
    return message_tables.written_into(page, scopes.NEEDED)


DOCUMENTS: dict[str, Callable[[], str]] = {
    "docs/openapi.json": openapi,
    "docs/asyncapi.json": socket_messages,
    "docs/websocket.md": socket_page,
}
"""Path of each generated file, from the repository root → function that returns its whole text."""


class Command(BaseCommand):
    help = "Writes what docs/ says of APIs; with --check only says what is stale, and exits 1. Needs no database."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is stale")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        stale = [(path, text) for path, text in _documents() if _written(path) != text]
        if check and stale:
            names = ", ".join(str(path.relative_to(settings.BASE_DIR)) for path, _ in stale)
            self.stderr.write(f"Stale: {names}. Run `make schemas` and commit what it writes.")
            raise SystemExit(1)
        for path, text in stale:
            path.write_text(text, encoding="utf-8")
            self.stdout.write(f"wrote {path.relative_to(settings.BASE_DIR)}")


def _documents() -> list[tuple[Path, str]]:
    return [(settings.BASE_DIR / path, text()) for path, text in DOCUMENTS.items()]


def _written(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
