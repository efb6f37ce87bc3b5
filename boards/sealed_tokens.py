"""Short secrets that must be shown again: kept encrypted under SECRET_KEY, so that the database alone does not tell them."""

import base64
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.crypto import salted_hmac

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

SALT = "boards.sealing"  # what is sealed already was sealed under this name
SEALED_MAX = 200
"""Characters of a sealed secret of up to 64 bytes."""


def seal(secret: str) -> str:
    return _keys().encrypt(secret.encode()).decode()


def unseal(sealed: str) -> str | None:
    """The secret, or None if it was sealed under a SECRET_KEY that is not among SECRET_KEY_FALLBACKS either."""
    from cryptography.fernet import InvalidToken

    try:
        return _keys().decrypt(sealed).decode()
    except InvalidToken:
        return None


def _keys() -> "MultiFernet":
    # Not at the top: it takes megabytes, and of all processes that know boards few ever show a link.
    from cryptography.fernet import Fernet, MultiFernet

    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [salted_hmac(SALT, "key", secret=secret, algorithm="sha256").digest() for secret in secrets]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
