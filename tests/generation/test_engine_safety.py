"""The safety checker on the device withholds what the stock pipeline's would."""

from typing import Any

import pytest
import torch
import transformers
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from PIL import Image

from generation.engine.postprocessing import download_images
from generation.engine.safety import SafetyChecker

SIDE_PX = 32


@pytest.fixture(scope="module")
def pipeline() -> Any:
    """The true classes with small random weights, and thresholds of which about half the pictures fall short."""
    torch.manual_seed(3)
    vision = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = transformers.CLIPConfig(
        vision_config=vision | {"image_size": SIDE_PX, "patch_size": 8, "projection_dim": 16},
        projection_dim=16,
    )
    checker = StableDiffusionSafetyChecker(config).eval()
    checker.concept_embeds.data = torch.randn(17, 16)
    checker.special_care_embeds.data = torch.randn(3, 16)
    extractor = transformers.CLIPImageProcessorPil(
        size={"shortest_edge": SIDE_PX}, crop_size={"height": SIDE_PX, "width": SIDE_PX}
    )
    made = type("Pipeline", (), {})()
    made.safety_checker, made.feature_extractor = checker, extractor
    return made


def pictures(width: int, height: int) -> torch.Tensor:
    draw = torch.Generator().manual_seed(width)
    coarse = torch.rand(24, 3, 5, 5, generator=draw)
    return torch.nn.functional.interpolate(coarse, size=(height, width), mode="bicubic").clamp(0, 1)


def by_stock(pipeline: Any, pixels: torch.Tensor) -> list[bool]:
    images = [Image.fromarray(each.mul(255).round().byte().permute(1, 2, 0).numpy()) for each in pixels]
    seen = pipeline.feature_extractor(images, return_tensors="pt").pixel_values
    return pipeline.safety_checker(images=pixels.clone(), clip_input=seen)[1]


@pytest.mark.parametrize("size", [(64, 64), (96, 64), (64, 88), (48, 32)])
@pytest.mark.parametrize("care", [2.0, -2.0], ids=["without care", "with special care"])
def test_the_same_pictures_are_withheld(pipeline: Any, size: tuple[int, int], care: float) -> None:
    pixels = pictures(*size)
    with torch.inference_mode():
        pipeline.safety_checker.special_care_embeds_weights.data.fill_(care)
        seen = pipeline.feature_extractor(
            [Image.fromarray(each.mul(255).round().byte().permute(1, 2, 0).numpy()) for each in pixels],
            return_tensors="pt",
        ).pixel_values
        assert (SafetyChecker(pipeline)._prepared(pixels) - seen).abs().max() < 0.05, "of a range of about 4"
        embeds = pipeline.safety_checker.visual_projection(pipeline.safety_checker.vision_model(seen)[1])
        closest = torch.nn.functional.cosine_similarity(
            embeds[:, None], pipeline.safety_checker.concept_embeds[None], dim=-1
        ).amax(1)
        ordered = closest.sort().values
        at = (
            int((ordered[7:18] - ordered[6:17]).argmax()) + 7
        )  # in the widest gap, so that no rounding decides
        threshold = (ordered[at - 1] + ordered[at]) / 2 + (0.01 if care < 0 else 0)
        pipeline.safety_checker.concept_embeds_weights.data.fill_(threshold)
        found = SafetyChecker(pipeline)(pixels).tolist()
        assert found == by_stock(pipeline, pixels)
        assert sum(found) == len(pixels) - at


def test_what_is_withheld_never_becomes_a_picture() -> None:
    images = download_images(torch.rand(3, 3, 8, 8), torch.tensor([False, True, False]))
    assert [image() is None for image in images] == [False, True, False]
    assert all(image() is not None for image in download_images(torch.rand(2, 3, 8, 8), None))


def test_another_checker_is_left_to_its_own_pipeline(pipeline: Any) -> None:
    other = type("Pipeline", (), {})()
    other.safety_checker, other.feature_extractor = object(), pipeline.feature_extractor
    with pytest.raises(TypeError, match="object"):
        SafetyChecker(other)
