"""Good-looking stills of a head for preview sheets and docs. Unbatched, no gradient."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..camera.camera import Camera
from ..camera.conventions import frontal_rotation
from ..light import harmonics
from ..light.color import linear_to_srgb, srgb_to_linear
from .shading import Frame, Rendered, render, render_textured

DISTANCE = 1.4
"""Metres from the camera to the head's middle, as in a portrait."""
CLAY = (0.36, 0.33, 0.31)
"""Linear colour of a mesh without albedo."""
BACKGROUND = (0.16, 0.17, 0.19)
"""SRGB grey-blue that skin and clay both stand out from."""
KEY = (-0.70, -0.60, -0.60)
"""Where the studio's key lamp stands, camera space: upper left, in front."""
LAMPS: tuple[tuple[tuple[float, float, float], tuple[float, float, float]], ...] = (
    (KEY, (1.15, 1.12, 1.07)),
    ((0.85, 0.10, -0.55), (0.24, 0.26, 0.30)),
    ((0.65, -0.45, 0.60), (0.60, 0.63, 0.68)),
)
"""Key, fill and rim: direction and colour of Lambert lamps, camera space."""
FILL = 0.13
"""Light from everywhere."""


def studio_camera(
    vertices: Tensor, yaw: float = 0.0, pitch: float = 0.0, size: tuple[int, int] = (512, 512), margin: float = 0.05
) -> Camera:
    """A portrait camera that holds the whole mesh at one scale whatever the yaw.

    Args:
        vertices: (V, 3) metres, head space.
        yaw: degrees the head turns to its own left (the picture's right).
        pitch: degrees the head looks up.
        size: (width, height) in pixels.
        margin: free border as a share of the picture.
    """
    spin, tilt = math.radians(yaw), -math.radians(pitch)
    about_y = np.array([[math.cos(spin), 0, math.sin(spin)], [0, 1, 0], [-math.sin(spin), 0, math.cos(spin)]])
    about_x = np.array([[1, 0, 0], [0, math.cos(tilt), -math.sin(tilt)], [0, math.sin(tilt), math.cos(tilt)]])
    rotation = torch.from_numpy(frontal_rotation() @ about_x @ about_y).to(vertices)
    middle = (vertices.amin(0) + vertices.amax(0)) / 2
    reach = (vertices - middle).detach()
    across, up = float(reach[:, [0, 2]].norm(dim=-1).max()), float(reach[:, 1].abs().max())
    free = 1 - 2 * margin
    # Measured at the nearest depth the mesh may reach, so perspective cannot push it out of the picture.
    focal = (DISTANCE - across) * free / 2 * min(size[0] / across, size[1] / up)
    intrinsics = vertices.new_tensor([[focal, 0, size[0] / 2], [0, focal, size[1] / 2], [0, 0, 1]])
    return Camera(intrinsics, rotation, vertices.new_tensor([0, 0, DISTANCE]) - rotation @ middle, size)


@torch.no_grad()
def draw(
    camera: Camera,
    vertices: Tensor,
    triangles: Tensor,
    albedo: Tensor | None = None,
    *,
    texture: Tensor | None = None,
    corner_uvs: Tensor | None = None,
    light: Tensor | None = None,
    frame: Frame = "head",
    shine: float = 0.06,
    background: tuple[float, float, float] | Tensor = BACKGROUND,
    supersample: int = 2,
) -> NDArray[np.uint8]:
    """The mesh as an sRGB picture (H, W, 3), smooth at its edges.

    Args:
        camera: any; its size is the picture's.
        vertices: (V, 3) metres, head space.
        triangles: (T, 3) int64, counter-clockwise seen from outside.
        albedo: (V, 3) linear RGB; clay if neither this nor a texture is given.
        texture: (Ht, Wt, 3) linear RGB, used with ``corner_uvs`` (T, 3, 2) instead of ``albedo``.
        corner_uvs: (0, 0) bottom-left.
        light: (9, 3) shading coefficients in ``frame``; three studio lamps that follow the camera if left out.
        frame: the space ``light`` is in.
        shine: strength of a soft highlight of the key lamp (studio light only).
        background: sRGB colour, or an sRGB image (H, W, 3) in 0..1.
        supersample: samples per pixel along each side.
    """
    large = camera.crop(0, 0, supersample, (camera.size[0] * supersample, camera.size[1] * supersample))
    shading = light if light is not None else harmonics.ambient().to(vertices)
    if texture is not None and corner_uvs is not None:
        seen = render_textured(large, vertices, triangles, corner_uvs, texture, shading, frame)
    else:
        colors = vertices.new_tensor(CLAY).expand_as(vertices) if albedo is None else albedo
        seen = render(large, vertices, triangles, colors, shading, frame)
    image = seen.image if light is not None else _studio(seen, large, shine)
    coverage = _shrink(seen.mask[..., None].to(image), supersample)
    behind = background if isinstance(background, Tensor) else torch.tensor(background)
    mixed = _shrink(image.clamp(0, 1), supersample) + (1 - coverage) * srgb_to_linear(behind.to(image))
    return (linear_to_srgb(mixed.clamp(0, 1)) * 255).round().to(torch.uint8).cpu().numpy()


def _studio(seen: Rendered, camera: Camera, shine: float) -> Tensor:
    """``seen``, whose light is flat, under the studio's lamps: linear RGB (H, W, 3)."""
    image = seen.image
    normals = seen.normals @ camera.rotation.T
    lit = torch.full_like(image, FILL)
    for direction, color in LAMPS:
        towards = torch.nn.functional.normalize(image.new_tensor(direction), dim=0)
        # Wrapped a little past the terminator, as skin and clay scatter light under their surface.
        cosine = ((normals @ towards + 0.15) / 1.15).clamp_min(0)
        lit = lit + cosine[..., None] * image.new_tensor(color)
    half = torch.nn.functional.normalize(image.new_tensor(KEY), dim=0) + image.new_tensor([0.0, 0.0, -1.0])
    highlight = (normals @ torch.nn.functional.normalize(half, dim=0)).clamp_min(0) ** 24
    bright = image * lit + shine * highlight[..., None] * seen.mask[..., None]
    # A shoulder instead of a hard clip: 0.8 and below is untouched, brighter approaches 1.
    return torch.where(bright > 0.8, 1 - 0.2 * torch.exp(-(bright - 0.8).clamp_min(0) / 0.2), bright)


def _shrink(image: Tensor, factor: int) -> Tensor:
    """Mean over ``factor`` x ``factor`` blocks of (H, W, C)."""
    return torch.nn.functional.avg_pool2d(image.permute(2, 0, 1), factor).permute(1, 2, 0)
