"""What one photo says about the skin's albedo: where to trust it, which light to divide by, how to fill the rest."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch

from ..contract import Floats
from ..faces.model import FaceModel
from ..fit.state import Fit
from ..light.color import luminance
from ..light.harmonics import shade
from .cover import face_regions, skin_likeness
from .grain import grain
from .grain import prepare as prepare_grain
from .hair import add_hair, scalp_weights
from .layout import Layout, once, skin_materials
from .noise import strands
from .pixels import Image, sample
from .seen import Pose, photo_positions, visibility
from .smooth import SkinMesh, skin_mesh

DARK = 0.15
"""Least shade, as a share of the median, that the photo is divided by; darker pixels hold noise, not albedo."""
MATCH = 0.012
"""Metres over which the fill takes up the colour of the skin beside it."""
EVEN = 0.015
"""Metres over which a difference between the face's halves counts as light that the fit left behind."""
EVENED = 0.6
"""Share of that difference that is taken out."""
STRANDS = 23
"""Seed of the hair."""
SEEN = 0.05
"""Visibility from which a texel counts as shown by the photo at all."""


@dataclass(frozen=True)
class Evidence:
    """At the size C of the layout it was worked out on."""

    trust: Floats
    """(C, C) 0..1 how far a texel is to be copied from the photo."""
    gain: Floats
    """(C, C, 3) what a linear pixel is multiplied by to give albedo: one over the light."""
    fill: Floats
    """(C, C, 3) linear albedo for what the photo does not show."""
    level: Floats
    """(C, C) luminance of skin without highlights."""
    mirror_match: Floats
    """(C, C, 3) what the mirrored albedo is multiplied by to match this side."""
    covered: Floats
    """(C, C) 0..1 where the photo shows something else than this person's skin: hair, a hat, a collar."""
    seen_share: float
    """Share of the face's surface that the photo shows, 0..1."""


def weigh(model: FaceModel, fit: Fit, photo: Image, pose: Pose, layout: Layout) -> Evidence:
    """The evidence of ``photo`` (H, W, 3) sRGB, seen by the fit's camera, for the skin of ``model``."""
    mesh = once(model, "mesh", lambda: skin_mesh(model, layout))
    light = shade(pose.normals, fit.light.cpu())
    log_light = torch.log(torch.maximum(light, DARK * light.median(0).values.clamp_min(1e-3)))
    expected = torch.log(model.albedo(fit.albedo).cpu().clamp_min(0.01))
    regions, skin = torch.from_numpy(face_regions(model)), model.skin_weight.cpu()
    inliers = torch.ones_like(skin) if fit.inliers is None else fit.inliers.cpu()
    certain = regions[:, :1] * (skin * inliers)[:, None]
    table = layout.texels(torch.cat([log_light, expected, regions[:, :2], certain, regions[:, 2:]], -1))
    seen = visibility(model, pose, layout)
    pixels = sample(photo, photo_positions(pose, layout), layout.covered)
    log_albedo = np.log(np.maximum(pixels, 1e-3)) - table[..., :3]
    likeness = skin_likeness(log_albedo, table[..., 3:6], seen, table[..., 6:9], layout)
    trust = seen * likeness
    at_vertices, sums = layout.vertices(log_albedo, trust, len(skin))
    weights = np.minimum(sums / np.maximum(_texels_of_vertices(model, layout), 1e-6), 1)
    fields = _fields(model, mesh, at_vertices, weights, expected.numpy())
    left_over, match, fill = np.split(layout.pad(layout.texels(torch.from_numpy(fields))), 3, axis=-1)
    log_albedo -= left_over
    plain = (trust > 0.8) & (table[..., 6] > 0.9) & (table[..., 7] < 0.1)
    level = luminance(np.exp(fill))
    fill = np.exp(fill + grain(model, np.where(plain[..., None], log_albedo, fill), plain, layout))
    fill *= _detail(model, layout)
    typical = np.exp(np.median(table[..., :3][plain], axis=0)) if plain.any() else np.ones(3, np.float32)
    shown = np.where(seen > SEEN, 1 - likeness, np.float32(-1))
    fill = add_hair(fill, pixels / typical, shown, scalp_weights(model, mesh, layout), strands(model, layout, STRANDS))
    importance = mesh.areas * skin.numpy()[mesh.members]
    return Evidence(
        trust=trust * table[..., 9],
        gain=np.exp(-layout.pad(table[..., :3]) - left_over),
        fill=fill,
        level=level,
        mirror_match=np.exp(match),
        covered=np.maximum(shown, 0),
        seen_share=float((importance * weights[mesh.members]).sum() / max(importance.sum(), 1e-12)),
    )


def prepare(model: FaceModel, layout: Layout) -> None:
    """What :func:`weigh` needs once for each model and size."""
    mesh = once(model, "mesh", lambda: skin_mesh(model, layout))
    face_regions(model)
    scalp_weights(model, mesh, layout)
    strands(model, layout, STRANDS)
    prepare_grain(model, layout)
    _texels_of_vertices(model, layout)


def _fields(model: FaceModel, mesh: SkinMesh, found: Floats, weights: Floats, expected: Floats) -> Floats:
    """Logarithms (V, 9) of the light left over, the mirrored side's colour match, and the fill.

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
    return np.concatenate([left_over, match, fill], -1)


def _detail(model: FaceModel, layout: Layout) -> Floats:
    """(S, S, 3) the model's own detail of brows, lips and pores as factors; 1 where it has none."""
    names = [model.materials[i].name for i in skin_materials(model)]
    found = next((model.textures[name] for name in names if name in model.textures), np.ones((1, 1, 3), np.float32))
    return np.asarray(cv2.resize(found, (layout.size, layout.size), interpolation=cv2.INTER_AREA), dtype=np.float32)


def _texels_of_vertices(model: FaceModel, layout: Layout) -> Floats:
    """(V,) texels that each vertex has, however little the photo shows of them."""
    ones = np.ones((layout.size, layout.size), dtype=np.float32)
    key = f"texels_of_vertices_{layout.size}"
    return once(model, key, lambda: layout.vertices(ones[..., None], ones, len(model.mean))[1])
