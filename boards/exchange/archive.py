"""A board as a zip, made while it is read: the scene, its pictures, how it looks, and how they were made."""

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


class _Sink:
    """Where the zip is written to, and taken from again piece by piece. It cannot seek."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def write(self, data: bytes, /) -> int:
        self.pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass

    def taken(self) -> bytes:
        data = b"".join(self.pieces)
        self.pieces.clear()
        return data


def parts(contents: Contents, png: bytes | None, manifest: Mapping[str, Any]) -> Iterator[bytes]:
    """The zip in pieces, none larger than the picture of the board with a little around it."""
    return _parts(exporting.document(contents), contents.files, png, manifest)


def _parts(
    document: Iterator[bytes], files: Sequence[BoardFile], png: bytes | None, manifest: Mapping[str, Any]
) -> Iterator[bytes]:
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        archive.writestr("manifest.json", msgspec.json.format(msgspec.json.encode(manifest), indent=2))
        entry = _entry("board.excalidraw", zipfile.ZIP_DEFLATED)
        with archive.open(entry, "w", force_zip64=True) as scene:
            for piece in document:
                scene.write(piece)
                yield sink.taken()
        if png is not None:
            archive.writestr("board.png", png, zipfile.ZIP_STORED)
            yield sink.taken()
        for file in files:
            pieces = exporting.file_chunks(file)
            if (first := next(pieces, None)) is None:
                continue
            with archive.open(_entry(path_of(file), zipfile.ZIP_STORED), "w", force_zip64=True) as stored:
                for piece in chain([first], pieces):
                    stored.write(piece)
                    yield sink.taken()
    yield sink.taken()


def _entry(name: str, compression: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, timezone.localtime().timetuple()[:6])
    entry.compress_type = compression
    return entry


def manifest(contents: Contents) -> dict[str, Any]:
    """What is in the zip, and for generated pictures the words and the seed that made them."""
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
