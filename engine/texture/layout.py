"""The skin's UV layout, rasterised: which point of the surface each texel shows, and where its mirror image lies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..contract import Floats, Ints
from ..faces.model import FaceModel, split_polygons
from ..render.fragments import Fragments
from ..render.interpolate import interpolate, interpolate_corners
from ..render.rasterizer import rasterize

T = TypeVar("T")
SKIN_TEXTURE = "albedo.png"
"""Materials with this texture share the skin's UV layout."""
SEAM = 4.0
"""Times its own extent in the texture beyond which a triangle's mirror image must lie across a seam."""


@dataclass(frozen=True)
class Layout:
    """The skin's texels at one size. Row 0 is the top of the image, v = 1."""

    size: int
    triangles: Tensor
    """(T, 3) int64 vertices of the skin's triangles."""
    corner_uvs: Floats
    """(T, 3, 2)."""
    mirrored_uvs: Floats
    """(T, 3, 2) UVs of the corners' mirror images; nan where the mesh has none."""
    fragments: Fragments
    """(S, S) triangle and barycentric weights of every texel's centre."""
    metre: float
    """Texels that a metre of the mean head's face takes: what lengths in textures are counted in."""

    @property
    def covered(self) -> NDArray[np.bool_]:
        """(S, S) whether the texel shows any surface."""
        return self.fragments.mask.numpy()

    @cached_property
    def nearest(self) -> Ints:
        """(S * S,) flat index of each texel's nearest covered texel: itself where it is covered."""
        outside = (~self.covered).astype(np.uint8)
        _, labels = cv2.distanceTransformWithLabels(outside, cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL)
        flat = labels.reshape(-1)
        of_label = np.zeros(flat.max() + 1, dtype=np.int32)
        inside = np.flatnonzero(self.covered)
        of_label[flat[inside]] = inside
        return of_label[flat]

    @cached_property
    def mirror_map(self) -> Floats:
        """(S, S, 2) column and row, for cv2.remap, of each texel's mirror image; far outside where there is none."""
        corners = torch.from_numpy(self.mirrored_uvs)
        uv = interpolate_corners(corners, self.fragments).numpy()
        found = np.where(self.covered[..., None], uv, np.nan) * self.size
        found[..., 1] = self.size - found[..., 1]
        return np.nan_to_num(found - 0.5, nan=-10.0 * self.size).astype(np.float32)

    def texels(self, values: Tensor) -> Floats:
        """Per-vertex values (V, C) at the texels, (S, S, C); 0 where nothing is covered."""
        return interpolate(values.cpu().float(), self.triangles, self.fragments).numpy()

    def vertices(self, image: Floats, weights: Floats, count: int) -> tuple[Floats, Floats]:
        """Weighted means (count, C) of an image (S, S, C) round each vertex, and the weights' sums (count,).

        Each texel counts with ``weights`` (S, S) times its barycentric weight at the vertex; without texels the mean
        is 0.
        """
        pixels = self.fragments.pixels
        corners = self.triangles[self.fragments.pixel_triangles]
        share = self.fragments.barycentric.reshape(-1, 3)[pixels]
        share = share * torch.from_numpy(weights).reshape(-1)[pixels, None]
        colors = torch.from_numpy(image).reshape(self.size**2, -1)[pixels]
        table = torch.cat([colors, torch.ones_like(colors[:, :1])], -1)
        summed = torch.zeros(count, table.shape[1])
        for corner in range(3):
            summed.index_add_(0, corners[:, corner], table * share[:, corner, None])
        total = summed[:, -1]
        return (summed[:, :-1] / total.clamp_min(1e-9)[:, None]).numpy(), total.numpy()

    def pad(self, image: NDArray[Any]) -> NDArray[Any]:
        """The image (S, S, ...) with every uncovered texel set to its nearest covered one, so no seam shows."""
        return image.reshape(self.size**2, -1)[self.nearest].reshape(image.shape)


def layout(model: FaceModel, size: int) -> Layout:
    """The layout of the model's skin at ``size`` texels a side; made once for each model object and size."""
    return once(model, f"layout_{size}", lambda: _layout(model, size))


