"""The door for other apps: ask for pictures, cancel, run next, retry, finish a draft.

    request → plan (checked) → the caller makes the images that `plan.sees` names → store_inputs → submit

Only `submit` opens a transaction: drawing, decoding and storing may take seconds.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
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


class InputImages(NamedTuple):
    """What the model is given to see, as image files. mask: as large as the snapshot, white where to repaint.

    whole: the snapshot is a picture in its own right, not a drawing of a region: the result has its size and all of its
    pixels outside of the mask.
    """

    snapshot: bytes | None = None
    mask: bytes | None = None
    whole: bool = False


class StoredInputs(NamedTuple):
    """The same in the storage, by key; empty where there is none.

    size: of the snapshot, (width, height) in px; None: there is none, or the result keeps its size.
    """

    snapshot: str = ""
    mask: str = ""
    size: tuple[int, int] | None = None


NO_IMAGES = InputImages()


@dataclass(frozen=True)
class Request:
    """What is asked for, as it came.

    audience: the channel group that gets announcements of the job; empty: none. images: those that came along.
    """

    raw_params: Mapping[str, Any]
    audience: str = ""
    images: InputImages = NO_IMAGES
    idempotency_key: str | None = None

    @cached_property
    def params(self) -> Params:
        """Raises ParamsInvalid, CheckpointUnknown."""
        params = _params(self.raw_params)
        if self.images.mask is not None and not params.needs_mask:
            raise ParamsInvalid([FieldError("mask", f"has no effect on {params.kind}; leave it out")])
        return params


class Identity(NamedTuple):
    """Tells a repeated request from another one that has the same key. key: of the client, empty if it sent none."""

    key: str
    request_hash: str


@dataclass(frozen=True)
class Plan:
    """A checked request, before anything is drawn, stored or queued for it.

    job: the one that the same request made before; then nothing else is needed, and params is None.
    """

    user: User
    audience: str
    identity: Identity
    params: Params | None
    job: Job | None = None

    @property
    def sees(self) -> Sees:
        """What has to be drawn for it."""
        return self.params.sees if self.params else Sees.NOTHING

    def lacks(self, images: InputImages) -> bool:
        """True if something that the model is to see is not among these images."""
        snapshot = self.sees is not Sees.NOTHING and images.snapshot is None
        return snapshot or (self.sees is Sees.PICTURES_AND_MASK and images.mask is None)


def plan(user: User, request: Request, belongs_to: Mapping[str, Any] | None = None) -> Plan:
    """Check a request.

    The quota is checked here so that nothing is drawn or stored for a request that will be refused, and again by
    `submit`, under the lock. belongs_to: what else makes two requests the same one (region, frame); only compared.
    Raises ParamsInvalid, CheckpointUnknown, TooManyJobs, TooManyPictures, IdempotencyConflict, IdempotencyKeyInvalid.
    """
    identity = Identity(
        _checked_key(request.idempotency_key),
        _hash(request.raw_params, request.audience, belongs_to=belongs_to, images=request.images),
    )
    if job := _known(user, identity):
        return Plan(user, request.audience, identity, None, job)
    quota.check(user, request.params.count)
    return Plan(user, request.audience, identity, request.params)


def store_inputs(plan: Plan, images: InputImages) -> StoredInputs:
    """Store what the model will see. Call it outside any transaction, as it may take seconds.

    Raises SnapshotRequired, MaskRequired, MaskEmpty, SnapshotInvalid, ParamsInvalid, StorageUnavailable.
    """
    if plan.params is None or plan.sees is Sees.NOTHING:
        return StoredInputs()
    if images.snapshot is None:
        raise SnapshotRequired(plan.params.kind)
    if plan.lacks(images):
        raise MaskRequired(plan.params.kind)
    if images.whole and images.mask is not None:
        return _store_whole(plan.params, images.snapshot, images.mask)
    stored, size = storage.store_snapshot(images.snapshot)
    if plan.sees is not Sees.PICTURES_AND_MASK or images.mask is None:
        return StoredInputs(stored.key, "", size)
    mask = storage.store_mask(images.mask, (stored.width_px, stored.height_px))
    return StoredInputs(stored.key, mask.key, size)


def _store_whole(params: Params, picture: bytes, mask: bytes) -> StoredInputs:
    """Raises MaskEmpty, SnapshotInvalid, ParamsInvalid, StorageUnavailable."""
    asked = [name for name in ("width_px", "height_px") if getattr(params, name) is not None]
    if asked:
        message = "has no effect on a picture that keeps its size; leave it out"
        raise ParamsInvalid([FieldError(name, message) for name in asked])
    stored = storage.store_whole(picture)
    return StoredInputs(stored.key, storage.store_mask(mask, (stored.width_px, stored.height_px)).key)


@transaction.atomic
def submit(plan: Plan, inputs: StoredInputs) -> Job:
    """Queue what was planned; it is announced after the commit.

    Joins the caller's transaction, for rows that must exist from the job's beginning. The same idempotency key and
    request return the existing job. Raises TooManyJobs, TooManyPictures, IdempotencyConflict.
    """
    if plan.job is not None:
        return plan.job
    assert plan.params is not None, "a plan without a job has params"
    sizes = catalogue.get(plan.params.checkpoint).sizes
    keeps_size = bool(inputs.mask) and inputs.size is None
    params = complete(plan.params, None if keeps_size else framing.default_size(inputs.size, sizes))
    return _lock_and_find(plan.user, plan.identity) or _create(
        plan.user, plan.audience, plan.identity, params, inputs
    )


def cancel(job: Job) -> Job:
    """Cancel a job. A finished one stays as it is."""
    return lifecycle.cancel(job.id)


def run_next(job: Job) -> bool:
    """Let a waiting job run before the others of its board. False if it does not wait. Rule J18."""
    return turns.move_up(job.id)


@transaction.atomic
def retry(job: Job, user: User, idempotency_key: str | None = None) -> Job:
    """A new job with the same params, seed and snapshot.

    Raises JobNotFinished, TooManyJobs, TooManyPictures, IdempotencyConflict, IdempotencyKeyInvalid.
    """
    identity = Identity(_checked_key(idempotency_key), _hash({}, job.audience, retry_of=job))
    if known := _lock_and_find(user, identity):
        return known
    if job.active:
        raise JobNotFinished
    inputs = StoredInputs(job.snapshot, job.mask)
    return _create(user, job.audience, identity, _params(job.params), inputs, retry_of=job)


@transaction.atomic
def finish(job: Job, user: User, image_id: UUID, idempotency_key: str | None = None) -> Job:
    """A new job for one picture of a draft: the same seed, snapshot and all else, with all the steps.

    Raises NotADraft, ParamsInvalid, TooManyJobs, TooManyPictures, IdempotencyConflict, IdempotencyKeyInvalid.
    """
    identity = Identity(_checked_key(idempotency_key), _hash({"finish": str(image_id)}, job.audience))
    image = job.images.filter(pk=image_id).first()
    if image is None or not job.params.get("draft"):
        raise NotADraft
    if known := _lock_and_find(user, identity):
        return known
    params = _params({**job.params, "draft": False, "steps": None, "seed": image.seed, "count": 1})
    return _create(user, job.audience, identity, params, StoredInputs(job.snapshot, job.mask))


def _params(raw: Mapping[str, Any]) -> Params:
    """Raises ParamsInvalid, CheckpointUnknown."""
    if not isinstance(raw, Mapping):
        raise ParamsInvalid([FieldError("params", "is not an object")])
    return parse(raw, catalogue.get(raw.get("checkpoint")))


def _create(
    user: User,
    audience: str,
    identity: Identity,
    params: Params,
    inputs: StoredInputs,
    *,
    retry_of: Job | None = None,
) -> Job:
    """Queue a job, with the user's row locked. Raises TooManyJobs, TooManyPictures."""
    quota.check(user, params.count)
    return lifecycle.create(
        created_by=user,
        audience=audience,
        kind=params.kind,
        checkpoint=params.checkpoint,
        params=as_json(params),
        snapshot=inputs.snapshot,
        mask=inputs.mask,
        steps=params.steps or 0,
        idempotency_key=identity.key,
        request_hash=identity.request_hash,
        retry_of=retry_of,
    )


def _lock_and_find(user: User, identity: Identity) -> Job | None:
    """Lock the user's row, so that quota and key are checked for one request after the other.

    Returns the job that the same request made before. Raises IdempotencyConflict.
    """
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    return _known(user, identity)


def _known(user: User, identity: Identity) -> Job | None:
    """The job that the same request made before. Raises IdempotencyConflict if the key came with another request."""
    if not identity.key:
        return None
    job = Job.objects.filter(created_by=user, idempotency_key=identity.key).first()
    if job and job.request_hash != identity.request_hash:
        raise IdempotencyConflict(identity.key)
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
    audience: str,
    *,
    retry_of: Job | None = None,
    belongs_to: Mapping[str, Any] | None = None,
    images: InputImages = NO_IMAGES,
) -> str:
    request = [raw_params, audience, str(retry_of.pk) if retry_of else None, belongs_to]
    # Escapes keep lone surrogates hashable; what is wrong with the params is reported later.
    text = json.dumps(request, sort_keys=True, default=str)
    digest = hashlib.sha256(text.encode())
    for image in (images.snapshot, images.mask):
        digest.update(hashlib.sha256(image).digest() if image is not None else b"")
    return digest.hexdigest()
