"""System checks of `manage.py check`: combinations of settings that do not work, each with an id and a hint."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register


@register()
def check_checkpoint(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    from generation.checkpoints import catalogue
    from generation.errors import CatalogueInvalid

    try:
        known = list(catalogue.entries())
    except CatalogueInvalid:
        return []  # generation's own check reports what is wrong with it
    if settings.CHECKPOINT and settings.CHECKPOINT not in known:
        return [
            Error(
                f"CHECKPOINT names {settings.CHECKPOINT!r}, which is not known.",
                hint=f"One of: {', '.join(known)}.",
                id="atelier.E001",
            )
        ]
    return []


@register()
def check_front_end(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    if not settings.FRONTEND_MANIFEST.exists() or not (settings.RENDER_DIST / "scene.js").exists():
        return [Warning("The front end is not built.", hint="Run `make build`.", id="atelier.W001")]
    return []


@register(deploy=True)
def check_storage(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    backend = settings.STORAGES["default"]["BACKEND"]
    if not settings.EMBEDDED and backend.endswith("FileSystemStorage"):
        return [
            Warning(
                "Pictures are stored on this machine's disk, but the database is elsewhere.",
                hint="Set STORAGE_URL to s3://bucket, or to a folder that web and workers share.",
                id="atelier.W002",
            )
        ]
    return []
