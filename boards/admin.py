from django.contrib import admin

from boards.models import Board, BoardFile, Element, Membership, Placement, ShareLink


class MembershipInline(admin.TabularInline):
    model = Membership
    extra = 0
    raw_id_fields = ["user", "link"]


@admin.register(Board)
class BoardAdmin(admin.ModelAdmin):
    list_display = ["title", "owner", "open_role", "is_demo", "frozen", "clock", "changed_at", "deleted_at"]
    list_filter = ["is_demo", "frozen", "open_role", "deleted_at"]
    search_fields = ["title", "id", "owner__email", "owner__name"]
    readonly_fields = ["clock", "created_at", "changed_at"]
    raw_id_fields = ["owner"]
    inlines = [MembershipInline]


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


@admin.register(Element)
class ElementAdmin(admin.ModelAdmin):
    """To look at only: elements are written by boards.store, under the board's clock."""

    list_display = ["element_id", "board", "version", "is_deleted", "clock", "changed_at"]
    list_filter = ["is_deleted"]
    search_fields = ["element_id", "board__id"]
    list_select_related = ["board"]
    show_full_result_count = False

    def has_add_permission(self, request: object) -> bool:
        return False

    def has_change_permission(self, request: object, obj: Element | None = None) -> bool:
        return False

    def has_delete_permission(self, request: object, obj: Element | None = None) -> bool:
        return False


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


@admin.register(Placement)
class PlacementAdmin(admin.ModelAdmin):
    list_display = ["job", "board", "frame", "where"]
    list_filter = ["where"]
    raw_id_fields = ["job", "board"]
