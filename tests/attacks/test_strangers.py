"""Whoever has nothing but the address, or asks for nonsense: told so, counted, and nobody else waits for them."""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx2

from accounts.models import User
from boards.pages import demo
from tests.attacks.bench import GUESTS_PER_ADDRESS, LONG, MB, Bench

AT_ONCE = 8
SECONDS = 3 * LONG


def answers(bench: Bench, key: str, ask: Callable[[httpx2.Client, int], httpx2.Response]) -> Counter[int]:
    """How often each status came, of what several clients asked for some seconds."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    until = time.monotonic() + SECONDS

    def attack(first: int) -> Counter[int]:
        found: Counter[int] = Counter()
        with httpx2.Client(base_url=bench.address, headers=headers, timeout=60) as client:
            number = first
            while time.monotonic() < until:
                client.cookies.clear()  # somebody new each time
                found[ask(client, number).status_code] += 1
                number += AT_ONCE
        return found

    with ThreadPoolExecutor(AT_ONCE) as attackers:
        return sum(attackers.map(attack, range(AT_ONCE)), Counter())


def test_nonsense_is_refused_and_stops_nobody(bench: Bench) -> None:
    board = f"/api/v1/boards/{bench.board.pk}"
    broken = {"Content-Type": "multipart/form-data"}  # without a boundary
    nonsense: list[tuple[str, str, dict[str, object]]] = [
        ("GET", "/api/v1/jobs?status=%00", {}),
        ("GET", "/api/v1/boards?cursor=AAAA", {}),
        ("GET", f"{board}/versions?cursor=%ff", {}),
        ("GET", "/join/a%00b", {}),
        ("POST", f"{board}/links", {"json": {"expires_at": "9999-12-31T23:59:59-12:00"}}),
        ("POST", f"{board}/files", {"content": b"x", "headers": broken}),
        ("POST", f"{board}/jobs", {"json": {"kind": 5, "snapshot": "%%%", "region": {"width": -1}}}),
        (
            "POST",
            f"{board}/jobs",
            {"content": b"[" * 50_000, "headers": {"Content-Type": "application/json"}},
        ),
        ("PATCH", board, {"json": {"title": "a\0b"}}),
    ]

    def ask(client: httpx2.Client, number: int) -> httpx2.Response:
        method, path, how = nonsense[number % len(nonsense)]
        return client.request(method, path, **how)  # type: ignore[arg-type]

    with bench.under_attack() as seen:
        found = answers(bench, bench.key(bench.alice), ask)
    print(dict(found))
    assert found and all(400 <= status < 500 for status in found), found
    seen.assert_others_draw_on()
    seen.assert_memory_within(100 * MB)


def test_one_address_makes_so_many_guests_and_stops_nobody(bench: Bench) -> None:
    open_board = f"/b/{demo.board().pk}"
    browser = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0"}  # a robot is made no guest
    before = User.objects.filter(is_guest=True).count()
    with bench.under_attack() as seen:
        found = answers(bench, "", lambda client, number: client.get(open_board, headers=browser))
    print(dict(found))
    assert set(found) == {200, 429}
    assert User.objects.filter(is_guest=True).count() - before == found[200] == GUESTS_PER_ADDRESS
    seen.assert_others_draw_on()
    seen.assert_memory_within(100 * MB)
