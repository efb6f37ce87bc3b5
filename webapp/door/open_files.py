"""How many files a process may have open, of which each connection is one."""

import resource

FILES_MAX = 65_536


def raise_file_limit() -> None:
    """Let this process open as many as it may: the usual 1,024 is fewer than one address may hold."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_MAX if hard == resource.RLIM_INFINITY else min(hard, FILES_MAX)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
