"""The least that the true configurations can take on a card whose speed is known, in ms of that card.

Counted from the shapes: for each operation the longer of its arithmetic at 790 TFLOP/s (bf16) and its bytes at 4.3 TB/s,
pointwise work fused away; autoencoder in full, 512 px.
"""

from bench.engine.measures import Row

CARD = "H200"
LIVE_1_MS = 1.66 + 1.23 + 3.65
"""SD-Turbo, one step: encode, UNet, decode, of one board; and of eight together."""
LIVE_8_MS = 13.3 + 8.88 + 29.2
JOB_MS = 32.7
"""SD 1.5 img2img, twelve steps with guidance, in batches of sixteen rows and more."""


def fractions(rows: list[Row], title: str) -> list[Row]:
    """Floor ÷ measured for the rows that have one; none on any other card."""
    if CARD not in title:
        return []
    found = {row.what: row.values for row in rows}
    wanted = (
        ("live, 1 board", LIVE_1_MS, "≥ 32 %"),
        ("live, 8 boards together", LIVE_8_MS / 8, "≥ 48 %"),
        ("SD 1.5 img2img, engine: 24 equal jobs", JOB_MS, "≥ 45 %"),
    )
    return [
        Row("R7", f"roofline, {what}", "%", [floor * rate / 10 for rate in found[what]], goal)
        for what, floor, goal in wanted
        if what in found
    ]
