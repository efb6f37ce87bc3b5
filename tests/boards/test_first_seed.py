"""The first picture of a frame that names a seed is made with it; later ones are not, nor what asks for a seed itself."""

from typing import Any

import pytest

from boards.elements import store
from boards.jobs import board_jobs
from boards.jobs.board_jobs import Destination
from boards.models import Board
from boards.pages import welcome
from generation.jobs.submission import Request
from tests.factories import element

pytestmark = pytest.mark.django_db


@pytest.fixture
def put(board: Board) -> Any:
    def put(note: object) -> None:
        frame = element("frame", type="frame", width=100, height=100, name=None, customData={"atelier": note})
        store.apply(board.pk, [frame])

    return put


def seed_of(board: Board, user: Any, frame: str = "frame", **params: Any) -> int:
    asked = Request({"kind": "txt2img", "prompt": "a cat"} | params)
    job = board_jobs.ask(board, user, asked, Destination(frame=frame))
    found: int = job.params["seed"]
    return found


@pytest.mark.usefixtures("published")
def test_only_the_first_picture_has_the_seed_of_its_frame(
    board: Board, alice: Any, bob: Any, put: Any
) -> None:
    put({"seed": 7})
    assert seed_of(board, alice) == 7
    assert seed_of(board, bob) != 7


@pytest.mark.usefixtures("published")
def test_a_seed_that_is_asked_for_counts(board: Board, alice: Any, put: Any) -> None:
    put({"seed": 7})
    assert seed_of(board, alice, seed=9) == 9


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize("note", [{}, {"seed": -1}, {"seed": 2**32}, {"seed": 1.5}, None])
def test_a_frame_without_a_valid_seed_leaves_it_to_chance(
    board: Board, alice: Any, put: Any, note: Any
) -> None:
    put(note)
    assert 0 <= seed_of(board, alice) < 2**32


@pytest.mark.usefixtures("published")
def test_the_same_request_again_is_the_same_job(board: Board, alice: Any, put: Any) -> None:
    put({"seed": 7})
    asked = Request({"kind": "txt2img", "prompt": "a cat"}, idempotency_key="k")
    first = board_jobs.ask(board, alice, asked, Destination(frame="frame"))
    again = board_jobs.ask(board, alice, asked, Destination(frame="frame"))
    assert first.pk == again.pk


@pytest.mark.usefixtures("published")
def test_the_frame_of_a_welcome_board_names_one(alice: Any) -> None:
    board = welcome.make(alice)
    seeds = {seed_of(welcome.make(alice), alice, "welcome-frame") for _ in range(2)}
    assert len(seeds) == 1 and seeds == {seed_of(board, alice, "welcome-frame")}
