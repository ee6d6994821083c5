"""Any Pillow image as 8-bit sRGB."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

_BACKGROUND = 128
"""sRGB grey put behind transparent pixels: no light or dark fringe round a cut-out head."""


def to_srgb(image: Image.Image) -> NDArray[np.uint8]:
    """(H, W, 3) sRGB pixels of an image in any mode.

    An embedded ICC profile is applied; CMYK without one is converted plainly; 16-bit grey keeps its upper eight bits;
    floating-point grey is taken as 0..1 unless it exceeds that; transparency goes over mid-grey.
    """
    if image.mode.startswith("I") or image.mode == "F":
        grey = _eight_bits(np.asarray(image), image.mode)
        return np.repeat(grey[:, :, None], 3, axis=2)
    transparent = image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info
    if transparent:
        image = _over_grey(image)
    return np.asarray(_through_profile(image).convert("RGB"), np.uint8)


def _eight_bits(values: NDArray[np.generic], mode: str) -> NDArray[np.uint8]:
    """Grey values of 16 or 32 bits, or floating-point ones, in 0..255."""
    numbers = np.nan_to_num(values.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    highest = float(numbers.max(initial=0.0))
    if mode == "F":
        top = 1.0 if highest <= 1 else 255.0 if highest <= 255 else 65535.0 if highest <= 65535 else highest
    else:
        top = 65535.0 if highest <= 65535 else highest
    return np.clip(numbers * (255.0 / top) + 0.5, 0, 255).astype(np.uint8)


def _over_grey(image: Image.Image) -> Image.Image:
    """Without its transparency, in a mode that an ICC profile of the file still fits."""
    grey = image.mode in ("LA", "La") or (image.mode == "L")
    top = image.convert("LA" if grey else "RGBA")
    ground = Image.new("L" if grey else "RGB", top.size, _BACKGROUND if grey else (_BACKGROUND,) * 3)
    ground.paste(top.convert(ground.mode), mask=top.getchannel("A"))
    ground.info = {key: value for key, value in image.info.items() if key != "transparency"}
    return ground


def _through_profile(image: Image.Image) -> Image.Image:
    """Converted to sRGB by the embedded profile; unchanged where there is none, or it is sRGB's or broken."""
    data = image.info.get("icc_profile")
    if not data:
        return image
    if image.mode == "P":
        image = image.convert("RGB")
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(data))
        if ImageCms.getProfileDescription(profile).strip().startswith("sRGB"):
            return image
        converted = ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    return converted if converted is not None else image
