"""The load generator, a process of its own: reads a Spec from standard input, prints an Outcome as its last line.

A process of its own, so that it sits on a core of its own and its garbage collector can be still.
"""

import resource
import sys

import msgspec
import uvloop

from bench.room.client import NotLetIn
from bench.room.crowd import Crowd
from bench.room.newcomers import join
from bench.room.run import Outcome, Spec

FILES_WANTED = 8_192


async def play(spec: Spec) -> Outcome:
    try:
        return await (join(spec) if spec.mode == "join" else Crowd(spec).run())
    except (NotLetIn, OSError, TimeoutError) as error:
        return Outcome(system=spec.system, mode=spec.mode, n=spec.n, error=f"{type(error).__name__}: {error}")


def main() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(FILES_WANTED, most) if most > 0 else FILES_WANTED, most))
    spec = msgspec.json.decode(sys.stdin.buffer.read(), type=Spec)
    print(msgspec.json.encode(uvloop.run(play(spec))).decode())


if __name__ == "__main__":
    main()
