"""Admin of boards. Elements are read-only here: only boards.elements.store writes them."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts import sessions
from accounts.models import User
from boards.elements import revisions
from boards.errors import BoardError
from boards.history import versions
from boards.models import (
    Board,
    BoardFile,
    Element,
    Membership,
    PastElement,
    Placement,
    PrunedElement,
    ShareLink,
    Thumbnail,
    Version,
)


class MembershipInline(admin.TabularInline):
    model = Membership
    extra = 0
    raw_id_fields = ["user", "link"]


class UndoPersonForm(forms.Form):
    """Whose changes of a board to undo, and since when."""

    person = forms.ModelChoiceField(
        User.objects.none(), help_text="Users with changes in the history of this board."
    )
    hours = forms.TypedChoiceField(
        label="Since",
        coerce=int,
        choices=[(1, "an hour ago"), (24, "a day ago"), (72, "three days ago"), (167, "a week ago")],
    )

    def __init__(self, board: Board, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["person"].queryset = User.objects.filter(pk__in=revisions.authors_since(board.pk, -1))  # type: ignore[attr-defined]


@admin.register(Board)
class BoardAdmin(admin.ModelAdmin):
    list_display = ["title", "owner", "open_role", "is_demo", "frozen", "clock", "changed_at", "deleted_at"]
    list_filter = ["is_demo", "frozen", "open_role", "deleted_at"]
    search_fields = ["title", "id", "owner__email", "owner__name"]
    readonly_fields = ["clock", "created_at", "changed_at"]
    raw_id_fields = ["owner"]
    inlines = [MembershipInline]
    actions = ["undo_person"]

    @admin.action(description="Undo the changes of one person…", permissions=["change"])
    def undo_person(self, request: HttpRequest, boards: QuerySet[Board]) -> HttpResponse | None:
        """Shows a form for the person and the time, then undoes their changes; on frozen boards too."""
        board = boards.first()
        if board is None or boards.count() > 1:
            self.message_user(request, "Select one board.", messages.WARNING)
            return None
        form = UndoPersonForm(board, request.POST if "person" in request.POST else None)
        if not form.is_valid():
            context = self.admin_site.each_context(request) | {
                "title": f"Undo the changes of one person on “{board}”",
                "opts": self.model._meta,
                "board": board,
                "form": form,
            }
            return render(request, "admin/boards/undo_person.html", context)
        person, hours = form.cleaned_data["person"], form.cleaned_data["hours"]
        by = sessions.user_of(request)
        try:
            undone = versions.undo_person(
                board, person, timezone.now() - timedelta(hours=hours), by, even_if_frozen=True
            )
        except BoardError as error:
            self.message_user(request, error.message, messages.ERROR)
            return None
        text = f"{person}: {undone.reverted} elements reverted, {undone.removed} removed, {undone.kept} kept."
        self.log_change(request, board, text)
        self.message_user(request, text, messages.SUCCESS)
        return None


@admin.register(ShareLink)
class ShareLinkAdmin(admin.ModelAdmin):
    list_display = ["board", "role", "created_by", "created_at", "expires_at", "revoked_at"]
    list_filter = ["role", "revoked_at"]
    raw_id_fields = ["board", "created_by"]


@admin.register(Membership)
class MembershipAdmin(admin.ModelAdmin):
    list_display = ["board", "user", "role", "created_at"]
    list_filter = ["role"]
    raw_id_fields = ["board", "user", "link"]


class ReadOnlyAdmin(admin.ModelAdmin):
    """Rows that are shown only: boards.elements.store writes them, with the board's clock."""

    search_fields = ["element_id", "board__id"]
    list_select_related = ["board"]
    show_full_result_count = False

    def has_add_permission(self, request: object) -> bool:
        return False

    def has_change_permission(self, request: object, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        return False


@admin.register(Element)
class ElementAdmin(ReadOnlyAdmin):
    list_display = ["element_id", "board", "version", "is_deleted", "clock", "changed_at"]
    list_filter = ["is_deleted"]


@admin.register(PastElement)
class PastElementAdmin(ReadOnlyAdmin):
    list_display = ["element_id", "board", "version", "clock", "until_clock", "replaced_at"]


@admin.register(PrunedElement)
class PrunedElementAdmin(ReadOnlyAdmin):
    list_display = ["element_id", "board", "version"]


@admin.register(Version)
class VersionAdmin(admin.ModelAdmin):
    """Versions can be viewed and deleted; boards.history.versions creates them."""

    list_display = ["__str__", "board", "clock", "automatic", "created_by", "created_at"]
    list_filter = ["automatic"]
    search_fields = ["name", "board__id"]
    list_select_related = ["board", "created_by"]

    def has_add_permission(self, request: object) -> bool:
        return False

    def has_change_permission(self, request: object, obj: Version | None = None) -> bool:
        return False

    def delete_model(self, request: object, obj: Version) -> None:
        versions.delete(obj)

    def delete_queryset(self, request: object, queryset: QuerySet[Version]) -> None:
        for version in queryset.order_by("created_at"):
            versions.delete(version)


@admin.register(BoardFile)
class BoardFileAdmin(admin.ModelAdmin):
    list_display = [
        "file_id",
        "board",
        "mime_type",
        "width_px",
        "height_px",
        "size_bytes",
        "created_by",
        "created_at",
    ]
    list_filter = ["mime_type"]
    search_fields = ["file_id", "sha256", "board__id"]
    raw_id_fields = ["board", "created_by"]


@admin.register(Thumbnail)
class ThumbnailAdmin(admin.ModelAdmin):
    list_display = ["board", "clock", "mime_type", "tried_at"]
    raw_id_fields = ["board"]
    search_fields = ["board__title", "board__id"]


@admin.register(Placement)
class PlacementAdmin(admin.ModelAdmin):
    list_display = ["job", "board", "frame", "where"]
    list_filter = ["where"]
    raw_id_fields = ["job", "board"]
