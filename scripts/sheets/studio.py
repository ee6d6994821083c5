"""The one studio of all pictures: where its camera stands, how heads are drawn, and how lashes are laid over them."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation
from torch import Tensor

from engine.camera.camera import Camera
from engine.camera.conventions import frontal_rotation
from engine.contract import Floats
from engine.preview.head import Head, Seen
from engine.preview.head import Image as Picture
from engine.preview.studio import SAMPLES, draw_studio, view
from engine.render.rasterizer import rasterize
from engine.texture.lashes import COLOR, STRIPS, lash_texture
from engine.texture.pixels import encode, look_up

from .sitter import Sitter

DISTANCE = 1.5
"""Metres from the camera to what it looks at."""
PORTRAIT, HEADROOM = 0.275, 0.014
"""Metres from the top of a portrait to its foot, and above the crown."""

Size = tuple[int, int]
Place = tuple[float, float, float]


def camera(place: Place, tall: float, yaw: float, size: Size, pitch: float = 0.0, distance: float = DISTANCE) -> Camera:
    """A camera ``distance`` metres from ``place``, which it looks at, that shows ``tall`` metres there, top to foot.

    Positive ``yaw`` turns the head to its own left, the picture's right; positive ``pitch`` shows it from above.
    """
    turn = Rotation.from_euler("XY", [pitch, yaw], True).as_matrix()
    rotation = torch.from_numpy(frontal_rotation() @ turn).float()
    focal = size[1] / tall * distance
    intrinsics = torch.tensor([[focal, 0, size[0] / 2], [0, focal, size[1] / 2], [0, 0, 1]])
    translation = torch.tensor([0, 0, distance]) - rotation @ torch.tensor(place, dtype=torch.float32)
    return Camera(intrinsics, rotation, translation, size)


def draw(sitter: Sitter, head: Head, eye: Camera, clay: bool = False) -> Picture:
    """(H, W, 3) sRGB of a head by :meth:`Sitter.head` in the preview's studio; with its lashes unless in clay."""
    seen = view(head, eye)
    picture = draw_studio(head, seen, clay=clay)
    return picture if clay else with_lashes(sitter, head, seen, picture)


def portrait(sitter: Sitter, head: Head, size: Size, yaw: float = -12.0, clay: bool = False) -> Picture:
    """The head and neck, the crown near the top."""
    return draw(sitter, head, portrait_camera(head, yaw, size), clay)


def portrait_camera(head: Head, yaw: float, size: Size) -> Camera:
    """The camera of :func:`portrait`."""
    middle = float(head.vertices[:, 1].max()) + HEADROOM - PORTRAIT / 2
    return camera((0.0, middle, 0.01), PORTRAIT, yaw, size)


def with_lashes(sitter: Sitter, head: Head, seen: Seen, picture: Picture, first: int = 0) -> Picture:
    """``picture`` (H, W, 3) of ``seen`` with the lashes that nothing hides, as shares of its light that they take.

    ``first`` is added to the lashes' vertex indices, for a head that has more vertices than the model.
    """
    points = seen.camera.to_image(seen.camera.to_camera(head.vertices))
    wide, high = seen.camera.size
    depth = torch.full((wide * high,), torch.inf)
    depth[seen.fragments.pixels] = seen.camera.to_camera(seen.points)[:, 2]
    kept = np.ones((high, wide), np.float32)
    for rows in _lash_rows(sitter):
        triangles, uvs = torch.from_numpy(sitter.triangles[rows] + first), sitter.uvs[torch.from_numpy(rows)]
        found = rasterize(points, triangles, seen.camera.size, cull=False)
        weights = found.barycentric.reshape(-1, 3)[found.pixels]
        near = (points[:, 2][triangles[found.pixel_triangles]] * weights).sum(-1) < depth[found.pixels]
        uv = (uvs[found.pixel_triangles] * weights[..., None]).sum(1).numpy()
        kept.reshape(-1)[found.pixels.numpy()] *= 1 - near.numpy() * _strands(uv)
    small = cv2.resize(kept, (wide // SAMPLES, high // SAMPLES), interpolation=cv2.INTER_AREA)[..., None]
    return (picture * small + encode(np.array(COLOR, np.float32)) * (1 - small)).round().astype(np.uint8)


def _lash_rows(sitter: Sitter) -> list[NDArray[np.int64]]:
    """Triangles of each strip of lashes: strips may stand before one another."""
    index = [m.name for m in sitter.model.materials].index("lashes")
    rows = np.flatnonzero(sitter.material == index)
    height = sitter.uvs[torch.from_numpy(rows)][..., 1].mean(1).numpy()
    return [rows[(height > strip.low) & (height < strip.high)] for strip in STRIPS.values()]


@cache
def _alpha() -> NDArray[np.uint8]:
    return np.ascontiguousarray(lash_texture()[..., 3])


def _strands(uv: Floats) -> Floats:
    """(P,) how much of a lash there is at UVs (P, 2)."""
    alpha = _alpha()
    places = uv * [alpha.shape[1], -alpha.shape[0]] + [-0.5, alpha.shape[0] - 0.5]
    if not len(uv):
        return np.zeros(0, np.float32)
    values = np.concatenate([look_up(alpha, part[None])[0] for part in np.array_split(places, len(uv) // 30000 + 1)])
    return values.astype(np.float32) / 255


def near_points(points: Tensor) -> Place:
    """The middle of ``points`` (P, 3) as a place to look at."""
    x, y, z = points.mean(0).tolist()
    return x, y, z
