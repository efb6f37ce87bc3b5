"""The gates: ratios within one campaign, medians over its repetitions."""

from bench.room.gates import Gate, judge
from bench.room.run import Mode, Outcome


def run(system: str, n: int = 50, mode: Mode = "sync", **found: object) -> Outcome:
    found = {"delivered": 1.0, "converged": 1.0, "p99": 20.0} | found
    return Outcome(system=system, mode=mode, n=n, **found)  # type: ignore[arg-type]


def gate(outcomes: list[Outcome], text: str, system: str = "atelier-uvicorn") -> Gate:
    (found,) = [gate for gate in judge(outcomes) if gate.system == system and text in gate.what]
    return found


def test_the_ratio_is_of_medians() -> None:
    ours = [run("atelier-uvicorn", cpu_per_1000=cpu) for cpu in (0.01, 0.02, 0.9)]
    theirs = [run("excalidraw-room", cpu_per_1000=cpu) for cpu in (0.1, 0.2, 0.3)]
    found = gate([*ours, *theirs], "excalidraw-room ÷ ours")
    assert found.value == 10.0
    assert found.met


def test_daphne_has_a_limit_of_its_own() -> None:
    peer = run("tldraw", cpu_per_1000=0.04)
    ours = [run(f"atelier-{server}", cpu_per_1000=0.02) for server in ("uvicorn", "daphne")]
    assert gate([peer, *ours], "tldraw ÷ ours").met is False
    assert gate([peer, *ours], "tldraw ÷ ours", "atelier-daphne").met is True


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    gates = judge([run("atelier-uvicorn", cpu_per_1000=0.01)])
    assert {found.met for found in gates if "÷" in found.what} == {None}


def test_a_failed_repetition_spoils_the_median() -> None:
    runs = [run("atelier-uvicorn", ack_p95=20.0), run("atelier-uvicorn", ack_p95=None, error="gone")]
    assert gate(runs, "p95 of the ack").met is None


def test_one_lost_update_in_one_repetition_misses_the_gate() -> None:
    runs = [run("atelier-uvicorn", 200), run("atelier-uvicorn", 200, delivered=0.9999)]
    assert gate(runs, "lost something").met is False
    assert gate(runs[:1], "lost something").met is True


def test_the_largest_crowds_are_compared() -> None:
    ours = [run("atelier-uvicorn", 200), run("atelier-uvicorn", 300, p99=150.0)]
    theirs = [run("excalidraw-room", 40), run("excalidraw-room", 60, delivered=0.99)]
    assert gate([*ours, *theirs], "largest N").value == 5.0


def test_a_join_counts_only_when_everybody_got_the_scene() -> None:
    peer = run("tldraw", 200, "join", last_ms=1_000.0, joined=200)
    ours = run("atelier-uvicorn", 200, "join", last_ms=250.0, joined=200)
    half = run("atelier-uvicorn", 200, "join", last_ms=250.0, joined=199)
    assert gate([peer, ours], "ours ÷ tldraw").met is True
    assert gate([peer, half], "ours ÷ tldraw").met is None


def test_memory_may_grow_by_less_than_the_limit() -> None:
    def growth(mb: float) -> bool | None:
        return gate([run("atelier-uvicorn", 200, "stall", rss_growth_mb=mb)], "RSS").met

    assert growth(5.0) is True
    assert growth(25.0) is False


def test_peers_are_not_judged() -> None:
    assert judge([run("excalidraw-room", cpu_per_1000=0.2)]) == []
