"""Admin of jobs: read, requeue, cancel. No row is edited by hand."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from generation.jobs import lifecycle
from generation.models import GeneratedImage, Job, JobAttempt, JobEvent


class ReadOnly(admin.options.BaseModelAdmin):
    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class AttemptInline(ReadOnly, admin.TabularInline):
    model = JobAttempt
    extra = 0
    can_delete = False


class EventInline(ReadOnly, admin.TabularInline):
    model = JobEvent
    extra = 0
    can_delete = False
    fields = ("at", "attempt", "what", "details")


class DeadFilter(admin.SimpleListFilter):
    """Filters jobs that were given up after too many attempts."""

    title = "given up"
    parameter_name = "dead"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Dead"), ("no", "Not dead")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        return queryset if self.value() is None else queryset.filter(dead_at__isnull=self.value() == "no")


class ImageInline(ReadOnly, admin.TabularInline):
    model = GeneratedImage
    extra = 0
    can_delete = False
    fields = ("width_px", "height_px", "size_bytes", "seed", "key")


@admin.register(Job)
class JobAdmin(ReadOnly, admin.ModelAdmin):
    list_display = (
        "id",
        "status",
        "kind",
        "checkpoint",
        "created_by",
        "attempt",
        "error_code",
        "dead_at",
        "created_at",
    )
    list_filter = (DeadFilter, "status", "kind", "checkpoint", "error_code", "created_at")
    list_select_related = ("created_by",)
    search_fields = ("id", "created_by__email", "created_by__name", "worker", "error_code")
    date_hierarchy = "created_at"
    inlines = (AttemptInline, EventInline, ImageInline)
    actions = ("requeue", "cancel")

    @admin.action(
        description="Put dead, failed or cancelled jobs back into the queue", permissions=["requeue"]
    )
    def requeue(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        count = sum(lifecycle.requeue(job.id) for job in jobs)
        self.message_user(request, f"{count} of {len(jobs)} jobs wait again.", messages.SUCCESS)

    @admin.action(description="Cancel jobs", permissions=["requeue"])
    def cancel(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        count = sum(lifecycle.cancel(job.id).cancel_requested for job in jobs)
        self.message_user(
            request, f"{count} of {len(jobs)} jobs are cancelled or asked to stop.", messages.SUCCESS
        )

    def has_requeue_permission(self, request: HttpRequest) -> bool:
        """No row can be edited; the permission to change jobs allows the actions."""
        return bool(request.user.has_perm("generation.change_job"))


@admin.register(JobAttempt)
class JobAttemptAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("job", "number", "outcome", "worker", "error_code", "started_at", "engine_seconds")
    list_filter = ("outcome", "error_code", "worker")
    list_select_related = ("job",)
    search_fields = ("job__id", "worker")


@admin.register(JobEvent)
class JobEventAdmin(ReadOnly, admin.ModelAdmin):
    """The log of jobs. Lines are deleted only with their job."""

    list_display = ("at", "job", "attempt", "what", "details")
    list_filter = ("what", "at")
    list_select_related = ("job",)
    search_fields = ("job__id",)
    ordering = ("-id",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(GeneratedImage)
class GeneratedImageAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("id", "job", "width_px", "height_px", "size_bytes", "seed", "created_at")
    list_filter = ("mime_type", "created_at")
    list_select_related = ("job",)
    search_fields = ("id", "job__id", "sha256")
