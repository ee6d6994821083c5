"""One picture of a result: the photo, the head in the photo's light, the head turned under a lamp."""

from __future__ import annotations

import math
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from blender_addon import compat, scene
from blender_addon.scene import camera

_SIDE = 512
_MARGIN = 0.05
"""Room around the head, as a share of its size."""
_BACKDROP = 0.18
_TURN = math.radians(35)


def write_preview(head: Any, result: Any, path: Path) -> None:
    """Render and write ``path``, three squares side by side. Leaves the scene changed: save the file first."""
    view = result.views[0]
    left, top, side = _frame(result.mesh.vertices, view)
    panels = [_photo(head, view, left, top, side)]
    shift = np.array([[1, 0, -left], [0, 1, -top], [0, 0, side / _SIDE]]) / (side / _SIDE)
    close = replace(view, intrinsics=shift @ view.intrinsics, size=(_SIDE, _SIDE))
    eye = camera.build_camera(close, None, "Preview", head.collection)
    camera.match_render(bpy.context.scene, eye, close)
    panels.append(_render(samples=8, bounces=0))
    scene.set_relight(head.mesh_object, 1.0)
    facing = math.atan2(eye.location.x, -eye.location.y)  # the turn that makes the head look into the camera
    head.armature.rotation_euler.z = facing - math.copysign(_TURN, facing)
    _add_lamp(facing)
    panels.append(_render(samples=12, bounces=2))
    _save(np.concatenate(panels, 1), path)


def _frame(vertices: NDArray, view: Any) -> tuple[float, float, float]:
    """Left, top and side in pixels of the square around the projected head."""
    points = (np.asarray(vertices, float) @ np.asarray(view.rotation, float).T + view.translation) @ view.intrinsics.T
    points = points[:, :2] / points[:, 2:]
    low, high = points.min(0), points.max(0)
    side = float((high - low).max()) * (1 + 2 * _MARGIN)
    left, top = (low + high) / 2 - side / 2
    return float(left), float(top), side


def _photo(head: Any, view: Any, left: float, top: float, side: float) -> NDArray[np.float32]:
    """The same square of the photo (rows from the top, RGB 0..1), averaged over each pixel; backdrop outside."""
    if not head.camera.data.background_images:
        return np.full((_SIDE, _SIDE, 3), _BACKDROP, np.float32)
    pixels = _pixels(head.camera.data.background_images[0].image)
    height, width = pixels.shape[:2]
    fine = max(1, math.ceil(side * width / view.size[0] / _SIDE))
    steps = (np.arange(_SIDE * fine) + 0.5) * side / (_SIDE * fine)
    x = np.floor((left + steps) * width / view.size[0]).astype(int)
    y = np.floor((top + steps) * height / view.size[1]).astype(int)
    square = pixels[np.clip(y, 0, height - 1)][:, np.clip(x, 0, width - 1), :3]
    square[(y < 0) | (y >= height)] = _BACKDROP
    square[:, (x < 0) | (x >= width)] = _BACKDROP
    return square.reshape(_SIDE, fine, _SIDE, fine, 3).mean((1, 3))


def _render(samples: int, bounces: int) -> NDArray[np.float32]:
    """What the scene's camera sees, over the backdrop."""
    settings = bpy.context.scene
    settings.render.engine = "CYCLES"
    settings.cycles.device = "CPU"
    settings.cycles.samples = samples
    settings.cycles.max_bounces = bounces
    compat.use_denoiser(settings)
    settings.render.image_settings.file_format = "PNG"
    settings.render.image_settings.color_mode = "RGBA"
    with tempfile.TemporaryDirectory() as folder:
        settings.render.filepath = str(Path(folder) / "render.png")
        bpy.ops.render.render(write_still=True)
        picture = _pixels(bpy.data.images.load(settings.render.filepath))
    alpha = picture[..., 3:]
    return picture[..., :3] * alpha + _BACKDROP * (1 - alpha)


def _add_lamp(facing: float) -> None:
    """A key light from above, beside the camera that stands at azimuth ``facing``."""
    lamp = bpy.data.lights.new("Preview key", "SUN")
    lamp.energy, lamp.angle = 1.2, math.radians(8)
    placed = bpy.data.objects.new("Preview key", lamp)
    placed.rotation_euler = math.radians(50), 0.0, facing - math.radians(40)
    bpy.context.scene.collection.objects.link(placed)


def _pixels(image: bpy.types.Image) -> NDArray[np.float32]:
    """(H, W, 4) from the top, as stored (sRGB, straight alpha)."""
    width, height = image.size
    values = np.empty(width * height * 4, np.float32)
    image.pixels.foreach_get(values)
    return values.reshape(height, width, 4)[::-1].copy()


def _save(picture: NDArray, path: Path) -> None:
    height, width = picture.shape[:2]
    image = bpy.data.images.new("Preview", width, height)
    image.pixels.foreach_set(np.dstack([picture, np.ones((height, width))])[::-1].astype(np.float32).ravel())
    image.filepath_raw, image.file_format = str(path), "PNG"
    image.save()
    bpy.data.images.remove(image)
