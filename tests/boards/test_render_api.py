"""A board as a picture over HTTP: who may have it, which part, and when it need not be drawn again."""

import io
import json
from typing import Any

import pytest
from django.test import Client
from PIL import Image

from accounts import api_keys
from boards import rendering
from boards.elements import store
from boards.files import board_files
from boards.models import Board
from boards.rendering import render, render_cache
from tests.factories import element, png
from tests.likeness import picture

pytestmark = pytest.mark.django_db(transaction=True)
RED, BLUE, WHITE = (224, 49, 49), (25, 113, 194), (255, 255, 255)


def box(element_id: str, color: str = "#e03131", **fields: Any) -> Any:
    plain = {"x": 0, "y": 0, "width": 100, "height": 100, "fillStyle": "solid", "strokeColor": "transparent"}
    return element(element_id, backgroundColor=color, roughness=0, **plain | fields)


def path(board: Board, rest: str = "png") -> str:
    return f"/api/v1/boards/{board.pk}/render.{rest}"


@pytest.fixture
def carols(carol: Any) -> Client:
    """Of somebody who may look."""
    client = Client()
    client.force_login(carol)
    return client


def test_who_may_see_the_board_gets_its_picture_and_nobody_else(
    board: Board, carols: Client, mallory: Any, bob: Any
) -> None:
    store.apply(board.pk, [box("a")])
    answer = carols.get(path(board))
    assert answer.status_code == 200 and answer["Content-Type"] == "image/png"
    assert picture(answer.content).getpixel((60, 60)) == RED and picture(answer.content).size == (120, 120)
    svg = carols.get(path(board, "svg"))
    assert svg["Content-Type"] == "image/svg+xml" and svg.content.startswith(b"<svg")
    assert (
        "default-src 'none'" in svg["Content-Security-Policy"] and "sandbox" in svg["Content-Security-Policy"]
    )
    program = Client(headers={"Authorization": f"Bearer {api_keys.create(bob)}"})
    assert program.get(path(board)).content == answer.content
    stranger = Client()
    assert stranger.get(path(board)).status_code == 401
    stranger.force_login(mallory)
    for kind in ("png", "svg"):
        refused = stranger.get(path(board, kind), headers={"If-None-Match": answer["ETag"]})
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")


def test_it_is_drawn_again_only_when_the_board_or_the_question_changed(
    board: Board, carols: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.apply(board.pk, [box("a")])
    first = carols.get(path(board))
    assert "private" in first["Cache-Control"]
    drawings: list[Any] = []
    drawn = rendering.render_png

    def counted(*given: Any, **options: Any) -> rendering.RenderResult:
        drawings.append(given)
        return drawn(*given, **options)

    monkeypatch.setattr(rendering, "render_png", counted)
    unchanged = carols.get(path(board), headers={"If-None-Match": first["ETag"]})
    assert unchanged.status_code == 304 and not unchanged.content
    assert carols.get(path(board)).content == first.content and not drawings, "kept for the next one"
    larger = carols.get(path(board, "png?scale=2"), headers={"If-None-Match": first["ETag"]})
    assert larger.status_code == 200 and picture(larger.content).size == (240, 240)
    store.apply(board.pk, [box("a", "#1971c2", version=2)])
    changed = carols.get(path(board), headers={"If-None-Match": first["ETag"]})
    assert changed.status_code == 200 and changed["ETag"] != first["ETag"]
    assert picture(changed.content).getpixel((60, 60)) == BLUE and len(drawings) == 2


def test_a_frame_a_region_and_an_element_are_drawn_alone(board: Board, carols: Client) -> None:
    frame = element("f", type="frame", name="Plan", x=100, y=0, width=50, height=80)
    store.apply(board.pk, [box("a"), box("b", "#1971c2", x=100, frameId="f"), frame])
    alone = picture(carols.get(path(board, "png?frame=f")).content)
    assert alone.size == (50, 80) and alone.getpixel((25, 40)) == BLUE
    assert picture(carols.get(path(board, "png?frame=a&scale=3")).content).size == (300, 300)
    part = picture(carols.get(path(board, "png?region=90,0,20,50&scale=2")).content)
    assert part.size == (40, 100) and part.getpixel((10, 50)) == RED
    clear = carols.get(path(board, "svg?background=false")).content
    assert b'fill="#ffffff"' not in clear


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("frame=nothing", "no_region"),
        ("region=1,2,3", "no_region"),
        ("region=0,0,-5,5", "no_region"),
        ("region=0,0,nan,5", "no_region"),
        ("region=0,0,1e999,5", "no_region"),
        ("scale=0", "invalid"),
        ("scale=99", "invalid"),
        ("scale=nan", "invalid"),
    ],
)
def test_a_question_that_makes_no_sense_is_answered_with_a_code(
    board: Board, carols: Client, query: str, code: str
) -> None:
    answer = carols.get(path(board, f"png?{query}"))
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_too_large_a_picture_is_drawn_smaller_and_says_at_which_scale(board: Board, carols: Client) -> None:
    store.apply(board.pk, [box("a"), box("b", x=1e6)])
    for _ in ("drawn", "kept"):
        answer = carols.get(path(board))
        assert answer.status_code == 200 and picture(answer.content).size == (16_384, 1)
        assert float(answer["Render-Scale"]) == pytest.approx(16_384 / 1_000_120, rel=1e-4)
    assert carols.get(path(board, "png?scale=0.01"))["Render-Scale"] == "0.01"
    assert carols.get(path(board, "png?frame=a"))["Render-Scale"] == "1"


