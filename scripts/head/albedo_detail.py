"""The skin's fine texture: factors on the vertex colours with brow hairs, lash lines, pores and a sharp lip border.

The mean person is painted twice, at the texels and at the vertices; the texture is the first over the second, so
vertex colours times texture give the finer painting whatever the albedo coefficients are.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from scipy.interpolate import CubicSpline
from scipy.spatial import cKDTree

from engine.render.rasterizer import rasterize

from .albedo_colour import Spots, Traits, skin_colour
from .albedo_regions import BROW_HALF_WIDTH, Regions, brow_line, nearest_on_line, regions
from .cage import SIDES, Array, Head, smoothstep

SIZE = 1536
LOWEST, HIGHEST = 0.13, 1.9
HAIRS = 640
"""Hairs of one brow that the texture shows."""
HAIR_WIDTH = 0.19
"""mm; thicker than a real hair (0.1 mm), about the finest that texels of 0.27 mm can carry."""
SEED = 23


def skin_detail(head: Head, size: int = SIZE) -> Array:
    """(size, size, 3) linear factors in the skin's UV layout, row 0 at the top; 1 where there is no skin."""
    vertices, weights, covered = texels(head, size)
    points = np.einsum("pkc,pk->pc", head.vertices[vertices], weights)
    person = Traits()
    coarse_masks = regions(head.vertices[head.groups["skin"]], head)
    none = np.zeros(len(head.groups["skin"]))
    coarse = np.zeros_like(head.vertices)
    coarse[head.groups["skin"]] = skin_colour(person, coarse_masks, Spots(none, none, none))
    below = np.einsum("pkc,pk->pc", coarse[vertices], weights)
    masks = _fine(points, head)
    pigment, blood = _mottling(points, masks)
    spots = Spots(pigment, blood, np.zeros(len(points)))
    fine = skin_colour(person, masks, spots) * _relief(points, masks)[:, None]
    image = np.ones((size * size, 3))
    image[covered] = np.clip(fine / np.maximum(below, 1e-3), LOWEST, HIGHEST)
    return image.reshape(size, size, 3)


def texels(head: Head, size: int) -> tuple[Array, Array, Array]:
    """Triangle corners (P, 3), barycentric weights (P, 3) and flat index (P,) of every texel that shows skin."""
    names = [material.name for material in head.materials]
    skin = np.flatnonzero(head.polygon_material == (names.index("skin") if names else 0))
    corners = np.array([[0, 1, 2], [0, 2, 3]])
    triangles = head.polygons[skin][:, corners].reshape(-1, 3)
    uvs = head.uvs[skin][:, corners].reshape(-1, 2)
    image = np.column_stack([uvs[:, 0] * size, (1 - uvs[:, 1]) * size, np.ones(len(uvs))])
    order = torch.arange(len(image)).view(-1, 3)
    seen = rasterize(torch.from_numpy(image), order, (size, size), cull=False)
    covered = seen.pixels.numpy()
    weights = seen.barycentric.reshape(-1, 3).numpy()[covered].astype(float)
    return triangles[seen.pixel_triangles.numpy()], weights, covered


def _fine(points: Array, head: Head) -> Regions:
    """Masks at the texels, with hairs for brows and a narrower lash line."""
    masks = regions(points, head)
    hairs = np.zeros(len(points))
    for side in SIDES:
        near = np.flatnonzero(masks.brow * (points[:, 0] * SIDES[side] > 0) > 0.004)
        hairs[near] = np.maximum(hairs[near], brow_hairs(points[near], head, side))
    # Between the hairs shows skin, darkened by their shadow; at the edges single hairs reach beyond it.
    brow = np.clip(0.27 * masks.brow**2 + 1.0 * hairs * smoothstep(masks.brow, 0.0, 0.3), 0, 1.3)
    return dataclasses.replace(masks, brow=brow, lash=np.clip(1.5 * masks.lash**2.2, 0, 1), lip_line=masks.lip_line**2)


