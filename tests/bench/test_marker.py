"""Markers: found in whatever a product wraps around them."""

import json

import pytest

from bench.room import marker


@pytest.mark.parametrize("kind", [marker.UPDATE, marker.CURSOR, marker.SCENE])
def test_a_marker_is_found_with_its_numbers(kind: str) -> None:
    assert list(marker.find(marker.mark(kind, 17, 123_456).encode())) == [(kind, 17, 123_456)]


def test_json_does_not_escape_a_marker() -> None:
    text = marker.mark(marker.UPDATE, 1, 2)
    assert json.dumps(text) == f'"{text}"'


def test_all_of_a_frame_are_found_between_binary_bytes() -> None:
    marks = [marker.mark(marker.UPDATE, sender, 7).encode() for sender in range(3)]
    assert [sender for _, sender, _ in marker.find(b"\x00\xff@".join(marks))] == [0, 1, 2]


def test_what_only_looks_alike_is_not_one() -> None:
    assert list(marker.find(b"alice@example.org @u001.000001@ @x0001.000001@")) == []
