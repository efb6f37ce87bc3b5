"""Boards, their members and share links, elements and history, files, and the placement of generated pictures."""

import hashlib
import secrets
import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from boards import sealed_tokens

TITLE_MAX = 120
WHITE = "#ffffff"
WELCOME_TITLES = {"en": "Welcome to Atelier", "de": "Willkommen bei Atelier"}
"""Of welcome boards, by language."""
WELCOME_CLOCK = 1
"""The clock of a welcome board that nobody has changed."""


class Role(models.TextChoices):
    """A role on a board, weakest first; boards.access says what each allows."""

    VIEW = "view", "View"
    COMMENT = "comment", "Comment"
    EDIT = "edit", "Edit"
    OWNER = "owner", "Owner"


class Board(models.Model):
    """A board. Its clock grows by one with each committed change of its elements."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    title = models.CharField(max_length=TITLE_MAX, default="Untitled board")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="owned_boards"
    )
    open_role = models.CharField(
        max_length=8,
        choices=Role.choices,
        blank=True,
        help_text="What anybody with the address may do; empty: nothing.",
    )
    is_demo = models.BooleanField(default=False, help_text="The public board of /demo.")
    welcome = models.CharField(
        max_length=16,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="A newcomer's board: the scene that it began with. Its editors may invite others.",
    )
    clock = models.BigIntegerField(default=0, editable=False)
    pruned_clock = models.BigIntegerField(
        default=0, editable=False, help_text="Who has seen less than this gets the complete scene on return."
    )
    version_clock = models.BigIntegerField(
        default=-1, editable=False, help_text="The clock of the newest version; what stood then is kept."
    )
    unversioned_since = models.DateTimeField(
        null=True, editable=False, help_text="The first change after the newest version; empty: none."
    )
    frozen = models.BooleanField(default=False, help_text="Nobody may change it.")
    background = models.CharField(
        max_length=16, default=WHITE, db_default=WHITE, help_text="The colour behind the scene."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    changed_at = models.DateTimeField(default=timezone.now, editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, help_text="When it went to the trash.")

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["unversioned_since"],
                name="board_unversioned",
                condition=models.Q(unversioned_since__isnull=False),
            ),
            models.Index(
                fields=["welcome", "changed_at"], name="board_welcome", condition=~models.Q(welcome="")
            ),
        ]

    def __str__(self) -> str:
        return self.title


UNTOUCHED_WELCOME = models.Q(
    ~models.Q(welcome=""),
    clock=WELCOME_CLOCK,
    title__in=list(WELCOME_TITLES.values()),
    links=None,
    memberships=None,
    placements=None,
)
"""Of a Board: one that a newcomer was given and that nobody changed, shared, renamed or asked a picture for."""


def new_sealed_token() -> str:
    return sealed_tokens.seal(secrets.token_urlsafe())


class ShareLink(models.Model):
    """A link that makes its visitors members of the board, with its role, for as long as it is valid.

    It is found by its token's digest. The token is also stored encrypted, so that the owner can copy the link again.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    board = models.ForeignKey(Board, on_delete=models.CASCADE, related_name="links")
    digest = models.CharField(max_length=64, unique=True, editable=False, help_text="SHA-256 of the token.")
    sealed_token = models.CharField(
        max_length=sealed_tokens.SEALED_MAX,
        default=new_sealed_token,
        editable=False,
        help_text="See boards.sealed_tokens.",
    )
    role = models.CharField(max_length=8, choices=[c for c in Role.choices if c[0] != Role.OWNER])
    password = models.CharField(max_length=128, blank=True, editable=False, help_text="Hashed; empty: none.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.role} link to {self.board}"

    def save(self, *args: Any, **options: Any) -> None:
        if not self.digest:
            self.digest = self.digest_of(self.token or "")
        super().save(*args, **options)

    @property
    def token(self) -> str | None:
        """The secret in the link's address; None if SECRET_KEY has changed: the link works, but cannot be shown again."""
        return sealed_tokens.unseal(self.sealed_token)

    @staticmethod
    def digest_of(token: str) -> str:
        """SHA-256: a token has 256 random bits, so no slow hash is needed."""
        return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def is_valid(self) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > timezone.now())


