"""The catalogue of checkpoints: where their weights come from and what each can do.

Everything about a checkpoint is data: bundled/checkpoint.json for the built-in one, checkpoints.json for those on the
Hugging Face hub, and ATELIER_HOME/checkpoints.json for those that `manage.py checkpoints add` wrote and those on other
servers. An entry of a later file replaces one of the same name.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

from generation.checkpoints import remote_entry as remotes
from generation.checkpoints import styles
from generation.checkpoints.limits import NUMBERS, allowed
from generation.checkpoints.remote_entry import Remote
from generation.checkpoints.styles import Style
from generation.errors import CatalogueInvalid, CheckpointUnknown

HERE = Path(__file__).resolve().parent
BUNDLED = HERE.parent / "bundled"
DEVICES = ("cpu", "cuda", "mps")
OUTSIDE = ("crop", "pad")
SEEN_AS = ("picture", "strokes")
STYLES_AS = ("words", "looks")
SCALES = (1, 2, 4)
FAMILY = "other"
BATCHING = "StableDiffusion"
"""Prefix of the pipelines that are known to take a list of images as a batch."""
FOCUS_MAX = 0.9  # the last few percent fade into the paper


@dataclass(frozen=True)
class Component:
    """A part of a checkpoint that comes with an installed Python package instead of its own folder."""

    package: str
    folder: str
    loader: str  # class in transformers
    options: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Part:
    """A model beside a checkpoint's own, such as a ControlNet. Either `folder` or `repo` is set; cls: in diffusers."""

    cls: str
    folder: Path | None
    repo: str
    revision: str


@dataclass(frozen=True)
class Lora:
    """Weights that are added to a checkpoint's own when it is loaded.

    file: a safetensors file, in `repo` or, without one, on this disk. sha256: of it; another file is refused.
    scale: how much of it, 1 for as it was trained.
    """

    file: str
    sha256: str
    repo: str = ""
    revision: str = "main"
    scale: float = 1.0


@dataclass(frozen=True)
class Kind:
    """How a checkpoint makes one kind of picture.

    title: its name on the page, where the kind's own would mislead; empty: the kind's.
    arguments: constants for the pipeline's call, for numbers that a request may not set.
    unet_channels: input channels that this pipeline feeds, where the UNet takes more of them.
    outside: crop or pad, for a picture that has not the shape asked for and no init image.
    seen_as: picture, or strokes for a pipeline that wants white lines on black, as scribble ControlNets do.
    draft_steps: for a first look; None where it makes no drafts.
    keeps_lines: the default for laying the sketch's lines over the picture; None: not offered.
    tidies_colours: the default for giving each region of the sketch one colour; None: not offered.
    from_outline: starts from a stock outline of what the words name, where there is no init image.
    scale: how much larger the picture comes out of the pipeline than it went in.
    batches: whether several images in one call are a picture each. To newer pipelines they are several references for
        every picture, which would mix people's images.
    """

    pipeline: str
    uses: tuple[str, ...]
    defaults: Mapping[str, float]
    limits: Mapping[str, tuple[float, float]]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    unet_channels: int | None = None
    outside: str = "crop"
    title: str = ""
    seen_as: str = "picture"
    draft_steps: int | None = None
    keeps_lines: bool | None = None
    tidies_colours: bool | None = None
    from_outline: bool = False
    scale: int = 1
    batches: bool = False

    @property
    def switches(self) -> dict[str, bool]:
        """The on/off params that are offered, by name, with their defaults."""
        drafts = None if self.draft_steps is None else False
        known = {"draft": drafts, "keep_lines": self.keeps_lines, "tidy_colours": self.tidies_colours}
        return {name: preset for name, preset in known.items() if preset is not None}


@dataclass(frozen=True)
class LiveKind:
    """How a checkpoint redraws a live frame.

    params: numbers that make it fast; they replace what the user chose.
    """

    kind: str
    params: Mapping[str, float]