def brow_hairs(points: Array, head: Head, side: str) -> Array:
    """(P,) how much of a texel hair covers, in the flat coordinates along and across the brow's middle line."""
    corners, _ = brow_line(head, side)
    # A smooth line: at a kink the coordinates would fold on one side and leave a gap on the other.
    line = CubicSpline(np.arange(len(corners)), corners)(np.linspace(0, len(corners) - 1, 25))
    # Straight on beyond both ends, so that the coordinates do not fold round them.
    ends = np.vstack([2.5 * line[0] - 1.5 * line[1], line, 2.5 * line[-1] - 1.5 * line[-2]])
    _, along, foot = nearest_on_line(points, ends)
    step = np.linalg.norm(np.diff(ends, axis=0), axis=1)
    start = np.r_[0, np.cumsum(step)] - step[0]
    place = np.interp(along, np.arange(len(start)), start)
    gap = points - foot
    across = np.sign(gap[:, 1]) * np.linalg.norm(gap, axis=1)
    samples, radius = _hair_samples(start[-2])
    # The thickest of the nearest strands counts: beside a strand's thin tip another may be broad.
    distance, nearest = cKDTree(samples).query(np.column_stack([place, across]), k=6)
    return 1 - smoothstep((distance / radius[nearest]).min(1), 0.2, 2.4)


def _hair_samples(length: float) -> tuple[Array, Array]:
    """Points (M, 2) in mm along and across, and their radii (M,), of all hairs of a brow.

    Hairs stand up at the inner end and lie down outwards; the upper ones lean down, the lower ones up, so that they
    meet along the middle.
    """
    generator = np.random.default_rng(SEED)
    root = generator.uniform(0, 1, HAIRS) ** 0.9
    half = np.interp(root, np.linspace(0, 1, len(BROW_HALF_WIDTH)), BROW_HALF_WIDTH)
    # Most grow near the middle line, so that the edges thin out.
    height = (
        np.clip(generator.normal(-0.1, 0.46, HAIRS) * np.interp(root, [0, 0.75, 1], [1.0, 0.85, 0.45]), -1.05, 0.95)
        * half
    )
    upright = np.interp(root, [0, 0.15, 0.4, 1], [80, 55, 26, 8])
    lean = upright - np.interp(height / half, [-1, 1], [-8, 30]) + generator.normal(0, 8, HAIRS)
    size = generator.uniform(4.5, 8.0, HAIRS) * np.interp(root, [0, 0.3, 0.7, 1], [0.75, 1.0, 0.9, 0.55])
    t = np.linspace(0, 1, 24)
    bent = np.radians(lean[:, None] - 14 * t)
    x = root[:, None] * length + np.cumsum(np.cos(bent), 1) / 24 * size[:, None] - 0.3 * size[:, None]
    y = height[:, None] + np.cumsum(np.sin(bent), 1) / 24 * size[:, None] - 0.25 * size[:, None]
    radius = HAIR_WIDTH / 2 * generator.uniform(0.7, 1.4, HAIRS)[:, None] * (1.2 - 1.0 * t)
    return np.column_stack([x.ravel(), y.ravel()]), radius.ravel()


def _mottling(points: Array, masks: Regions) -> tuple[Array, Array]:
    """(P,) unevenness of melanin and of blood (relative) at the scale of 2 to 7 mm, stronger on the cheeks."""
    generator = np.random.default_rng(SEED + 1)
    pigment = 0.020 * _noise(points, 6.0, generator) + 0.034 * _noise(points, 2.2, generator)
    blood = 0.035 * _noise(points, 7.0, generator) + 0.06 * _noise(points, 3.0, generator)
    stronger = 1 + 1.2 * (masks.cheek + masks.nose_tip)
    return pigment, np.asarray(blood * stronger, np.float64)


def _relief(points: Array, masks: Regions) -> Array:
    """(P,) darkening by pores, lip wrinkles and the grain of shaved hair."""
    generator = np.random.default_rng(SEED + 2)
    pores = 0.026 * _noise(points, 0.9, generator) * (0.5 + masks.cheek + 1.2 * masks.nose_tip + 0.5 * masks.forehead)
    stretched = points * [1.0, 0.22, 0.22]
    wrinkles = 0.12 * _noise(stretched, 0.85, generator) * masks.lips
    grain = _noise(points, 0.7, generator) * (0.05 * masks.scalp + 0.035 * masks.beard)
    return np.exp(pores * (1 - masks.lips) + wrinkles + grain)


def _noise(points: Array, size: float, generator: np.random.Generator, waves: int = 90) -> Array:
    """(P,) smooth noise of unit variance whose bumps measure about ``size`` mm (random Fourier features)."""
    directions = (generator.normal(size=(waves, 3)) * np.sqrt(2) / size).astype(np.float32)
    phase = generator.uniform(0, 2 * np.pi, waves).astype(np.float32)
    total = np.zeros(len(points), np.float32)
    single = points.astype(np.float32)
    for direction, shift in zip(directions, phase, strict=True):
        total += np.cos(single @ direction + shift)
    return (total / np.sqrt(waves / 2)).astype(float)
