"""What one photo says about the skin's albedo: where to trust it, which light to divide by, how to fill the rest."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch

from ..contract import Floats
from ..detect.layouts import to_68
from ..faces.model import FaceModel
from ..fit.state import Fit
from ..light.harmonics import shade
from .cover import face_regions, skin_likeness
from .delight import broad_light, fine_light
from .features import feature_weights, mirror_shift, mouth_opening, not_lips, outside_eyes, without_brows
from .grain import grain
from .grain import prepare as prepare_grain
from .hair import Hair, grow_hair, scalp_weights, strand_noise
from .layout import Layout, once, skin_materials
from .pixels import Image, look_up, sample, window
from .seen import Pose, photo_positions, visibility
from .smooth import SkinMesh, skin_mesh

DARK = 0.25
"""Least shade, as a share of the median, that the photo is divided by; darker pixels hold noise, not albedo."""
MATCH = 0.012
"""Metres over which the fill takes up the colour of the skin beside it."""
AWAY = 0.45
"""Share of the fitted model's tints that ears, neck and scalp keep: no photo tells how red an ear is."""
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
    hair: Hair | None
    """What grows on the fill; at full size, where its strands are fine."""
    mirror_match: Floats
    """(C, C, 3) what the mirrored albedo is multiplied by to match this side."""
    mirror_shift: Floats
    """(C, C, 2) sides of the texture by which the mirror map moves."""
    covered: Floats
    """(C, C) 0..1 where the photo shows something else than this person's skin: hair, a hat, a collar."""
    seen_share: float
    """Share of the face's skin, chin to hairline, that the photo shows, 0..1."""


def weigh(model: FaceModel, fit: Fit, photo: Image, pose: Pose, layout: Layout) -> Evidence:
    """The evidence of ``photo`` (H, W, 3) sRGB, seen by the fit's camera, for the skin of ``model``."""
    mesh = mesh_of(model, layout)
    light = shade(pose.normals, fit.light.cpu())
    log_light = torch.log(torch.maximum(light, DARK * light.median(0).values.clamp_min(1e-3)))
    regions, skin = face_regions(model), model.skin_weight.cpu().numpy()
    expected = _calmed(torch.log(model.albedo(fit.albedo).cpu().clamp_min(0.01)).numpy(), regions)
    inliers = np.ones_like(skin) if fit.inliers is None else fit.inliers.cpu().numpy()
    certain = regions[:, :1] * (skin * inliers)[:, None]
    table = layout.texels(torch.from_numpy(np.concatenate([log_light.numpy(), expected, certain], -1)))
    where = _regions(model, layout)
    brows, mouth, painted = where[..., 3:5], where[..., 5], where[..., 6]
    seen = visibility(model, pose, layout)
    positions, points = photo_positions(pose, layout), _points(fit)
    pixels = sample(photo, positions, layout.covered)
    log_albedo = np.log(np.maximum(pixels, 1e-3)) - table[..., :3]
    likeness, plain_color = skin_likeness(log_albedo, table[..., 3:6], seen, where, table[..., 6], layout)
    trust = seen * likeness * (1 - not_lips(mouth_opening(points), log_albedo, mouth, seen))
    trust *= outside_eyes(points, positions)
    told, sums = layout.vertices(np.concatenate([log_albedo, plain_color[..., None]], -1), trust, len(skin))
    weights = np.minimum(sums / np.maximum(_texels_of_vertices(model, layout), 1e-6), 1)
    fields = _fields(model, mesh, told[:, :3], weights, expected, told[:, 3])
    left_over, match, fill = np.split(layout.pad(layout.texels(torch.from_numpy(fields))), 3, axis=-1)
    log_albedo -= left_over
    part, shine = window(trust > 0), np.zeros_like(log_albedo)
    shine[part] = fine_light(log_albedo[part], fill[part], painted[part], layout.metre)
    log_albedo += shine
    plain = (trust > 0.8) & (where[..., 0] > 0.9) & (where[..., 1] < 0.1)
    trust *= where[..., 2]
    fill, brow_cover = without_brows(fill, brows, trust, layout.metre)
    fill = np.exp(fill + grain(model, np.where(plain[..., None], log_albedo, fill), plain, layout))
    fill *= 1 + (1 - brow_cover)[..., None] * (_detail(model, layout) - 1)
    typical = np.exp(np.median(table[..., :3][plain], axis=0)) if plain.any() else np.ones(3, np.float32)
    shown = np.where(seen > SEEN, 1 - likeness, np.float32(-1))
    painted_skin = np.maximum(trust, look_up(trust, layout.mirror_map))
    return Evidence(
        trust=trust,
        gain=np.exp(shine - layout.pad(table[..., :3]) - left_over),
        fill=fill,
        hair=grow_hair(pixels / typical, shown, trust, painted_skin, scalp_weights(model, mesh, layout)),
        mirror_match=np.exp(match),
        mirror_shift=mirror_shift(log_albedo.mean(-1), trust, brows, layout),
        covered=np.maximum(shown, 0),
        seen_share=_seen_share(model, mesh, weights),
    )


