"""Which version of the drawing program this is: pictures drawn by another one are drawn anew."""

import hashlib
from functools import lru_cache

from django.conf import settings

PROGRAMS = ("text_shaping.py", "rendering/process.py")


@lru_cache(maxsize=1)
def fingerprint() -> str:
    """Sixteen hex digits that stay while the same scene gives the same picture."""
    digest = hashlib.sha256()
    for file in (settings.RENDER_DIST / name for name in ("scene.js", "fonts/index.json")):
        digest.update(file.read_bytes() if file.is_file() else b"")  # they are built, and may not be yet
    for name in PROGRAMS:
        digest.update((settings.BASE_DIR / "boards" / name).read_bytes())
    return digest.hexdigest()[:16]
