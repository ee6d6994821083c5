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
from .pixels import Image, encode

EYE_TEXTURE = "eye.png"
EYES = ("eye_L", "eye_R")
"""Materials whose UVs are those of :mod:`.eye`."""


def dress(model: FaceModel, fit: Fit, photo: Image) -> tuple[tuple[Material, ...], dict[str, bytes]]:
    """Materials, and the encoded images they need besides the skin's albedo; irises in the photo's colour."""
    return dress_with(model, lambda: iris_color(fit, photo))


def dress_with(
    model: FaceModel, iris: Callable[[], tuple[float, float, float]] = lambda: TYPICAL
) -> tuple[tuple[Material, ...], dict[str, bytes]]:
    """As :func:`dress` without a photo; ``iris`` gives the irises' linear RGB where they are to be painted."""
    images: dict[str, bytes] = {}
    materials = tuple(
        dataclasses.replace(m, texture=EYE_TEXTURE) if m.name in EYES and not m.texture else m for m in model.materials
    )
    if any(material.texture == EYE_TEXTURE for material in materials):
        pixels = encode(eye_texture(iris()))
        images[EYE_TEXTURE] = cv2.imencode(".png", pixels[..., ::-1])[1].tobytes()
    return materials, images
