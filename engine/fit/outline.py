"""The face's outline against what is behind it: where the rendered edge is, and where the photo's edge is.

A profile says what no point on the skin says well: how far nose, lips, chin and cheek stand out. Only stretches where
the head's own outline belongs to the face are used, never ears, hair or neck.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..camera.camera import Camera
from ..faces.model import FaceModel
from ..render.normals import vertex_normals
from ..render.rasterizer import rasterize
from .pyramid import Level
from .skin import Skin
from .solver import POSE

REACH = 12
"""Pixels to either side in which the photo's edge is looked for."""
SKIN_SPREAD = 0.06
"""SRGB: how far skin just inside the edge strays from the skin a little further in."""
STRAY = 2.5
"""Squared deviations above which a pixel is more likely background."""
EDGE = 0.02
"""SRGB per pixel: a weaker edge is no evidence."""
STEADY = 0.8
"""Pixels: the outline's error is never taken to be less."""
TOGETHER = 60.0
"""How many points count as one: a whole cheek's edge is one thing to be right or wrong about."""
MOST = 240


@dataclass(frozen=True)
class Outline:
    """Points on the rendered edge of the face."""

    offset: Tensor
    """(k,) pixels from the rendered to the photo's edge, outwards."""
    jacobian: Tensor
    """(k, 7 + I + E) of the rendered edge's place along its normal."""
    weights: Tensor
    """(k,) inverse variance, robust."""


def outline_terms(model: FaceModel, skin: Skin, vertices: Tensor, level: Level, camera: Camera) -> Outline | None:
    """The outline of head ``vertices`` (V, 3) in one level of the photo, or None where there is too little of it."""
    found = _edge_points(model, skin, vertices, camera)
    if found is None:
        return None
    corners, shares, normals = found
    points = (vertices[skin.vertices[corners]] * shares[..., None]).sum(1)
    direction = torch.nn.functional.normalize((normals @ camera.rotation.T)[:, :2], dim=-1)
    offset, trusted = _search(level, camera.project(points), direction)
    if int(trusted.sum()) < 12:
        return None
    corners, shares, points, direction, offset = (v[trusted] for v in (corners, shares, points, direction, offset))
    spread = max(float(offset.abs().median()) * 1.48, STEADY)
    weights = 1 / (1 + (offset / (2 * spread)) ** 2) ** 2 / (spread**2 * TOGETHER)
    return Outline(offset, _jacobian(skin, corners, shares, points, direction, camera), weights)


def _edge_points(
    model: FaceModel, skin: Skin, vertices: Tensor, camera: Camera
) -> tuple[Tensor, Tensor, Tensor] | None:
    """Corners in the skin patch (k, 3), their weights (k, 3) and normals (k, 3) of the face's own edge pixels."""
    image = camera.to_image(camera.to_camera(vertices))
    fragments = rasterize(image, model.triangles, camera.size)
    mask = fragments.mask
    inner = mask.clone()
    for axis in (0, 1):
        for step in (1, -1):
            inner &= mask.roll(step, axis)
    edge = mask & ~inner
    edge[[0, -1]] = False
    edge[:, [0, -1]] = False
    place = torch.full((len(vertices),), -1, device=vertices.device)
    place[skin.vertices] = torch.arange(len(skin.vertices), device=vertices.device)
    corners = place[model.triangles[fragments.triangle[edge]]]
    shares = fragments.barycentric[edge]
    face = (corners >= 0).all(1)
    corners, shares = corners[face], shares[face]
    if len(corners) < 12:
        return None
    stride = -(-len(corners) // MOST)
    corners, shares = corners[::stride], shares[::stride]
    normals = vertex_normals(vertices, model.triangles)[skin.vertices[corners]]
    return corners, shares, (normals * shares[..., None]).sum(1)


def _search(level: Level, at: Tensor, direction: Tensor) -> tuple[Tensor, Tensor]:
    """Offset (k,) of the photo's edge along ``direction`` (k, 2) from pixels ``at`` (k, 2), and whether it is clear.

    Walking outwards, the edge is where the colour leaves that of the skin further in: the split that makes skin on one
    side and anything on the other most likely, among places where the colour changes.
    """
    steps = torch.arange(-REACH, REACH + 1, device=at.device, dtype=at.dtype)
    beyond = torch.arange(REACH + 1, REACH + 6, device=at.device, dtype=at.dtype)
    colours = _along(level, at, direction, steps)
    skin = _along(level, at, direction, -beyond).mean(1, keepdim=True)
    behind = _along(level, at, direction, beyond).mean(1, keepdim=True)
    unlike_skin = (((colours - skin) / SKIN_SPREAD) ** 2).mean(-1).clamp_max(1.5 * STRAY)
    unlike_behind = (((colours - behind) / SKIN_SPREAD) ** 2).mean(-1).clamp_max(STRAY)
    # cost[j]: everything before step j is skin, step j and what follows is not.
    cost = torch.cumsum(unlike_skin - unlike_behind, 1) - (unlike_skin - unlike_behind)
    change = torch.zeros_like(cost)
    change[:, 1:] = (colours[:, 1:] - colours[:, :-1]).norm(dim=-1)
    cost = cost - 0.5 * STRAY * (change / EDGE).clamp_max(4)
    inside = slice(1, len(steps) - 1)
    best = cost[:, inside].argmin(1) + 1
    rows = torch.arange(len(best), device=at.device)
    apart = (((skin - behind) / SKIN_SPREAD) ** 2).mean(-1)[:, 0] > STRAY
    clear = apart & (change[rows, best] > EDGE) & (best > 1) & (best < len(steps) - 2)
    return steps[best] - 0.5, clear


def _along(level: Level, at: Tensor, direction: Tensor, steps: Tensor) -> Tensor:
    """(k, n, 3) colours of the photo at ``steps`` (n,) along ``direction``."""
    places = at[:, None] + steps[None, :, None] * direction[:, None]
    return level.sample(places.view(-1, 2))[:, :3].view(len(at), len(steps), 3)


def _jacobian(skin: Skin, corners: Tensor, shares: Tensor, points: Tensor, direction: Tensor, camera: Camera) -> Tensor:
    turned = points @ camera.rotation.T
    at = turned + camera.translation
    k = camera.intrinsics
    focal = torch.stack([k[0, 0], k[1, 1]])
    ray = at[:, :2] / at[:, 2:]
    across = direction * focal / at[:, 2:]
    place = torch.cat([across, -(across * ray).sum(-1, keepdim=True)], -1)
    zoom = (direction * ray * focal).sum(-1, keepdim=True)
    modes = (skin.modes[corners] * shares[..., None, None]).sum(1)
    shape = torch.einsum("kd,kdm->km", place @ camera.rotation, modes)
    jacobian = torch.cat([torch.linalg.cross(turned, place), place, zoom, shape], -1)
    assert jacobian.shape[1] == POSE + skin.modes.shape[2]
    return jacobian
