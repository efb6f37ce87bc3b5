"""Encrypts short secrets that must be shown again under SECRET_KEY, so that a copy of the database does not reveal them."""

import base64
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.crypto import salted_hmac

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

SALT = "boards.sealing"  # changing it makes stored secrets unreadable
SEALED_MAX = 200
"""Length in characters of a sealed secret of up to 64 bytes."""


def seal(secret: str) -> str:
    """The secret encrypted, as text of up to SEALED_MAX characters."""
    return _keys().encrypt(secret.encode()).decode()


def unseal(sealed: str) -> str | None:
    """The secret; None if it was sealed under a key that is neither SECRET_KEY nor among SECRET_KEY_FALLBACKS."""
    from cryptography.fernet import InvalidToken

    try:
        return _keys().decrypt(sealed).decode()
    except InvalidToken:
        return None


def _keys() -> "MultiFernet":
    # Imported late: it takes megabytes, and most processes that load boards never show a link.
    from cryptography.fernet import Fernet, MultiFernet

    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [salted_hmac(SALT, "key", secret=secret, algorithm="sha256").digest() for secret in secrets]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