class Membership(models.Model):
    """The role of a user on a board. One that was made by a link ends with the link."""

    board = models.ForeignKey(Board, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=8, choices=Role.choices)
    link = models.ForeignKey(
        ShareLink, on_delete=models.CASCADE, null=True, blank=True, related_name="memberships"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["board", "user"], name="one_membership_each")
        ]

    def __str__(self) -> str:
        return f"{self.user} on {self.board}: {self.role}"


class Element(models.Model):
    """One Excalidraw element. Written by boards.elements.store alone.

    `body` is the JSON text as it goes over the wire; the columns repeat what merging and ordering need.
    """

    board = models.ForeignKey(Board, on_delete=models.CASCADE, related_name="elements")
    element_id = models.CharField(max_length=64, db_collation="C")
    version = models.BigIntegerField()
    version_nonce = models.BigIntegerField()
    index = models.CharField(max_length=256, db_collation="C", help_text="Fractional order key.")
    is_deleted = models.BooleanField(default=False)
    clock = models.BigIntegerField(help_text="The board's clock when this version was committed.")
    body = models.TextField()
    changed_at = models.DateTimeField(default=timezone.now)
    # An id and not a foreign key: a flush must not fail because an account was deleted meanwhile.
    author_id = models.UUIDField(null=True, help_text="The user who made this version, if it was one.")
    kept_at = models.DateTimeField(
        default=timezone.now, help_text="When an older version was last kept, or the element was made."
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["board", "element_id"], name="one_row_per_element")
        ]
        indexes: ClassVar = [
            models.Index(fields=["board", "clock"], name="element_by_clock"),
            models.Index(fields=["board", "index"], name="element_by_index"),
            models.Index(fields=["changed_at"], name="tombstone_by_age", condition=models.Q(is_deleted=True)),
        ]

    def __str__(self) -> str:
        return self.element_id


class PrunedElement(models.Model):
    """The rank of a pruned tombstone, so that no older version comes back. Written by boards.elements.tombstones alone."""

    board = models.ForeignKey(Board, on_delete=models.CASCADE, related_name="pruned_elements")
    element_id = models.CharField(max_length=64, db_collation="C")
    version = models.BigIntegerField()
    version_nonce = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["board", "element_id"], name="one_rank_per_pruned_element")
        ]

    def __str__(self) -> str:
        return self.element_id


