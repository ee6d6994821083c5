"""The rasteriser in plain torch, for every device: every (triangle, pixel of its bounding box) pair at once."""

from __future__ import annotations

import torch
from torch import Tensor

from .fragments import LIMIT, SUBPIXEL_BITS, Fragments
from .interpolate import barycentric

ONE = 1 << SUBPIXEL_BITS
PAIRS = 1 << 22
"""How many pairs are tested together; about 100 bytes each."""


def rasterize(points: Tensor, triangles: Tensor, size: tuple[int, int], cull: bool) -> tuple[Tensor, Tensor]:
    """See :func:`engine.render.rasterizer.rasterize`: triangle (H, W) int64 and barycentric (H, W, 3)."""
    width, height = size
    index, corners, inverse_depth, area = _facing(points, triangles, cull)
    low, extent = _boxes(corners, size)
    used = (extent.prod(-1) > 0).nonzero()[:, 0]
    index, corners, inverse_depth, area = (v[used] for v in (index, corners, inverse_depth, area))
    low, extent = low[used], extent[used]
    depth = points.new_zeros(width * height)
    # First the depth, then the lowest index that has it: no packed 64-bit key, which not every device can reduce.
    nearest = torch.full((width * height,), len(triangles), dtype=torch.int32, device=points.device)
    for part in _parts(extent.prod(-1)):
        pixel, owner, weights = _covered(corners[part], low[part], extent[part], width)
        closeness = (weights.to(points.dtype) * inverse_depth[part][owner]).sum(-1) / area[part][owner]
        before = depth.clone()
        depth.scatter_reduce_(0, pixel, closeness, "amax")
        nearest.masked_fill_(depth > before, len(triangles))
        wins = closeness == depth[pixel]
        nearest.scatter_reduce_(0, pixel[wins], index[part][owner[wins]].to(torch.int32), "amin")
    triangle = torch.where(nearest < len(triangles), nearest, -1).to(torch.int64).view(height, width)
    unweighted = Fragments(triangle, points.new_zeros(height, width, 3))
    return triangle, barycentric(points, triangles, unweighted)


def _facing(points: Tensor, triangles: Tensor, cull: bool) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Drawable triangles: index (K,), snapped corners (K, 3, 2) of positive area, 1/z (K, 3), twice the area (K,)."""
    sound = ((points[:, :2].abs() < LIMIT).all(-1) & (points[:, 2] > 0) & points[:, 2].isfinite())[triangles].all(-1)
    index = sound.nonzero()[:, 0]
    corner_points = points[triangles[index]]
    corners = torch.floor(corner_points[..., :2] * ONE + 0.5).to(torch.int64)
    area = _cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    # Counter-clockwise on the screen is negative where y points down; such triangles are turned to positive.
    turned = torch.tensor([0, 2, 1], device=points.device)
    front = (area < 0)[:, None]
    corners = torch.where(front[..., None], corners[:, turned], corners)
    inverse = 1 / corner_points[..., 2]
    inverse = torch.where(front, inverse[:, turned], inverse)
    keep = (area < 0 if cull else area != 0).nonzero()[:, 0]
    return index[keep], corners[keep], inverse[keep], area[keep].abs().to(points.dtype)


def _boxes(corners: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """First column and row (K, 2) and number of columns and rows (K, 2) whose pixel centres a bounding box holds."""
    limit = torch.tensor(size, device=corners.device)
    low = (corners.amin(1) - ONE // 2 + ONE - 1 >> SUBPIXEL_BITS).clamp_min(0)
    high = torch.minimum(corners.amax(1) - ONE // 2 >> SUBPIXEL_BITS, limit - 1)
    return low, (high - low + 1).clamp_min(0)


def _parts(counts: Tensor) -> list[slice]:
    """Runs of triangles with about ``PAIRS`` pairs each."""
    if not len(counts):
        return []
    ends = counts.cumsum(0)
    total = int(ends[-1])
    cuts = torch.searchsorted(ends, torch.arange(PAIRS, total + PAIRS, PAIRS, device=counts.device)) + 1
    stops = sorted({min(int(cut), len(counts)) for cut in cuts.tolist()} | {len(counts)})
    return [slice(a, b) for a, b in zip([0, *stops[:-1]], stops, strict=True)]


def _covered(corners: Tensor, low: Tensor, extent: Tensor, width: int) -> tuple[Tensor, Tensor, Tensor]:
    """Pairs inside: flat pixel (N,), triangle within this part (N,), areas opposite its corners (N, 3) int64."""
    counts = extent.prod(-1)
    owner = torch.repeat_interleave(counts)
    offset = torch.arange(len(owner), device=owner.device) - (counts.cumsum(0) - counts)[owner]
    columns = extent[owner, 0]
    row = torch.div(offset, columns, rounding_mode="floor")
    at = low[owner] + torch.stack([offset - row * columns, row], -1)
    edge = corners.roll(-2, 1) - corners.roll(-1, 1)  # opposite corner i: from corner i+1 to i+2
    top_left = (edge[..., 1] < 0) | ((edge[..., 1] == 0) & (edge[..., 0] > 0))
    centre = (at * ONE + ONE // 2)[:, None]
    weights = _cross(edge[owner], centre - corners.roll(-1, 1)[owner])
    inside = (weights + top_left[owner].to(torch.int64) > 0).all(-1).nonzero()[:, 0]
    return (at[inside, 1] * width + at[inside, 0]), owner[inside], weights[inside]


def _cross(a: Tensor, b: Tensor) -> Tensor:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
