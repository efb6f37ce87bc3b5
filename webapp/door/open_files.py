"""The limit of open files of this process; each connection is one."""

import resource

FILES_MAX = 65_536


def raise_file_limit() -> None:
    """Raise the soft limit as far as allowed, to at most FILES_MAX: the usual 1,024 is less than one address may use."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_MAX if hard == resource.RLIM_INFINITY else min(hard, FILES_MAX)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
