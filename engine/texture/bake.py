"""The albedo texture: the photo where it shows skin, its mirror image where it does not, the model elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from ..contract import Floats
from ..faces.model import FaceModel
from ..fit.state import Fit
from ..light.color import luminance, srgb_to_linear
from ..light.harmonics import shade
from .cover import face_regions, skin_likeness
from .layout import Layout, layout, once
from .seen import Pose, photo_positions, visibility
from .smooth import SkinMesh, skin_mesh

Image = NDArray[np.uint8]

COARSE = 1024
"""Side at which trust and light are worked out; both are smooth."""
DARK = 0.15
"""Least shade, as a share of the median, that the photo is divided by; darker pixels hold noise, not albedo."""
MATCH = 0.012
"""Metres over which the fill takes up the colour of the skin beside it."""
EVEN = 0.015
"""Metres over which a difference between the face's halves counts as light that the fit left behind."""
EVENED = 0.6
"""Share of that difference that is taken out."""
HIGHLIGHT = 1.25
"""Brightness over the surroundings' from which a spot counts as a highlight."""
MIRRORED = 90
"""Confidence of a texel copied from the mirrored side."""


@dataclass(frozen=True)
class Baked:
    """An albedo texture and what is known about it. Row 0 is the top of the image, v = 1."""

    albedo: Image
    """(S, S, 3) sRGB."""
    confidence: Image
    """(S, S) 255 seen .. 0 guessed."""
    seen_share: float
    """Share of the face's surface that the photo shows, 0..1."""


@dataclass(frozen=True)
class Evidence:
    """What the photo says about the skin's albedo, at the coarse size."""

    trust: Floats
    """(C, C) 0..1."""
    gain: Floats
    """(C, C, 3) what a linear pixel is multiplied by to give albedo: one over the light."""
    fill: Floats
    """(C, C, 3) linear albedo for what the photo does not show."""
    mirror_match: Floats
    """(C, C, 3) what the mirrored albedo is multiplied by to match this side."""


def bake(model: FaceModel, fit: Fit, photo: Image, size: int = 2048) -> Baked:
    """Unwrap ``photo`` (H, W, 3) onto the skin of ``model`` as ``fit`` lays it, without its light.

    Args:
        model: any face model whose skin materials use ``albedo.png``.
        fit: its camera is the whole photo's.
        photo: sRGB, upright, at the size the camera says.
        size: side of the texture.
    """
    fine, coarse = layout(model, size), layout(model, min(size, COARSE))
    pose = Pose.of(fit.vertices(model), model.triangles, fit.camera)
    evidence, seen_share = weigh(model, fit, photo, pose, coarse)
    albedo = sample(photo, photo_positions(pose, fine), fine) * _resize(evidence.gain, size)
    trust, fill = _resize(evidence.trust, size), _resize(evidence.fill, size)
    albedo = soften_highlights(albedo, fill)
    mirrored = cv2.remap(albedo, fine.mirror_map, None, cv2.INTER_LINEAR) * _resize(evidence.mirror_match, size)
    mirror_trust = cv2.remap(trust, fine.mirror_map, None, cv2.INTER_LINEAR) * (1 - trust)
    result = fill
    result += mirror_trust[..., None] * (mirrored - result)
    result += trust[..., None] * (albedo - result)
    confidence = 255 * trust + MIRRORED * mirror_trust
    return Baked(fine.pad(encode(result)), fine.pad(np.rint(confidence).astype(np.uint8)), seen_share)


def weigh(model: FaceModel, fit: Fit, photo: Image, pose: Pose, coarse: Layout) -> tuple[Evidence, float]:
    """What the photo shows, how far to trust it, and the colours that continue it; and the share seen."""
    mesh = once(model, "texture_mesh", lambda: skin_mesh(model, coarse))
    light = shade(pose.normals, fit.light.cpu())
    light = torch.maximum(light, DARK * light.median(0).values.clamp_min(1e-3))
    seen = visibility(model, pose, coarse)
    pixels = sample(photo, photo_positions(pose, coarse), coarse)
    expected = torch.log(model.albedo(fit.albedo).cpu().clamp_min(0.01))
    regions = torch.from_numpy(face_regions(model))
    inliers = torch.ones(len(expected)) if fit.inliers is None else fit.inliers.cpu()
    skin = model.skin_weight.cpu()
    certain = regions[:, 0] * skin * inliers
    table = coarse.texels(torch.cat([torch.log(light), expected, regions[:, :2], certain[:, None], regions[:, 2:]], -1))
    log_albedo = np.log(np.maximum(pixels, 1e-3)) - table[..., :3]
    trust = seen * skin_likeness(log_albedo, table[..., 3:6], seen, table[..., 6:9], coarse)
    at_vertices, sums = coarse.vertices(log_albedo, trust, len(expected))
    weights = sums / np.maximum(_coverage(model, coarse), 1e-6)
    left_over, match, fill = _fields(model, mesh, at_vertices, weights, expected.numpy())
    fields = coarse.pad(np.exp(coarse.texels(torch.from_numpy(np.concatenate([left_over, match, fill], -1)))))
    gain = np.exp(-coarse.pad(table[..., :3])) / fields[..., :3]
    evidence = Evidence(trust * table[..., 9], gain, fields[..., 6:], fields[..., 3:6])
    importance = mesh.areas * skin.numpy()[mesh.members]
    share = float((importance * np.minimum(weights[mesh.members], 1)).sum() / max(importance.sum(), 1e-12))
    return evidence, share