@dataclass(frozen=True)
class Checkpoint:
    """One set of weights. Either `folder` or `repo` is set, or `remote` for weights on another server.

    family: checkpoints that the same workers serve, such as sd15; hints for jobs go to the queue gpu.<family>.
    sizes: (width, height) in pixels that the weights were trained for.
    dtype: torch type by device kind. scheduler: class to use instead of the checkpoint's own.
    sharpen_percent: unsharp mask after enlarging, 0 for none.
    styles: names in styles.json. styles_as: words for weights that understand them; looks where finished pictures get
    them.
    focus: for weights that draw one thing at a time: share of the canvas that the drawn part of the init image fills.
    """

    name: str
    title: str
    description: str
    licence: str
    licence_url: str
    folder: Path | None
    repo: str
    revision: str
    variant: str | None
    size_bytes: int
    sizes: tuple[tuple[int, int], ...]
    dtype: Mapping[str, str]
    kinds: Mapping[str, Kind]
    default_kind: str
    family: str = FAMILY
    scheduler: str | None = None
    sharpen_percent: int = 0
    focus: float = 0
    styles: tuple[str, ...] = ()
    styles_as: str = "words"
    components: Mapping[str, Component] = field(default_factory=dict)
    parts: Mapping[str, Part] = field(default_factory=dict)
    loras: tuple[Lora, ...] = ()
    remote: Remote | None = None
    live: LiveKind | None = None

    @property
    def bundled(self) -> bool:
        return self.folder is not None

    @property
    def source(self) -> str:
        if self.remote:
            return f"{self.remote.protocol} at {self.remote.url or self.remote.url_from}"
        return str(self.folder) if self.folder else f"{self.repo}@{self.revision}"

    def style_words(self, style: str | None) -> Style:
        """A style whose words are added to a prompt; NONE for no style, and for one that is a look."""
        known = styles.every().get(style or "", styles.NONE)
        return known if self.styles_as == "words" else styles.NONE

    def look(self, style: str | None) -> str | None:
        """The look that a style gives to finished pictures; None for no style, and for one that is words."""
        return style if self.styles_as == "looks" else None

    def dtype_on(self, device: str) -> str:
        """The name of the torch dtype on a device such as cpu or cuda:1."""
        return self.dtype[device.partition(":")[0]]


def entries() -> dict[str, Checkpoint]:
    """Every checkpoint by name, the bundled one first. Raises CatalogueInvalid."""
    found: dict[str, Checkpoint] = {}
    for path in (BUNDLED / "checkpoint.json", HERE / "checkpoints.json", added_path()):
        found |= read(path)
    return found


def get(name: object = None) -> Checkpoint:
    """The checkpoint of that name, the default one for None. Raises CheckpointUnknown."""
    known = entries()
    wanted = (settings.CHECKPOINT or "bundled") if name is None else name
    if not isinstance(wanted, str) or wanted not in known:
        raise CheckpointUnknown(wanted, list(known))
    return known[wanted]


def default() -> Checkpoint:
    return get()


def added_path() -> Path:
    return Path(settings.ATELIER_HOME) / "checkpoints.json"


def add(name: str, raw: Mapping[str, Any]) -> Checkpoint:
    """Write an entry into ATELIER_HOME/checkpoints.json. Raises CatalogueInvalid."""
    path = added_path()
    checkpoint = _checkpoint(name, raw, path)
    known = json.loads(path.read_text()) if path.exists() else {}
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".new")
    unfinished.write_text(json.dumps(known | {name: raw}, indent=2) + "\n")
    unfinished.replace(path)
    return checkpoint


def read(path: Path) -> dict[str, Checkpoint]:
    try:
        changed = path.stat().st_mtime_ns
    except FileNotFoundError:
        return {}
    return _parsed(path, changed)


@lru_cache(maxsize=8)
def _parsed(path: Path, changed: int) -> dict[str, Checkpoint]:
    """changed: part of the cache's key, so that an edited file is read again."""
    try:
        raw = json.loads(path.read_text())
    except ValueError as error:
        raise CatalogueInvalid(f"{path} is not JSON: {error}") from error
    if not isinstance(raw, dict):
        raise CatalogueInvalid(f"{path} must hold an object of checkpoints by name.")
    return {name: _checkpoint(name, entry, path) for name, entry in raw.items()}


