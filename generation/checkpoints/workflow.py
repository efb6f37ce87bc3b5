"""A ComfyUI workflow as a template: `%prompt%` and other names stand where a job's values go.

The values are put into the parsed JSON, so no prompt can add a node, and in one pass, so that a prompt that says
%seed% keeps saying it.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from generation.checkpoints.kinds import KINDS, Sees

NAMES = (
    "prompt",
    "negative_prompt",
    "steps",
    "strength",
    "guidance_scale",
    "image_guidance_scale",
    "seed",
    "width",
    "height",
    "image",
    "model",
)
_PLACEHOLDER = re.compile(f"%({'|'.join(NAMES)})%")


def check(path: Path, kind: str, uses: Sequence[str]) -> None:
    """Check that a workflow has a placeholder for every value that a request may set. Raises ValueError."""
    found = placeholders(read(path))
    needed = {*uses, "seed"} | ({"image"} if KINDS[kind].sees is not Sees.NOTHING else set())
    if missing := sorted(needed - found):
        raise ValueError(f"{path.name} has no place for %{'%, %'.join(missing)}%")


def read(path: Path) -> dict[str, Any]:
    """A workflow as ComfyUI exports it for its API. Raises ValueError."""
    try:
        nodes = json.loads(path.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"the workflow {path.name} cannot be read: {error}") from error
    if not isinstance(nodes, dict) or not all(
        isinstance(node, dict) and "class_type" in node for node in nodes.values()
    ):
        raise ValueError(f"{path.name} is not a workflow in the API format (Workflow → Export (API))")
    return nodes


def placeholders(template: object) -> set[str]:
    return set(_PLACEHOLDER.findall(json.dumps(template)))


def filled(template: Any, values: Mapping[str, Any]) -> Any:
    """The template with its values; a string that is one placeholder becomes the value itself, number or text."""
    if isinstance(template, dict):
        return {name: filled(each, values) for name, each in template.items()}
    if isinstance(template, list):
        return [filled(each, values) for each in template]
    if not isinstance(template, str):
        return template
    if (whole := _PLACEHOLDER.fullmatch(template)) and whole[1] in values:
        return values[whole[1]]
    return _PLACEHOLDER.sub(lambda found: str(values.get(found[1], found[0])), template)