class PastElement(models.Model):
    """A replaced version of an element, kept for the history. Written by boards.elements.revisions alone."""

    board = models.ForeignKey(Board, on_delete=models.CASCADE, related_name="past_elements")
    element_id = models.CharField(max_length=64, db_collation="C")
    version = models.BigIntegerField()
    version_nonce = models.BigIntegerField()
    index = models.CharField(max_length=256, db_collation="C")
    is_deleted = models.BooleanField()
    clock = models.BigIntegerField(help_text="The board's clock from which it stood …")
    until_clock = models.BigIntegerField(help_text="… and the one at which it was replaced.")
    body = models.TextField()
    author_id = models.UUIDField(null=True)
    changed_at = models.DateTimeField(help_text="When it was committed …")
    replaced_at = models.DateTimeField(help_text="… and replaced.")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["board", "element_id", "clock"], name="one_past_row_per_clock")
        ]
        indexes: ClassVar = [
            models.Index(fields=["board", "until_clock"], name="past_element_by_clock"),
            models.Index(fields=["replaced_at"], name="past_element_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.element_id} until {self.until_clock}"


class Version(models.Model):
    """A moment of a board's history that can be viewed and restored: one value of its clock.

    Automatic ones have no name and are thinned out with age. A named one stays until it is deleted.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    board = models.ForeignKey(Board, on_delete=models.CASCADE, related_name="versions")
    clock = models.BigIntegerField(editable=False)
    background = models.CharField(max_length=16, default=WHITE, db_default=WHITE, editable=False)
    name = models.CharField(max_length=TITLE_MAX, blank=True)
    automatic = models.BooleanField(default=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    people = models.ManyToManyField(
        settings.AUTH_USER_MODEL, related_name="+", help_text="Who changed something since the one before."
    )
    before_restore_of = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, related_name="+", editable=False
    )
    thumbnail_key = models.CharField(max_length=200, blank=True, editable=False)
    idempotency_key = models.CharField(max_length=200, blank=True, editable=False)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["board", "clock"], name="version_by_clock"),
            models.Index(fields=["board", "created_at"], name="version_by_time"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["board", "created_by", "idempotency_key"],
                name="one_version_per_key",
                condition=~models.Q(idempotency_key=""),
            )
        ]

    def __str__(self) -> str:
        return self.name or f"{self.board} at {self.clock}"


class BoardFile(models.Model):
    """The stored picture of a file_id on one board. The bytes of an id never change."""

    board = models.ForeignKey(Board, on_delete=models.CASCADE, related_name="files")
    file_id = models.CharField(max_length=64)
    key = models.CharField(max_length=200, help_text="Where the bytes lie in the storage.")
    sha256 = models.CharField(max_length=64)
    mime_type = models.CharField(max_length=40)
    width_px = models.PositiveIntegerField()
    height_px = models.PositiveIntegerField()
    size_bytes = models.PositiveIntegerField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["board", "file_id"], name="one_file_per_id")]

    def __str__(self) -> str:
        return self.file_id


class Thumbnail(models.Model):
    """A small picture of a board, a little older than its scene; for the list of boards and link previews."""

    board = models.OneToOneField(Board, on_delete=models.CASCADE, primary_key=True, related_name="thumbnail")
    clock = models.BigIntegerField(
        default=-1, help_text="The board's clock when it was drawn, or could not be."
    )
    key = models.CharField(max_length=200, blank=True, help_text="Where it lies; empty: nothing to see yet.")
    sha256 = models.CharField(max_length=64, blank=True)
    mime_type = models.CharField(max_length=40, blank=True)
    tried_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"Thumbnail of {self.board_id} at {self.clock}"


class Placement(models.Model):
    """The region of a board that a job was asked for, and the elements that its pictures became."""

    class Where(models.TextChoices):
        BESIDE = "beside", "Beside the region"
        INSIDE = "inside", "Inside the region"
        STAGE = "stage", "Nowhere until somebody accepts it"
        IN_PLACE = "in_place", "In the element of the picture that was repainted"

    class CandidateStatus(models.TextChoices):
        """Of a picture without an element: to choose from now, put away for later, or out of sight."""

        CANDIDATE = "candidate"
        KEPT = "kept"
        DISCARDED = "discarded"

    job = models.OneToOneField("generation.Job", on_delete=models.CASCADE, related_name="placement")
    board = models.ForeignKey(Board, on_delete=models.CASCADE, related_name="placements")
    frame = models.CharField(max_length=64, blank=True, help_text="The frame or picture it was asked for.")
    x = models.FloatField()
    y = models.FloatField()
    width = models.FloatField()
    height = models.FloatField()
    where = models.CharField(max_length=8, choices=Where.choices, default=Where.BESIDE)
    file_id = models.CharField(
        max_length=64,
        blank=True,
        default="",
        help_text="What the picture to repaint showed; it is repainted in place only while it shows that.",
    )
    marks = models.JSONField(
        default=list,
        blank=True,
        help_text="Ids of the elements that marked what to repaint; they go with it.",
    )
    spots = models.JSONField(
        default=list,
        blank=True,
        help_text="The places kept for its pictures: x, y, width and height of each.",
    )
    view = models.JSONField(
        null=True, blank=True, help_text="What was in view where it was asked for; null: unknown."
    )
    elements = models.JSONField(
        default=dict, blank=True, help_text="Image id → id of the element that shows it."
    )
    accepted_where = models.CharField(
        max_length=8,
        choices=Where.choices,
        default=Where.BESIDE,
        help_text="Where one goes that is accepted.",
    )
    standings = models.JSONField(
        default=dict,
        blank=True,
        help_text="Image id → candidate, kept or discarded; not of those with an element.",
    )
    choosing = models.BooleanField(
        default=False, editable=False, help_text="One of its pictures is a candidate."
    )

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["board"], name="placement_choosing", condition=models.Q(choosing=True))
        ]

    def __str__(self) -> str:
        return f"{self.job_id} on {self.board}"

    @property
    def is_in_place(self) -> bool:
        """True if its picture takes the place of another one, at once or when it is accepted."""
        where = self.accepted_where if self.where == self.Where.STAGE else self.where
        return where == self.Where.IN_PLACE
