"""The history of a board: what is kept, what a version shows, and going back to one (rules H1–H9, docs/history.md)."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from msgspec import structs

from accounts.guests import guest_claimed
from boards.elements import revisions, store, tombstones
from boards.errors import BoardFrozen, TooManyVersions
from boards.history import versions
from boards.models import Board, Element, PastElement, Version
from tests.factories import element, person

pytestmark = pytest.mark.django_db


def shift(**ago: float) -> None:
    """Move everything that was kept or stored so far into the past."""
    by = timedelta(**ago)
    for model, fields in (
        (Element, ("changed_at", "kept_at")),
        (PastElement, ("changed_at", "replaced_at")),
        (Version, ("created_at",)),
        (Board, ("changed_at", "unversioned_since")),
    ):
        model.objects.update(**{name: F(name) - by for name in fields})


def draw(board, user, element_id, version=1, **fields):
    authors = {element_id: user.pk if user else None}
    return store.apply(board.pk, [element(element_id, version=version, **fields)], authors)


def scene(board):
    """Live elements: id → x."""
    rows = Element.objects.filter(board=board, is_deleted=False)
    return {row.element_id: json.loads(row.body)["x"] for row in rows}


def shown(board, version):
    return {e.id: json.loads(e.body)["x"] for e in versions.state_at(board, version.clock)}


# --- what is kept -------------------------------------------------------------------------------------------


def test_H1_one_persons_stroke_keeps_none_of_its_steps(board, alice):
    for version in range(1, 30):
        draw(board, alice, "stroke", version, x=version)
    assert not PastElement.objects.exists()


def test_H1_what_somebody_else_made_is_kept_when_it_is_replaced(board, alice, bob):
    draw(board, alice, "box", 1, x=1)
    draw(board, bob, "box", 2, x=2)
    kept = PastElement.objects.get()
    assert (kept.author_id, kept.clock, kept.until_clock, kept.version) == (alice.pk, 1, 2, 1)


def test_H1_of_long_work_a_state_is_kept_each_minute(board, alice):
    draw(board, alice, "box", 1, x=1)
    for version in range(2, 8):  # without a pause, one change every 25 s
        shift(seconds=25)
        draw(board, alice, "box", version, x=version)
    assert [row.version for row in PastElement.objects.order_by("clock")] == [3, 6]


def test_H1_what_a_version_shows_is_kept(board, alice):
    draw(board, alice, "box", 1, x=1)
    version = versions.create_named(board, alice, "First")
    draw(board, alice, "box", 2, x=2)
    draw(board, alice, "box", 3, x=3)
    assert shown(board, version) == {"box": 1}
    assert PastElement.objects.count() == 1


def test_H1_the_storage_grows_with_the_change_and_not_with_the_scene(board, alice):
    elements = [element(f"e{n}") for n in range(2_000)]
    store.apply(board.pk, elements, dict.fromkeys((e.id for e in elements), alice.pk))
    rows = Element.objects.count() + PastElement.objects.count() + Version.objects.count()
    for number in range(10):
        versions.create_named(board, alice, f"Version {number}")
        draw(board, alice, "e7", 2 + number, x=number)
    after = Element.objects.count() + PastElement.objects.count() + Version.objects.count()
    assert after - rows == 10 + 10, "ten versions and the ten states of one element that they show"


def test_H1_a_change_costs_one_statement_more_at_most(board, alice, bob):
    draw(board, alice, "box", 1)
    draw(board, alice, "box", 2)
    with CaptureQueriesContext(connection) as plain:
        draw(board, alice, "box", 3)
    with CaptureQueriesContext(connection) as keeping:
        draw(board, bob, "box", 4)
    assert len(keeping) == len(plain) + 1


# --- versions -----------------------------------------------------------------------------------------------


def test_H2_a_version_shows_what_stood_when_it_was_made(board, alice, bob):
    draw(board, alice, "changed", x=1)
    draw(board, alice, "deleted", x=2)
    draw(board, alice, "same", x=3)
    draw(board, bob, "gone before", 1, x=4)
    draw(board, bob, "gone before", 2, x=4, isDeleted=True)
    version = versions.create_named(board, alice, "First")
    draw(board, bob, "changed", 2, x=10)
    draw(board, bob, "deleted", 2, isDeleted=True)
    draw(board, bob, "new", x=5)
    draw(board, bob, "gone before", 3, x=4)
    assert shown(board, version) == {"changed": 1, "deleted": 2, "same": 3}
    assert scene(board) == {"changed": 10, "same": 3, "new": 5, "gone before": 4}


def test_H2_a_pruned_tombstone_does_not_raise_what_it_ended(board, alice):
    draw(board, alice, "box", 1, x=1)
    first = versions.create_named(board, alice, "With the box")
    draw(board, alice, "box", 2, isDeleted=True)
    second = versions.create_named(board, alice, "Without")
    shift(days=8)
    assert tombstones.prune_all() == 1
    assert shown(board, first) == {"box": 1} and shown(board, second) == {}


def test_a_version_knows_who_changed_something_since_the_one_before(board, alice, bob, carol):
    draw(board, alice, "a")
    draw(board, carol, "a", 2)
    draw(board, None, "by a program")
    assert set(versions.create_named(board, bob, "One").people.all()) == {alice, carol}
    draw(board, bob, "b")
    assert set(versions.create_named(board, alice, "Two").people.all()) == {bob}


def test_naming_takes_the_automatic_version_of_the_same_moment(board, alice):
    draw(board, alice, "box")
    shift(minutes=5)
    assert versions.record(timezone.now()) == 1
    named = versions.create_named(board, alice, "Now")
    assert Version.objects.get() == named and not named.automatic
    assert versions.create_named(board, alice, "The same moment again") != named


def test_a_board_has_a_limited_number_of_named_versions(board, alice, monkeypatch):
    monkeypatch.setattr(versions, "NAMED_MAX", 2)
    for name in ("One", "Two"):
        versions.create_named(board, alice, name)
    with pytest.raises(TooManyVersions):
        versions.create_named(board, alice, "Three")


def test_H3_a_board_that_rests_gets_one_version(board, alice):
    draw(board, alice, "box")
    shift(seconds=50)
    assert versions.record(timezone.now()) == 0, "it may go on"
    shift(seconds=11)
    assert versions.record(timezone.now()) == 1
    assert versions.record(timezone.now() + timedelta(hours=1)) == 0, "nothing happened since"


def test_H3_a_board_that_does_not_rest_gets_one_every_five_minutes(board, alice):
    made = []
    for minute in range(30):
        draw(board, alice, "box", minute + 1, x=minute)
        if versions.record(timezone.now()):
            made.append(minute)
        shift(minutes=1) if minute % 2 else shift(seconds=59)  # never a whole pause
    assert made == [6, 13, 20, 27], "five minutes after the first change that is in no version"


def test_H3_nine_minutes_of_work_with_short_breaks_leave_something_to_go_back_to(board, alice, monkeypatch):
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)
    for second in range(0, 9 * 60, 20):
        if second % 100 != 80:  # a look at what was drawn, 40 s long
            draw(board, alice, "box", second + 1, x=second)
        if second % 60 == 0:
            versions.record(now)  # as the schedule does
        now += timedelta(seconds=20)
    made = Version.objects.get()
    assert made.automatic and set(made.people.all()) == {alice}
    assert made.created_at - Board.objects.get().created_at < timedelta(minutes=7)
    now += timedelta(minutes=1)
    versions.record(now)
    assert Version.objects.count() == 2, "and the end of the work, once it pauses"


def test_H3_a_board_in_the_trash_gets_none(board, alice):
    draw(board, alice, "box")
    Board.objects.update(deleted_at=timezone.now())
    assert versions.record(timezone.now() + timedelta(hours=1)) == 0


def test_H4_automatic_versions_become_fewer_with_age():
    now = datetime(2026, 5, 20, 12, 30, tzinfo=UTC)
    ages = [timedelta(minutes=10 * n) for n in range(6 * 24 * 12)][::-1]  # twelve days, every ten minutes
    times = [now - age for age in ages]
    dropped = set(versions.surplus(times, now))
    kept = [time for number, time in enumerate(times) if number not in dropped]
    young = [time for time in kept if now - time <= timedelta(days=1)]
    middle = [time for time in kept if timedelta(days=1) < now - time <= timedelta(days=7)]
    old = [time for time in kept if now - time > timedelta(days=7)]
    assert len(young) == 145
    assert len(middle) == len({(t.date(), t.hour) for t in middle}) and len(middle) in {6 * 24, 6 * 24 + 1}
    assert len(old) == len({t.date() for t in old}) and len(old) in {5, 6}
    assert not set(versions.surplus(kept, now)), "and nothing more goes at the next look"


def test_H4_thinning_spares_names_and_keeps_the_people(board, alice, bob, carol):
    for number, user in enumerate((alice, bob, carol)):
        draw(board, user, f"e{number}")
        Board.objects.update(changed_at=timezone.now() - timedelta(hours=1))
        versions.record(timezone.now())
        if user == alice:
            versions.rename(Version.objects.get(), "Named")
    day = timezone.now().replace(minute=0) - timedelta(days=3)
    for number, version in enumerate(Version.objects.order_by("clock")):
        Version.objects.filter(pk=version.pk).update(created_at=day + timedelta(minutes=number))
    assert versions.thin_out(timezone.now()) == 1
    named, last = Version.objects.order_by("clock")
    assert named.name == "Named" and set(named.people.all()) == {alice}
    assert set(last.people.all()) == {bob, carol}


def test_H5_what_no_version_shows_is_swept_after_a_week(board, alice, bob):
    draw(board, alice, "box", 1, x=1)
    draw(board, bob, "box", 2, x=2)
    version = versions.create_named(board, alice, "Second")
    draw(board, alice, "box", 3, x=3)
    assert revisions.sweep(timezone.now()) == 0
    shift(days=8)
    assert revisions.sweep(timezone.now()) == 1
    assert shown(board, version) == {"box": 2}
    versions.delete(version)
    assert revisions.sweep(timezone.now()) == 1 and not PastElement.objects.exists()


# --- going back ---------------------------------------------------------------------------------------------


def test_H6_going_back_is_one_change_with_newer_versions(board, alice, bob):
    draw(board, alice, "changed", 4, x=1)
    draw(board, alice, "deleted", x=2)
    draw(board, alice, "same", x=3)
    version = versions.create_named(board, alice, "First")
    draw(board, bob, "changed", 9, x=10)
    draw(board, bob, "deleted", 2, isDeleted=True)
    draw(board, bob, "new", x=5)
    clock = Board.objects.get(pk=board.pk).clock
    same = Element.objects.get(element_id="same")

    restored = versions.restore(board, version, alice)

    assert scene(board) == {"changed": 1, "deleted": 2, "same": 3}
    assert restored.clock == clock + 1 and len(restored.elements) == 3
    rows = {row.element_id: row for row in Element.objects.filter(board=board)}
    assert {name: row.version for name, row in rows.items()} == {
        "changed": 10,
        "deleted": 3,
        "same": same.version,
        "new": 2,
    }
    assert rows["same"].clock == same.clock, "what was right already is not touched"
    assert rows["new"].is_deleted
    assert {rows[name].author_id for name in ("changed", "deleted", "new")} == {alice.pk}
    for row in rows.values():
        body = json.loads(row.body)
        assert (body["version"], body["versionNonce"], body["isDeleted"], body["index"]) == (
            row.version,
            row.version_nonce,
            row.is_deleted,
            row.index,
        )


def test_H6_going_back_can_be_undone_and_that_too(board, alice, bob):
    draw(board, alice, "box", x=1)
    version = versions.create_named(board, alice, "First")
    draw(board, bob, "box", 2, x=2)
    draw(board, bob, "new", x=5)
    there = versions.restore(board, version, alice)
    assert there.before.before_restore_of == version and there.before.automatic
    back = versions.restore(board, there.before, alice)
    assert scene(board) == {"box": 2, "new": 5}
    versions.restore(board, back.before, alice)
    assert scene(board) == {"box": 1}


def test_H6_going_back_to_what_stands_changes_nothing(board, alice):
    look = {"index": "a1", "seed": 1}
    draw(board, alice, "box", x=1, **look)
    version = versions.create_named(board, alice, "First")
    clock = Board.objects.get(pk=board.pk).clock
    assert versions.restore(board, version, alice) == (clock, [], None)
    draw(board, alice, "box", 2, x=2, **look)
    draw(board, alice, "box", 3, x=1, **look)
    assert versions.restore(board, version, alice).elements == [], "it looks the same again"


def test_H6_a_request_that_is_repeated_goes_back_once(board, alice):
    draw(board, alice, "box", x=1)
    version = versions.create_named(board, alice, "First")
    draw(board, alice, "box", 2, x=2)
    first = versions.restore(board, version, alice, "key")
    draw(board, alice, "box", 4, x=4)
    again = versions.restore(board, version, alice, "key")
    assert again.before == first.before and scene(board) == {"box": 4}


def test_H6_the_order_of_drawing_comes_back_too(board, alice):
    draw(board, alice, "below", 1, index="a1")
    draw(board, alice, "above", 1, index="a2")
    version = versions.create_named(board, alice, "First")
    draw(board, alice, "below", 2, index="a3")
    draw(board, alice, "in its place", 1, index="a1")
    versions.restore(board, version, alice)
    order = Element.objects.filter(is_deleted=False).order_by("index")
    assert [(row.element_id, row.index) for row in order] == [("below", "a1"), ("above", "a2")]


def test_H6_what_was_deleted_so_long_ago_that_its_tombstone_is_gone_comes_back(board, alice):
    draw(board, alice, "box", 1, x=1)
    version = versions.create_named(board, alice, "First")
    draw(board, alice, "box", 40, isDeleted=True)
    shift(days=8)
    assert tombstones.prune_all() == 1
    versions.restore(board, version, alice)
    assert scene(board) == {"box": 1}
    assert Element.objects.get(element_id="box").version > 40, "a client may still hold the tombstone"


def test_H6_what_a_page_does_not_bear_comes_back_mended(board, alice):
    draw(board, alice, "frame", 1, type="frame")
    bad = json.loads(Element.objects.get().body) | {"customData": {"atelier": {"prompt": 5}, "mine": 1}}
    Element.objects.update(body=json.dumps(bad))  # of a release that let it in
    version = versions.create_named(board, alice, "Before")
    draw(board, alice, "frame", 2, type="frame", x=2)
    versions.restore(board, version, alice)
    assert json.loads(Element.objects.get().body)["customData"] == {"atelier": {}, "mine": 1}


def test_H6_what_would_not_be_let_in_today_comes_back_made_whole(board, alice):
    """Bodies that were stored under older rules are still in old versions."""
    old = {"strokeWidth": -1, "angle": None, "frameId": "frame", "customData": {"note": "n" * 9_000}}
    odd = element("odd")
    odd = structs.replace(odd, body=json.dumps(json.loads(odd.body) | old).encode())
    store.apply(board.pk, [element("frame", type="frame"), odd])
    version = versions.create_named(board, alice, "Long ago")
    draw(board, alice, "odd", 2, x=9)
    versions.restore(board, version, alice)
    now = json.loads(Element.objects.get(board=board, element_id="odd").body)
    assert (now["version"], now["strokeWidth"], now["angle"], now["frameId"]) == (3, 2, 0, "frame")
    assert now["x"] == json.loads(odd.body)["x"] and not now["customData"]


def test_H6_a_full_board_can_be_exchanged_for_another_full_one(board, alice, monkeypatch):
    monkeypatch.setattr(store, "LIVE_ELEMENTS_MAX", 3)
    for number in range(3):
        draw(board, alice, f"old {number}")
    version = versions.create_named(board, alice, "Full")
    for number in range(3):
        draw(board, alice, f"old {number}", 2, isDeleted=True)
    shift(days=8)
    assert tombstones.prune_all() == 3
    for number in range(3):
        draw(board, alice, f"new {number}")
    versions.restore(board, version, alice)
    assert set(scene(board)) == {"old 0", "old 1", "old 2"}


def test_a_frozen_board_does_not_go_back(board, alice):
    draw(board, alice, "box", x=1)
    version = versions.create_named(board, alice, "First")
    draw(board, alice, "box", 2, x=2)
    Board.objects.update(frozen=True)
    with pytest.raises(BoardFrozen):
        versions.restore(board, version, alice)
    assert scene(board) == {"box": 2} and Version.objects.count() == 1


@pytest.mark.parametrize(("pushed", "wins"), [(2, False), (3, None), (4, True)])
def test_H7_a_push_that_meets_a_restore_is_decided_by_the_merge_rule(board, alice, bob, pushed, wins):
    """The restored element is version 3: an older push loses, a newer one wins, of equals the lower nonce stays."""
    draw(board, alice, "box", 1, x=1)
    version = versions.create_named(board, alice, "First")
    draw(board, bob, "box", 2, x=2)
    versions.restore(board, version, alice)
    nonce = Element.objects.get().version_nonce
    draw(board, bob, "box", pushed, x=7, versionNonce=nonce - 1 if wins is None else 5)
    assert scene(board) == {"box": 1 if wins is False else 7}
    draw(board, bob, "made meanwhile", x=8)
    assert "made meanwhile" in scene(board), "what arrives after a restore is a change after it"


def test_people_who_deleted_their_account_do_not_stop_a_version(board, alice):
    gone = person("gone")
    draw(board, gone, "box", x=1)
    gone.delete()
    assert not versions.create_named(board, alice, "Without them").people.exists()


def test_what_a_guest_drew_follows_them_into_their_account(board, alice, bob, carol):
    guest = person("guest", is_guest=True)
    board.memberships.create(user=guest, role="edit")
    draw(board, guest, "box", 1, x=1)
    versions.create_named(board, guest, "A guest's")
    draw(board, carol, "box", 2, x=2)
    draw(board, guest, "new", x=3)
    guest_claimed.send(sender=type(guest), guest=guest, user=bob)
    version = Version.objects.get()
    assert version.created_by == bob and bob in version.people.all()
    assert PastElement.objects.get().author_id == bob.pk
    assert versions.undo_person(board, bob, timezone.now() - timedelta(hours=1), alice).removed == 1
