"""Whose turn it is: people take turns, then one person's boards, then age."""

import random
import threading
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now

from accounts.models import User
from generation.errors import StorageUnavailable
from generation.jobs import lifecycle, turns
from generation.models import Job, JobStatus
from tests.generation.test_lifecycle import IMAGE, at_once, claimed, lose, queued

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("published")]


def served() -> Job:
    """The next one is claimed and done."""
    claim = lifecycle.claim_next("here:1")
    assert claim
    lifecycle.succeed(claim, [(IMAGE, 7)])
    return claim.job


def everybody(count: int) -> list[User]:
    return [served().created_by for _ in range(count)]  # type: ignore[misc]


def test_J10_fifty_jobs_of_one_person_delay_anothers_first_by_one_at_most(alice: User, bob: User) -> None:
    for _ in range(50):
        queued(alice)
    served()
    running = lifecycle.claim_next("here:1")
    assert running and running.job.created_by == alice, "which bob has to wait for"
    first = queued(bob)
    assert served() == first


def test_J10_people_take_turns(alice: User, bob: User, carol: User) -> None:
    for _ in range(4):
        queued(alice)
    for _ in range(2):
        queued(bob)
    queued(carol)
    assert everybody(7) == [alice, bob, carol, alice, bob, alice, alice]


def test_J10_turns_are_remembered(alice: User, bob: User) -> None:
    """Somebody whose jobs are always older does not come first for ever."""
    for _ in range(4):
        queued(alice)
    for _ in range(4):
        queued(bob)
    assert everybody(8) == [alice, bob] * 4


def test_J10_two_workers_at_once_serve_two_people(alice: User, bob: User) -> None:
    for _ in range(3):
        queued(alice)
    queued(bob)
    first, second = lifecycle.claim_next("here:1"), lifecycle.claim_next("there:2")
    assert first and second and [first.job.created_by, second.job.created_by] == [alice, bob]


def test_J11_one_persons_boards_take_turns(alice: User, bob: User) -> None:
    """And more boards are not more turns."""
    jobs = [queued(alice, audience=f"board.{board}") for board in (1, 1, 1, 2, 3)]
    others = [queued(bob, audience="board.1") for _ in range(2)]
    order = [served() for _ in range(7)]
    assert order == [jobs[0], others[0], jobs[3], others[1], jobs[4], jobs[1], jobs[2]]


def test_J12_then_the_oldest_is_first(alice: User) -> None:
    jobs = [queued(alice) for _ in range(4)]
    assert [served() for _ in range(4)] == jobs


def test_J12_what_was_handed_back_keeps_its_age_and_what_was_lost_goes_behind(alice: User) -> None:
    handed_back, lost, other = (queued(alice) for _ in range(3))
    lifecycle.hand_back(claimed(handed_back))
    claimed(lost)
    lose(lost)
    lifecycle.reap()
    assert [served() for _ in range(3)] == [handed_back, other, lost]


def test_J13_who_rests_is_passed_over_and_costs_nobody_a_turn(alice: User, bob: User) -> None:
    resting, waiting, other = queued(alice), queued(alice), queued(bob)
    lifecycle.interrupt(claimed(resting), StorageUnavailable())
    assert [len(turns.until([job.id])) for job in (other, waiting, resting)] == [1, 2, 3]
    assert [served(), served()] == [other, waiting]
    assert lifecycle.claim_next("here:1") is None
    Job.objects.filter(id=resting.id).update(not_before=Now() - timedelta(seconds=1))
    assert served() == resting


def test_J13_a_worker_passes_over_what_it_cannot_draw(alice: User) -> None:
    first, second = queued(alice), queued(alice)
    Job.objects.filter(id=first.id).update(checkpoint="sd-turbo")
    claim = lifecycle.claim_next("here:1", ["sd-turbo"])
    assert claim and claim.job == second
    assert lifecycle.claim_next("here:1", ["sd-turbo"]) is None
    assert served().id == first.id


def test_J12_a_job_whose_person_is_gone_is_not_forgotten(alice: User) -> None:
    orphan, other = queued(None), queued(alice)
    assert [served(), served()] == [other, orphan]


def test_J14_places_are_the_order_of_claims(alice: User, bob: User, carol: User) -> None:
    """Old state and claims: whatever the mix, the first place is claimed next and everybody moves up by one."""
    seed = random.randrange(2**32)
    dice = random.Random(seed)
    for _ in range(30):
        queued(dice.choice([alice, bob, carol]), audience=f"board.{dice.randrange(3)}")
    while jobs := list(Job.objects.filter(status=JobStatus.QUEUED)):
        places = {job: len(turns.until([job.id])) for job in jobs}
        assert sorted(places.values()) == list(range(1, len(jobs) + 1)), f"seed {seed}"
        assert [job_id for job_id, _ in turns.waiting(100)] == sorted(
            (job.id for job in jobs), key={j.id: p for j, p in places.items()}.get
        )
        job = served()
        assert places.pop(job) == 1, f"seed {seed}"
        moved = {other: len(turns.until([other.id])) for other in places}
        assert moved == {other: place - 1 for other, place in places.items()}, f"seed {seed}"


def places() -> dict[Job, int]:
    return {job: len(turns.until([job.id])) for job in Job.objects.filter(status=JobStatus.QUEUED)}


