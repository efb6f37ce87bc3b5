"""Typed readers of environment variables. The value of NAME may also be in the file that NAME_FILE names."""

import os
import secrets
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str = "") -> str:
    """The value of NAME, or the content of the file NAME_FILE, or the default."""
    if value := os.environ.get(name):
        return value
    if path := os.environ.get(f"{name}_FILE"):
        return Path(path).read_text().strip()
    return default


def number(name: str, default: int) -> int:
    """An integer. Raises ImproperlyConfigured."""
    value = text(name)
    try:
        return int(value) if value else default
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.") from None


def flag(name: str, default: bool = False) -> bool:
    """1, true, yes, on, or 0, false, no, off. Raises ImproperlyConfigured."""
    value = text(name).lower()
    if value in {"", "0", "1", "true", "false", "yes", "no", "on", "off"}:
        return value in {"1", "true", "yes", "on"} if value else default
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}.")


def words(name: str, default: list[str]) -> list[str]:
    """A comma-separated list; the default if empty."""
    value = text(name)
    return [word.strip() for word in value.split(",") if word.strip()] if value else default


def database(url: str) -> dict[str, object]:
    """The part of Django's DATABASES entry that a postgres:// URL gives. Raises ImproperlyConfigured for other URLs."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(f"DATABASE_URL must start with postgres://, not {parts.scheme}://.")
    options = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    return {
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
    }


def storage(url: str, home: Path) -> dict[str, object]:
    """Django's STORAGES["default"] for file:[path] or s3://bucket[/prefix]. Raises ImproperlyConfigured."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        location = Path(unquote(parts.path)) if parts.path else home / "media"
        return {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(location), "base_url": None},
        }
    if parts.scheme == "s3" and parts.netloc:
        return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": _s3_options(parts.netloc, parts.path)}
    raise ImproperlyConfigured(f"STORAGE_URL must be file: or s3://bucket, not {url!r}.")


def _s3_options(bucket: str, path: str) -> dict[str, object]:
    from botocore.config import Config

    return {
        "bucket_name": bucket,
        "location": path.strip("/"),
        "endpoint_url": text("S3_ENDPOINT_URL") or None,
        "region_name": text("AWS_REGION", "us-east-1"),
        "access_key": text("AWS_ACCESS_KEY_ID") or None,
        "secret_key": text("AWS_SECRET_ACCESS_KEY") or None,
        "default_acl": None,
        "querystring_auth": True,
        "file_overwrite": False,
        # Other servers than AWS reject the checksums that botocore adds by default
        # (jschneier/django-storages#1482).
        "client_config": Config(
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            s3={"addressing_style": text("S3_ADDRESSING_STYLE", "auto")},
            connect_timeout=5,
            read_timeout=30,
        ),
    }


class MailServer(NamedTuple):
    """An SMTP server. security: tls (STARTTLS), ssl, or empty for none."""

    host: str
    port: int
    user: str
    password: str
    security: str


def mail_server(url: str) -> MailServer:
    """The server of smtp://[user:password@]host[:port], smtp+tls:// or smtp+ssl://; empty: localhost."""
    parts = urlsplit(url or "smtp://localhost")
    ports = {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465}
    if parts.scheme not in ports or not parts.hostname:
        raise ImproperlyConfigured("EMAIL_URL must be smtp://host, smtp+tls://host or smtp+ssl://host.")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    security = parts.scheme.partition("+")[2]
    return MailServer(parts.hostname, parts.port or ports[parts.scheme], user, password, security)


def generated_secret(path: Path) -> str:
    """The secret in the file `path`; generated on first use, readable by its owner only."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        secret = secrets.token_urlsafe(48)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secret)
        return secret