def mesh_of(model: FaceModel, layout: Layout) -> SkinMesh:
    """The skin's mesh, made once for each model."""
    return once(model, "mesh", lambda: skin_mesh(model, layout))


def prepare(model: FaceModel, layout: Layout, fine: Layout) -> None:
    """What :func:`weigh` needs once for each model and size, and the strands at full size."""
    mesh = mesh_of(model, layout)
    _regions(model, layout)
    scalp_weights(model, mesh, layout)
    strand_noise(model, mesh, fine)
    prepare_grain(model, layout)
    _texels_of_vertices(model, layout)


def _regions(model: FaceModel, layout: Layout) -> Floats:
    """(S, S, 7) the columns of :func:`face_regions` and :func:`feature_weights` at the texels."""
    key = f"regions_{layout.size}"
    columns = [face_regions(model), feature_weights(model)]
    return once(model, key, lambda: layout.texels(torch.from_numpy(np.concatenate(columns, -1))))


def _points(fit: Fit) -> Floats:
    """(68, 2) landmarks in pixels of the photo."""
    points: Floats = fit.landmarks.cpu().numpy()
    return to_68(points) if fit.layout == "478" else points


def _seen_share(model: FaceModel, mesh: SkinMesh, weights: Floats) -> float:
    """Share of the face from chin to hairline that comes from the photo rather than from a guess, half or more."""
    face = face_regions(model)[:, 2].copy()
    face[model.groups.get("scalp", np.zeros(0, np.int32))] = 0
    importance = mesh.areas * (face[mesh.members] > 0.5)
    return float((importance * (weights[mesh.members] > 0.5)).sum() / max(float(importance.sum()), 1e-12))


def _calmed(expected: Floats, regions: Floats) -> Floats:
    """The fitted log albedo (V, 3) with weaker tints outside the face, which the fit has hardly seen."""
    face = regions[:, 2] > 0.5
    tint = expected - expected.mean(-1, keepdims=True)
    usual = np.median(tint[face], axis=0) if face.any() else np.zeros(3, np.float32)
    away = (1 - AWAY) * (1 - regions[:, 2:3])
    return np.asarray(expected + away * (usual - tint), dtype=np.float32)


def _fields(
    model: FaceModel, mesh: SkinMesh, found: Floats, weights: Floats, expected: Floats, plain: Floats
) -> Floats:
    """Logarithms (V, 9) of the light left over, the mirrored side's colour match, and the fill."""
    none, other = np.zeros(3, dtype=np.float32), model.mirror
    left_over = broad_light(mesh, other, found, expected, weights, plain)
    even, both = found - left_over, weights * weights[other]
    match = mesh.spread((even - even[other]) * (both > 0)[:, None], both, MATCH, none, pull=0.02)
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
