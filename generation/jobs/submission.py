"""The door for other apps: ask for pictures, take it back, ask again."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction

from accounts.errors import FieldError
from accounts.models import User
from generation.checkpoints import catalogue
from generation.checkpoints.kinds import Params, Sees
from generation.checkpoints.params import as_json, complete, parse
from generation.errors import (
    IdempotencyConflict,
    IdempotencyKeyInvalid,
    JobNotFinished,
    MaskRequired,
    NotADraft,
    ParamsInvalid,
    SnapshotRequired,
)
from generation.images import framing, storage
from generation.jobs import lifecycle, quota, turns
from generation.models import Job

IDEMPOTENCY_KEY_MAX = 255


class Seen(NamedTuple):
    """What a model sees, as image files. mask: of the same shape, white where it shall repaint."""

    picture: bytes | None = None
    mask: bytes | None = None


NOTHING_SEEN = Seen()


class Kept(NamedTuple):
    """The same in the storage, by key; empty where there is none. size: of the picture, (width, height) in px."""

    picture: str = ""
    mask: str = ""
    size: tuple[int, int] | None = None


@dataclass(frozen=True)
class Plan:
    """A request that was checked, before anything is drawn, stored or queued for it.

    sees: what it needs to be drawn from. job: made for the same request before; then nothing is needed any more.
    """

    user: User
    audience: str
    params: Params | None
    sees: Sees
    key: str
    request_hash: str
    job: Job | None = None

    def lacks(self, seen: Seen) -> bool:
        """Whether something that the kind looks at is still to be drawn."""
        picture = self.sees is not Sees.NOTHING and seen.picture is None
        return picture or (self.sees is Sees.PICTURES_AND_MASK and seen.mask is None)


def plan(
    user: User,
    raw_params: Mapping[str, Any],
    *,
    audience: str = "",
    seen: Seen = NOTHING_SEEN,
    idempotency_key: str | None = None,
    belongs_to: Mapping[str, Any] | None = None,
) -> Plan:
    """Check a request. The quota is looked at here so that nothing is drawn or stored for one that will be refused;
    `submit` looks again, under the lock.

    audience: the channel group that will hear of it. seen: what came with the request.
    belongs_to: what else makes a request the same one (a region, a frame), only compared, never kept.
    Raises ParamsInvalid, CheckpointUnknown, TooManyJobs, TooManyPictures, IdempotencyConflict, IdempotencyKeyInvalid.
    """
    key = _checked_key(idempotency_key)
    request_hash = _hash(raw_params, seen.picture, audience, None, belongs_to, seen.mask)
    if key and (known := _known(user, key, request_hash)):
        return Plan(user, audience, None, Sees.NOTHING, key, request_hash, known)
    params = _params(raw_params)
    if seen.mask is not None and not params.needs_mask:
        raise ParamsInvalid([FieldError("mask", f"has no effect on {params.kind}; leave it out")])
    quota.check(user, params.count)
    return Plan(user, audience, params, params.sees, key, request_hash)


def keep(plan: Plan, seen: Seen) -> Kept:
    """Store what the model will see; outside of any transaction, as it may take seconds.

    Raises SnapshotRequired, MaskRequired, MaskEmpty, SnapshotInvalid, StorageUnavailable.
    """
    if plan.params is None or plan.sees is Sees.NOTHING:
        return Kept()
    if seen.picture is None:
        raise SnapshotRequired(plan.params.kind)
    if plan.lacks(seen):
        raise MaskRequired(plan.params.kind)
    stored, size = storage.store_snapshot(seen.picture)
    if plan.sees is not Sees.PICTURES_AND_MASK or seen.mask is None:
        return Kept(stored.key, "", size)
    return Kept(stored.key, storage.store_mask(seen.mask, (stored.width_px, stored.height_px)).key, size)


@transaction.atomic
def submit(plan: Plan, kept: Kept) -> Job:
    """Queue what was planned; the row is there before anything is told to anybody.

    Joins the caller's transaction, for what must be there from the job's beginning. The same idempotency key and
    request give the job that is there already. Raises TooManyJobs, TooManyPictures, IdempotencyConflict.
    """
    if plan.job is not None:
        return plan.job
    assert plan.params is not None, "only a job that is there has none"
    params = complete(
        plan.params, framing.default_size(kept.size, catalogue.get(plan.params.checkpoint).sizes)
    )
    _hold_person(plan.user)
    if plan.key and (known := _known(plan.user, plan.key, plan.request_hash)):
        return known
    quota.check(plan.user, params.count)
    keys = kept.picture, kept.mask
    return _create(plan.user, plan.audience, params, keys, plan.key, plan.request_hash, None)


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
