"""The photo's camera: looking through it, the head covers the face."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy
import numpy as np
from mathutils import Matrix

from .space import CAMERA_TO_BLENDER, HEAD_TO_BLENDER

if TYPE_CHECKING:
    from .types import View

_SENSOR_MM = 36.0
_NEAR_METRES = 0.01


def build_camera(
    view: View, photo: bpy.types.Image | None, name: str, collection: bpy.types.Collection
) -> bpy.types.Object:
    """A camera object where the photographer stood, for a head in its neutral place; ``photo`` lies behind the head."""
    data = bpy.data.cameras.new(name)
    camera = bpy.data.objects.new(name, data)
    collection.objects.link(camera)
    (fx, _, cx), (_, _, cy), _ = np.asarray(view.intrinsics, np.float64).tolist()
    width, height = view.size
    aspect_x, aspect_y = pixel_aspect(view)
    data.sensor_fit = "HORIZONTAL"
    data.sensor_width = _SENSOR_MM
    data.lens = fx * _SENSOR_MM / width
    data.shift_x = (width / 2 - cx) / width
    data.shift_y = (cy - height / 2) / width * (aspect_y / aspect_x)
    data.clip_start = _NEAR_METRES
    if photo is not None:
        data.show_background_images = True
        background = data.background_images.new()
        background.image = photo
        background.frame_method = "STRETCH"
        background.display_depth = "BACK"
        background.alpha = 1.0
    camera.matrix_world = _pose(view)
    return camera


def match_render(scene: bpy.types.Scene, camera: bpy.types.Object, view: View) -> None:
    """Make ``scene`` render what the photo shows: its camera, size and pixels, untouched colours, no backdrop."""
    scene.camera = camera
    render = scene.render
    render.resolution_x, render.resolution_y = view.size
    render.resolution_percentage = 100
    render.pixel_aspect_x, render.pixel_aspect_y = pixel_aspect(view)
    render.film_transparent = True  # else the world hides the photo behind the head
    scene.view_settings.view_transform = "Standard"  # else a film look shifts the photo's colours
    scene.view_settings.look = "None"
    scene.view_settings.exposure, scene.view_settings.gamma = 0.0, 1.0


def pixel_aspect(view: View) -> tuple[float, float]:
    """Blender's pixel aspect (x, y) for focal lengths fx, fy in pixels; neither may be below 1."""
    fx, fy = float(view.intrinsics[0][0]), float(view.intrinsics[1][1])
    return max(1.0, fy / fx), max(1.0, fx / fy)


def _pose(view: View) -> Matrix:
    """Camera to world: the inverse of ``x_cam = R x_head + t``, in Blender's axes on both sides."""
    rotation = np.asarray(view.rotation, np.float64)
    pose = np.eye(4)
    pose[:3, :3] = HEAD_TO_BLENDER @ rotation.T @ CAMERA_TO_BLENDER
    pose[:3, 3] = HEAD_TO_BLENDER @ (-rotation.T @ np.asarray(view.translation, np.float64))
    return Matrix(pose.tolist())
