"""A textured scan of a real head, photographed by our own renderer from known cameras."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..camera.camera import Camera
from ..detect.detector import Detection
from ..detect.layouts import FACE_OVAL, IBUG_FROM_MEDIAPIPE
from ..light.color import linear_to_srgb, srgb_to_linear
from ..light.harmonics import ambient, directional
from ..render.interpolate import interpolate
from ..render.normals import vertex_normals
from ..render.rasterizer import rasterize
from ..render.shading import render_textured
from .heads import pose_rotation
from .scan import SEVEN, Scan

FACE_RADIUS = 0.075
"""Metres round the nose's base: what counts as the face."""
POINTS = 6000
SIZE = 768
"""Side of the photographs in pixels."""


@dataclass(frozen=True)
class ScannedHead:
    """Vertices (V, 3) in metres, triangles (T, 3), corner UVs (T, 3, 2), linear texture (H, W, 3)."""

    vertices: Tensor
    triangles: Tensor
    uvs: Tensor
    texture: Tensor

    def camera(self, yaw: float) -> Camera:
        """A portrait camera (focal length 2.2 picture sides) that sees the head turned by ``yaw`` degrees."""
        rotation = torch.from_numpy(pose_rotation(np.radians(yaw), 0.0, 0.0)).float()
        focal = 2.2 * SIZE
        middle = (self.vertices.amax(0) + self.vertices.amin(0)) / 2
        depth = focal * 0.26 / (0.62 * SIZE)
        intrinsics = torch.tensor([[focal, 0, SIZE / 2], [0, focal, SIZE / 2], [0, 0, 1]])
        return Camera(intrinsics, rotation, torch.tensor([0, 0, depth]) - rotation @ middle, (SIZE, SIZE))

    def photograph(self, yaw: float) -> NDArray[np.uint8]:
        """(SIZE, SIZE, 3) sRGB in soft light and one lamp from above."""
        direction = torch.nn.functional.normalize(torch.tensor([0.5, 0.5, 0.7]), dim=0)
        light = ambient(0.45) + directional(direction, torch.tensor([0.6, 0.58, 0.55]))
        grey = torch.tensor([0.35, 0.38, 0.42])
        picture = render_textured(
            self.camera(yaw), self.vertices, self.triangles, self.uvs, self.texture, light, background=grey
        ).image
        return (linear_to_srgb(picture.clamp(0, 1)).numpy() * 255).round().astype(np.uint8)

    def face(self, frontal: Detection, seed: int = 0) -> Scan:
        """The face region and the seven points, found on the frontal photograph and carried to the surface.

        Scan points lie within ``FACE_RADIUS`` of the nose's base and inside the detected outline, evenly by area.
        """
        camera = self.camera(0.0)
        fragments = rasterize(camera.to_image(camera.to_camera(self.vertices)), self.triangles, camera.size)
        place = interpolate(self.vertices, self.triangles, fragments).numpy()
        normals = interpolate(vertex_normals(self.vertices, self.triangles), self.triangles, fragments).numpy()
        column, row = frontal.landmarks[IBUG_FROM_MEDIAPIPE[list(SEVEN)]].astype(int).T
        seven = place[row, column].astype(np.float64)
        outline = np.zeros(place.shape[:2], np.uint8)
        cv2.fillConvexPoly(outline, cv2.convexHull(frontal.landmarks[list(FACE_OVAL)].astype(np.int32)), (1,))
        inside = (outline > 0) & fragments.mask.numpy() & (np.linalg.norm(place - seven[4], axis=-1) < FACE_RADIUS)
        weight = 1 / normals[inside][:, 2].clip(0.15, 1)
        chosen = np.random.default_rng(seed).choice(len(weight), POINTS, replace=False, p=weight / weight.sum())
        return Scan(place[inside][chosen].astype(np.float64), seven)


def load_scanned_head(folder: Path) -> ScannedHead:
    """Read ``LeePerrySmith.glb`` and ``Map-COL.jpg``; one unit of the file is 50.35 mm. Needs trimesh."""
    import trimesh

    mesh: Any = trimesh.load(folder / "LeePerrySmith.glb", process=False, force="mesh")
    triangles = np.asarray(mesh.faces, np.int64)
    # trimesh turns glTF's UVs upside down, and this file's are already so.
    uvs = np.asarray(mesh.visual.uv, np.float32) * [1, -1] + [0, 1]
    texture = cv2.cvtColor(cv2.imread(str(folder / "Map-COL.jpg")), cv2.COLOR_BGR2RGB)
    return ScannedHead(
        torch.from_numpy(np.asarray(mesh.vertices, np.float32) * np.float32(0.05035)),
        torch.from_numpy(triangles),
        torch.from_numpy(uvs[triangles].astype(np.float32)),
        srgb_to_linear(torch.from_numpy(texture.astype(np.float32) / 255)),
    )
