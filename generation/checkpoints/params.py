"""Reads the params of a request against a checkpoint, before anything is spent on it.

A stored job holds `as_json(params)`; parsing that again gives the same params. The classes are in `kinds`.
"""

import math
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields, replace
from typing import Any

from accounts.errors import FieldError
from generation.checkpoints import hearing, styles
from generation.checkpoints.catalogue import Checkpoint, Kind
from generation.checkpoints.kinds import KINDS, NAMES, Params
from generation.checkpoints.limits import COMMON, NUMBERS, SEED_MAX, TEXT_MAX, Number, allowed
from generation.errors import ParamsInvalid

SHOWN_MAX = 40
SWITCHES = ("draft", "keep_lines", "tidy_colours")


def parse(raw: object, checkpoint: Checkpoint) -> Params:
    """Check a request against a checkpoint. Raises ParamsInvalid with every violation, not only the first."""
    if not isinstance(raw, Mapping):
        raise ParamsInvalid([FieldError("params", f"{_shown(raw)} is not an object")])
    name = raw.get("kind")
    name = checkpoint.default_kind if name is None else name
    cls = KINDS.get(name) if isinstance(name, str) else None
    if cls is None or name not in checkpoint.kinds:
        offered = ", ".join(kind for kind in KINDS if kind in checkpoint.kinds)
        raise ParamsInvalid(
            [FieldError("kind", f"{_shown(name)} is not offered by {checkpoint.name}; choose {offered}")]
        )
    return _Reader(raw, checkpoint, checkpoint.kinds[cls.kind], cls).read()


def as_json(params: Params) -> dict[str, Any]:
    """The params as the HTTP API shows them: every name of any kind, null if this kind has no such param."""
    return dict.fromkeys(sorted(NAMES)) | asdict(params) | {"kind": params.kind}


def complete(params: Params, size: tuple[int, int] | None) -> Params:
    """Params with a random seed and with `size` (width, height) where the request gave none.

    size: None if the result has its init image's.
    """
    seed = secrets.randbelow(SEED_MAX + 1) if params.seed is None else params.seed
    if size is None or "width_px" in params.ignores:
        return replace(params, seed=seed)
    width, height = size
    if params.width_px is not None and params.height_px is not None:
        width, height = params.width_px, params.height_px
    elif params.width_px is not None:
        width, height = params.width_px, side(params.width_px * height / width)
    elif params.height_px is not None:
        width, height = side(params.height_px * width / height), params.height_px
    return replace(params, seed=seed, width_px=width, height_px=height)


def words(params: Params, checkpoint: Checkpoint) -> dict[str, str]:
    """The prompt and, if this kind of this checkpoint takes one, the negative prompt, with the style's text added.

    Where the text encoder does not read all of it, the person's words are cut and the style's are kept.
    """
    style = checkpoint.style_words(params.style)
    prompt = styles.joined(hearing.heard(checkpoint, params.prompt, style.prompt).text, style.prompt)
    if params.negative_prompt is None:
        return {"prompt": prompt}
    negative = hearing.heard(checkpoint, params.negative_prompt, style.negative_prompt).text
    return {"prompt": prompt, "negative_prompt": styles.joined(negative, style.negative_prompt)}


def side(length: float) -> int:
    """The nearest allowed width or height of a picture, in px."""
    rule = COMMON["width_px"]
    rounded = round(length / rule.multiple_of) * rule.multiple_of
    return int(min(max(rounded, rule.low), rule.high))


