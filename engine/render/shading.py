"""Pictures of a head: albedo times light, in linear RGB, differentiable in all of it. Unbatched."""

from __future__ import annotations

from dataclasses import dataclass
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
    """One picture. Height H, width W."""

    image: Tensor
    """(H, W, 3) linear RGB, not clamped; the background where nothing is seen."""
    mask: Tensor
    """(H, W) bool: where the mesh is seen. Its edge has no gradient."""
    normals: Tensor
    """(H, W, 3) unit normals in head space, 0 where nothing is seen."""
    fragments: Fragments
    barycentric: Tensor
    """(H, W, 3) weights with a gradient to the geometry."""


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
    seen = _look(camera, vertices, triangles, fragments, normals)
    color = (gather(albedo, triangles, seen.fragments) * seen.weights[..., None]).sum(1)
    return _finish(seen, color * _shade(seen.normals, camera, light, frame), background)


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
    seen = _look(camera, vertices, triangles, fragments, normals)
    uv = (corner_uvs[seen.fragments.pixel_triangles] * seen.weights[..., None]).sum(1)
    color = sample_uv(texture, uv)
    if light is not None:
        color = color * _shade(seen.normals, camera, light, frame)
    return _finish(seen, color, background)


def sample_uv(texture: Tensor, uv: Tensor) -> Tensor:
    """Bilinear samples (P, C) of ``texture`` (Ht, Wt, C) at ``uv`` (P, 2); (0, 0) is the bottom-left corner of the
    bottom-left texel and texels have their centres at half steps. Outside 0..1 the border goes on.
    """
    grid = torch.stack([uv[:, 0] * 2 - 1, 1 - uv[:, 1] * 2], -1).to(texture.dtype)
    image = texture.permute(2, 0, 1)[None]
    sampled = torch.nn.functional.grid_sample(image, grid[None, None], padding_mode="border", align_corners=False)
    return sampled[0, :, 0].T


@dataclass(frozen=True)
class _Seen:
    """What every kind of shading needs, at the P pixels that see the mesh."""

    fragments: Fragments
    weights: Tensor
    """(P, 3) barycentric, with gradient."""
    normals: Tensor
    """(P, 3) unit, head space."""


def _look(
    camera: Camera, vertices: Tensor, triangles: Tensor, fragments: Fragments | None, normals: Tensor | None
) -> _Seen:
    image_points = camera.to_image(camera.to_camera(vertices))
    if fragments is None:
        fragments = rasterize(image_points, triangles, camera.size)
    weights = pixel_weights(image_points, triangles, fragments)
    if normals is None:
        normals = vertex_normals(vertices, triangles)
    mixed = (gather(normals, triangles, fragments) * weights[..., None]).sum(1)
    return _Seen(fragments, weights, torch.nn.functional.normalize(mixed, dim=-1))


def _shade(normals: Tensor, camera: Camera, light: Tensor, frame: Frame) -> Tensor:
    return harmonics.shade(normals if frame == "head" else normals @ camera.rotation.T, light)


def _finish(seen: _Seen, color: Tensor, background: Tensor | None) -> Rendered:
    fragments = seen.fragments
    image = scatter(color, fragments)
    if background is not None:
        image = torch.where(fragments.mask[..., None], image, background.to(image))
    return Rendered(
        image, fragments.mask, scatter(seen.normals, fragments), fragments, scatter(seen.weights, fragments)
    )
