"""What the photo's pixels say: the difference between photo and rendering at each skin sample, and its derivatives.

A sample at head-space point x with normal n and linear albedo a should show the colour ``srgb(a * shade(n))`` where
the camera sees it: ``I(project(x))``. Both sides move with pose and shape; the right one with light and albedo too.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..camera.camera import Camera
from ..faces.model import FaceModel
from ..light.color import linear_to_srgb
from ..light.harmonics import CONSTANTS, basis
from ..render.visibility import visible_vertices
from .appearance import Colour
from .pyramid import Level
from .skin import Skin

DEPTH_SLACK = 0.004
"""Metres a sample may lie behind the surface seen at its pixel."""


@dataclass(frozen=True)
class Look:
    """Colour, light and geometry of the samples at the solver's present state."""

    points: Tensor
    """(n, 3) head space."""
    normals: Tensor
    """(n, 3) unit, head space."""
    lengths: Tensor
    """(n, 1) of the normals before normalising."""
    albedo: Tensor
    """(n, 3)."""
    albedo_slopes: Tensor
    """(n, 3, A) its change with the coefficients."""
    shading: Tensor
    """(n, 3)."""
    stain: Tensor
    """(n, 1) factor on the albedo."""
    facing: Tensor
    """(n,) cosine between normal and view."""


def look(skin: Skin, vertices: Tensor, colour: Colour, camera: Camera) -> Look:
    """The samples for patch vertices (m, 3)."""
    sums = skin.normal_sums(vertices)
    lengths = sums.norm(dim=-1, keepdim=True).clamp_min(1e-12)
    normals, points = sums / lengths, vertices[skin.samples]
    view = torch.nn.functional.normalize(camera.centre - points, dim=-1)
    albedo = skin.albedo(colour.albedo)
    return Look(
        points,
        normals,
        lengths,
        albedo,
        skin.albedo_slopes(colour.albedo, albedo),
        (basis(normals) @ colour.light).clamp_min(0.01),
        (1 + skin.stains @ colour.stains).clamp_min(0.3)[:, None],
        (normals * view).sum(-1),
    )


def seen(model: FaceModel, skin: Skin, vertices: Tensor, camera: Camera) -> Tensor:
    """(n,) 0 or 1: which samples nothing of the head ``vertices`` (V, 3) hides from the camera."""
    visible = visible_vertices(camera, vertices, model.triangles, tolerance=DEPTH_SLACK, resolution=192)
    return visible[skin.vertices[skin.samples]].to(vertices.dtype)


def colour_slope(linear: Tensor) -> Tensor:
    """Derivative of :func:`linear_to_srgb`."""
    curve = 1.055 / 2.4 * linear.clamp_min(0.0031308) ** (1 / 2.4 - 1)
    return torch.where(linear <= 0.0031308, torch.full_like(linear, 12.92), curve)


def basis_slope(normals: Tensor) -> Tensor:
    """(n, 9, 3): derivative of the nine bands in the normal's coordinates."""
    x, y, z = normals.unbind(-1)
    o, i = torch.zeros_like(x), torch.ones_like(x)
    rows = [
        (o, o, o),
        (o, i, o),
        (o, o, i),
        (i, o, o),
        (y, x, o),
        (o, z, y),
        (o, o, 6 * z),
        (z, o, x),
        (2 * x, -2 * y, o),
    ]
    return torch.stack([torch.stack(r, -1) for r in rows], 1) * normals.new_tensor(CONSTANTS)[:, None]


def difference(level: Level, now: Look, camera: Camera) -> Tensor:
    """(n, 3) photo - model in sRGB."""
    return level.sample(camera.project(now.points))[:, :3] - linear_to_srgb(now.albedo * now.stain * now.shading)


def linearise(
    skin: Skin, normal_modes: Tensor, level: Level, now: Look, light: Tensor, camera: Camera
) -> tuple[Tensor, Tensor]:
    """Residual photo - model (n, 3) in sRGB and its negative Jacobian
    (n, 3, 7 + I + E + 27 + A + S).

    Columns: turn, shift, log focal length (as in :mod:`.solver`), coefficients, light (band-major), albedo,
    stains.
    """
    turned = now.points @ camera.rotation.T
    at = turned + camera.translation
    k = camera.intrinsics
    inverse = 1 / at[:, 2:]
    ray = at[:, :2] * inverse
    focal = torch.stack([k[0, 0], k[1, 1]])
    values = level.sample(ray * focal + k[:2, 2])
    linear = now.albedo * now.stain * now.shading
    slope = colour_slope(linear)
    # How the photo's colour at the sample changes with the sample's place in camera space (n, 3, 3).
    across = values[:, 3:].view(-1, 2, 3).transpose(1, 2) * (focal * inverse)[:, None]
    place = torch.cat([across, -(across * ray[:, None]).sum(-1, keepdim=True)], -1)
    bend = torch.einsum("nkd,kc->ncd", basis_slope(now.normals), light) * (slope * now.albedo * now.stain)[..., None]
    bend = (bend - (bend @ now.normals[..., None]) * now.normals[:, None]) / now.lengths[..., None]
    shape = torch.cat([-place @ camera.rotation, bend], -1) @ torch.cat([skin.modes[skin.samples], normal_modes], 1)
    turn = torch.linalg.cross(turned[:, None].expand_as(place), place)
    zoom = (values[:, 3:].view(-1, 2, 3).transpose(1, 2) * (ray * focal)[:, None]).sum(-1, keepdim=True)
    tint = (slope * now.shading * now.stain)[..., None] * now.albedo_slopes
    spots = (slope * now.shading * now.albedo)[..., None] * skin.stains[:, None]
    jacobian = torch.cat([-turn, -place, -zoom, shape, _light_columns(now, slope), tint, spots], -1)
    return values[:, :3] - linear_to_srgb(linear), jacobian


def _light_columns(now: Look, slope: Tensor) -> Tensor:
    """(n, 3, 27): each colour depends on its own nine bands."""
    bands = basis(now.normals)
    columns = bands.new_zeros(len(bands), 3, 9, 3)
    for channel in range(3):
        columns[:, channel, :, channel] = bands * (slope * now.albedo * now.stain)[:, channel, None]
    return columns.flatten(2)
