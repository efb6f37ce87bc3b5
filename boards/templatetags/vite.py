"""Tags for what Vite built: an entry's script, styles and preloads, from its manifest."""

import json
from functools import lru_cache
from typing import Any

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()


@lru_cache(maxsize=1)
def _manifest(changed_at: float) -> dict[str, Any]:
    """changed_at: makes a new build count without a restart."""
    manifest: dict[str, Any] = json.loads(settings.FRONTEND_MANIFEST.read_text())
    return manifest


def _chunks(manifest: dict[str, Any], name: str, seen: list[str]) -> list[str]:
    """The entry and everything it imports at once, deepest last."""
    if name not in seen:
        seen.append(name)
        for imported in manifest[name].get("imports", []):
            _chunks(manifest, imported, seen)
    return seen


@register.simple_tag
def vite_entry(name: str) -> SafeString:
    """<link> and <script> tags for an entry such as src/main.tsx."""
    file = settings.FRONTEND_MANIFEST
    if not file.exists():
        raise RuntimeError("The front end is not built: run `make build`.")
    manifest = _manifest(file.stat().st_mtime)
    entry, *others = _chunks(manifest, name, [])
    styles = dict.fromkeys(css for chunk in (entry, *others) for css in manifest[chunk].get("css", []))
    return (
        format_html_join("", '<link rel="stylesheet" href="{}">', ((_url(css),) for css in styles))
        + format_html_join(
            "", '<link rel="modulepreload" href="{}">', ((_url(manifest[o]["file"]),) for o in others)
        )
        + format_html('<script type="module" src="{}"></script>', _url(manifest[entry]["file"]))
    )


def _url(file: str) -> str:
    return static(f"board/{file}")
