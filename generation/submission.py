"""The door for other apps: ask for pictures, take it back, ask again."""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction

from accounts.models import User
from generation import catalogue, framing, lifecycle, quota, storage, turns
from generation.errors import (
    FieldError,
    IdempotencyConflict,
    IdempotencyKeyInvalid,
    JobNotFinished,
    MaskRequired,
    NotADraft,
    ParamsInvalid,
    SnapshotRequired,
)
from generation.models import Job
from generation.params import Params, as_json, complete, parse

IDEMPOTENCY_KEY_MAX = 255


class Seen(NamedTuple):
    """What a model sees of a board, as image files. mask: white where it shall repaint, for kinds that need one."""

    picture: bytes
    mask: bytes | None = None


def submit(
    *,
    user: User,
    audience: str,
    raw_params: Mapping[str, Any],
    snapshot: bytes | None = None,
    mask: bytes | None = None,
    draw: Callable[[str], Seen] | None = None,
    idempotency_key: str | None = None,
    retry_of: Job | None = None,
    belongs_to: Mapping[str, Any] | None = None,
    placed: Callable[[Job], object] | None = None,
) -> Job:
    """Check a request and queue it; the row is there before anything is told to anybody.

    audience: the channel group that will hear of it. snapshot: what is on the board, as an image file.
    mask: of the same shape, white where a kind that redraws only a part shall do so.
    draw: makes for a kind what of these it needs and did not come; it may take seconds and raise errors of its own.
    placed: called with a new job in the transaction that makes it, for what must be there from its beginning.
    belongs_to: what else makes a request the same one (a region, a frame), only compared, never kept.
    The same idempotency key and request give the job that is there already.
    Raises ParamsInvalid, CheckpointUnknown, SnapshotRequired, MaskRequired, MaskEmpty, SnapshotInvalid, TooManyJobs,
    TooManyPictures, IdempotencyConflict, IdempotencyKeyInvalid, StorageUnavailable.
    """
    key = _checked_key(idempotency_key)
    request_hash = _hash(raw_params, snapshot, audience, retry_of, belongs_to, mask)
    if key and (known := _known(user, key, request_hash)):
        return known
    params = _params(raw_params)
    if mask is not None and not params.needs_mask:
        raise ParamsInvalid([FieldError("mask", f"has no effect on {params.kind}; leave it out")])
    if params.needs_board and (snapshot is None or (params.needs_mask and mask is None)):
        if draw is None:
            raise SnapshotRequired(params.kind) if snapshot is None else MaskRequired(params.kind)
        # Once more below, under the lock: here it keeps those from drawing who may not ask.
        quota.check(user, params.count)
        seen = draw(params.kind)
        snapshot, mask = snapshot or seen.picture, mask or seen.mask
    key_of_board, key_of_mask, size = "", "", None
    if params.needs_board and snapshot is not None:
        stored, size = storage.store_snapshot(snapshot)
        key_of_board = stored.key
        if params.needs_mask and mask is not None:
            key_of_mask = storage.store_mask(mask, (stored.width_px, stored.height_px)).key
    params = complete(params, framing.default_size(size, catalogue.get(params.checkpoint).sizes))
    with transaction.atomic():
        _hold_person(user)
        if key and (known := _known(user, key, request_hash)):
            return known
        quota.check(user, params.count)
        job = _create(user, audience, params, (key_of_board, key_of_mask), key, request_hash, retry_of)
        if placed is not None:
            placed(job)
        return job


def needs_board(raw_params: Mapping[str, Any]) -> bool:
    """Does what is asked for redraw a board? Raises ParamsInvalid, CheckpointUnknown."""
    return _params(raw_params).needs_board


def cancel(job: Job) -> Job:
    """Take a job back. A finished one stays what it is."""
    return lifecycle.cancel(job.id)


def run_next(job: Job) -> bool:
    """Let a waiting job run before the others of its board. False if it does not wait. Rule J18."""
    return turns.move_up(job.id)


