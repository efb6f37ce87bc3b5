import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.cluster import Cluster

WEB_PROCESSES = 3
PORTS = range(8130, 8140)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Servers of their own, because they are killed. In a short folder: a socket's path may not be long."""
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        Path(folder).chmod(0o755)
        made = Cluster(Path(folder) / "home", free_ports(WEB_PROCESSES))
        try:
            made.start()
            yield made
        finally:
            made.stop()


def free_ports(count: int) -> list[int]:
    """Below the range from which the system takes ports for connections: a killed server must get its own again."""
    found = [port for port in PORTS if _is_free(port)]
    assert len(found) >= count, f"the ports {PORTS.start} to {PORTS.stop - 1} are in use"
    return found[:count]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex(("127.0.0.1", port)) != 0
