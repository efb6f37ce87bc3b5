"""manage.py checkpoints list | fetch NAME | probe NAME | add NAME REPO: what pictures can be made with."""

import shutil
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from generation.checkpoints import catalogue, hub
from generation.checkpoints.catalogue import Checkpoint
from generation.errors import CatalogueInvalid, CheckpointUnavailable, CheckpointUnknown
from generation.remote import health

GIGABYTE = 10**9
# What an added checkpoint is taken to be like, by its kinds; the file that `add` writes can be edited.
USES = {
    "txt2img": ["prompt", "negative_prompt", "guidance_scale", "steps"],
    "img2img": ["prompt", "negative_prompt", "strength", "guidance_scale", "steps"],
    "pix2pix": ["prompt", "negative_prompt", "guidance_scale", "image_guidance_scale", "steps"],
    "inpaint": ["prompt", "negative_prompt", "strength", "guidance_scale", "steps"],
}
DEFAULTS = {"steps": 25, "guidance_scale": 7.5, "strength": 0.75, "image_guidance_scale": 1.5}
PIPELINES = {
    "sd": {
        "txt2img": "StableDiffusionPipeline",
        "img2img": "StableDiffusionImg2ImgPipeline",
        "pix2pix": "StableDiffusionInstructPix2PixPipeline",
        "inpaint": "StableDiffusionInpaintPipeline",
    },
    "sdxl": {
        "txt2img": "StableDiffusionXLPipeline",
        "img2img": "StableDiffusionXLImg2ImgPipeline",
        "inpaint": "StableDiffusionXLInpaintPipeline",
    },
}


class Command(BaseCommand):
    help = "Lists, downloads and adds checkpoints."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("list", help="every checkpoint, and whether it is on this machine")
        fetch = actions.add_parser("fetch", help="download a checkpoint from the Hugging Face hub")
        fetch.add_argument("name")
        probe = actions.add_parser("probe", help="ask the server of a remote checkpoint whether it is there")
        probe.add_argument("name")
        add = actions.add_parser("add", help="add a diffusers repository of the hub to the catalogue")
        add.add_argument("name", help="what it is called here")
        add.add_argument("repo", help="owner/name on the hub")
        add.add_argument("--revision", default="main", help="a commit hash keeps it what it is")
        add.add_argument("--kinds", nargs="+", default=["img2img", "txt2img"], choices=sorted(USES))
        add.add_argument("--family", default="sd", choices=sorted(PIPELINES), help="which pipelines it needs")
        add.add_argument("--variant", default=None, help="such as fp16, if the repository has it")
        add.add_argument("--size", type=int, default=512, help="side in px that it was trained for")
        add.add_argument("--title", default="")
        add.add_argument("--licence", default="see the repository")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        try:
            getattr(self, f"_{action}")(**options)
        except (CatalogueInvalid, CheckpointUnavailable, CheckpointUnknown) as error:
            raise CommandError(error.message) from error

    def _list(self, **_: Any) -> None:
        default = catalogue.default().name
        for checkpoint in catalogue.entries().values():
            self.stdout.write(
                f"{checkpoint.name:22} {_where(checkpoint):15}"
                f"{_size(checkpoint.size_bytes):>9}  {', '.join(checkpoint.kinds):26} {checkpoint.licence}"
                f"{'  (default)' if checkpoint.name == default else ''}"
            )

    def _fetch(self, name: str, **_: Any) -> None:
        checkpoint = catalogue.get(name)
        if checkpoint.bundled or checkpoint.remote:
            where = "is on another server" if checkpoint.remote else "ships with Atelier"
            self.stdout.write(f"{name} {where}; there is nothing to fetch.")
            return
        if hub.offline():
            raise CommandError("ATELIER_OFFLINE or HF_HUB_OFFLINE is set, so nothing is downloaded.")
        self._introduce(checkpoint)
        from generation.pipelines import loading  # brings torch, which the other actions do without

        folder = loading.download(checkpoint)
        self.stdout.write(f"{name} is in {folder}.")

    def _probe(self, name: str, **_: Any) -> None:
        checkpoint = catalogue.get(name)
        if not checkpoint.remote:
            raise CommandError(f"{name} is drawn with here; only checkpoints on other servers are probed.")
        if error := health.probe(checkpoint, checkpoint.remote):
            raise CommandError(f"{error.message} {error.details}".strip())
        self.stdout.write(f"{name} is ready.")

    def _introduce(self, checkpoint: Checkpoint) -> None:
        cache = Path(hub.cache_folder())
        cache.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(cache).free
        self.stdout.write(f"{checkpoint.title}: {checkpoint.source}")
        self.stdout.write(f"licence   {checkpoint.licence}  {checkpoint.licence_url}")
        self.stdout.write(f"download  about {_size(checkpoint.size_bytes)}; {_size(free)} free in {cache}")
        if free < checkpoint.size_bytes:
            raise CommandError("There is not enough room on the disk. Set HF_HOME to a larger one.")

    def _add(self, name: str, repo: str, **options: Any) -> None:
        if name in catalogue.entries() and not _is_own(name):
            raise CommandError(f"{name} is a checkpoint that ships with Atelier; choose another name.")
        catalogue.add(name, _entry(name, repo, **options))
        self.stdout.write(
            f"{name} is in {catalogue.added_path()}; now run: manage.py checkpoints fetch {name}"
        )


def _entry(name: str, repo: str, **options: Any) -> dict[str, Any]:
    pipelines = PIPELINES[options["family"]]
    kinds = options["kinds"]
    if missing := [kind for kind in kinds if kind not in pipelines]:
        raise CommandError(
            f"{', '.join(missing)} is not made by pipelines of the family {options['family']}."
        )
    return {
        "title": options["title"] or name,
        "licence": options["licence"],
        "licence_url": f"https://huggingface.co/{repo}",
        "repo": repo,
        "revision": options["revision"],
        "variant": options["variant"],
        "dtype": {"cpu": "float32", "cuda": "float16", "mps": "float16"},
        "sizes": [[options["size"], options["size"]]],
        "default_kind": kinds[0],
        "kinds": {
            kind: {
                "pipeline": pipelines[kind],
                "uses": USES[kind],
                "defaults": {number: DEFAULTS[number] for number in USES[kind] if number in DEFAULTS},
            }
            for kind in kinds
        },
    }


def _where(checkpoint: Checkpoint) -> str:
    if checkpoint.remote:
        return "on a server"
    return "here" if hub.on_disk(checkpoint) else "not downloaded"


def _is_own(name: str) -> bool:
    path = catalogue.added_path()
    return path.exists() and name in catalogue.read(path)


def _size(size_bytes: int) -> str:
    if not size_bytes:
        return "unknown"
    return f"{size_bytes / GIGABYTE:.1f} GB" if size_bytes >= GIGABYTE else f"{size_bytes / 1e6:.0f} MB"
