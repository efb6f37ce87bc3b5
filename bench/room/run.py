"""The input (Spec) and output (Outcome) of one run of the load generator, passed as JSON between two processes."""

from typing import Literal

from msgspec import Struct, field

Mode = Literal["sync", "stall", "join"]


class Load(Struct, frozen=True):
    """The load of one run. Open loop: clients send at fixed times, whatever the server answers."""

    cursor_hz: float = 25.0
    update_hz: float = 10.0
    drawing_fraction: float = 0.2
    """Share of the clients that change their own element, of about 600 bytes."""
    warmup_seconds: float = 1.5
    seconds: float = 4.0
    drain_seconds: float = 4.0
    """Time after which the last updates count as lost."""
    watchers: int = 20
    """Number of clients that search the frames they receive; the others count them."""

    def drawers(self, n: int) -> int:
        return max(1, round(n * self.drawing_fraction))


class Spec(Struct, frozen=True):
    """A run against a server that is up."""

    system: str
    mode: Mode
    n: int
    driver: str
    url: str
    board: str
    load: Load = Load()
    tokens: list[str] = []
    options: dict[str, str] = {}
    server_pids: list[int] = []
    beside: dict[str, list[int]] = {}
    """Other processes of the system, whose cost is reported separately: postgres, redis."""
    stalled: int = 20
    stall_seconds: float = 15.0
    scene: int = 2_000
    """Elements on the board that newcomers join."""


class Outcome(Struct, kw_only=True, omit_defaults=True):
    """What a run found. Times in ms, CPU in cores; None: not measured, or nothing arrived."""

    system: str
    mode: Mode
    n: int
    error: str = ""
    sent: int = 0
    delivered: float = 0.0
    """Share of updates that reached a watcher, or were overtaken there by a newer version of the element."""
    itself: float = 0.0
    """Share of updates that reached a watcher themselves, not overtaken."""
    converged: float = 0.0
    """Share of (client, drawer) pairs, all clients, in which the drawer's last update arrived in the end."""
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    cursor_p50: float | None = None
    cursor_p99: float | None = None
    ack_p50: float | None = None
    ack_p95: float | None = None
    ack_p99: float | None = None
    unacknowledged: int | None = None
    refused: int = 0
    kb_per_second: float = 0.0
    """Received by one client, payloads only."""
    frames_per_second: float = 0.0
    server_cpu: float = 0.0
    cpu_per_1000: float | None = None
    """CPU seconds of the server for 1,000 updates delivered to one client each; cursors are in it on purpose."""
    beside_cpu: dict[str, float] = field(default_factory=dict)
    rss_mb: float = 0.0
    rss_growth_mb: float | None = None
    """stall: the highest RSS while some do not read, less that before."""
    closed: dict[str, int] = field(default_factory=dict)
    """Sockets that ended before the run did, by close code."""
    scene_kb: float | None = None
    alone_ms: float | None = None
    last_ms: float | None = None
    """join: until the last of the newcomers had the whole scene."""
    joined: int | None = None
    join_cpu_seconds: float | None = None
    waited: float = 0.0
    """Share of the time in which the server was runnable while another process had its core."""
    generator_cpu: float = 0.0
    late_p99: float = 0.0
    """How far the generator was behind its schedule, in ms."""

    @property
    def lossless(self) -> bool:
        return not self.error and self.delivered == self.converged == 1.0 and not self.unacknowledged
