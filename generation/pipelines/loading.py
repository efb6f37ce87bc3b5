"""Loads a checkpoint, from the hub or from a folder; the pipelines of its kinds share one set of weights."""

import copy
import functools
import importlib.util
import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers

from generation.checkpoints import hub
from generation.checkpoints.catalogue import Checkpoint, Component, Part
from generation.errors import CheckpointUnavailable
from generation.pipelines import lora

for _library in (diffusers, transformers):
    # They warn about what the catalogue does on purpose (another text encoder, a small autoencoder), and print progress bars.
    _library.utils.logging.set_verbosity_error()
    _library.utils.logging.disable_progress_bar()


class LoadedCheckpoint:
    """The weights of one checkpoint on one device, and a pipeline for each kind that was used."""

    def __init__(
        self, checkpoint: Checkpoint, base: Any, extra_models: Mapping[str, Any] | None = None
    ) -> None:
        """base: a pipeline of diffusers. extra_models: those that only some kinds take, by argument name."""
        self.checkpoint = checkpoint
        self._base, self._extra_models = base, dict(extra_models or {})
        self._pipelines: dict[str, Any] = {}
        self._narrow_unets: dict[int, Any] = {}

    @property
    def vae(self) -> Any:
        return self._base.vae

    def pipeline(self, kind: str) -> Any:
        """The diffusers pipeline that draws a kind."""
        if kind not in self._pipelines:
            self._pipelines[kind] = self._assemble(kind)
        return self._pipelines[kind]

    def _assemble(self, name: str) -> Any:
        """A pipeline of the class in the catalogue, made of the loaded weights."""
        kind = self.checkpoint.kinds[name]
        parts = dict(self._base.components)
        # A scheduler holds the state of a run, so each pipeline has its own.
        parts["scheduler"] = _scheduler(parts["scheduler"], self.checkpoint.scheduler)
        if kind.unet_channels is not None:
            parts["unet"] = self._narrow_unet(parts["unet"], kind.unet_channels)
        cls = _pipeline_class(kind.pipeline)
        known = {**self._base.config, **parts, **self._extra_models}
        wanted = inspect.signature(cls.__init__).parameters
        pipeline = cls(**{part: known[part] for part in wanted if part in known})
        pipeline.set_progress_bar_config(disable=True)
        if kind.scale > 1:
            pipeline.vae.enable_tiling()  # a picture of 2048 px at once would need many GB
        return pipeline

    def _narrow_unet(self, unet: Any, channels: int) -> Any:
        """The same UNet for all kinds with so many channels, so that their pictures can share a step."""
        if channels not in self._narrow_unets:
            self._narrow_unets[channels] = narrow_unet(unet, channels)
        return self._narrow_unets[channels]


def load(checkpoint: Checkpoint, device: str) -> LoadedCheckpoint:
    """Read a checkpoint into memory, on the engine's thread. Raises CheckpointUnavailable."""
    dtype = getattr(torch, checkpoint.dtype_on(device))
    parts = {name: _load_from_package(component, dtype) for name, component in checkpoint.components.items()}
    extra_models = {name: _load_model(checkpoint, part, dtype) for name, part in checkpoint.parts.items()}
    taken = inspect.signature(_first_class(checkpoint).__init__).parameters
    parts |= {name: part for name, part in extra_models.items() if name in taken}
    base = _from_pretrained(checkpoint, dtype=dtype, local_files_only=hub.offline(), **parts)
    for wanted in checkpoint.loras:
        lora.merge(base, wanted, checkpoint)
    base.to(device)
    return LoadedCheckpoint(checkpoint, base, {name: part.to(device) for name, part in extra_models.items()})


def download(checkpoint: Checkpoint) -> Path:
    """Download a hub checkpoint's files, only those that it needs. Raises CheckpointUnavailable."""
    cls = _first_class(checkpoint)
    diffusers.utils.logging.enable_progress_bar()
    with hub.explained(checkpoint):
        for part in checkpoint.parts.values():
            if part.repo:
                _load_model(checkpoint, part, torch.float16)
        for wanted in checkpoint.loras:
            lora.path_of(wanted, checkpoint)
        return Path(cls.download(checkpoint.repo, use_safetensors=True, **_hub_options(checkpoint)))


