"""How many heaps the C library keeps for the threads of this process."""

import ctypes
import os

ARENAS_MAX = 2
_M_ARENA_MAX = -8  # of glibc's malloc.h


def limit() -> None:
    """At most ARENAS_MAX, for threads that come after this; MALLOC_ARENA_MAX of the environment goes before.

    glibc makes one for each thread, up to eight a core, and none gives back what is free below something that is not:
    each would stay as large as the largest document or picture that its thread ever had in hand. Python's threads take
    turns anyway. Other C libraries have no such heaps.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None and "MALLOC_ARENA_MAX" not in os.environ:
        mallopt(_M_ARENA_MAX, ARENAS_MAX)