def test_J18_a_job_that_moves_up_takes_its_boards_first_place(alice: User, bob: User, carol: User) -> None:
    first, elsewhere = queued(alice, audience="board.1"), queued(carol, audience="board.2")
    second, last = queued(alice, audience="board.1"), queued(bob, audience="board.1")
    assert places() == {first: 1, elsewhere: 2, last: 3, second: 4}
    assert turns.move_up(second.id)
    assert places() == {second: 1, elsewhere: 2, first: 3, last: 4}
    assert turns.move_up(second.id), "who is first already stays there"
    assert [served() for _ in range(4)] == [second, elsewhere, first, last]


def test_J18_nobody_elsewhere_waits_longer_in_any_later_round(alice: User, bob: User, carol: User) -> None:
    """Whatever the mix and whatever moves up: who draws on other boards is served at the same claims as without."""
    seed = random.randrange(2**32)
    dice = random.Random(seed)
    for _ in range(6):
        served_before = queued(dice.choice([alice, bob, carol]), audience=f"board.{dice.randrange(3)}")
        assert served() == served_before
    for _ in range(24):
        queued(dice.choice([alice, bob, carol]), audience=f"board.{dice.randrange(3)}")
    expected = {job: place for job, place in places().items() if job.audience != "board.0"}
    claims = 0
    while jobs := [job for job in places() if job.audience == "board.0"]:
        assert turns.move_up(dice.choice(jobs).id), f"seed {seed}"
        now = {job: place + claims for job, place in places().items() if job.audience != "board.0"}
        assert now == {job: place for job, place in expected.items() if place > claims}, f"seed {seed}"
        served()
        claims += 1
    assert sorted(places().values()) == list(range(1, len(places()) + 1)), f"seed {seed}"


def test_J18_only_jobs_that_the_same_workers_take_exchange_places(alice: User) -> None:
    other, first, second = (queued(alice, audience="board.1") for _ in range(3))
    Job.objects.filter(id=other.id).update(checkpoint="sdxl-turbo")
    assert turns.move_up(second.id)
    assert places() == {other: 1, second: 2, first: 3}


def test_J18_what_does_not_wait_does_not_move(alice: User) -> None:
    running, resting, waiting = (queued(alice, audience="board.1") for _ in range(3))
    claimed(running)
    lifecycle.interrupt(claimed(resting), StorageUnavailable())
    assert not turns.move_up(running.id) and not turns.move_up(resting.id)
    assert places() == {waiting: 1, resting: 2}


def test_J18_who_waits_anew_waits_on_their_own_turn(alice: User, bob: User) -> None:
    queued(alice, audience="board.1")
    moved = queued(bob, audience="board.1")
    turns.move_up(moved.id)
    assert Job.objects.get(id=moved.id).turn_of == alice
    claimed(moved)
    lose(moved)
    lifecycle.reap()
    assert Job.objects.get(id=moved.id).turn_of is None


@pytest.mark.django_db(transaction=True)
def test_J4_many_workers_that_claim_at_once_get_different_jobs(alice: User, bob: User) -> None:
    jobs = [queued(user) for user in (alice, bob) for _ in range(12)]
    claims = at_once(8, lambda number: [lifecycle.claim_next(f"worker:{number}") for _ in range(3)])
    got = [claim.job.id for each in claims for claim in each if claim]
    assert Counter(got).most_common(1)[0][1] == 1
    # Somebody may have found the only one left in another's hands; whoever asks again gets it.
    while claim := lifecycle.claim_next("late:1"):
        got.append(claim.job.id)
    assert sorted(got) == sorted(job.id for job in jobs)


@pytest.mark.django_db(transaction=True)
def test_J4_a_row_in_anothers_hands_is_passed_over_without_waiting(alice: User, bob: User) -> None:
    held, free = queued(alice), queued(bob)
    locked, looked = threading.Event(), threading.Event()

    def hold() -> None:
        from django.db import transaction

        try:
            with transaction.atomic():
                Job.objects.select_for_update().get(id=held.id)
                locked.set()
                looked.wait(30)
        finally:
            connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert locked.wait(30)
        claim: Any = lifecycle.claim_next("here:1")
    finally:
        looked.set()
        holder.join(30)
    assert claim.job == free


def test_J28_a_job_whose_worker_died_has_the_next_one_for_itself(alice: User) -> None:
    suspect, other = queued(alice), queued(alice)
    claimed(suspect, "here:1")
    lose(suspect)
    lifecycle.reap()
    Job.objects.filter(id=suspect.id).update(queued_at=Now() - timedelta(days=1))
    running: Any = claimed(queued(alice), "busy:2")
    assert lifecycle.claim_next("busy:2") is None, "it gets free for the one whose turn it is"
    lifecycle.succeed(running, [(IMAGE, 7)])
    claim: Any = lifecycle.claim_next("busy:2")
    assert claim.job == suspect
    assert lifecycle.claim_next("busy:2") is None, "and stays so until that one is done"
    elsewhere: Any = lifecycle.claim_next("there:3")
    assert elsewhere.job == other
    lifecycle.succeed(claim, [(IMAGE, 7)])
    last = queued(alice)
    claimed(queued(alice), "busy:2")
    after: Any = lifecycle.claim_next("busy:2")
    assert after.job == last
