"""Pictures on their way from noise, each at a step of its own, and how a kind begins and ends one.

A picture costs one to three rows of the UNet's batch: one without guidance, two with it (words, no words), three
where the init image guides as well (words and image, image, nothing). Pictures of different kinds, samplers, steps and
guidance share one call of the UNet. What comes out is what the stock pipeline of diffusers would have made of the
same seed; tests/generation/test_engine_golden.py holds both side by side.
"""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import torch
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from PIL import Image

from generation.checkpoints.catalogue import Kind
from generation.engine import device as devices
from generation.engine import schedulers
from generation.engine.decoding import Decoder, Plain
from generation.engine.graphs import Forward
from generation.engine.safety import Checker
from generation.engine.schedulers import Step, Table
from generation.engine.words import Words
from generation.pipelines.drawing import Drawing

_SCALE = Step._fields.index("scale")
_TIMESTEP = Step._fields.index("timestep")
# What a call of these pipelines may be given besides an init image or a size.
_KNOWN_ARGUMENTS = {
    "prompt",
    "negative_prompt",
    "num_inference_steps",
    "strength",
    "guidance_scale",
    "image_guidance_scale",
    "image",
    "mask_image",
    "width",
    "height",
}


@dataclass(frozen=True)
class Recipe:
    """over: the init image is what the first latents are made of. beside: it goes into the UNet beside the latents.

    masked: only a part is repainted. A UNet that was trained for it sees the mask and the rest beside the latents; with
    any other the rest is put back after every step.
    """

    over: bool = False
    beside: bool = False
    xl: bool = False
    masked: bool = False


# By the pipeline's class, exactly: a subclass may do anything.
RECIPES: Mapping[str, Recipe] = {
    "StableDiffusionPipeline": Recipe(),
    "StableDiffusionImg2ImgPipeline": Recipe(over=True),
    "StableDiffusionInstructPix2PixPipeline": Recipe(beside=True),
    "StableDiffusionInpaintPipeline": Recipe(over=True, masked=True),
    "StableDiffusionXLPipeline": Recipe(xl=True),
    "StableDiffusionXLImg2ImgPipeline": Recipe(over=True, xl=True),
}


@dataclass(frozen=True)
class Kept:
    """What is put back after every step. mask: (1, 1, height/8, width/8), 1 where it is not. latents, noise: as a
    picture's."""

    mask: torch.Tensor
    latents: torch.Tensor
    noise: torch.Tensor

    def put_back(self, moved: torch.Tensor, factors: torch.Tensor) -> torch.Tensor:
        """factors: of the latents and of the noise, as noisy as what was moved now is."""
        signal, noise = factors.tolist()
        return (1 - self.mask) * (signal * self.latents + noise * self.noise) + self.mask * moved


@dataclass(eq=False)
class Sample:
    """One picture on its way.

    latents, before (the guess of the last step): (1, channels, height/8, width/8), float32.
    words, beside, added: what the UNet gets besides, one entry for each of the picture's rows.
    """

    table: Table
    generator: torch.Generator
    latents: torch.Tensor
    words: torch.Tensor
    beside: torch.Tensor | None = None
    added: Mapping[str, torch.Tensor] = field(default_factory=dict)
    guidance: float = 0.0
    image_guidance: float = 0.0
    kept: Kept | None = None
    step: int = 0
    before: torch.Tensor = field(init=False)
    _noise: torch.Tensor | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.before = torch.zeros_like(self.latents)

    @property
    def rows(self) -> int:
        return len(self.words)

    @property
    def steps(self) -> int:
        return len(self.table)

    @property
    def done(self) -> bool:
        return self.step == self.steps

    def noise(self) -> torch.Tensor:
        """What its sampler adds in this step, on the CPU, (1, channels, height/8, width/8): the same until it has moved."""
        if self._noise is None:
            shape = (1, *self.latents.shape[1:])
            adds = self.table.draws_noise(self.step)
            self._noise = torch.randn(shape, generator=self.generator) if adds else torch.zeros(shape)
        return self._noise

    def move(self, latents: torch.Tensor, guess: torch.Tensor) -> None:
        """On to the next step."""
        self.latents, self.before, self._noise = latents, guess, None
        self.step += 1


