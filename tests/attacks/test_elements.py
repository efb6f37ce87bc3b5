"""Elements that would freeze a scene or end its pages: mended or refused, and everybody else draws on."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from websockets.sync.client import ClientConnection, connect

from boards.elements.hatching import BOARD_COST_MAX
from boards.elements.reconcile import VERSION_JUMP_MAX, VERSION_STEPS_FROM
from boards.elements.store import hatch_cost
from tests.attacks.bench import LONG, Bench
from tests.factories import body

Body = dict[str, Any]
PER_PUSH = 100


class Attacker:
    """Somebody who may edit, and sends what no page would."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._count = 0

    def push(self, *elements: Body) -> list[Body]:
        """What of it was refused, once the rest is stored."""
        self._count += 1
        ref = f"p{self._count}"
        self._socket.send(json.dumps({"type": "push", "id": ref, "elements": elements}))
        while True:
            for line in str(self._socket.recv(30)).split("\n"):
                message = json.loads(line)
                assert message["type"] != "error", message
                if message["type"] == "ack" and message["ref"] == ref:
                    refused: list[Body] = message["refused"]
                    return refused


@contextmanager
def on_board(bench: Bench) -> Iterator[Attacker]:
    with connect(bench.socket_url(), subprotocols=["board.v1"], max_size=None) as socket:  # type: ignore[list-item]
        socket.send(json.dumps({"type": "hello", "protocol": 1, "token": bench.key(bench.alice)}))
        while json.loads(socket.recv(30))["type"] != "welcome":
            pass
        yield Attacker(socket)


def pieces(elements: Sequence[Body]) -> Iterator[Sequence[Body]]:
    return (elements[at : at + PER_PUSH] for at in range(0, len(elements), PER_PUSH))


def test_nobody_freezes_an_element_for_others(bench: Bench) -> None:
    with bench.under_attack() as seen, on_board(bench) as attacker:
        assert attacker.push(body("box", version=VERSION_STEPS_FROM)), "not at once"
        version = 0
        for _ in range(30 * LONG):
            version += VERSION_JUMP_MAX
            assert attacker.push(body("box", version=version, versionNonce=0)) == []
        assert attacker.push(body("box", version=2**31 - 1, versionNonce=0)), "no further than a push may go"
        assert attacker.push(body("box", version=version + 1, versionNonce=-(2**53))), (
            "no nonce that wins every tie"
        )
        assert attacker.push(body("box", version=version + 1, x=7)) == []
    seen.assert_others_draw_on()
    stored = bench.board.elements.get(element_id="box")
    assert stored.version == version + 1 and json.loads(stored.body)["x"] == 7


def test_nobody_hatches_more_than_a_page_can_draw(bench: Bench) -> None:
    dear = {"fillStyle": "cross-hatch", "backgroundColor": "#ffc9c9", "width": 4_000, "height": 4_000}
    thin = [body(f"thin-{n}", **dear, strokeWidth=0.1) for n in range(300 * LONG)]
    many = [body(f"many-{n}", **dear, strokeWidth=0.5) for n in range(300 * LONG)]
    with bench.under_attack() as seen, on_board(bench) as attacker:
        for elements in (thin, many):
            for piece in pieces(elements):
                assert attacker.push(*piece) == [], "nobody loses what they drew"
    seen.assert_others_draw_on()
    assert bench.board.elements.count() == 600 * LONG
    assert 0 < hatch_cost(bench.board.pk, ()) <= BOARD_COST_MAX
    styles = [
        json.loads(row.body)["fillStyle"]
        for row in bench.board.elements.filter(element_id__startswith="thin")
    ]
    assert set(styles) == {"solid"}