class _Reader:
    """Reads one request field by field and collects the errors."""

    def __init__(self, raw: Mapping[str, Any], checkpoint: Checkpoint, kind: Kind, cls: type[Params]) -> None:
        self.raw, self.checkpoint, self.kind, self.cls = raw, checkpoint, kind, cls
        self.errors: list[FieldError] = []

    def read(self) -> Params:
        self._refuse_unknown()
        values = {field.name: self._value(field.name) for field in fields(self.cls)}
        if not self.errors:
            self._check_together(values)
        if self.errors:
            raise ParamsInvalid(self.errors)
        return self.cls(**values)

    def _value(self, name: str) -> Any:
        """The checked value of one field, its default when it was left out or null."""
        if name in SWITCHES:
            return self._switch(name)
        read: Callable[[], Any] = {
            "checkpoint": lambda: self.checkpoint.name,
            "prompt": lambda: self._text("prompt"),
            "negative_prompt": lambda: (
                self._text("negative_prompt") if self._used("negative_prompt") else None
            ),
            "style": self._style,
        }.get(name, lambda: self._number(name))
        return read()

    def _used(self, name: str) -> bool:
        return name in self.kind.uses

    def _refuse_unknown(self) -> None:
        for name, value in self.raw.items():
            if name not in NAMES:
                self._refuse(str(name)[:SHOWN_MAX], "is not a known field")
            elif value is not None and not self._meaningful(name):
                self._refuse(
                    name,
                    f"{_shown(value)} has no effect on {self.cls.kind} with {self.checkpoint.name}; leave it out",
                )

    def _meaningful(self, name: str) -> bool:
        if name in self.cls.ignores:
            return False
        if name == "style":
            return bool(self.checkpoint.styles)
        if name in SWITCHES:
            return name in self.kind.switches or self.raw[name] is False
        return name not in {*NUMBERS, "negative_prompt"} or self._used(name)

    def _style(self) -> str | None:
        value = self.raw.get("style")
        if value is None or not self._meaningful("style"):
            return None
        if not isinstance(value, str) or value not in self.checkpoint.styles:
            known = ", ".join(self.checkpoint.styles)
            self._refuse("style", f"{_shown(value)} is no style of {self.checkpoint.name}; choose {known}")
            return None
        return value

    def _switch(self, name: str) -> bool | None:
        value, preset = self.raw.get(name), self.kind.switches.get(name)
        if value is not None and not isinstance(value, bool):
            self._refuse(name, f"{_shown(value)} is neither true nor false")
        return preset if value is None or preset is None else value is True

    def _text(self, name: str) -> str:
        value = self.raw.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            self._refuse(name, f"{_shown(value)} is not text")
        elif len(value) > TEXT_MAX:
            self._refuse(name, f"the text is {len(value):,} characters long; {TEXT_MAX:,} are allowed")
        elif "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
            self._refuse(name, f"{_shown(value)} holds a NUL or a lone surrogate, which no text has")
        else:
            return value
        return ""

    def _number(self, name: str) -> float | int | None:
        if name in self.cls.ignores or (name in NUMBERS and not self._used(name)):
            return None
        rule = NUMBERS.get(name) or COMMON[name]
        value = self.raw.get(name)
        if value is None:
            return self._default(name, rule)
        if isinstance(value, bool) or not isinstance(value, int if rule.whole else (int, float)):
            self._refuse(name, f"{_shown(value)} is not a {'whole ' if rule.whole else ''}number")
            return None
        low, high = allowed(name, self.kind.limits)
        # Compared before any conversion: float(10**400) would raise.
        if not _finite(value) or not low <= value <= high:
            self._refuse(name, f"{_shown(value)} is not between {_number_text(low)} and {_number_text(high)}")
            return None
        if value % rule.multiple_of and rule.multiple_of > 1:
            self._refuse(name, f"{value} is not a multiple of {rule.multiple_of}")
            return None
        return int(value) if rule.whole else float(value)

    def _default(self, name: str, rule: Number) -> float | int | None:
        if name == "steps" and self.raw.get("draft") is True and self.kind.draft_steps is not None:
            return self.kind.draft_steps
        if name in NUMBERS:
            value = self.kind.defaults[name]
            return int(value) if rule.whole else float(value)
        return 1 if name == "count" else None

    def _check_together(self, values: Mapping[str, Any]) -> None:
        steps, strength = values.get("steps"), values.get("strength")
        # img2img runs only the last `strength` of its steps: with less than one nothing would be drawn.
        if steps is not None and strength is not None and int(steps * strength) < 1:
            self._refuse(
                "strength",
                f"steps × strength is {steps} × {strength} = {steps * strength:g}; it must be at least 1",
            )

    def _refuse(self, field: str, message: str) -> None:
        self.errors.append(FieldError(field, message))


def _finite(value: float | int) -> bool:
    return isinstance(value, int) or math.isfinite(value)


def _number_text(value: float) -> str:
    return f"{int(value)}" if value == int(value) else f"{value:g}"


def _shown(value: object) -> str:
    """A received value for a message: short, and safe to store and to send whatever it was."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**SHOWN_MAX:
        return f"a number of more than {SHOWN_MAX} digits"
    # repr() turns NUL and lone surrogates into escapes, which Postgres and UTF-8 both take.
    text = repr(value[:SHOWN_MAX] if isinstance(value, str) else value)
    return text if len(text) <= SHOWN_MAX + 2 else f"{text[:SHOWN_MAX]}…"
