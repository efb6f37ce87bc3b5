"""Jobs (requests for pictures), the attempts of workers at them, their log, and the images that were made."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class JobStatus(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


ACTIVE = (JobStatus.QUEUED, JobStatus.RUNNING)


class Job(models.Model):
    """One request for pictures. `status` is written by generation.jobs.lifecycle only.

    audience: the channel group that changes are announced to; chosen by the app that submits it, opaque here.
    attempt: grows with every claim and never falls, so it fences off a worker that lost its lease.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    audience = models.CharField(max_length=100, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="jobs"
    )
    turn_of = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Whose turn it takes; empty: its own person's.",
    )
    kind = models.CharField(max_length=20)
    checkpoint = models.CharField(max_length=100)
    params = models.JSONField(help_text="Complete, with the seed used.")
    snapshot = models.CharField(max_length=200, blank=True, help_text="Storage key of what was on the board.")
    mask = models.CharField(
        max_length=200, blank=True, help_text="Storage key of what is to be repainted, white on black."
    )

    status = models.CharField(max_length=10, choices=JobStatus.choices, default=JobStatus.QUEUED)
    cancel_requested = models.BooleanField(default=False)
    attempt = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    worker = models.CharField(max_length=200, blank=True)
    step = models.PositiveIntegerField(default=0)
    steps = models.PositiveIntegerField(default=0)

    error_code = models.CharField(max_length=50, blank=True)
    error_message = models.TextField(blank=True)
    error_retryable = models.BooleanField(default=False)
    dead_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When it was given up after too many attempts; such a job has failed.",
    )

    charged_pictures = models.PositiveSmallIntegerField(
        default=0, help_text="What it counts against its person's quota: 0 once it is given back."
    )
    idempotency_key = models.CharField(max_length=255, blank=True)
    request_hash = models.CharField(max_length=64, blank=True)
    retry_of = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="retries"
    )

    created_at = models.DateTimeField(default=timezone.now)
    queued_at = models.DateTimeField(default=timezone.now, help_text="When it last began to wait.")
    not_before = models.DateTimeField(null=True, blank=True, help_text="It rests until then, after a fault.")
    published_at = models.DateTimeField(null=True, blank=True, help_text="When Celery was last told of it.")
    claimed_at = models.DateTimeField(
        null=True, blank=True, help_text="When a worker last took it; whose turn is next depends on it."
    )
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)
        constraints = [
            models.UniqueConstraint(
                fields=["created_by", "idempotency_key"],
                condition=~Q(idempotency_key=""),
                name="generation_job_idempotency",
            )
        ]
        indexes = [
            models.Index(fields=["status", "created_at"], name="generation_job_queue"),
            models.Index(fields=["created_by", "status"], name="generation_job_person"),
            models.Index(fields=["audience", "-created_at"], name="generation_job_audience"),
            # When a user and a board were last served: one lookup each, see generation.jobs.turns.
            models.Index(fields=["created_by", "claimed_at"], name="generation_job_turn"),
            models.Index(fields=["created_by", "audience", "claimed_at"], name="generation_job_board_turn"),
            models.Index(
                fields=["turn_of", "claimed_at"],
                condition=Q(turn_of__isnull=False),
                name="generation_job_lent_turn",
            ),
            models.Index(fields=["dead_at"], condition=Q(dead_at__isnull=False), name="generation_job_dead"),
            # How long the last jobs of a workload took, see generation.jobs.estimate.
            models.Index(
                fields=["checkpoint", "kind", "-finished_at"],
                condition=Q(status="succeeded"),
                name="generation_job_done",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id} ({self.status})"

    @property
    def active(self) -> bool:
        return self.status in ACTIVE


class Outcome(models.TextChoices):
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted", "failed for a passing reason"
    HANDED_BACK = "handed back", "the worker was asked to stop"
    LOST = "lost", "the worker was not heard of any more"


class JobAttempt(models.Model):
    """One claim of a job by one worker, kept as a record and to measure how long such jobs take."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    worker = models.CharField(max_length=200)
    outcome = models.CharField(max_length=12, choices=Outcome.choices, default=Outcome.RUNNING)
    error_code = models.CharField(max_length=50, blank=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    engine_seconds = models.FloatField(
        null=True, blank=True, help_text="Time on the accelerator, without waiting."
    )

    class Meta:
        ordering = ("job", "number")
        constraints = [models.UniqueConstraint(fields=["job", "number"], name="generation_attempt_number")]

    def __str__(self) -> str:
        return f"{self.job_id} #{self.number}: {self.outcome}"


class Happening(models.TextChoices):
    QUEUED = "queued", "asked for"
    MOVED_UP = "moved up", "the board's owner let it run next"
    CLAIMED = "claimed", "taken by a worker"
    BACKED_OFF = "backed off", "rests after a fault that should pass"
    LOST = "lost", "the worker was not heard of any more"
    HANDED_BACK = "handed back", "the worker was asked to stop"
    CANCEL_REQUESTED = "cancel requested"
    CANCELLED = "cancelled"
    DELIVERED = "delivered", "a picture is there, others of the job are not"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    DEAD = "dead", "given up after too many attempts"
    REQUEUED = "requeued", "given another chance"


class JobEvent(models.Model):
    """A line of the log of jobs. It is only ever added to: the database refuses to change a row.

    attempt: which one it belongs to, 0 before the first. details: JSON, by what happened: worker, error_code,
    rest_seconds, engine_seconds, pictures, seed, and charged or refunded, in pictures.
    """

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="events")
    attempt = models.PositiveIntegerField()
    at = models.DateTimeField()
    what = models.CharField(max_length=20, choices=Happening.choices)
    details = models.JSONField(default=dict)

    class Meta:
        ordering = ("id",)
        indexes = [models.Index(fields=["what", "at"], name="generation_event_what")]

    def __str__(self) -> str:
        return f"{self.job_id} #{self.attempt}: {self.what}"


class GeneratedImage(models.Model):
    """One picture of a job, written as soon as it is drawn. Two jobs may share a key, as it is a hash of the content.

    seed: tells the job's pictures apart; a later attempt draws those that are missing.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="images")
    key = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64, db_index=True)
    mime_type = models.CharField(max_length=50)
    width_px = models.PositiveIntegerField()
    height_px = models.PositiveIntegerField()
    size_bytes = models.PositiveIntegerField()
    seed = models.BigIntegerField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("job", "seed")
        constraints = [models.UniqueConstraint(fields=["job", "seed"], name="generation_image_seed")]

    def __str__(self) -> str:
        return f"{self.width_px} × {self.height_px} of {self.job_id}"