def _checkpoint(name: str, raw: Mapping[str, Any], path: Path) -> Checkpoint:
    where = f"{path}: {name}"
    try:
        checkpoint = Checkpoint(
            name=name,
            title=raw["title"],
            description=raw.get("description", ""),
            licence=raw["licence"],
            licence_url=raw.get("licence_url", ""),
            folder=(path.parent / raw["folder"]).resolve() if "folder" in raw else None,
            repo=raw.get("repo", ""),
            revision=raw.get("revision", "main"),
            variant=raw.get("variant"),
            size_bytes=raw.get("size_bytes", 0),
            sizes=tuple((int(width), int(height)) for width, height in raw["sizes"]),
            dtype={} if "remote" in raw else {device: raw["dtype"][device] for device in DEVICES},
            kinds={
                kind: _kind(_without_pipeline(entry) if "remote" in raw else entry, f"{where}.{kind}")
                for kind, entry in raw["kinds"].items()
            },
            default_kind=raw["default_kind"],
            family=raw.get("family", FAMILY),
            scheduler=raw.get("scheduler"),
            sharpen_percent=raw.get("sharpen_percent", 0),
            focus=float(raw.get("focus", 0)),
            styles=tuple(raw.get("styles", ())),
            styles_as=raw.get("styles_as", "words"),
            components={part: Component(**entry) for part, entry in raw.get("components", {}).items()},
            parts={part: _part(entry, path) for part, entry in raw.get("parts", {}).items()},
            loras=tuple(_lora(entry, path) for entry in raw.get("loras", ())),
            remote=remotes.read(raw["remote"], raw["kinds"], path.parent) if "remote" in raw else None,
            live=_live(raw["live"]) if "live" in raw else None,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CatalogueInvalid(f"{where}: {type(error).__name__} {error}") from error
    _check(checkpoint, where)
    return checkpoint


def _without_pipeline(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The entry of a kind that another server draws, which has no pipeline."""
    return {"pipeline": "", **raw}


def _part(raw: Mapping[str, Any], path: Path) -> Part:
    folder = (path.parent / raw["folder"]).resolve() if "folder" in raw else None
    if bool(folder) == bool(raw.get("repo")):
        raise ValueError("a part needs either a folder or a repo")
    return Part(raw["class"], folder, raw.get("repo", ""), raw.get("revision", "main"))


def _lora(raw: Mapping[str, Any], path: Path) -> Lora:
    lora = Lora(**raw)
    if not lora.file.endswith(".safetensors") or len(lora.sha256) != 64:
        raise ValueError("a LoRA needs a .safetensors file and its SHA-256")
    return lora if lora.repo else replace(lora, file=str((path.parent / lora.file).resolve()))


def _live(raw: Mapping[str, Any]) -> LiveKind:
    return LiveKind(raw["kind"], {name: value for name, value in raw.items() if name != "kind"})


def _kind(raw: Mapping[str, Any], where: str) -> Kind:
    limits = {name: (bounds[0], bounds[1]) for name, bounds in raw.get("limits", {}).items()}
    kind = Kind(
        pipeline=raw["pipeline"],
        uses=tuple(raw["uses"]),
        defaults=raw["defaults"],
        limits=limits,
        arguments=raw.get("arguments", {}),
        unet_channels=raw.get("unet_channels"),
        outside=raw.get("outside", "crop"),
        title=raw.get("title", ""),
        seen_as=raw.get("seen_as", "picture"),
        draft_steps=raw.get("draft_steps"),
        keeps_lines=raw.get("keeps_lines"),
        tidies_colours=raw.get("tidies_colours"),
        from_outline=raw.get("from_outline", False),
        scale=raw.get("scale", 1),
        batches=raw.get("batches", raw["pipeline"].startswith(BATCHING)),
    )
    _check_choices(kind, where)
    _check_numbers(kind, where)
    return kind


def _check_choices(kind: Kind, where: str) -> None:
    if kind.draft_steps is not None:
        low, high = allowed("steps", kind.limits) if "steps" in kind.uses else (1, 0)
        if not low <= kind.draft_steps <= high:
            raise CatalogueInvalid(f"{where}.draft_steps is {kind.draft_steps}, which it does not take.")
    for name in ("keeps_lines", "tidies_colours"):
        preset = getattr(kind, name)
        if preset not in (None, True, False) or (preset is not None and not kind.pipeline):
            raise CatalogueInvalid(
                f"{where}.{name} is {preset!r}; use true or false, and only where Atelier itself draws."
            )
    if kind.scale not in SCALES:
        raise CatalogueInvalid(f"{where}.scale is {kind.scale!r}; use one of {SCALES}.")
    if kind.seen_as not in SEEN_AS:
        raise CatalogueInvalid(f"{where}.seen_as is {kind.seen_as!r}; use picture or strokes.")
    if kind.outside not in OUTSIDE:
        raise CatalogueInvalid(f"{where}.outside is {kind.outside!r}; use crop or pad.")


def _check_numbers(kind: Kind, where: str) -> None:
    """Limits within the widest, and a default within the limits for every number that the kind uses."""
    for name, (low, high) in kind.limits.items():
        widest = NUMBERS[name]
        if not widest.low <= low <= high <= widest.high:
            raise CatalogueInvalid(
                f"{where}.limits.{name} is {low}–{high}, outside of {widest.low}–{widest.high}."
            )
    for name in kind.uses:
        if name not in NUMBERS:
            continue
        low, high = allowed(name, kind.limits)
        if name not in kind.defaults or not low <= kind.defaults[name] <= high:
            raise CatalogueInvalid(
                f"{where}.defaults.{name} is {kind.defaults.get(name)}, not in {low}–{high}."
            )


def _check(checkpoint: Checkpoint, where: str) -> None:
    if [bool(checkpoint.folder), bool(checkpoint.repo), bool(checkpoint.remote)].count(True) != 1:
        raise CatalogueInvalid(f"{where} needs either a folder or a repo, or a remote server.")
    if not checkpoint.family.isidentifier():
        raise CatalogueInvalid(f"{where}.family is {checkpoint.family!r}; use letters, digits and _.")
    if checkpoint.default_kind not in checkpoint.kinds:
        raise CatalogueInvalid(
            f"{where}.default_kind is {checkpoint.default_kind!r}, which it does not offer."
        )
    if unknown := [name for name in checkpoint.styles if name not in styles.every()]:
        raise CatalogueInvalid(f"{where}.styles names {', '.join(unknown)}, which styles.json has not.")
    _check_styles_as(checkpoint, where)
    if not 0 <= checkpoint.focus <= FOCUS_MAX:
        raise CatalogueInvalid(f"{where}.focus is {checkpoint.focus}, not between 0 and {FOCUS_MAX}.")
    if not checkpoint.sizes or any(side <= 0 or side % 8 for size in checkpoint.sizes for side in size):
        raise CatalogueInvalid(f"{where}.sizes must be one or more [width, height] in multiples of 8.")
    if checkpoint.live:
        _check_live(checkpoint, checkpoint.live, where)


def _check_styles_as(checkpoint: Checkpoint, where: str) -> None:
    if checkpoint.styles_as not in STYLES_AS:
        raise CatalogueInvalid(f"{where}.styles_as is {checkpoint.styles_as!r}; use words or looks.")
    if checkpoint.styles_as == "words":
        return
    if checkpoint.remote:
        raise CatalogueInvalid(
            f"{where}.styles_as is looks, which Atelier gives only to what it draws itself."
        )
    if unknown := [name for name in checkpoint.styles if name not in styles.LOOKS]:
        raise CatalogueInvalid(
            f"{where}.styles names {', '.join(unknown)}; looks are {', '.join(styles.LOOKS)}."
        )


def _check_live(checkpoint: Checkpoint, live: LiveKind, where: str) -> None:
    kind = checkpoint.kinds.get(live.kind)
    if kind is None or checkpoint.remote:
        raise CatalogueInvalid(f"{where}.live needs a kind that is drawn here; {live.kind!r} is none.")
    for name, value in live.params.items():
        low, high = allowed(name, kind.limits) if name in kind.uses and name in NUMBERS else (1, 0)
        if not low <= value <= high:
            raise CatalogueInvalid(f"{where}.live.{name} is {value!r}, which {live.kind} does not take.")
