"""Pictures that arrive for a job, as a worker reports them."""

import hashlib

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from generation.jobs.events import images_made
from generation.models import GeneratedImage, Job
from tests.factories import png


def arrive(job: Job, seed: int = 1, size: tuple[int, int] = (64, 64)) -> GeneratedImage:
    """One picture of the job arrives, stored, of a colour that its seed makes."""
    data = png(*size, f"#0000{seed:02x}")
    digest = hashlib.sha256(data).hexdigest()
    key = f"images/{digest}.png"
    if not default_storage.exists(key):
        default_storage.save(key, ContentFile(data))
    with transaction.atomic():
        image = GeneratedImage.objects.create(
            job=job, key=key, sha256=digest, mime_type="image/png", width_px=size[0], height_px=size[1],
            size_bytes=len(data), seed=seed,
        )  # fmt: skip
        images_made.send(sender=Job, job=job, images=[image])
    return image
