"""Begins and decodes pictures of one kind of one checkpoint; between both a `Denoiser` makes the steps."""

import inspect
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from PIL import Image
from torch.nn.functional import interpolate

from generation.engine import conditioning, schedulers, vae_encoding
from generation.engine import device as devices
from generation.engine.conditioning import PromptEmbeds, PromptEncoder
from generation.engine.denoiser import Sample
from generation.engine.inpaint_blend import InpaintBlend
from generation.engine.pipeline_traits import traits_of, unet_takes_mask
from generation.engine.safety import SafetyChecker
from generation.engine.schedulers import Schedule
from generation.engine.vae_decoding import EagerDecoder, VaeDecoder
from generation.pipelines.drawing import Drawing


@dataclass(frozen=True)
class _InitLatents:
    """latents: what the first step begins with. image_latents: the init image's, None if they are not needed.

    All (1, channels, height/8, width/8), float32.
    """

    latents: torch.Tensor
    noise: torch.Tensor
    image_latents: torch.Tensor | None


class Sampler:
    """Uses the parts and the default arguments of a stock pipeline; raises KeyError for one that is not supported.

    pipeline: of diffusers, which has no useful type. decoder: None for the pipeline's own autoencoder as it is.
    """

    def __init__(
        self, pipeline: Any, prompt_encoder: PromptEncoder, decoder: VaeDecoder | None = None
    ) -> None:
        self.pipeline, self._prompt_encoder = pipeline, prompt_encoder
        self._decoder = decoder or EagerDecoder(pipeline.vae)
        self._traits = traits_of(pipeline)
        call = inspect.signature(type(pipeline).__call__).parameters
        self._defaults = {name: parameter.default for name, parameter in call.items()}
        self._schedule = lru_cache(maxsize=64)(self._make_schedule)
        self._checker = (
            SafetyChecker(pipeline) if getattr(pipeline, "safety_checker", None) is not None else None
        )

    def rows(self, drawing: Drawing) -> int:
        """How many rows of the UNet's batch the picture takes, 1–3, which follows from its guidance scales."""
        arguments = {**self._defaults, **drawing.arguments}
        guided = arguments["guidance_scale"] > 1
        if self._traits.guides_by_image:
            return 3 if guided and arguments["image_guidance_scale"] >= 1 else 1
        return 2 if guided else 1

    def begin(self, drawing: Drawing) -> Sample:
        """Return the picture before its first step.

        Draws from its generator in the stock pipeline's order, so stages 3 and 4 must not change places.
        """
        # 0. Arguments of the call
        arguments = {**self._defaults, **drawing.arguments}
        strength = arguments["strength"] if self._traits.starts_from_image else 1.0
        rows = self.rows(drawing)
        generator = torch.Generator("cpu").manual_seed(drawing.seed)

        # 1. Timesteps and the coefficients of every step
        schedule = self._schedule(arguments["num_inference_steps"], strength)

        # 2. Preprocess the init image
        image = None
        if drawing.init_image is not None:
            image = vae_encoding.image_tensor(drawing.init_image, self._vae)

        # 3. Prepare latents
        init = self._prepare_latents(schedule, generator, image, drawing.size, strength)

        # 4. Prepare what the UNet sees beside the latents, and what is put back after every step
        image_latents, inpaint_blend = None, None
        if self._traits.is_inpaint and image is not None and drawing.mask is not None:
            image_latents, inpaint_blend = self._prepare_mask(generator, image, drawing.mask, rows, init)
        if self._traits.guides_by_image and image is not None:
            image_latents = self._prepare_image_latents(image, rows)

        # 5. Encode the prompt: first the row with it, then those with the negative one
        prompts = [arguments["prompt"]] + [arguments["negative_prompt"]] * (rows - 1)
        embeds = self._prompt_encoder.encode_alike(prompts)

        return Sample(
            schedule=schedule,
            generator=generator,
            latents=init.latents,
            prompt_embeds=torch.cat([row.prompt_embeds for row in embeds]).to(self.pipeline.unet.dtype),
            image_latents=image_latents,
            added_cond_kwargs=self._added_cond(embeds, drawing.size),
            guidance_scale=float(arguments["guidance_scale"]),
            image_guidance_scale=float(arguments.get("image_guidance_scale") or 0) if rows == 3 else 0.0,
            inpaint_blend=inpaint_blend,
            sentence=self._prompt_encoder.sentence(drawing.thing) if drawing.thing else None,
        )

    def decode(self, latents: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Finished pictures, (pictures, 3, height, width) in 0–1, and which of them are withheld, (pictures,), bool.

        The second is None without a safety checker. Both are on the device, which may still be at work on them.
        """
        decoded = self._decoder(self._unscaled(latents))
        pixels = decoded.float().mul(0.5).add(0.5).clamp(0, 1)
        return pixels, None if self._checker is None else self._checker(pixels)

    def prepare(self, sample: Sample) -> None:
        """Prepare the decoder for any number of pictures like this one."""
        self._decoder.prepare(self._unscaled(sample.latents))

    @property
    def _vae(self) -> Any:
        """The autoencoder. SDXL's overflows in half precision: stock moves it to float32 and back for each picture."""
        vae = self.pipeline.vae
        if self._traits.is_xl and vae.config.force_upcast and vae.dtype == torch.float16:
            vae.to(torch.float32)
        return vae

    def _unscaled(self, latents: torch.Tensor) -> torch.Tensor:
        """As the decoder takes them: without the autoencoder's scaling factor, in its dtype."""
        vae = self._vae
        unscaled: torch.Tensor = (latents / vae.config.scaling_factor).to(vae.dtype)
        return unscaled

    def _make_schedule(self, steps: int, strength: float) -> Schedule:
        made = schedulers.make_schedule(self.pipeline.scheduler, steps, strength)
        if made is None:
            raise ValueError(f"{type(self.pipeline.scheduler).__name__} has no schedule for {steps} steps")
        return made

    def _prepare_latents(
        self,
        schedule: Schedule,
        generator: torch.Generator,
        image: torch.Tensor | None,
        size: tuple[int, int],
        strength: float,
    ) -> _InitLatents:
        """image: (1, 3, height, width) in -1–1, or None. size: (width, height), px."""
        # At full strength what is repainted owes nothing to what was there.
        from_noise = self._traits.is_inpaint and strength == 1.0
        needs_image = not (from_noise and unet_takes_mask(self.pipeline))
        image_latents = None
        if self._traits.starts_from_image and image is not None and needs_image:
            image_latents = vae_encoding.sample_latents(self.pipeline.vae, image, generator)
        noise = devices.to_device(
            torch.randn(self._latents_shape(size), generator=generator), self.pipeline.unet.device
        )
        if image_latents is None or from_noise:
            return _InitLatents(noise * schedule.init_noise_sigma, noise, image_latents)
        latents = schedule.init_signal * image_latents + schedule.init_noise * noise
        return _InitLatents(latents, noise, image_latents)

    def _latents_shape(self, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """(1, channels, height/8, width/8). size: (width, height), px."""
        concatenates = self._traits.guides_by_image or self._traits.is_inpaint
        vae, unet = self.pipeline.vae, self.pipeline.unet
        channels = vae.config.latent_channels if concatenates else unet.config.in_channels
        factor = self.pipeline.vae_scale_factor
        return 1, channels, size[1] // factor, size[0] // factor

    def _prepare_mask(
        self,
        generator: torch.Generator,
        image: torch.Tensor,
        mask_image: Image.Image,
        rows: int,
        init: _InitLatents,
    ) -> tuple[torch.Tensor | None, InpaintBlend | None]:
        """What is concatenated to the latents by a UNet that takes a mask; for any other what is put back."""
        unet, vae = self.pipeline.unet, self.pipeline.vae
        mask = vae_encoding.mask_tensor(mask_image, vae.device)
        # Encoded in any case, as the stock pipeline does: it draws from the generator.
        masked_latents = vae_encoding.sample_latents(vae, image * (mask < 0.5), generator)
        mask = interpolate(mask, size=init.noise.shape[2:])
        if unet_takes_mask(self.pipeline):
            return torch.cat([mask, masked_latents], 1).repeat(rows, 1, 1, 1).to(unet.dtype), None
        assert init.image_latents is not None, "a UNet without a mask starts from the image"
        return None, InpaintBlend(mask, init.image_latents, init.noise)

    def _prepare_image_latents(self, image: torch.Tensor, rows: int) -> torch.Tensor:
        """InstructPix2Pix: the init image's latents for each row; zeros for the last of three, which has no image."""
        latents = vae_encoding.mode_latents(self.pipeline.vae, image)
        of_rows = [latents, latents, torch.zeros_like(latents)][:rows]
        return torch.cat(of_rows).to(self.pipeline.unet.dtype)

    def _added_cond(self, embeds: list[PromptEmbeds], size: tuple[int, int]) -> dict[str, torch.Tensor]:
        if not self._traits.is_xl:
            return {}
        return conditioning.sdxl_added_cond(self.pipeline.unet, embeds, size)
