"""Versions of a board: made, restored, thinned out; and undoing one person's changes.

A version is a value of the board's clock; the elements that it shows are kept by boards.elements.revisions. A restore
is a change like any other: it is merged by the same rule and sent to every page, and can be undone in turn. The
numbered rules are in docs/history.md.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from typing import NamedTuple

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from boards import announce, background
from boards.elements import revisions, store, tombstones
from boards.elements.element import ROW, Element, parse
from boards.errors import BoardFrozen, BoardGone, ElementRefused, TooLongAgo, TooManyVersions
from boards.exchange import importing
from boards.exchange.import_notes import Notes
from boards.models import Board, Version
from boards.models import Element as ElementRow

SETTLED = timedelta(minutes=1)
"""Time without a change after which a version is made: work pauses."""
ACTIVE_MAX = timedelta(minutes=5)
"""How often a version is made of a board that changes all the time. `record` runs once a minute, so ten minutes of work
have one at least, whenever they begin. With ten minutes here, nine of them left nothing to go back to."""
ALL_KEPT = timedelta(days=1)
HOURLY_KEPT = timedelta(days=7)
"""Automatic versions: all of the last day are kept, then one an hour, after a week one a day."""
NAMED_MAX = 500


class Restored(NamedTuple):
    """The board's clock afterwards, the ids of the elements that changed, and the version made before.

    before: None if nothing changed.
    """

    clock: int
    elements: list[str]
    before: Version | None


class Undone(NamedTuple):
    """How many elements went back to a revision, became tombstones, or were kept since another author changed them."""

    clock: int
    reverted: int
    removed: int
    kept: int
    before: Version | None


def create_named(board: Board, user: User, name: str, idempotency_key: str = "") -> Version:
    """A named version of the board as it is. Raises BoardGone, TooManyVersions.

    A request that repeats its idempotency key gets the version that the first one made.
    """
    with transaction.atomic():
        board = _locked(board.pk)
        if known := _made_by_request(board, user, idempotency_key):
            return known
        if board.versions.filter(automatic=False).count() >= NAMED_MAX:
            raise TooManyVersions(f"A board has at most {NAMED_MAX} named versions. Delete one first.")
        version = _unnamed_now(board) or _make(board)
        version.name, version.automatic, version.created_by = name, False, user
        version.idempotency_key = idempotency_key
        version.save(update_fields=["name", "automatic", "created_by", "idempotency_key"])
        return version


def rename(version: Version, name: str) -> None:
    """Name the version, which keeps it until it is deleted."""
    version.name, version.automatic = name, False
    version.save(update_fields=["name", "automatic"])


def delete(version: Version) -> None:
    """Delete a version. Its people are added to the next one; its revisions are swept later."""
    following = version.board.versions.filter(created_at__gt=version.created_at).order_by("created_at")
    if successor := following.first():
        successor.people.add(*version.people.all())
    version.delete()
    if version.thumbnail_key:
        transaction.on_commit(lambda: default_storage.delete(version.thumbnail_key))


def state_at(board: Board, clock: int) -> list[Element]:
    """The live elements as they were at the clock of a version, in drawing order."""
    unchanged = ElementRow.objects.filter(board=board, clock__lte=clock, is_deleted=False)
    elements = [Element.from_row(*row) for row in unchanged.values_list(*ROW)]
    elements += [e for e in revisions.replaced_since(board.pk, clock).values() if not e.is_deleted]
    return sorted(elements, key=lambda element: (element.index or "", element.id))


def restore(board: Board, version: Version, by: User, idempotency_key: str = "") -> Restored:
    """Make the board look as it did at the version, as one change by `by`. Raises BoardGone, BoardFrozen.

    Elements made since become tombstones, changed and deleted ones come back, each as a newer version (rule H6).
    A version of the state before is made first, so that the restore can be undone.
    """
    with transaction.atomic():
        board = _locked(board.pk)
        if board.frozen:
            raise BoardFrozen("A moderator froze this board.")
        if known := _made_by_request(board, by, idempotency_key):
            return Restored(board.clock, [], known)
        then = revisions.replaced_since(board.pk, version.clock)
        changes = _changes_to(board, then, store.changes_since(board.pk, version.clock))
        if not changes and board.background == version.background:
            return Restored(board.clock, [], None)
        before = _make(board, by, before_restore_of=version, idempotency_key=idempotency_key)
        return _restored(board, changes, version.background, by, before)


def restore_scene(board: Board, scene: Sequence[Element], ground: str) -> Restored:
    """Make the board look like a scene, as one change by nobody; a version of the state before is made first.

    ground: the background colour. Raises BoardGone, BoardFrozen.
    """
    with transaction.atomic():
        board = _locked(board.pk)
        changes = _changes_to(board, {element.id: element for element in scene}, store.snapshot(board.pk))
        if not changes and board.background == ground:
            return Restored(board.clock, [], None)
        return _restored(board, changes, ground, None, _make(board))


def _restored(
    board: Board, changes: Sequence[Element], ground: str, by: User | None, before: Version
) -> Restored:
    background.write(board, ground)
    change = store.apply(board.pk, changes, {element.id: _id(by) for element in changes})
    transaction.on_commit(lambda: announce.clock_moved(board.pk, change.clock))
    return Restored(change.clock, [element.id for element in change.elements], before)


def _changes_to(board: Board, then: Mapping[str, Element], since: store.Snapshot) -> list[Element]:
    """The element versions that make the board look as it did; live ones first, so that they keep their index.

    then: what elements looked like. since: the elements that may look different now.
    """
    now = {element.id: element for _, element in since.elements}
    changes = [_replacement(now[i], then.get(i)) for i in now]
    pruned = {i: element for i, element in then.items() if i not in now and not element.is_deleted}
    ranks = tombstones.ranks(board.pk, pruned) if pruned else {}
    changes += [
        e.replacing(max(e.version, ranks.get(i, e.rank)[0]), is_deleted=False) for i, e in pruned.items()
    ]
    return _accepted(board, filter(None, changes))


def _accepted(board: Board, changes: Iterable[Element]) -> list[Element]:
    """Old revisions as today's checks accept them, repaired where they must be; live ones first.

    A tombstone is not checked. Those with more hatching than the board's pages can draw are filled solidly.
    """
    found: list[Element] = []
    refused: list[bytes] = []
    for element in changes:
        try:
            found.append(element if element.is_deleted else parse(element.body))
        except ElementRefused:
            refused.append(element.body)
    if refused:
        known = frozenset(board.elements.values_list("element_id", flat=True))
        found += importing.check_elements(refused, known).elements
    return sorted(importing.limit_hatching(board, found, Notes()), key=lambda element: element.is_deleted)


def _replacement(now: Element, then: Element | None) -> Element | None:
    """The version that makes `now` look like `then` (None: it did not exist); None if it does already."""
    if then is None or then.is_deleted:
        return None if now.is_deleted else now.replacing(now.version, is_deleted=True)
    return None if now.looks_like(then) else then.replacing(now.version, is_deleted=False)


def undo_person(
    board: Board, user: User, since: datetime, by: User | None, *, even_if_frozen: bool = False
) -> Undone:
    """Undo one person's changes since a time, exact to revisions.KEPT_EVERY, as one change (rules H8, H9).

    Elements that this person changed last go back to the newest revision that is by another author or older than
    `since`; those without one become tombstones; those that another author changed later stay. A revision that comes
    back counts as its own author's change, so that a later undo of that author finds it.
    Raises BoardGone, BoardFrozen, TooLongAgo.
    """
    if since < timezone.now() - revisions.UNDO_WINDOW:
        raise TooLongAgo(f"What somebody did can be undone for {revisions.UNDO_WINDOW.days} days.")
    with transaction.atomic():
        board = _locked(board.pk)
        theirs = _last_changed_by(board, user, since)
        earlier = revisions.before_person(board.pk, list(theirs), user.pk, since)
        undone = {i: _replacement(e, earlier[i].element if i in earlier else None) for i, e in theirs.items()}
        changes = _accepted(board, filter(None, undone.values()))
        kept = revisions.replaced_by_others(board.pk, user.pk, since)
        if not changes:
            return Undone(board.clock, 0, 0, kept, None)
        authors = {e.id: earlier[e.id].author_id if e.id in earlier else _id(by) for e in changes}
        before = _make(board, by)
        change = store.apply(board.pk, changes, authors, even_if_frozen=even_if_frozen)
        transaction.on_commit(lambda: announce.clock_moved(board.pk, change.clock))
        removed = sum(element.is_deleted for element in changes)
        return Undone(change.clock, len(changes) - removed, removed, kept, before)


def _last_changed_by(board: Board, user: User, since: datetime) -> dict[str, Element]:
    rows = ElementRow.objects.filter(board=board, author_id=user.pk, changed_at__gte=since)
    return {row[0]: Element.from_row(*row) for row in rows.values_list(*ROW)}


def _id(user: User | None) -> uuid.UUID | None:
    return user.pk if user else None


def _locked(board_id: uuid.UUID) -> Board:
    board = Board.objects.select_for_update(no_key=True).filter(pk=board_id, deleted_at=None).first()
    if board is None:
        raise BoardGone("There is no such board.")
    return board


def _made_by_request(board: Board, user: User, idempotency_key: str) -> Version | None:
    """The version that a request with the same key made, if there is one."""
    made = board.versions.filter(created_by=user, idempotency_key=idempotency_key)
    return made.first() if idempotency_key else None


def _unnamed_now(board: Board) -> Version | None:
    """The automatic version of the board as it is, if there is one."""
    return board.versions.filter(automatic=True, clock=board.clock, before_restore_of=None).first()


def _make(
    board: Board,
    created_by: User | None = None,
    *,
    before_restore_of: Version | None = None,
    idempotency_key: str = "",
) -> Version:
    """An automatic version of the board as it is. The board's row must be locked."""
    version = Version.objects.create(
        board=board,
        clock=board.clock,
        background=board.background,
        created_by=created_by,
        before_restore_of=before_restore_of,
        idempotency_key=idempotency_key,
    )
    version.people.set(User.objects.filter(pk__in=revisions.authors_since(board.pk, board.version_clock)))
    board.version_clock, board.unversioned_since = board.clock, None
    board.save(update_fields=["version_clock", "unversioned_since"])
    return version