def once(model: FaceModel, key: str, build: Callable[[], T]) -> T:
    """``build()`` once for each model object; kept with it, so it goes when the model goes."""
    store: dict[str, Any] = vars(model).setdefault("_texture", {})
    if key not in store:
        store[key] = build()
    return store[key]


def skin_materials(model: FaceModel) -> list[int]:
    """Indices of the materials that the albedo texture covers."""
    return [i for i, material in enumerate(model.materials) if material.texture == SKIN_TEXTURE]


def _layout(model: FaceModel, size: int) -> Layout:
    triangles, polygon, corners = split_polygons(model.polygons)
    skin = np.isin(model.polygon_material[polygon], skin_materials(model))
    triangles, polygon, corners = triangles[skin], polygon[skin], corners[skin]
    uvs = model.uvs[polygon[:, None], corners]
    mirrored = _mirrored_uvs(model, polygon, corners)
    points = np.ones((uvs.size // 2, 3), dtype=np.float32)
    points[:, :2] = uvs.reshape(-1, 2) * size
    points[:, 1] = size - points[:, 1]
    order = torch.arange(len(points)).view(-1, 3)
    fragments = rasterize(torch.from_numpy(points), order, (size, size), cull=False)
    metre = size * _scale(model, triangles, uvs)
    return Layout(size, torch.from_numpy(triangles), uvs, mirrored, fragments, metre)


def _scale(model: FaceModel, triangles: Ints, uvs: Floats) -> float:
    """Sides of the texture to a metre of skin: the median over the triangles between brows, cheeks and chin."""
    corners = model.mean.cpu().numpy()[triangles]
    middle, near = corners.mean(1), np.ones(len(triangles), bool)
    if "68" in model.landmarks:
        face = model.landmarks["68"].points(model.mean).cpu().numpy()[17:, :2]
        near = ((middle[:, :2] > face.min(0)) & (middle[:, :2] < face.max(0))).all(1) & (middle[:, 2] > 0)
    flat = np.cross(uvs[near, 1] - uvs[near, 0], uvs[near, 2] - uvs[near, 0])
    world = np.linalg.norm(np.cross(corners[near, 1] - corners[near, 0], corners[near, 2] - corners[near, 0]), axis=-1)
    return float(np.sqrt(np.median(np.abs(flat) / np.maximum(world, 1e-12))))


def _mirrored_uvs(model: FaceModel, polygon: NDArray[np.int64], corners: NDArray[np.int64]) -> Floats:
    """(T, 3, 2) UVs that the mirror polygon has at the mirrored vertices, nan where there is none.

    Looked up by (polygon's vertex set, vertex), so it holds across UV seams too; a mesh whose polygons are not
    symmetric takes the mirrored vertices' UVs where these lie close together.
    """
    polygons = model.polygons
    mirrored = np.where(polygons >= 0, model.mirror[polygons], -1)
    rows = {tuple(row): i for i, row in enumerate(np.sort(polygons, 1).tolist())}
    partner = np.array([rows.get(tuple(row), -1) for row in np.sort(mirrored, 1).tolist()], dtype=np.int64)
    other = partner[polygon]
    wanted = mirrored[polygon[:, None], corners]
    match = polygons[other][:, None, :] == wanted[:, :, None]
    uvs = model.uvs[other[:, None], match.argmax(-1)]
    uvs[(other < 0)[:, None] | ~match.any(-1)] = np.nan
    lost = np.isnan(uvs).any((1, 2))
    anywhere = np.full((len(model.mean), 2), np.nan)
    skin = np.isin(model.polygon_material, skin_materials(model))[:, None] & (polygons >= 0)
    anywhere[polygons[skin]] = model.uvs[skin]
    guess, own = anywhere[wanted[lost]], model.uvs[polygon[lost, None], corners[lost]]
    apart = np.ptp(guess, axis=1).max(-1) > SEAM * np.ptp(own, axis=1).max(-1) + 1e-4
    uvs[lost] = np.where(apart[:, None, None], np.nan, guess)
    return uvs.astype(np.float32)
