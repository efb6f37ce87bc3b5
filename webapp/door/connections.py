"""How many connections an address and a process may hold open."""

import resource
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from django.conf import settings

from accounts.address import holder_of
from boards.sockets import open_sockets

FILES_MAX = 65_536
RESERVED_FILES = 256
"""Of the process's open files, for Postgres, Redis, and what is read and written."""


def raise_file_limit() -> int:
    """Let this process open as many files as it may, FILES_MAX at most. Returns how many those are.

    Each connection is one, and the usual 1,024 is fewer than one address may hold.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_MAX if hard == resource.RLIM_INFINITY else min(hard, FILES_MAX)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return soft if soft != resource.RLIM_INFINITY else FILES_MAX


@contextmanager
def counted(peer: str) -> Iterator[None]:
    """A connection that speaks HTTP, while it lasts. Board sockets are counted apart. Raises TooManySockets.

    peer: its address. What comes from a trusted proxy is the proxy's to bound.
    """
    with ExitStack() as staying:
        staying.enter_context(open_sockets.one_more("all", open_files - RESERVED_FILES, "to this process"))
        if peer not in settings.TRUSTED_PROXIES:
            holder = f"http {holder_of(peer)}"
            most = settings.CONNECTIONS_PER_ADDRESS_MAX
            staying.enter_context(open_sockets.one_more(holder, most, "from your address"))
        yield


open_files = raise_file_limit()
