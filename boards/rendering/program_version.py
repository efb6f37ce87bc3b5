"""The version of the drawing program, part of the name of every cached drawing: a new program draws everything anew."""

import hashlib
from functools import lru_cache

from django.conf import settings

PROGRAMS = ("text_shaping.py", "rendering/process.py")


@lru_cache(maxsize=1)
def current() -> str:
    """Sixteen hex digits, a digest of the files that decide how a scene is drawn."""
    digest = hashlib.sha256()
    for file in (settings.RENDER_DIST / name for name in ("scene.js", "fonts/index.json")):
        digest.update(file.read_bytes() if file.is_file() else b"")  # they are built, and may not be yet
    for name in PROGRAMS:
        digest.update((settings.BASE_DIR / "boards" / name).read_bytes())
    return digest.hexdigest()[:16]