class Denoiser:
    """Moves pictures that share a UNet and a shape by one step each."""

    def __init__(self, forward: Forward) -> None:
        self.forward = forward
        self._cast: _Cast | None = None

    def step(self, samples: Sequence[Sample]) -> None:
        """One call of the UNet for all of them. When it raises, no picture has changed."""
        cast = self._cast_of(samples)
        numbers = torch.stack([sample.table.numbers[sample.step] for sample in samples])
        numbers = devices.send(numbers, cast.words.device)
        latents = torch.cat([sample.latents for sample in samples])
        seen, timesteps = cast.spread(latents, numbers)
        answer = cast.guide(self.forward(seen, timesteps, cast.words, cast.added).float())
        before = torch.cat([sample.before for sample in samples])
        moved, guess = schedulers.advance(numbers, latents, answer, before, _noise(samples, latents))
        # All of them before any moves: what runs out of memory here is tried again.
        parts = [
            sample.kept.put_back(part, sample.table.after[sample.step]) if sample.kept else part
            for sample, part in zip(samples, torch.chunk(moved, len(samples)), strict=True)
        ]
        for sample, part, own_guess in zip(samples, parts, torch.chunk(guess, len(samples)), strict=True):
            sample.move(part, own_guess)

    def prepare(self, sample: Sample) -> None:
        """Have everything ready for steps with any number of pictures like this one."""
        cast = _Cast([sample])
        numbers = sample.table.numbers[:1].to(cast.words.device)
        seen, timesteps = cast.spread(sample.latents, numbers)
        added = {name: tensor[:1] for name, tensor in cast.added.items()}
        self.forward.prepare(seen[:1], timesteps[:1], cast.words[:1], added)

    def _cast_of(self, samples: Sequence[Sample]) -> "_Cast":
        """Who takes part changes only when a picture begins or ends; what follows from it is kept until then."""
        if self._cast is None or self._cast.samples != list(samples):
            self._cast = _Cast(samples)
        return self._cast


class _Cast:
    """The pictures of one step and what does not change while they stay the same."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self.samples = list(samples)
        self.words = torch.cat([sample.words for sample in samples])
        self.added = {
            name: torch.cat([sample.added[name] for sample in samples]) for name in samples[0].added
        }
        beside = [sample.beside for sample in samples if sample.beside is not None]
        self.beside = torch.cat(beside) if beside else None
        device = self.words.device
        counts = [sample.rows for sample in samples]
        self.picture_of_row = devices.send(torch.repeat_interleave(torch.tensor(counts)), device)
        self._guided = max(counts) > 1
        places = devices.send(torch.tensor(list(_places(counts))), device)
        self._with_words, self._with_image, self._bare = places.unbind(1)
        scales = torch.tensor([[sample.guidance, sample.image_guidance] for sample in samples])
        scales = devices.send(scales, device).view(-1, 2, 1, 1, 1)
        self._guidance, self._image_guidance = scales.unbind(1)

    def spread(self, latents: torch.Tensor, numbers: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """What the UNet sees of the pictures, row by row, and each row's timestep."""
        scaled = latents * numbers[:, _SCALE].view(-1, 1, 1, 1)
        seen = scaled[self.picture_of_row].to(self.words.dtype)
        if self.beside is not None:
            seen = torch.cat([seen, self.beside], 1)
        return seen, numbers[:, _TIMESTEP][self.picture_of_row]

    def guide(self, answers: torch.Tensor) -> torch.Tensor:
        """One answer for each picture out of the answers for its rows; with one row they are the same."""
        if not self._guided:
            return answers
        words, init_image, bare = answers[self._with_words], answers[self._with_image], answers[self._bare]
        return bare + self._guidance * (words - init_image) + self._image_guidance * (init_image - bare)


def _places(counts: Sequence[int]) -> Any:
    """Where each picture's rows with words, with the image only and with nothing are; fewer rows fall together."""
    first = 0
    for count in counts:
        yield first, first + min(1, count - 1), first + count - 1
        first += count


def _noise(samples: Sequence[Sample], latents: torch.Tensor) -> torch.Tensor | None:
    """Fresh noise for those whose sampler adds some, each from its own generator."""
    if not any(sample.table.draws_noise(sample.step) for sample in samples):
        return None
    return devices.send(torch.cat([sample.noise() for sample in samples]), latents.device)


