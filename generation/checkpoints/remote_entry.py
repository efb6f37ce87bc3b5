"""The part `remote` of a catalogue entry: the server that draws for it. Only staff write it, never a request."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from generation.checkpoints import workflow
from generation.errors import RemoteNotSetUp

CONNECT_TIMEOUT_SECONDS = 5.0
TIMEOUT_SECONDS = 300.0
TIMEOUT_MAX_SECONDS = 3600.0


@dataclass(frozen=True)
class Offer:
    """What a protocol can draw. kinds: by name. passes_on: the params that reach the server; others have no effect there."""

    kinds: tuple[str, ...]
    passes_on: tuple[str, ...]


_TEXTS = ("prompt", "negative_prompt")
OFFERS: Mapping[str, Offer] = {
    "comfyui": Offer(
        ("txt2img", "img2img", "pix2pix"),
        (*_TEXTS, "steps", "strength", "guidance_scale", "image_guidance_scale"),
    ),
    "automatic1111": Offer(("txt2img", "img2img"), (*_TEXTS, "steps", "strength", "guidance_scale")),
    "openai": Offer(("txt2img", "img2img", "pix2pix"), ("prompt",)),
}


@dataclass(frozen=True)
class Remote:
    """A server that draws. Either `url` or `url_from` is set.

    url_from, key_from: names of environment variables, or of those that with _FILE behind name a file.
    model: the server's name of the weights; empty: those that it has loaded. workflows: by kind, for ComfyUI.
    timeout_seconds: for one picture, with its wait in the server's own queue.
    """

    protocol: str
    url: str = ""
    url_from: str = ""
    key_from: str = ""
    model: str = ""
    workflows: Mapping[str, Path] = field(default_factory=dict)
    connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS
    timeout_seconds: float = TIMEOUT_SECONDS

    @property
    def address(self) -> str:
        """The URL of the server. Raises RemoteNotSetUp."""
        if self.url:
            return self.url
        address = _named(self.url_from)
        try:
            _check_address(address)
        except ValueError as error:
            raise RemoteNotSetUp(f"{self.url_from}: {error}") from error
        return address

    @property
    def key(self) -> str:
        """The server's API key; empty if it needs none. Raises RemoteNotSetUp."""
        return _named(self.key_from) if self.key_from else ""

    def fingerprint(self) -> str:
        """Changes with every edit of the entry or its workflows."""
        changed = [path.stat().st_mtime_ns if path.exists() else 0 for path in self.workflows.values()]
        return hashlib.sha256(f"{self!r} {changed}".encode()).hexdigest()


def read(raw: Mapping[str, Any], kinds: Mapping[str, Any], folder: Path) -> Remote:
    """The part `remote` of an entry. folder: where its workflows lie. Raises ValueError, KeyError, TypeError."""
    paths = {kind: (folder / name).resolve() for kind, name in raw.get("workflows", {}).items()}
    remote = Remote(**{**raw, "workflows": paths})
    if remote.protocol not in OFFERS:
        raise ValueError(f"remote.protocol is {remote.protocol!r}; use {', '.join(OFFERS)}")
    if bool(remote.url) == bool(remote.url_from):
        raise ValueError("remote needs either url or url_from")
    if remote.url:
        _check_address(remote.url)
    for name in ("connect_timeout_seconds", "timeout_seconds"):
        if not 0 < getattr(remote, name) <= TIMEOUT_MAX_SECONDS:
            raise ValueError(f"remote.{name} must be over 0 and at most {TIMEOUT_MAX_SECONDS:g}")
    _check_kinds(remote, kinds)
    return remote


def _check_kinds(remote: Remote, kinds: Mapping[str, Any]) -> None:
    offer = OFFERS[remote.protocol]
    for kind, entry in kinds.items():
        if kind not in offer.kinds:
            raise ValueError(f"{remote.protocol} cannot draw {kind}; it has {', '.join(offer.kinds)}")
        if useless := [name for name in entry["uses"] if name not in offer.passes_on]:
            raise ValueError(f"{remote.protocol} does not take {', '.join(useless)} for {kind}")
        if remote.protocol == "comfyui":
            workflow.check(remote.workflows[kind], kind, entry["uses"])


def _check_address(address: str) -> None:
    """A key in a URL would end up in logs. Raises ValueError, with no part of the address in it."""
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0:  # .port raises too
        raise ValueError("the URL must be http://host… or https://host…")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("the URL must not hold a name, a password, a query or a fragment; use key_from")


def _named(name: str) -> str:
    """The value of an environment variable, or of the file that NAME_FILE names. Raises RemoteNotSetUp.

    Read every time, so that a key can be changed while a worker runs.
    """
    value = os.environ.get(name, "")
    if not value and (path := os.environ.get(f"{name}_FILE")):
        try:
            value = Path(path).read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise RemoteNotSetUp(f"{name}_FILE cannot be read: {error}") from error
    if not value or not value.isascii() or not value.isprintable():
        raise RemoteNotSetUp(f"{name} and {name}_FILE are not set, or hold what no header can")
    return value
