"""The albedo texture: the photo where it shows skin, its mirror image where it does not, the model elsewhere."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np

from ..contract import Floats
from ..faces.model import FaceModel
from ..fit.state import Fit
from .evidence import mesh_of, weigh
from .evidence import prepare as prepare_evidence
from .hair import strand_noise
from .layout import layout
from .pixels import Image, encode, look_up, sample
from .seen import Pose, photo_positions

COARSE = 1024
"""Side at which trust and light are worked out; both are smooth."""
LARGEST = 4096
"""Side up to which texels are worked out; larger textures are enlarged from it: few photos show so much."""
MIRRORED = 90
"""Confidence of a texel copied from the mirrored side."""


@dataclass(frozen=True)
class Baked:
    """An albedo texture and what is known about it. Row 0 is the top of the image, v = 1."""

    albedo: Image
    """(S, S, 3) sRGB."""
    confidence: Image
    """(S, S) 255 seen .. 0 guessed."""
    covered: Image
    """(S, S) 255 where the photo shows something else than the skin: hair, a hat, a collar."""
    seen_share: float
    """Share of the face's skin, chin to hairline, that the photo shows, 0..1."""


def bake(model: FaceModel, fit: Fit, photo: Image, size: int = 2048) -> Baked:
    """Unwrap ``photo`` (H, W, 3) onto the skin of ``model`` as ``fit`` lays it, without its light.

    Args:
        model: any face model whose skin materials use ``albedo.png``.
        fit: its camera is the whole photo's.
        photo: sRGB, upright, at the size the camera says.
        size: side of the texture.
    """
    if size > LARGEST:
        return _enlarged(bake(model, fit, photo, LARGEST), size)
    fine, coarse = layout(model, size), layout(model, min(size, COARSE))
    pose = Pose.of(fit.vertices(model), model.triangles, fit.camera)
    with ThreadPoolExecutor(1) as other:
        sampled = other.submit(lambda: sample(photo, photo_positions(pose, fine), fine.covered))
        evidence = weigh(model, fit, photo, pose, coarse)
    albedo = sampled.result()
    albedo *= _resize(evidence.gain, size)
    trust, result = _resize(evidence.trust, size), _resize(evidence.fill, size)
    if evidence.hair is not None:
        hair = evidence.hair
        hair.over(result, _resize(hair.density, size), strand_noise(model, mesh_of(model, coarse), fine))
    places = fine.mirror_map
    if evidence.mirror_shift.any():
        places = places + _resize(evidence.mirror_shift, size) * size
    mirrored = look_up(albedo, places)
    mirrored *= _resize(evidence.mirror_match, size)
    mirror_trust = look_up(trust, fine.mirror_map) * (1 - trust)
    result += mirror_trust[..., None] * (mirrored - result)
    result += trust[..., None] * (albedo - result)
    confidence = np.rint(255 * trust + MIRRORED * mirror_trust).astype(np.uint8)
    covered = np.rint(255 * _resize(evidence.covered, size)).astype(np.uint8)
    return Baked(fine.pad(encode(result)), fine.pad(confidence), covered, evidence.seen_share)


def unwrap(model: FaceModel, fit: Fit, photo: Image, size: int = 1024) -> Floats:
    """(S, S, 3) linear RGB: the photo's own colours laid out on the skin, light and all, whether seen or not."""
    texels = layout(model, size)
    pose = Pose.of(fit.vertices(model), model.triangles, fit.camera)
    unwrapped: Floats = texels.pad(sample(photo, photo_positions(pose, texels), texels.covered))
    return unwrapped


def prepare(model: FaceModel, size: int = 2048) -> None:
    """Do ahead of the first photo what :func:`bake` does once for each model and size: about two seconds' work."""
    size = min(size, LARGEST)
    fine, coarse = layout(model, size), layout(model, min(size, COARSE))
    _ = fine.mirror_map, fine.nearest
    prepare_evidence(model, coarse, fine)


def _enlarged(baked: Baked, size: int) -> Baked:
    def enlarge(image: Image) -> Image:
        return cv2.resize(image, (size, size), interpolation=cv2.INTER_CUBIC).astype(np.uint8)

    return Baked(enlarge(baked.albedo), enlarge(baked.confidence), enlarge(baked.covered), baked.seen_share)


def _resize(image: Floats, size: int) -> Floats:
    """A copy of the image (C, C, ...) at another size."""
    return image.copy() if len(image) == size else np.asarray(cv2.resize(image, (size, size)), dtype=np.float32)
