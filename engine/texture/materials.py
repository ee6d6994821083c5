"""The head's materials in a person's colours: skin from the texture, irises from the photo, the rest from the model."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import cv2

from ..contract import Material
from ..faces.model import FaceModel
from ..fit.state import Fit
from .eye import eye_texture
from .iris import TYPICAL, iris_color
from .lashes import lash_texture
from .pixels import Image, encode

EYE_TEXTURE, LASH_TEXTURE = "eye.png", "lashes.png"
DRAWN = {"eye_L": EYE_TEXTURE, "eye_R": EYE_TEXTURE, "lashes": LASH_TEXTURE}
"""Materials whose UVs are those of :mod:`.eye` and :mod:`.lashes`."""


COLORS = {
    "teeth": (0.71, 0.585, 0.45),
    "gums": (0.48, 0.20, 0.18),
    "tongue": (0.40, 0.16, 0.15),
    "mouth": (0.16, 0.045, 0.04),
}
"""Linear RGB of what no photo shows well: dentine's ivory through enamel (shade A2, L* 74), wet flesh, and the dark
behind the teeth, whose own shade no order-2 light casts."""


def dress(model: FaceModel, fit: Fit, photo: Image) -> tuple[tuple[Material, ...], dict[str, bytes]]:
    """Materials, and the encoded images they need besides the skin's albedo; irises in the photo's colour."""
    return dress_with(model, lambda: iris_color(fit, photo))


def dress_with(
    model: FaceModel, iris: Callable[[], tuple[float, float, float]] = lambda: TYPICAL
) -> tuple[tuple[Material, ...], dict[str, bytes]]:
    """As :func:`dress` without a photo; ``iris`` gives the irises' linear RGB where they are to be painted."""
    materials = tuple(
        m if m.texture else dataclasses.replace(m, texture=DRAWN.get(m.name, ""), color=COLORS.get(m.name, m.color))
        for m in model.materials
    )
    used = {material.texture for material in materials}
    images: dict[str, bytes] = {}
    if EYE_TEXTURE in used:
        images[EYE_TEXTURE] = _png(encode(eye_texture(iris()))[..., ::-1])
    if LASH_TEXTURE in used:
        images[LASH_TEXTURE] = _png(lash_texture()[..., [2, 1, 0, 3]])
    return materials, images


def _png(pixels: Image) -> bytes:
    """The file of an image whose colours are in OpenCV's order."""
    return cv2.imencode(".png", pixels)[1].tobytes()
