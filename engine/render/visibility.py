"""Which parts of a mesh a camera sees. Unbatched, no gradient."""

from __future__ import annotations

import torch
from torch import Tensor

from ..camera.camera import Camera
from .interpolate import interpolate
from .normals import vertex_normals
from .rasterizer import rasterize

RESOLUTION = 512
"""Pixels along the longer side of the mesh's bounding box in the depth map: 0.5 mm on a head."""


def facing(camera: Camera, vertices: Tensor, normals: Tensor) -> Tensor:
    """Cosine (V,) between unit ``normals`` (V, 3) and the direction to the camera; positive faces it.

    ``vertices`` (V, 3) metres, both in head space. Differentiable.
    """
    to_camera = torch.nn.functional.normalize(camera.centre - vertices, dim=-1)
    return (normals * to_camera).sum(-1)


def depth_map(camera: Camera, vertices: Tensor, triangles: Tensor) -> Tensor:
    """Depth z (H, W) in metres at each pixel's centre, infinite where nothing is seen. Back faces occlude too."""
    points = camera.to_camera(vertices)
    fragments = rasterize(camera.to_image(points), triangles, camera.size, cull=False)
    depth = interpolate(points[:, 2:], triangles, fragments)[..., 0]
    return torch.where(fragments.mask, depth, torch.inf)


@torch.no_grad()
def visible_vertices(
    camera: Camera,
    vertices: Tensor,
    triangles: Tensor,
    normals: Tensor | None = None,
    minimum_cosine: float = 0.05,
    tolerance: float = 0.001,
    resolution: int = RESOLUTION,
) -> Tensor:
    """Whether each vertex is in the picture, faces the camera and is hidden by nothing: (V,) bool.

    Args:
        camera: any size; the depth map is drawn around the mesh at ``resolution`` whatever the photo's size.
        vertices: (V, 3) metres, head space.
        triangles: (T, 3) int64, counter-clockwise seen from outside.
        normals: (V, 3) unit vertex normals, if known.
        minimum_cosine: least cosine between normal and line of sight.
        tolerance: metres a vertex may lie behind the depth map and still count as seen.
        resolution: pixels of the depth map's longer side.
    """
    if normals is None:
        normals = vertex_normals(vertices, triangles)
    image = camera.to_image(camera.to_camera(vertices))
    limit = image.new_tensor(camera.size)
    inside = ((image[:, :2] >= 0) & (image[:, :2] < limit)).all(-1) & (image[:, 2] > 0)
    close = _framed(camera, image, inside, resolution)
    deepest = _deepest_around(depth_map(close, vertices, triangles), close.project(vertices))
    return inside & (image[:, 2] <= deepest + tolerance) & (facing(camera, vertices, normals) > minimum_cosine)


def _framed(camera: Camera, image: Tensor, inside: Tensor, resolution: int) -> Camera:
    """The camera cropped to the vertices inside the picture, ``resolution`` pixels along the longer side."""
    if not inside.any():
        return camera.crop(0, 0, 1, (2, 2))
    low, high = image[inside, :2].amin(0).tolist(), image[inside, :2].amax(0).tolist()
    scale = (resolution - 4) / max(high[0] - low[0], high[1] - low[1], 1e-6)
    margin = 2 / scale
    size = tuple(max(2, round((b - a) * scale) + 4) for a, b in zip(low, high, strict=True))
    return camera.crop(low[0] - margin, low[1] - margin, scale, (size[0], size[1]))


def _deepest_around(depth: Tensor, points: Tensor) -> Tensor:
    """(V,) the largest of the four depths (H, W) around each of ``points`` (V, 2): kind to slopes and outlines."""
    pooled = torch.nn.functional.max_pool2d(depth[None, None], 2, 1)[0, 0]
    height, width = pooled.shape
    column, row = torch.floor(points - 0.5).nan_to_num(0, 0, 0).unbind(-1)
    at = row.clamp(0, height - 1).long() * width + column.clamp(0, width - 1).long()
    return pooled.flatten()[at]
