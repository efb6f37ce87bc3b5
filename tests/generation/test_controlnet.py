"""A ControlNet is a part of a catalogue entry; the init image is what it looks at, as white strokes on black."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch
from PIL import Image, ImageDraw

from generation.checkpoints import catalogue
from generation.checkpoints.catalogue import Checkpoint
from generation.checkpoints.params import complete, parse
from generation.engine.device import tuning
from generation.engine.residency import Resident
from generation.errors import CatalogueInvalid, CheckpointUnavailable, ParamsInvalid
from generation.pipelines import drawing
from generation.pipelines.loading import load
from generation.work import Work
from tests.generation import tiny

PLAIN, CONTROLLED = "StableDiffusionPipeline", "StableDiffusionControlNetPipeline"


@pytest.fixture
def controlnet(tiny_folder: Callable[[str], Path], tmp_path: Path) -> Path:
    unet = diffusers.UNet2DConditionModel.from_pretrained(str(tiny_folder("sd")), subfolder="unet")
    torch.manual_seed(1)
    model = diffusers.ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=(16, 16, 32, 32))
    for block in (
        *model.controlnet_down_blocks,
        model.controlnet_mid_block,
        model.controlnet_cond_embedding.conv_out,
    ):
        torch.nn.init.normal_(block.weight, std=0.5)  # training starts them at zero, where nothing would show
    model.save_pretrained(tmp_path / "controlnet")
    return tmp_path / "controlnet"


def entry(
    folder: Path, controlnet: Path, order: Sequence[str] = ("img2img", "txt2img"), **part: Any
) -> Checkpoint:
    raw = tiny.entry(folder, {"img2img": CONTROLLED, "txt2img": PLAIN})
    raw["kinds"]["img2img"] |= {
        "uses": ["prompt", "steps", "guidance_scale"],
        "seen_as": "strokes",
        "title": "Sketch to picture",
    }
    raw["kinds"] = {kind: raw["kinds"][kind] for kind in order}
    raw["parts"] = {"controlnet": {"class": "ControlNetModel", "folder": str(controlnet)} | part}
    return catalogue.add("scribble", raw)


def wanted(checkpoint: Checkpoint, kind: str, init_image: Image.Image | None) -> Work:
    return Work(checkpoint, complete(parse({"kind": kind, "seed": 5}, checkpoint), (64, 64)), init_image)


def init_image(box: tuple[int, int, int, int]) -> Image.Image:
    paper = Image.new("RGB", (64, 64), "white")
    ImageDraw.Draw(paper).rectangle(box, outline="black", width=4)
    return paper


@pytest.mark.usefixtures("own_catalogue")
@pytest.mark.parametrize("order", [("img2img", "txt2img"), ("txt2img", "img2img")])
def test_the_board_steers_the_picture_and_the_kinds_without_it_share_the_weights(
    tiny_folder: Callable[[str], Path], controlnet: Path, order: Sequence[str]
) -> None:
    checkpoint = entry(tiny_folder("sd"), controlnet, order)
    loaded = load(checkpoint, "cpu")
    assert loaded.pipeline("img2img").unet is loaded.pipeline("txt2img").unet
    with torch.inference_mode():
        one, again, other = (
            drawing.draw(wanted(checkpoint, "img2img", init_image(box)), loaded, lambda *step: None)[0][
                0
            ].tobytes()
            for box in ((8, 8, 30, 30), (8, 8, 30, 30), (20, 30, 60, 60))
        )
        assert one == again != other
        assert drawing.draw(wanted(checkpoint, "txt2img", None), loaded, lambda *step: None)
    resident = Resident(loaded, tuning("cpu"))
    assert resident.sampler("img2img") is None, "its stock pipeline draws it"


@pytest.mark.usefixtures("own_catalogue")
def test_it_sees_white_strokes_on_black(tiny_folder: Callable[[str], Path], controlnet: Path) -> None:
    checkpoint = entry(tiny_folder("sd"), controlnet)
    [picture] = drawing.drawings(wanted(checkpoint, "img2img", init_image((8, 8, 50, 50))))
    assert picture.init_image is not None
    assert picture.init_image.getpixel((2, 2)) == (0, 0, 0)
    assert picture.init_image.getpixel((9, 30)) == (255, 255, 255)


@pytest.mark.usefixtures("own_catalogue")
def test_what_it_ignores_is_refused(tiny_folder: Callable[[str], Path], controlnet: Path) -> None:
    with pytest.raises(ParamsInvalid, match=r"strength: 0\.5 has no effect"):
        parse({"kind": "img2img", "strength": 0.5}, entry(tiny_folder("sd"), controlnet))


@pytest.mark.usefixtures("own_catalogue")
def test_a_part_that_is_no_model_or_not_there_says_so(
    tiny_folder: Callable[[str], Path], controlnet: Path, tmp_path: Path
) -> None:
    checkpoint = entry(tiny_folder("sd"), controlnet, **{"class": "DDIMScheduler"})
    with pytest.raises(CheckpointUnavailable, match="DDIMScheduler is not a model of diffusers"):
        load(checkpoint, "cpu")
    with pytest.raises(CheckpointUnavailable, match="cannot be loaded"):
        load(entry(tiny_folder("sd"), tmp_path / "nowhere"), "cpu")


@pytest.mark.usefixtures("own_catalogue")
def test_a_catalogue_says_where_a_part_is_and_how_the_board_is_seen(
    tiny_folder: Callable[[str], Path], controlnet: Path
) -> None:
    with pytest.raises(CatalogueInvalid, match="either a folder or a repo"):
        entry(tiny_folder("sd"), controlnet, repo="somebody/something")
    raw = tiny.entry(tiny_folder("sd"), {"txt2img": PLAIN})
    raw["kinds"]["txt2img"]["seen_as"] = "music"
    with pytest.raises(CatalogueInvalid, match="seen_as is 'music'"):
        catalogue.add("odd", raw)
