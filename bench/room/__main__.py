"""Measures the room and judges it.

make bench-room                                     Atelier alone
make bench-room PEERS=path/to/peers.toml            beside other products, in the same interleaved campaign
python -m bench.room --help                         parts of it
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from bench.report import OUT, machine
from bench.room import campaign, gates, report
from bench.room.campaign import Campaign
from bench.room.gates import CROWD_N
from bench.room.run import Load, Outcome
from bench.room.systems import Atelier, Cores, Stack, System, read_peers

MODES = ("sync", "join", "stall", "largest")
RESULT = OUT / "room.json"
AUTOGROUP = Path("/proc/self/autogroup")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.room", description="Measure the room.")
    parser.add_argument("modes", nargs="*", help=f"of {', '.join(MODES)}; all of them unless named")
    parser.add_argument("--peers", type=Path, help="a TOML file that names other products")
    parser.add_argument("--servers", default="daphne,uvicorn", help="values of ASGI_SERVER")
    parser.add_argument("--plain", action="store_true", help="also measure clients that ask for no deflate")
    parser.add_argument("--only", default="", help="systems, by name")
    parser.add_argument(
        "--n", type=campaign.rounds, default="10x1,50x3,100x1,200x2", help="crowds × repetitions"
    )
    parser.add_argument("--seconds", type=float, default=Load().seconds, help="measured in each run")
    parser.add_argument("--repetitions", type=int, default=2, help="of join and stall")
    parser.add_argument("--cores", default="0,1", help="of the server side and of the generator")
    parser.add_argument(
        "--priority", type=int, default=0, help="raise this session by so much, where allowed"
    )
    parser.add_argument("--report", type=Path, help="measure nothing: judge this result again")
    parser.add_argument("--out", type=Path, default=RESULT)
    options = parser.parse_args()
    if unknown := set(options.modes) - set(MODES):
        parser.error(f"there is no mode {', '.join(sorted(unknown))}")
    return options


def main() -> None:
    options = arguments()
    if options.report:
        conclude(campaign.read(options.report))
        return
    if sys.platform != "linux" or (os.cpu_count() or 1) < 2:
        raise SystemExit("bench: Linux and two cores are needed: one for the server, one for the generator.")
    server, generator = map(int, options.cores.split(","))
    with raised(options.priority):
        outcomes = measure(options, Cores(server, generator))
    conclude(outcomes)


def measure(options: argparse.Namespace, cores: Cores) -> list[Outcome]:
    load = msgspec.structs.replace(Load(), seconds=options.seconds)
    began = time.monotonic()

    def on_outcome(outcome: Outcome, label: str) -> None:
        minutes, seconds = divmod(int(time.monotonic() - began), 60)
        print(f"{minutes:2}:{seconds:02}  {report.line(outcome)}  ({label})", flush=True)
        report.write(options.out, runs.outcomes, gates.judge(runs.outcomes), load)

    with Stack(cores) as stack:
        runs = Campaign(chosen(options, stack, cores), load, cores, on_outcome)
        parts: dict[str, Callable[[], None]] = {
            "sync": lambda: runs.sync(options.n),
            "join": lambda: runs.join(CROWD_N, options.repetitions),
            "stall": lambda: runs.stall(CROWD_N, options.repetitions),
            "largest": runs.largest,
        }
        try:
            for mode in options.modes or MODES:
                parts[mode]()
        except KeyboardInterrupt:
            print("bench: ended early; this is what there is", flush=True)
    return runs.outcomes


def chosen(options: argparse.Namespace, stack: Stack, cores: Cores) -> list[System]:
    servers = options.servers.split(",")
    systems: list[System] = [Atelier(stack, server) for server in servers]
    if options.plain:
        systems += [Atelier(stack, server, deflate=False) for server in servers]
    if options.peers:
        systems += read_peers(options.peers, cores)
    only = set(filter(None, options.only.split(",")))
    return [system for system in systems if not only or system.name in only]


@contextmanager
def raised(priority: int) -> Iterator[None]:
    """This session before others on the same cores. Plain niceness does not reach across sessions on kernels that
    group them, so the group's own is set."""
    if priority:
        try:
            AUTOGROUP.write_text(str(-priority))
        except OSError as error:
            print(f"bench: the priority stays as it is ({error})", flush=True)
            priority = 0
    try:
        yield
    finally:
        if priority:
            AUTOGROUP.write_text("0")


def conclude(outcomes: list[Outcome]) -> None:
    about = machine()
    print(f"\n{report.tables(outcomes)}\n\n{report.gate_table(gates.judge(outcomes), outcomes)}")
    print(f"\n{about['cpu']}, {about['cores']} cores, {about['system']}, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
