"""How alike two pictures are."""

import io

import numpy as np
from PIL import Image
from scipy.ndimage import uniform_filter

WINDOW_PX = 7
# Of the range of values, squared: Wang, Bovik, Sheikh, Simoncelli (2004), “Image quality assessment”.
K1, K2 = 0.01, 0.03


def picture(data: bytes) -> Image.Image:
    """RGB on white."""
    image = Image.open(io.BytesIO(data)).convert("RGBA")
    sheet = Image.new("RGBA", image.size, "white")
    sheet.alpha_composite(image)
    return sheet.convert("RGB")


def ssim(first: Image.Image, second: Image.Image) -> float:
    """Structural similarity, 1.0 for equal pictures; the mean of the three colours. Sizes must be equal."""
    values = []
    for band_a, band_b in zip(first.split(), second.split(), strict=True):
        a, b = np.asarray(band_a, float) / 255, np.asarray(band_b, float) / 255
        mean_a, mean_b = uniform_filter(a, WINDOW_PX), uniform_filter(b, WINDOW_PX)
        variance_a = uniform_filter(a * a, WINDOW_PX) - mean_a**2
        variance_b = uniform_filter(b * b, WINDOW_PX) - mean_b**2
        covariance = uniform_filter(a * b, WINDOW_PX) - mean_a * mean_b
        like = (2 * mean_a * mean_b + K1**2) * (2 * covariance + K2**2)
        unlike = (mean_a**2 + mean_b**2 + K1**2) * (variance_a + variance_b + K2**2)
        values.append(float((like / unlike).mean()))
    return sum(values) / len(values)
