"""A board as a zip, produced while it is read: the scene, its image files, a PNG of it, and how pictures were generated."""

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import msgspec
from django.utils import timezone

from boards.exchange import exporting
from boards.exchange.exporting import Contents
from boards.models import BoardFile
from generation.models import Job, JobStatus

SUFFIXES = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/svg+xml": "svg"}


class _Buffer:
    """The file that zipfile writes to, without seeking; its content is taken out again chunk by chunk."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []

    def write(self, data: bytes, /) -> int:
        self._chunks.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass

    def take(self) -> bytes:
        data = b"".join(self._chunks)
        self._chunks.clear()
        return data


def parts(contents: Contents, png: bytes | None, manifest: Mapping[str, Any]) -> Iterator[bytes]:
    """The zip in chunks; the largest is that of `png`. manifest: see `manifest`."""
    return _parts(exporting.document(contents), contents.files, png, manifest)


def _parts(
    document: Iterator[bytes], files: Sequence[BoardFile], png: bytes | None, manifest: Mapping[str, Any]
) -> Iterator[bytes]:
    buffer = _Buffer()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        archive.writestr("manifest.json", msgspec.json.format(msgspec.json.encode(manifest), indent=2))
        entry = _entry("board.excalidraw", zipfile.ZIP_DEFLATED)
        with archive.open(entry, "w", force_zip64=True) as scene:
            for chunk in document:
                scene.write(chunk)
                yield buffer.take()
        if png is not None:
            archive.writestr("board.png", png, zipfile.ZIP_STORED)
            yield buffer.take()
        for file in files:
            chunks = exporting.file_chunks(file)
            if (first := next(chunks, None)) is None:
                continue
            with archive.open(_entry(path_of(file), zipfile.ZIP_STORED), "w", force_zip64=True) as stored:
                for chunk in chain([first], chunks):
                    stored.write(chunk)
                    yield buffer.take()
    yield buffer.take()


def _entry(name: str, compression: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, timezone.localtime().timetuple()[:6])
    entry.compress_type = compression
    return entry


def manifest(contents: Contents) -> dict[str, Any]:
    """The table of contents of the zip, with prompt, parameters and seed of each generated picture."""
    board = contents.board
    return {
        "board": {"id": str(board.pk), "title": board.title, "clock": contents.clock},
        "exported_at": timezone.now().isoformat(),
        "elements": len(contents.elements),
        "pictures": [_picture(file) for file in contents.files],
        "jobs": _jobs(contents),
    }


def path_of(file: BoardFile) -> str:
    return f"pictures/{file.file_id}.{SUFFIXES.get(file.mime_type, 'bin')}"


def _picture(file: BoardFile) -> dict[str, Any]:
    return {
        "file": path_of(file),
        "file_id": file.file_id,
        "mime_type": file.mime_type,
        "width_px": file.width_px,
        "height_px": file.height_px,
        "sha256": file.sha256,
    }


def _jobs(contents: Contents) -> list[dict[str, Any]]:
    jobs = Job.objects.filter(placement__board=contents.board, status=JobStatus.SUCCEEDED)
    here = {file.file_id: path_of(file) for file in contents.files}
    return [
        {
            "id": str(job.pk),
            "kind": job.kind,
            "checkpoint": job.checkpoint,
            "prompt": job.params.get("prompt", ""),
            "negative_prompt": job.params.get("negative_prompt", ""),
            "params": job.params,
            "created_at": job.created_at.isoformat(),
            "images": [
                {
                    "seed": image.seed,
                    "file": here.get(image.sha256),
                    "element_id": job.placement.elements.get(str(image.pk)),
                }
                for image in job.images.all()
            ],
        }
        for job in jobs.select_related("placement").prefetch_related("images").order_by("created_at")
    ]