def test_a_real_board_of_many_screens_is_drawn(board: Board, carols: Client) -> None:
    """7,098 × 4,363 units have more pixels than are drawn."""
    store.apply(board.pk, [box("a"), box("b", x=6_978, y=4_243)])
    answer = carols.get(path(board))
    width, height = picture(answer.content).size
    assert 23_900_000 < width * height <= render.PIXELS_MAX and 0.8 < float(answer["Render-Scale"]) < 1


def noise_png(side_px: int) -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise((side_px, side_px), 90).convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()


def test_a_large_picture_is_kept_too(
    board: Board, alice: Any, carols: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = board_files.add_upload(board, alice, noise_png(1_200), "one")
    shown = {"type": "image", "status": "saved", "scale": [1, 1], "crop": None, "x": 0, "y": 0}
    store.apply(board.pk, [element("p", fileId=file.file_id, width=1_200, height=1_200, **shown)])
    first = b"".join(carols.get(path(board)))
    assert len(first) > 1024 * 1024

    def never(*_: Any, **__: Any) -> rendering.RenderResult:
        raise AssertionError("drawn again")

    monkeypatch.setattr(rendering, "render_png", never)
    assert b"".join(carols.get(path(board))) == first


def test_all_kept_pictures_together_have_a_bound() -> None:
    each = min(render_cache.SIZE_CLASSES, key=lambda each: each.slots)
    places = {each.key_of(f"name {n}") for n in range(1_000)}
    assert len(places) == each.slots
    assert sum(each.slots * each.size_max_bytes for each in render_cache.SIZE_CLASSES) <= 160 * 1024 * 1024
    render_cache.put("one", rendering.RenderResult(b"1", 1.0, 0))
    namesake = next(f"n{n}" for n in range(100_000) if _place(f"n{n}") == _place("one"))
    render_cache.put(namesake, rendering.RenderResult(b"2", 0.5, 3))
    assert render_cache.get("one") is None and render_cache.get(namesake) == rendering.RenderResult(
        b"2", 0.5, 3
    )


def _place(name: str) -> str:
    return render_cache.SIZE_CLASSES[0].key_of(name)


def test_hatching_without_measure_is_filled_evenly_and_said(board: Board, carols: Client) -> None:
    # Excalidraw keeps every line: such an element never gets through the door, but may have been there before.
    store.apply(board.pk, [box("a", width=20_000, height=20_000)])
    row = board.elements.get()
    dense = {"fillStyle": "hachure", "strokeWidth": 0.1}
    board.elements.update(body=json.dumps(json.loads(row.body) | dense))
    answer = carols.get(path(board, "png?scale=0.01"))
    assert answer["Render-Simplified"] == "1"
    assert picture(answer.content).getpixel((100, 100)) == RED


def test_pictures_on_the_board_come_out_of_the_storage(board: Board, alice: Any, carols: Client) -> None:
    file = board_files.add_upload(board, alice, png(8, 8, "#1971c2"), "one")
    shown = {"type": "image", "status": "saved", "scale": [1, 1], "crop": None}
    store.apply(
        board.pk, [element("p", fileId=file.file_id, **shown | {"x": 0, "y": 0, "width": 90, "height": 90})]
    )
    assert picture(carols.get(path(board)).content).getpixel((50, 50)) == BLUE
    assert b"data:image/png;base64," in carols.get(path(board, "svg")).content


def test_a_lost_cache_costs_time_and_nothing_else(board: Board, carols: Client, settings: Any) -> None:
    backend = "django.core.cache.backends.redis.RedisCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": "redis://127.0.0.1:1"}}
    store.apply(board.pk, [box("a")])
    assert render_cache.get("anything") is None
    assert picture(carols.get(path(board)).content).getpixel((60, 60)) == RED


def test_the_documented_address_is_in_the_schema(carols: Client) -> None:
    schema = json.loads(carols.get("/api/v1/openapi.json").content)
    assert {"/api/v1/boards/{board_id}/render.png", "/api/v1/boards/{board_id}/render.svg"} <= schema[
        "paths"
    ].keys()
