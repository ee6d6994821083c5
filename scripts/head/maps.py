"""Roughness and subsurface maps of the skin, the same for everybody, in its UV layout."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import distance_transform_edt

from .albedo_detail import texels
from .albedo_regions import Regions, regions
from .cage import Array, Head

SIZE = 256
ROUGHNESS, SUBSURFACE = 0.55, 0.12
"""Of a cheek's skin; the weights are a Principled BSDF's."""


def surface_maps(head: Head, size: int = SIZE) -> dict[str, Array]:
    """``roughness`` and ``subsurface``: (size, size) 0..1, row 0 at the top, continued beyond the skin's borders.

    Tendencies of Weyrich et al. (2006), who measured faces by region: sebum makes nose and forehead glossier than
    cheeks and chin, lips are the smoothest. Light passes farthest through what is thin and bloody:
    ears, wings of the nose, lips, lids.
    """
    vertices, weights, covered = texels(head, size)
    points = np.einsum("pkc,pk->pc", head.vertices[vertices], weights)
    masks = regions(points, head)
    return {
        "roughness": _filled(_roughness(masks), covered, size),
        "subsurface": _filled(_subsurface(masks), covered, size),
    }


def _roughness(masks: Regions) -> Array:
    skin = ROUGHNESS - 0.09 * masks.nose_tip - 0.08 * masks.forehead - 0.05 * masks.tan + 0.03 * masks.cheek
    skin += 0.05 * masks.beard + 0.05 * masks.neck - 0.04 * masks.eyelid + 0.12 * np.maximum(masks.brow, masks.scalp)
    skin = skin + masks.lips * (0.40 - skin)
    return np.clip(skin + masks.caruncle * (0.15 - skin), 0.1, 0.75)


def _subsurface(masks: Regions) -> Array:
    thin = 0.24 * masks.ear + 0.14 * masks.nose_tip + 0.16 * masks.lips + 0.08 * masks.eyelid + 0.12 * masks.caruncle
    hidden = np.maximum(masks.brow, 0.7 * masks.scalp)
    return np.clip((SUBSURFACE + thin) * (1 - 0.6 * hidden), 0.02, 0.45)


def _filled(values: Array, covered: Array, size: int) -> Array:
    """(size, size): values (P,) at the flat places ``covered``, and the nearest of them elsewhere."""
    image = np.zeros(size * size)
    image[covered] = values
    empty = np.ones(size * size, bool)
    empty[covered] = False
    nearest = distance_transform_edt(empty.reshape(size, size), return_distances=False, return_indices=True)
    return np.asarray(image.reshape(size, size)[tuple(nearest)])
