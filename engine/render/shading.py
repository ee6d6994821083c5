"""Pictures of a head: albedo times light, in linear RGB, differentiable in all of it. Unbatched."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch
from torch import Tensor

from ..camera.camera import Camera
from ..light import harmonics
from .fragments import Fragments
from .interpolate import gather, pixel_weights, scatter
from .normals import vertex_normals
from .rasterizer import rasterize

Frame = Literal["head", "camera"]


@dataclass(frozen=True)
class Rendered:
    """One picture. Height H, width W; P pixels see the mesh."""

    image: Tensor
    """(H, W, 3) linear RGB, not clamped; the background where nothing is seen."""
    fragments: Fragments
    pixel_normals: Tensor
    """(P, 3) unit normals in head space at ``fragments.pixels``, with a gradient to the geometry."""
    pixel_weights: Tensor
    """(P, 3) barycentric weights at ``fragments.pixels``, with a gradient to the geometry."""

    @property
    def mask(self) -> Tensor:
        """(H, W) bool: where the mesh is seen. Its edge has no gradient."""
        return self.fragments.mask

    @cached_property
    def normals(self) -> Tensor:
        """(H, W, 3) unit normals in head space, 0 where nothing is seen."""
        return scatter(self.pixel_normals, self.fragments)

    @cached_property
    def barycentric(self) -> Tensor:
        """(H, W, 3) barycentric weights with a gradient to the geometry, 0 where nothing is seen."""
        return scatter(self.pixel_weights, self.fragments)


def render(
    camera: Camera,
    vertices: Tensor,
    triangles: Tensor,
    albedo: Tensor,
    light: Tensor,
    frame: Frame = "head",
    background: Tensor | None = None,
    fragments: Fragments | None = None,
    normals: Tensor | None = None,
) -> Rendered:
    """Per-vertex albedo times spherical-harmonic light.

    Args:
        camera: on the vertices' device and of their dtype.
        vertices: (V, 3) metres, head space.
        triangles: (T, 3) int64, counter-clockwise seen from outside.
        albedo: (V, 3) linear RGB.
        light: (9, 3) shading coefficients (see :mod:`engine.light.harmonics`).
        frame: the space the light is in.
        background: (H, W, 3) or (3,) linear RGB; black if left out.
        fragments: of an earlier call with nearly the same geometry, to save rasterising again.
        normals: (V, 3) unit vertex normals in head space, if known.
    """
    fragments, weights, facing = _look(camera, vertices, triangles, fragments, normals)
    color = (gather(albedo, triangles, fragments) * weights[..., None]).sum(1)
    return _finish(color * _shade(facing, camera, light, frame), fragments, weights, facing, background)


def render_textured(
    camera: Camera,
    vertices: Tensor,
    triangles: Tensor,
    corner_uvs: Tensor,
    texture: Tensor,
    light: Tensor | None = None,
    frame: Frame = "head",
    background: Tensor | None = None,
    fragments: Fragments | None = None,
    normals: Tensor | None = None,
) -> Rendered:
    """The same with albedo from a texture (Ht, Wt, 3), linear RGB, at ``corner_uvs`` (T, 3, 2), (0, 0) bottom-left.

    Without ``light`` the texture is shown as it is. Other arguments as in :func:`render`.
    """
    fragments, weights, facing = _look(camera, vertices, triangles, fragments, normals)
    uv = (corner_uvs[fragments.pixel_triangles] * weights[..., None]).sum(1)
    color = sample_uv(texture, uv)
    if light is not None:
        color = color * _shade(facing, camera, light, frame)
    return _finish(color, fragments, weights, facing, background)


def sample_uv(texture: Tensor, uv: Tensor) -> Tensor:
    """Bilinear samples (P, C) of ``texture`` (Ht, Wt, C) at ``uv`` (P, 2); (0, 0) is the bottom-left corner of the
    bottom-left texel and texels have their centres at half steps. Outside 0..1 the border goes on.
    """
    grid = torch.stack([uv[:, 0] * 2 - 1, 1 - uv[:, 1] * 2], -1).to(texture.dtype)
    image = texture.permute(2, 0, 1)[None]
    sampled = torch.nn.functional.grid_sample(image, grid[None, None], padding_mode="border", align_corners=False)
    return sampled[0, :, 0].T


def _look(
    camera: Camera, vertices: Tensor, triangles: Tensor, fragments: Fragments | None, normals: Tensor | None
) -> tuple[Fragments, Tensor, Tensor]:
    """What every kind of shading needs: fragments, weights (P, 3) and unit normals (P, 3) in head space."""
    image_points = camera.to_image(camera.to_camera(vertices))
    fresh = fragments is None
    if fragments is None:
        fragments = rasterize(image_points, triangles, camera.size)
    if fresh and not (torch.is_grad_enabled() and image_points.requires_grad):
        weights = fragments.barycentric.view(-1, 3).index_select(0, fragments.pixels)
    else:
        weights = pixel_weights(image_points, triangles, fragments)
    if normals is None:
        normals = vertex_normals(vertices, triangles)
    mixed = (gather(normals, triangles, fragments) * weights[..., None]).sum(1)
    return fragments, weights, torch.nn.functional.normalize(mixed, dim=-1)


def _shade(normals: Tensor, camera: Camera, light: Tensor, frame: Frame) -> Tensor:
    return harmonics.shade(normals if frame == "head" else normals @ camera.rotation.T, light)


def _finish(
    color: Tensor, fragments: Fragments, weights: Tensor, normals: Tensor, background: Tensor | None
) -> Rendered:
    image = scatter(color, fragments)
    if background is not None:
        image = torch.where(fragments.mask[..., None], image, background.to(image))
    return Rendered(image, fragments, normals, weights)
