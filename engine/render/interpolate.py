"""Attributes of the mesh at the pixels, differentiable in the attributes and in the mesh's position. Unbatched.

The triangle seen by each pixel is fixed by :mod:`.rasterizer`; given it, everything here is smooth.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .fragments import Fragments


def perspective_weights(corners: Tensor, points: Tensor) -> Tensor:
    """Perspective-correct barycentric weights (P, 3) of image ``points`` (P, 2) in triangles ``corners`` (P, 3, 3).

    Corners are (pixel x, pixel y, depth). With a_i twice the signed screen area opposite corner i,
    ``b_i = (a_i / z_i) / sum_j (a_j / z_j)``. A triangle without area gives 1/3 each.
    """
    offset = corners[..., :2] - points[:, None]
    x, y = offset[..., 0], offset[..., 1]
    next_x, next_y = x.roll(-1, -1), y.roll(-1, -1)
    # Entry i of ``opposite`` is the area spanned by the point with corners i+1 and i+2.
    opposite = (x * next_y - y * next_x).roll(-1, -1)
    scaled = opposite / corners[..., 2]
    total = scaled.sum(-1, keepdim=True)
    flat = total.abs() < torch.finfo(total.dtype).tiny * 1e6
    return torch.where(flat, torch.full_like(scaled, 1 / 3), scaled / torch.where(flat, torch.ones_like(total), total))


def barycentric(image_points: Tensor, triangles: Tensor, fragments: Fragments) -> Tensor:
    """Weights (H, W, 3) like ``fragments.barycentric`` but with a gradient to ``image_points`` (V, 3)."""
    return scatter(pixel_weights(image_points, triangles, fragments), fragments)


def pixel_weights(image_points: Tensor, triangles: Tensor, fragments: Fragments) -> Tensor:
    """:func:`barycentric` for ``fragments.pixels`` only: (P, 3)."""
    corners = gather(image_points, triangles, fragments)
    return perspective_weights(corners, fragments.centres.to(corners.dtype))


def interpolate(
    attributes: Tensor, triangles: Tensor, fragments: Fragments, barycentric: Tensor | None = None
) -> Tensor:
    """Per-vertex ``attributes`` (V, C) at the pixels: (H, W, C), 0 where nothing is seen.

    ``barycentric`` (H, W, 3) from :func:`barycentric` carries the gradient to the geometry; without it only the
    attributes have one.
    """
    return scatter(_blend(gather(attributes, triangles, fragments), fragments, barycentric), fragments)


def interpolate_corners(corner_values: Tensor, fragments: Fragments, barycentric: Tensor | None = None) -> Tensor:
    """Per-corner values (T, 3, C), such as UVs, at the pixels: (H, W, C), 0 where nothing is seen."""
    return scatter(_blend(corner_values[fragments.pixel_triangles], fragments, barycentric), fragments)


def gather(attributes: Tensor, triangles: Tensor, fragments: Fragments) -> Tensor:
    """(P, 3, ...) attributes (V, ...) at the corners of the triangle each of ``fragments.pixels`` sees."""
    corners = triangles[fragments.pixel_triangles]
    # index_select's gradient is index_add, several times as fast as that of advanced indexing.
    return attributes.index_select(0, corners.flatten()).view(*corners.shape, *attributes.shape[1:])


def scatter(values: Tensor, fragments: Fragments) -> Tensor:
    """Values (P, C) of ``fragments.pixels`` laid out as an image (H, W, C), 0 elsewhere."""
    height, width = fragments.triangle.shape
    image = values.new_zeros(height * width, values.shape[-1])
    return image.index_copy(0, fragments.pixels, values).view(height, width, -1)


def _blend(corners: Tensor, fragments: Fragments, barycentric: Tensor | None) -> Tensor:
    weights = fragments.barycentric if barycentric is None else barycentric
    at_pixels = weights.reshape(-1, 3).index_select(0, fragments.pixels).to(corners.dtype)
    return (corners * at_pixels[..., None]).sum(1)
