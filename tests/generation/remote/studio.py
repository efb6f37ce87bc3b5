"""The checkpoint `studio`, whose server is a stand-in: its entry, work for it, and what is known of it."""

import json
from pathlib import Path
from typing import Any

from PIL import Image

from generation.checkpoints import catalogue
from generation.checkpoints.params import complete, parse
from generation.remote import health
from generation.remote.remote_jobs import RemoteJobs
from generation.work import Ticket, Work

SIZE = (64, 64)
TEXTS = ["prompt", "negative_prompt"]
USES = {
    "comfyui": {"txt2img": [*TEXTS, "steps"], "img2img": [*TEXTS, "steps", "strength"]},
    "automatic1111": {"txt2img": [*TEXTS, "steps"], "img2img": [*TEXTS, "steps", "strength"]},
    "openai": {"txt2img": ["prompt"], "img2img": ["prompt"]},
}
DEFAULTS = {"steps": 20, "strength": 0.5}
SAMPLER = {"seed": "%seed%", "steps": "%steps%", "text": "%prompt%, calm", "not": "%negative_prompt%"}
WORKFLOWS: dict[str, dict[str, Any]] = {
    "txt2img": {
        "sampler": {"class_type": "KSampler", "inputs": SAMPLER},
        "size": {"class_type": "EmptyLatentImage", "inputs": {"width": "%width%", "height": "%height%"}},
    },
    "img2img": {
        "sampler": {"class_type": "KSampler", "inputs": SAMPLER | {"denoise": "%strength%"}},
        "size": {"class_type": "ImageScale", "inputs": {"width": "%width%", "height": "%height%"}},
        "board": {"class_type": "LoadImage", "inputs": {"image": "%image%"}},
    },
}


def entry(protocol: str, folder: Path, **remote: Any) -> dict[str, Any]:
    """A catalogue entry; its workflows are written beside it."""
    kinds = USES[protocol]
    if protocol == "comfyui":
        folder.mkdir(exist_ok=True)
        for kind in kinds:
            (folder / f"{kind}.json").write_text(json.dumps(WORKFLOWS[kind]))
        remote = {"workflows": {kind: f"{kind}.json" for kind in kinds}} | remote
    return {
        "title": "Studio",
        "licence": "the server's",
        "sizes": [list(SIZE)],
        "default_kind": "txt2img",
        "remote": {"protocol": protocol} | remote,
        "kinds": {
            kind: {"uses": uses, "defaults": {name: DEFAULTS[name] for name in uses if name in DEFAULTS}}
            for kind, uses in kinds.items()
        },
    }


def work(kind: str = "txt2img", colour: str = "lime", **raw: Any) -> Work:
    checkpoint = catalogue.get("studio")
    params = complete(parse({"kind": kind, "seed": 40, "prompt": "a cat"} | raw, checkpoint), (96, 48))
    return Work(checkpoint, params, Image.new("RGB", (96, 48), colour) if params.needs_image else None)


def submitted(wanted: Work, remotes: RemoteJobs | None = None) -> Ticket:
    assert wanted.checkpoint.remote
    return (remotes or RemoteJobs()).submit(wanted, wanted.checkpoint.remote)


def state() -> dict[str, str]:
    checkpoint = catalogue.get("studio")
    assert checkpoint.remote
    return health.state(checkpoint, checkpoint.remote)