def _fields(
    model: FaceModel, mesh: SkinMesh, found: Floats, weights: Floats, expected: Floats
) -> tuple[Floats, Floats, Floats]:
    """Logarithms (V, 3) of the light left over, the mirrored side's colour match, and the fill.

    The two halves of a face have nearly the same albedo, so a smooth difference between them is mostly light that
    order 2 cannot describe: cast shadow, a lamp's fall-off.
    """
    none = np.zeros(3, dtype=np.float32)
    both = weights * weights[model.mirror]
    difference = (found - found[model.mirror]) * (both > 0)[:, None]
    left_over = EVENED * mesh.spread(difference / 2, both, EVEN, none, pull=0.02)
    even = found - left_over
    match = mesh.spread(difference - left_over + left_over[model.mirror], both, MATCH, none, pull=0.02)
    offset = even - expected
    typical = np.median(offset[weights > 0.5], axis=0) if (weights > 0.5).any() else none
    fill = expected + mesh.spread(offset, weights, MATCH, typical, pull=2e-3)
    return left_over, match, fill


def soften_highlights(albedo: Floats, expected: Floats) -> Floats:
    """``albedo`` (..., 3) with what shines above ``HIGHLIGHT`` times the local expectation pulled half-way back.

    A highlight left in the texture would stay where it is when the head turns under another light.
    """
    ratio = luminance(albedo) / np.maximum(luminance(expected), 1e-3) / HIGHLIGHT
    return albedo * (1 / np.sqrt(np.maximum(ratio, 1)))[..., None]


def sample(photo: Image, positions: Floats, texels: Layout) -> Floats:
    """(S, S, 3) linear RGB of the photo at ``positions`` (S, S, 2); averaged where a texel covers several pixels."""
    steps = np.linalg.norm(positions[:, 1:] - positions[:, :-1], axis=-1)[
        texels.covered[:, 1:] & texels.covered[:, :-1]
    ]
    shrink = float(np.median(steps)) if len(steps) else 1.0
    if shrink > 1.3:
        side = (max(round(photo.shape[1] / shrink), 1), max(round(photo.shape[0] / shrink), 1))
        factors = np.array([side[0] / photo.shape[1], side[1] / photo.shape[0]], dtype=np.float32)
        photo, positions = cv2.resize(photo, side, interpolation=cv2.INTER_AREA).astype(np.uint8), positions * factors
    found = cv2.remap(photo, positions - np.float32(0.5), None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return _TO_LINEAR[found]


def encode(linear: Floats) -> Image:
    """8-bit sRGB of linear values 0..1."""
    return _TO_SRGB[(np.clip(linear, 0, 1) * (len(_TO_SRGB) - 1) + 0.5).astype(np.uint16)]


def _resize(image: Floats, size: int) -> Floats:
    return cv2.resize(image, (size, size), interpolation=cv2.INTER_LINEAR) if image.shape[0] != size else image.copy()


def _coverage(model: FaceModel, texels: Layout) -> Floats:
    """(V,) texels that each vertex has, however little the photo shows of them."""
    ones = np.ones((texels.size, texels.size), dtype=np.float32)
    return once(
        model, f"texture_coverage_{texels.size}", lambda: texels.vertices(ones[..., None], ones, len(model.mean))[1]
    )


_TO_LINEAR: Floats = srgb_to_linear(np.arange(256, dtype=np.float32) / 255)
_CODES = srgb_to_linear((np.arange(255, dtype=np.float64) + 0.5) / 255)
_TO_SRGB: Image = np.searchsorted(_CODES, np.linspace(0, 1, 16384)).astype(np.uint8)
