"""The number of malloc arenas of this process."""

import ctypes
import os

ARENAS_MAX = 2
_M_ARENA_MAX = -8  # of glibc's malloc.h


def limit() -> None:
    """Limit arenas to ARENAS_MAX for threads that start later; MALLOC_ARENA_MAX in the environment takes precedence.

    glibc makes one for each thread, up to eight for each core, and an arena shrinks only from its end: each would stay as
    large as the largest document or picture that its thread ever held. Python runs one thread at a time anyway. Other C
    libraries have no arenas.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None and "MALLOC_ARENA_MAX" not in os.environ:
        mallopt(_M_ARENA_MAX, ARENAS_MAX)