def retry(job: Job, user: User, idempotency_key: str | None = None) -> Job:
    """A new job with the same params, seed and snapshot.

    Raises JobNotFinished, TooManyJobs, TooManyPictures, IdempotencyConflict, IdempotencyKeyInvalid.
    """
    key = _checked_key(idempotency_key)
    request_hash = _hash({}, None, job.audience, job, None)
    with transaction.atomic():
        _hold_person(user)
        if key and (known := _known(user, key, request_hash)):
            return known
        if job.active:
            raise JobNotFinished
        params = _params(job.params)
        quota.check(user, params.count)
        return _create(user, job.audience, params, (job.snapshot, job.mask), key, request_hash, job)


def finish(job: Job, user: User, image_id: UUID, idempotency_key: str | None = None) -> Job:
    """A new job for one picture of a draft: the same seed, snapshot and all else, with all the steps.

    Raises NotADraft, ParamsInvalid, TooManyJobs, TooManyPictures, IdempotencyConflict, IdempotencyKeyInvalid.
    """
    key = _checked_key(idempotency_key)
    image = job.images.filter(pk=image_id).first()
    if image is None or not job.params.get("draft"):
        raise NotADraft
    request_hash = _hash({"finish": str(image_id)}, None, job.audience, None, None)
    with transaction.atomic():
        _hold_person(user)
        if key and (known := _known(user, key, request_hash)):
            return known
        params = _params({**job.params, "draft": False, "steps": None, "seed": image.seed, "count": 1})
        quota.check(user, params.count)
        return _create(user, job.audience, params, (job.snapshot, job.mask), key, request_hash, None)


def _params(raw: Mapping[str, Any]) -> Params:
    """Raises ParamsInvalid, CheckpointUnknown."""
    if not isinstance(raw, Mapping):
        raise ParamsInvalid([FieldError("params", "is not an object")])
    return parse(raw, catalogue.get(raw.get("checkpoint")))


def _create(
    user: User,
    audience: str,
    params: Params,
    seen: tuple[str, str],
    key: str,
    request_hash: str,
    retry_of: Job | None,
) -> Job:
    """seen: storage keys of the snapshot and of the mask, empty where there is none."""
    return lifecycle.create(
        created_by=user,
        audience=audience,
        kind=params.kind,
        checkpoint=params.checkpoint,
        params=as_json(params),
        snapshot=seen[0],
        mask=seen[1],
        steps=params.steps or 0,
        idempotency_key=key,
        request_hash=request_hash,
        retry_of=retry_of,
    )


def _hold_person(user: User) -> None:
    """One submission of a person at a time: quota and key are checked against what is really there."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)


def _known(user: User, key: str, request_hash: str) -> Job | None:
    """The job that this key made before. Raises IdempotencyConflict if it was another request."""
    job = Job.objects.filter(created_by=user, idempotency_key=key).first()
    if job and job.request_hash != request_hash:
        raise IdempotencyConflict(key)
    return job


def _checked_key(key: str | None) -> str:
    if not key:
        return ""
    if len(key) > IDEMPOTENCY_KEY_MAX or not key.isprintable():
        raise IdempotencyKeyInvalid(
            f"An Idempotency-Key has 1 to {IDEMPOTENCY_KEY_MAX} printable characters."
        )
    return key


def _hash(
    raw_params: Mapping[str, Any],
    snapshot: bytes | None,
    audience: str,
    retry_of: Job | None,
    belongs_to: Mapping[str, Any] | None,
    mask: bytes | None = None,
) -> str:
    request = [raw_params, audience, str(retry_of.pk) if retry_of else None, belongs_to]
    # Escapes keep lone surrogates hashable; what is wrong with the params is said later.
    text = json.dumps(request, sort_keys=True, default=str)
    digest = hashlib.sha256(text.encode())
    for image in (snapshot, mask):
        digest.update(hashlib.sha256(image).digest() if image is not None else b"")
    return digest.hexdigest()
