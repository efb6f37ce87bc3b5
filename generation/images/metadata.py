"""Metadata of a generated PNG, in three forms.

`parameters`: text that other image programs show. `atelier`: JSON, for this product. XMP with IPTC's digital source
type: marks the picture as made by a model.
"""

import json
from collections.abc import Mapping
from typing import Any

from PIL.PngImagePlugin import PngInfo

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
# IPTC Photo Metadata Standard, Digital Source Type: a plain text value.
XMP = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\
<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" \
xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreatorTool="Atelier">\
<Iptc4xmpExt:DigitalSourceType>{SOURCE_TYPE}</Iptc4xmpExt:DigitalSourceType></rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>"""

_LABELS = {
    "steps": "Steps",
    "guidance_scale": "CFG scale",
    "image_guidance_scale": "Image CFG scale",
    "strength": "Denoising strength",
    "seed": "Seed",
    "checkpoint": "Model",
    "kind": "Kind",
}


def png_info(recipe: Mapping[str, Any]) -> PngInfo:
    """The text chunks of a picture. recipe: the params that make it again, with its own seed."""
    info = PngInfo()
    info.add_itxt("XML:com.adobe.xmp", XMP)
    info.add_itxt("parameters", as_text(recipe))
    info.add_itxt("atelier", json.dumps(dict(recipe), ensure_ascii=False, sort_keys=True))
    return info


def as_text(recipe: Mapping[str, Any]) -> str:
    """The recipe as most image programs write it: the prompt, then one line of settings."""
    lines = [recipe.get("prompt") or ""]
    if negative := recipe.get("negative_prompt"):
        lines.append(f"Negative prompt: {negative}")
    settings = [f"{label}: {recipe[name]}" for name, label in _LABELS.items() if recipe.get(name) is not None]
    lines.append(", ".join(settings))
    return "\n".join(lines)
