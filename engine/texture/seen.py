"""What the photo shows of the surface: where each texel lies in it, and how far it can be trusted there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from ..camera.camera import Camera
from ..contract import Floats
from ..faces.model import FaceModel
from ..render.normals import vertex_normals
from ..render.rasterizer import rasterize
from .layout import Layout, skin_materials
from .pixels import look_up

DEPTH_SIDE = 1024
"""Longer side of the depth buffer in pixels."""
DEPTH_BIAS = 0.0015
"""Metres a point may lie behind the depth buffer and still count as seen."""
DEPTH_JUMP = 0.006
"""Metres between neighbouring pixels' depths that make an occluding edge."""
EDGE_FADE = 0.0018
"""Metres on the surface over which trust grows from 0 beside an occluding edge; the fit may be off by this much."""
RIM_FADE = 0.0008
"""The same beside eyes, teeth and the mouth's inside, where lids and lips need their photo up to the rim."""
FACING_FROM, FACING_TO = 0.16, 0.50
"""Cosines between surface and line of sight where trust begins and is whole."""


@dataclass(frozen=True)
class Pose:
    """The head as it was in the photo."""

    vertices: Tensor
    """(V, 3) metres, head space."""
    normals: Tensor
    """(V, 3)."""
    camera: Camera

    @staticmethod
    def of(vertices: Tensor, triangles: Tensor, camera: Camera) -> Pose:
        """The pose on the CPU, with its normals."""
        return Pose(vertices.cpu(), vertex_normals(vertices, triangles).cpu(), camera.to("cpu"))


def visibility(model: FaceModel, pose: Pose, layout: Layout) -> Floats:
    """(S, S) 0..1: how well the photo's camera sees each texel of ``layout``.

    A depth buffer of the whole head decides what is hidden; trust fades where the surface turns away and towards
    occluding edges, where a small error of the fit would paint one thing with another.
    """
    depth, trust, view = _depth_and_trust(model, pose)
    seen = layout.texels(torch.cat([pose.vertices, pose.normals], -1))
    points, normals = torch.from_numpy(seen[..., :3]), torch.from_numpy(seen[..., 3:])
    in_camera = view.to_camera(points)
    image = view.to_image(in_camera).numpy()
    places = image[..., :2] - np.float32(0.5)
    # One is added so that what lies outside the picture, where look_up gives 0, counts as far behind.
    behind = image[..., 2] + 1 - look_up(depth + 1, places)
    sight = torch.nn.functional.normalize(points - view.centre, dim=-1)
    facing = -(torch.nn.functional.normalize(normals, dim=-1) * sight).sum(-1).numpy()
    fade = smoothstep(FACING_FROM, FACING_TO, facing) * look_up(trust, places)
    slope = DEPTH_BIAS / np.clip(facing, 0.15, 1)
    return np.where(layout.covered, fade * (1 - smoothstep(slope, 2 * slope, behind)), 0).astype(np.float32)


def photo_positions(pose: Pose, layout: Layout) -> Floats:
    """(S, S, 2) pixels of the photo (x, y; centres at +0.5) that show each texel; outside it if uncovered."""
    points = torch.from_numpy(layout.texels(pose.camera.to_camera(pose.vertices)))
    points[..., 2].clamp_min_(1e-6)
    found = pose.camera.to_image(points)[..., :2].numpy()
    found[~layout.covered] = -1e4
    return found


def smoothstep(low: float | Floats, high: float | Floats, value: Any) -> Floats:
    """0 below ``low``, 1 above ``high``, smooth between."""
    t = np.clip((value - low) / (np.asarray(high) - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)


def _depth_and_trust(model: FaceModel, pose: Pose) -> tuple[Floats, Floats, Camera]:
    """Depth in metres (-1 where nothing is), trust 0..1 away from edges, and the camera of both."""
    view = head_view(pose.camera, pose.vertices, DEPTH_SIDE)
    image = view.to_image(view.to_camera(pose.vertices))
    fragments = rasterize(image, model.triangles.cpu(), view.size)
    index = fragments.triangle
    corner_depth = image[:, 2][model.triangles.cpu()[index.clamp_min(0)]]
    depth = (corner_depth * fragments.barycentric).sum(-1).numpy().astype(np.float32)
    depth[~fragments.mask.numpy()] = -1.0
    is_skin = np.isin(_triangle_materials(model), skin_materials(model))[index.numpy()] & fragments.mask.numpy()
    kernel = np.ones((3, 3), np.uint8)
    jump = cv2.dilate(depth, kernel) - cv2.erode(depth, kernel) > DEPTH_JUMP
    pixel_size = float(image[:, 2].median() / view.intrinsics[0, 0])
    trust = np.ones_like(depth)
    for away_from, fade in ((jump, EDGE_FADE), (~is_skin, RIM_FADE)):
        distance = cv2.distanceTransform((~away_from).astype(np.uint8), cv2.DIST_L2, 5) * pixel_size
        trust = np.minimum(trust, smoothstep(0.0, fade, distance))
    return np.asarray(cv2.dilate(depth, kernel), dtype=np.float32), trust, view


def head_view(camera: Camera, vertices: Tensor, side: int) -> Camera:
    """The part of ``camera``'s image that the head covers, its longer side ``side`` pixels."""
    points = camera.project(vertices)
    low = torch.maximum(points.amin(0), torch.zeros(2)).tolist()
    high = torch.minimum(points.amax(0), torch.tensor([float(s) for s in camera.size])).tolist()
    width, height = max(high[0] - low[0], 1.0), max(high[1] - low[1], 1.0)
    scale = side / max(width, height)
    return camera.crop(low[0], low[1], scale, (max(int(width * scale), 1), max(int(height * scale), 1)))


def _triangle_materials(model: FaceModel) -> np.ndarray:
    """(T,) material of each of the model's triangles."""
    return model.polygon_material[model.split[1]]