class Sampler:
    """Begins and ends pictures of one kind of one checkpoint, by the stock pipeline's parts and its defaults."""

    def __init__(
        self,
        pipeline: Any,  # of diffusers, no useful type
        words: Words,
        decoder: Decoder | None = None,
    ) -> None:
        self.pipeline, self._words = pipeline, words
        self._decoder = decoder or Plain(pipeline.vae)
        self._recipe = RECIPES[type(pipeline).__name__]
        call = inspect.signature(type(pipeline).__call__).parameters
        self._defaults = {name: parameter.default for name, parameter in call.items()}
        self._table = lru_cache(maxsize=64)(self._make_table)
        self._checker = Checker(pipeline) if getattr(pipeline, "safety_checker", None) is not None else None

    def rows(self, drawing: Drawing) -> int:
        """How much of a step the picture takes, which follows from its guidance."""
        given = {**self._defaults, **drawing.arguments}
        guided = given["guidance_scale"] > 1
        if self._recipe.beside:
            return 3 if guided and given["image_guidance_scale"] >= 1 else 1
        return 2 if guided else 1

    def begin(self, drawing: Drawing) -> Sample:
        """The picture before its first step. Draws from its generator in the stock pipeline's order."""
        given = {**self._defaults, **drawing.arguments}
        guidance, image_guidance = (
            float(given["guidance_scale"]),
            float(given.get("image_guidance_scale") or 0),
        )
        rows = self.rows(drawing)
        generator = torch.Generator("cpu").manual_seed(drawing.seed)
        table = self._table(given["num_inference_steps"], given["strength"] if self._recipe.over else 1.0)
        init_image = None if drawing.init_image is None else self._pixels(drawing.init_image)
        whole = self._recipe.masked and given["strength"] == 1.0
        start, noise, latents = self._first(table, generator, init_image, drawing.size, whole)
        beside, kept = None, None
        if self._recipe.masked and init_image is not None and drawing.mask is not None:
            beside, kept = self._masked(generator, init_image, drawing.mask, rows, start, noise)
        meanings = [self._words.get(given["prompt"])]
        meanings += [self._words.get(given["negative_prompt"])] * (rows - 1)
        if self._recipe.beside and init_image is not None:
            beside = self._beside(init_image, rows)
        return Sample(
            table,
            generator,
            latents,
            torch.cat([meaning.embeds for meaning in meanings]).to(self.pipeline.unet.dtype),
            beside,
            self._added(meanings, drawing.size) if self._recipe.xl else {},
            guidance,
            image_guidance if rows == 3 else 0.0,
            kept,
        )

    def decode(self, latents: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Finished pictures, (pictures, 3, height, width) in 0–1, and which of them may not be shown: (pictures,), or
        None where nobody asks. Both on the device, which may still be at work on them."""
        decoded = self._decoder(self._scaled(latents))
        pixels = decoded.float().mul(0.5).add(0.5).clamp(0, 1)
        return pixels, None if self._checker is None else self._checker(pixels)

    def prepare(self, sample: Sample) -> None:
        """Have everything ready to decode any number of pictures like this one."""
        self._decoder.prepare(self._scaled(sample.latents))

    @property
    def _vae(self) -> Any:
        """The autoencoder; SDXL's overflows in half precision. Stock moves it there and back for each picture."""
        vae = self.pipeline.vae
        if self._recipe.xl and vae.config.force_upcast and vae.dtype == torch.float16:
            vae.to(torch.float32)
        return vae

    def _scaled(self, latents: torch.Tensor) -> torch.Tensor:
        vae = self._vae
        scaled: torch.Tensor = (latents / vae.config.scaling_factor).to(vae.dtype)
        return scaled

    def _make_table(self, steps: int, strength: float) -> Table:
        made = schedulers.table(self.pipeline.scheduler, steps, strength)
        if made is None:
            raise ValueError(f"{type(self.pipeline.scheduler).__name__} has no table for {steps} steps")
        return made

    def _pixels(self, init_image: Image.Image) -> torch.Tensor:
        """(1, 3, height, width) in -1–1, in the autoencoder's type, on the device."""
        vae = self._vae
        flat = devices.send(torch.frombuffer(bytearray(init_image.tobytes()), dtype=torch.uint8), vae.device)
        pixels = flat.view(1, init_image.height, init_image.width, 3).permute(0, 3, 1, 2).float().div(255)
        return (2.0 * pixels - 1.0).to(vae.dtype)

    def _first(
        self,
        table: Table,
        generator: torch.Generator,
        init_image: torch.Tensor | None,
        size: tuple[int, int],
        whole: bool,
    ) -> tuple[torch.Tensor | None, torch.Tensor, torch.Tensor]:
        """The init image's latents if they are needed, noise, and the latents to begin with.

        whole: what is repainted shall owe nothing to what was there.
        """
        vae, unet = self.pipeline.vae, self.pipeline.unet
        seen_beside = self._recipe.masked and self._trained_for_masks()
        start = None
        if self._recipe.over and init_image is not None and not (seen_beside and whole):
            start = self._encoded(init_image, generator)
        channels = (
            vae.config.latent_channels
            if self._recipe.beside or self._recipe.masked
            else unet.config.in_channels
        )
        factor = self.pipeline.vae_scale_factor
        shape = (1, channels, size[1] // factor, size[0] // factor)
        noise = devices.send(torch.randn(shape, generator=generator), unet.device)
        if start is None or whole:
            return start, noise, noise * table.pure_noise
        return start, noise, table.signal * start + table.noise * noise

    def _encoded(self, pixels: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        encoded = self.pipeline.vae.encode(pixels)
        sampled = (
            _sampled(encoded.latent_dist, generator) if hasattr(encoded, "latent_dist") else encoded.latents
        )
        latents: torch.Tensor = sampled.float() * self.pipeline.vae.config.scaling_factor
        return latents

    def _masked(
        self,
        generator: torch.Generator,
        init_image: torch.Tensor,
        mask: Image.Image,
        rows: int,
        start: torch.Tensor | None,
        noise: torch.Tensor,
    ) -> tuple[torch.Tensor | None, Kept | None]:
        """What goes beside the latents, or what is put back after every step."""
        unet = self.pipeline.unet
        repainted = self._mask(mask)
        # Encoded in any case, as the stock pipeline does: it draws from the generator.
        rest = self._encoded(init_image * (repainted < 0.5), generator)
        small = torch.nn.functional.interpolate(repainted, size=noise.shape[2:])
        if self._trained_for_masks():
            return torch.cat([small, rest], 1).repeat(rows, 1, 1, 1).to(unet.dtype), None
        assert start is not None, "whatever is put back was encoded"
        return None, Kept(small, start, noise)

    def _mask(self, mask: Image.Image) -> torch.Tensor:
        """(1, 1, height, width), 1 where it is repainted, on the device."""
        flat = torch.frombuffer(bytearray(mask.tobytes()), dtype=torch.uint8)
        flat = devices.send(flat, self.pipeline.vae.device)
        return (flat.view(1, 1, mask.height, mask.width) >= 128).float()

    def _trained_for_masks(self) -> bool:
        latent: int = self.pipeline.vae.config.latent_channels
        return bool(self.pipeline.unet.config.in_channels == 2 * latent + 1)

    def _beside(self, init_image: torch.Tensor, rows: int) -> torch.Tensor:
        """The init image's latents beside those of the picture; the last of three rows must not see it."""
        encoded = self.pipeline.vae.encode(init_image)
        latents = encoded.latent_dist.mode() if hasattr(encoded, "latent_dist") else encoded.latents
        shown = [latents, latents, torch.zeros_like(latents)][:rows]
        return torch.cat(shown).to(self.pipeline.unet.dtype)

    def _added(self, meanings: Sequence[Any], size: tuple[int, int]) -> dict[str, torch.Tensor]:
        """SDXL's pooled words, and the sizes: original, corner of the crop, target."""
        unet = self.pipeline.unet
        height, width = size[1], size[0]
        sizes = torch.tensor([[height, width, 0, 0, height, width]]).repeat(len(meanings), 1)
        return {
            "text_embeds": torch.cat([meaning.pooled for meaning in meanings]).to(unet.dtype),
            "time_ids": devices.send(sizes.to(unet.dtype), unet.device),
        }


def _sampled(found: Any, generator: torch.Generator) -> torch.Tensor:
    """What the distribution's own `sample` gives, but its noise is sent without waiting for the encoder.

    found: what an autoencoder of diffusers says of an image, its DiagonalGaussianDistribution.
    """
    noise = torch.randn(found.mean.shape, generator=generator, dtype=found.mean.dtype)
    sampled: torch.Tensor = found.mean + found.std * devices.send(noise, found.mean.device)
    return sampled


def _maskable(pipeline: Any) -> bool:
    """Whether the UNet takes a mask beside its latents, or nothing but latents. Asymmetric autoencoders want more."""
    latent, taken = pipeline.vae.config.latent_channels, pipeline.unet.config.in_channels
    return type(pipeline.vae).__name__ != "AsymmetricAutoencoderKL" and taken in (latent, 2 * latent + 1)


def suits(pipeline: Any, kind: Kind) -> bool:
    """Whether a kind can be drawn step by step here; otherwise its stock pipeline draws it."""
    recipe = RECIPES.get(type(pipeline).__name__)
    if recipe is None or not set(kind.arguments) <= _KNOWN_ARGUMENTS:
        return False
    unet, vae = pipeline.unet, pipeline.vae
    asks_more = (
        recipe.masked and not _maskable(pipeline),
        unet.config.time_cond_proj_dim,  # the guidance is embedded
        unet.config.encoder_hid_dim_type,  # pictures as prompts
        unet.config.class_embed_type,
        getattr(vae.config, "latents_mean", None),
        type(getattr(pipeline, "safety_checker", None)) not in (type(None), StableDiffusionSafetyChecker),
        getattr(pipeline, "watermark", None),
        recipe.xl and recipe.over and pipeline.config.get("requires_aesthetics_score"),
    )
    return not any(asks_more) and schedulers.fits(pipeline.scheduler)
