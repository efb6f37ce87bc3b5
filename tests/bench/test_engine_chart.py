"""The chart of workers beside shared steps, and the floors that only one card is held to."""

from itertools import pairwise
from xml.etree import ElementTree

import pytest

from bench.engine import floors
from bench.engine.chart import Bar, draw
from bench.engine.measures import Row
from bench.engine.meter import Meter

SVG = "{http://www.w3.org/2000/svg}"
WORKERS = [Bar("1", 6.0, 0.5), Bar("2", 6.2, 1.0)]
SHARED = [Bar("2", 3.0, 0.5)]


def bars(drawn: str) -> list[ElementTree.Element]:
    return [rect for rect in ElementTree.fromstring(drawn).iter(f"{SVG}rect") if rect.get("rx") == "4"]


def test_bars_are_as_high_as_their_seconds() -> None:
    heights = [float(bar.get("height") or 0) for bar in bars(draw(WORKERS, SHARED, "one core"))]
    assert heights[2] / heights[0] == pytest.approx(0.5, abs=0.01)
    assert max(heights) == heights[1]


def test_bars_do_not_overlap_and_say_what_they_are() -> None:
    drawn = draw(WORKERS, SHARED, "one core")
    spans = [(float(bar.get("x") or 0), float(bar.get("width") or 0)) for bar in bars(drawn)]
    assert all(x + width < after for (x, width), (after, _) in pairwise(spans))
    words = [text.text for text in ElementTree.fromstring(drawn).iter(f"{SVG}text")]
    assert {"6.0", "6.2", "3.0", "1.0 GB"} <= set(words)


def test_a_floor_is_held_against_the_card_that_it_was_counted_for() -> None:
    rows = [Row("", "live, 1 board", "fps", [100.0])]
    [row] = floors.fractions(rows, "cuda (NVIDIA H200)")
    assert (row.number, row.unit) == ("R7", "%")
    assert row.median == pytest.approx(65.4), "6.54 of the 10 ms of a frame"
    assert floors.fractions(rows, "cuda (NVIDIA L4)") == []


def test_a_meter_counts_the_time_inside_and_passes_the_answer_on() -> None:
    meter = Meter()
    assert meter.around(lambda number: number + 1)(1) == 2
    [(began, ended)] = meter.spans
    assert meter.seconds() == pytest.approx(ended - began)
