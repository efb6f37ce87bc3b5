"""How a board stands right now, read in one go for a room: scene, files, jobs, roles."""

import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple

from django.conf import settings

from accounts import api_keys
from accounts.models import User
from boards import access, files, jobs, protocol, pruning, store
from boards.errors import BoardGone
from boards.models import Board, Role, ShareLink

CHECK_INTERVAL_SECONDS = 60.0
"""How often a room asks again who may be there, in case the message about a change was lost."""

LIMITS = {
    "max_elements_per_push": protocol.PUSH_ELEMENTS_MAX,
    "max_push_bytes": protocol.PUSH_BYTES_MAX,
    "max_live_elements": store.LIVE_ELEMENTS_MAX,
    "max_file_bytes": settings.FILE_MAX_BYTES,
    "prompt_max": 1_000,
}


class Standing(NamedTuple):
    title: str
    frozen: bool
    snapshot: store.Snapshot
    files: dict[str, dict[str, Any]]
    jobs: list[dict[str, Any]]
    pruned: pruning.Pruned | None
    """Only with the whole scene."""


def read(board_id: uuid.UUID, since: int | None = None) -> Standing:
    """since: read only elements newer than this clock. Raises BoardGone."""
    board = Board.objects.filter(pk=board_id, deleted_at=None).first()
    if board is None:
        raise BoardGone("There is no such board.")
    snapshot = store.snapshot(board_id) if since is None else store.changes_since(board_id, since)
    pruned = pruning.read(board_id) if since is None else None
    return Standing(
        board.title, board.frozen, snapshot, files.describe_all(board), jobs.shown_on(board), pruned
    )


def read_anew(board_id: uuid.UUID) -> Standing:
    """The same, after something was told that is not stored: nobody may go on from what was seen before."""
    pruning.start_over(board_id)
    return read(board_id)


def roles(
    board_id: uuid.UUID, keys: Mapping[str, access.Key], api_keys_of: Mapping[str, str]
) -> dict[str, Role | None]:
    """The role that each key opens now, under the name it was given here. Raises BoardGone.

    api_keys_of: for whom an API key stands; one that was revoked opens no more than no key.
    """
    board = Board.objects.filter(pk=board_id, deleted_at=None).first()
    if board is None:
        raise BoardGone("There is no such board.")
    valid = api_keys.users_of(api_keys_of.values())
    revoked = {name for name, token in api_keys_of.items() if token not in valid}
    now = access.roles_of([None if name in revoked else _again(key) for name, key in keys.items()], board)
    return dict(zip(keys, now, strict=True))


def _again(key: access.Key) -> access.Key:
    """The key as it is in the database now."""
    if isinstance(key, User):
        return User.objects.filter(pk=key.pk, is_active=True).first()
    if isinstance(key, ShareLink):
        return ShareLink.objects.filter(pk=key.pk).first()
    return key
