"""The HTTP API as tests ask it."""

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User

API = "/api/v1"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def upload(data: bytes, name: str = "x.png", mime_type: str = "image/png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, mime_type)


def post(client: Client, path: str, data: dict[str, Any] | None = None, **options: Any) -> Any:
    """The answer to JSON at a path of the API."""
    return client.post(API + path, data or {}, content_type="application/json", **options)
