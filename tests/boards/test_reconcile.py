"""The merge rule, against the cases that the front end runs too."""

import json
from pathlib import Path
from typing import Any

import pytest

from boards.elements.reconcile import (
    CLIENT_NONCES_END,
    INDEX_MAX,
    VERSION_STEPS_FROM,
    Rank,
    free_index,
    is_index,
    may_follow,
    order,
    takes_incoming,
)
from tests import factories

CASES = json.loads((Path(__file__).parent.parent / "shared" / "reconcile_cases.json").read_text())


def rank(element: dict[str, Any]) -> Rank:
    return element["version"], element["versionNonce"]


def merge(local: list[dict[str, Any]], remote: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """[(id, "L" or "R")] in final order."""
    stays = {element["id"]: (element, "L") for element in local}
    for element in remote:
        held = stays.get(element["id"])
        if held is None or takes_incoming(rank(held[0]), rank(element)):
            stays[element["id"]] = (element, "R")
    drawn = order((element["index"], element_id) for element_id, (element, _) in stays.items())
    return [(element_id, stays[element_id][1]) for _, element_id in drawn]


def name(case: dict[str, Any]) -> str:
    return str(case.get("name") or case.get("key"))


@pytest.mark.parametrize("case", CASES["merge"], ids=name)
def test_RM1_merge(case: dict[str, Any]) -> None:
    merged = merge(case["local"], case["remote"])
    assert [f"{element_id}:{side}" for element_id, side in merged] == [
        want if ":" in want else f"{want}:{dict(merged)[want]}" for want in case["expect"]
    ]
    kept = {
        element_id: next(
            e for e in (case["local"] if side == "L" else case["remote"]) if e["id"] == element_id
        )
        for element_id, side in merged
    }
    again = merge(list(kept.values()), case["remote"])
    assert all(side == "L" for _, side in again), "merging a second time changed something"
    other = dict(merge(case["remote"], case["local"]))
    for element_id, side in merged:
        mine = kept[element_id]
        theirs = next(
            e
            for e in (case["remote"] if other[element_id] == "L" else case["local"])
            if e["id"] == element_id
        )
        assert rank(mine) == rank(theirs), f"the two directions differ on {element_id} ({side})"


@pytest.mark.parametrize("case", CASES["newer"], ids=name)
def test_RM1_newer(case: dict[str, Any]) -> None:
    stored = case["stored"]
    takes = stored is None or takes_incoming(rank(stored), rank(case["incoming"]))
    assert ("incoming" if takes else "stored") == case["takes"]


@pytest.mark.parametrize("case", CASES["order"], ids=name)
def test_RM2_order(case: dict[str, Any]) -> None:
    drawn = order((element["index"], element["id"]) for element in case["elements"])
    assert [element_id for _, element_id in drawn] == case["expect"]


@pytest.mark.parametrize("case", CASES["index_valid"], ids=lambda case: repr(case["key"])[:40])
def test_index_valid(case: dict[str, Any]) -> None:
    assert is_index(case["key"]) == case["valid"]


@pytest.mark.parametrize(
    ("known", "version", "may"),
    [
        (0, 1, True),
        (0, 1_000_000, True),
        (0, 1_000_001, False),
        (7, 6, True),  # it loses, but is none of those that jump
        (VERSION_STEPS_FROM - 10, VERSION_STEPS_FROM, True),
        (VERSION_STEPS_FROM - 10, VERSION_STEPS_FROM + 9_990, True),
        (VERSION_STEPS_FROM - 10, VERSION_STEPS_FROM + 9_991, False),
        (2**31 - 1, 2**31, True),  # a board that was frozen by an earlier release
        (2**31 - 1, 2**31 + 10_000, False),
    ],
)
def test_RM24_a_version_is_within_reach_of_the_one_before(known: int, version: int, may: bool) -> None:
    assert may_follow(known, version) == may


def test_RM3_a_free_index_stays() -> None:
    assert free_index("a1", {"a0", "a2"}) == "a1"


def test_RM3_a_taken_index_gives_one_right_above_it() -> None:
    found = free_index("a1", {"a0", "a1", "a2"})
    assert "a1" < found < "a2"


def test_no_index_means_on_top() -> None:
    assert free_index(None, {"a0", "a3"}) > "a3"
    assert free_index(None, set()) == "a0"


def test_a_gap_filled_for_ever_moves_to_the_top() -> None:
    taken = {"a1", "a2"}
    for _ in range(3_000):
        taken.add(free_index("a1", taken))
    assert all(is_index(key) and len(key) <= INDEX_MAX for key in taken) and len(taken) == 3_002


@pytest.mark.parametrize("nonce", [0, 7, CLIENT_NONCES_END - 1])
def test_RM3_a_version_that_the_server_makes_never_beats_one_that_a_client_drew(nonce: int) -> None:
    stored = factories.element("box", version=4, versionNonce=nonce)
    for made in (stored.as_next_version(), stored.moved_to("a7")):
        assert takes_incoming(stored.rank, made.rank), "it replaces what it was made of"
        drawn = (made.version, CLIENT_NONCES_END - 1)  # the highest nonce that a client draws
        assert takes_incoming(made.rank, drawn) and not takes_incoming(drawn, made.rank)