# --- periodic tasks -----------------------------------------------------------------------------------------


def record(now: datetime) -> int:
    """Make a version of each board without a change for SETTLED, or without a version for ACTIVE_MAX. Returns how many."""
    due = Q(changed_at__lte=now - SETTLED) | Q(unversioned_since__lte=now - ACTIVE_MAX)
    boards = Board.objects.filter(due, deleted_at=None, unversioned_since__isnull=False)
    made = 0
    for board_id in boards.values_list("pk", flat=True):
        with transaction.atomic():
            board = boards.select_for_update(skip_locked=True, no_key=True).filter(pk=board_id).first()
            if board is not None:
                _make(board)
                made += 1
    return made


def thin_out(now: datetime) -> int:
    """Delete the automatic versions that `surplus` names. Returns how many."""
    rows = Version.objects.filter(automatic=True, created_at__lt=now - ALL_KEPT).order_by(
        "board", "created_at"
    )
    deleted = 0
    for _, group in groupby(rows.select_related("board").iterator(), key=lambda version: version.board_id):
        versions = list(group)
        for number in surplus([version.created_at for version in versions], now):
            with transaction.atomic():
                # It may have got a name since it was read.
                unnamed = Version.objects.select_for_update().filter(pk=versions[number].pk, automatic=True)
                for version in unnamed:
                    delete(version)
                    deleted += 1
    return deleted


def surplus(times: Sequence[datetime], now: datetime) -> Iterable[int]:
    """The positions of the versions to delete, of those made at these times, oldest first. The newest of each hour or day
    is kept."""
    periods = [_period(time, now) for time in times]
    return [number for number, (period, following) in enumerate(pairwise(periods)) if period == following]


def _period(time: datetime, now: datetime) -> datetime:
    if now - time <= ALL_KEPT:
        return time
    if now - time <= HOURLY_KEPT:
        return time.replace(minute=0, second=0, microsecond=0)
    return time.replace(hour=0, minute=0, second=0, microsecond=0)