def narrow_unet(unet: Any, channels: int) -> Any:
    """A UNet that shares every weight but conv_in, of which it has only the first input channels.

    A UNet trained on latents and concatenated image latents is an ordinary one without the image's channels.
    """
    old = unet.conv_in
    conv = torch.nn.Conv2d(
        channels,
        old.out_channels,
        old.kernel_size,
        old.stride,
        old.padding,
        device=old.weight.device,
        dtype=old.weight.dtype,
    )
    conv.weight = torch.nn.Parameter(old.weight[:, :channels].detach().clone(), requires_grad=False)
    conv.bias = old.bias
    narrow = copy.copy(unet)
    narrow._modules = {**unet._modules, "conv_in": conv}
    narrow.register_to_config(in_channels=channels)
    return narrow


def _from_pretrained(checkpoint: Checkpoint, **options: Any) -> Any:
    cls = _first_class(checkpoint)
    if checkpoint.folder:
        return _local(cls, checkpoint.folder, **options)
    with hub.explained(checkpoint):
        return cls.from_pretrained(
            checkpoint.repo, use_safetensors=True, **_hub_options(checkpoint), **options
        )


def _load_model(checkpoint: Checkpoint, part: Part, dtype: torch.dtype) -> Any:
    """A single model, from a folder or the hub. Raises CheckpointUnavailable."""
    cls = _model_class(part.cls)
    if part.folder:
        return _local(cls, part.folder, torch_dtype=dtype)
    with hub.explained(checkpoint):
        return cls.from_pretrained(
            part.repo,
            revision=part.revision,
            cache_dir=hub.cache_folder(),
            local_files_only=hub.offline(),
            torch_dtype=dtype,
            use_safetensors=True,
        )


def _local(cls: Any, folder: Path, **options: Any) -> Any:
    try:
        return cls.from_pretrained(str(folder), use_safetensors=True, **options)
    except (OSError, ValueError) as error:
        raise CheckpointUnavailable(f"The checkpoint in {folder} cannot be loaded: {error}") from error


def _hub_options(checkpoint: Checkpoint) -> dict[str, Any]:
    return {"revision": checkpoint.revision, "variant": checkpoint.variant, "cache_dir": hub.cache_folder()}


def _first_class(checkpoint: Checkpoint) -> Any:
    return _pipeline_class(next(iter(checkpoint.kinds.values())).pipeline)


def _pipeline_class(name: str) -> Any:
    cls = getattr(diffusers, name, None)
    if not (inspect.isclass(cls) and issubclass(cls, diffusers.DiffusionPipeline)):
        raise CheckpointUnavailable(f"{name} is not a pipeline of diffusers {diffusers.__version__}.")
    return cls


def _model_class(name: str) -> Any:
    cls = getattr(diffusers, name, None)
    if not (inspect.isclass(cls) and issubclass(cls, diffusers.ModelMixin)):
        raise CheckpointUnavailable(f"{name} is not a model of diffusers {diffusers.__version__}.")
    return cls


def _scheduler(original: Any, other: str | None) -> Any:
    """A new scheduler that keeps its last `pred_original_sample`, for previews. other: class name to use instead."""
    cls = getattr(diffusers, other) if other else type(original)
    scheduler = cls.from_config(original.config)
    scheduler.pred_original_sample = None
    step = scheduler.step

    @functools.wraps(step)  # pipelines inspect the signature
    def step_and_keep(*args: Any, **kwargs: Any) -> Any:
        output = step(*args, **kwargs)
        # With return_dict=False most schedulers return (prev_sample, pred_original_sample).
        scheduler.pred_original_sample = output[1] if isinstance(output, tuple) and len(output) > 1 else None
        return output

    scheduler.step = step_and_keep
    return scheduler


def _load_from_package(component: Component, dtype: torch.dtype) -> Any:
    """A model or tokenizer from an installed Python package. Raises CheckpointUnavailable."""
    found = importlib.util.find_spec(component.package)
    if found is None or not found.submodule_search_locations:
        raise CheckpointUnavailable(
            f"The Python package {component.package} is missing: run `make run` again."
        )
    folder = Path(found.submodule_search_locations[0]) / component.folder
    options = dict(component.options)
    cls = getattr(transformers, component.loader)
    if issubclass(cls, transformers.PreTrainedModel) or component.loader.startswith("AutoModel"):
        options |= {"dtype": dtype, "use_safetensors": True}
    part = cls.from_pretrained(str(folder), local_files_only=True, **options)
    for name, value in component.config.items():
        setattr(part.config, name, value)
    return part
