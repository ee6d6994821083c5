"""How the pictures of a preview sheet are lit: the photo's own light, clay, and a small portrait studio."""

from __future__ import annotations

import math

import cv2
import numpy as np
import torch
from torch import Tensor

from ..camera.camera import Camera
from ..camera.conventions import frontal_rotation
from ..contract import Floats
from ..light import harmonics
from ..light.color import linear_to_srgb, luminance, srgb_to_linear
from ..render.rasterizer import rasterize
from ..texture.bake import MIRRORED
from .head import Head, Image, Seen, look

SAMPLES = 2
"""Samples per pixel along each side."""
DISTANCE = 1.5
"""Metres from the studio's camera to the head."""
REACH = 0.142
"""Metres above and below the middle of the picture that a studio picture shows."""
HEADROOM = 0.022
"""Metres between the crown and the top of a studio picture."""
CLAY = (0.44, 0.42, 0.40)
BACKDROP_TOP, BACKDROP_BOTTOM = (0.235, 0.245, 0.265), (0.115, 0.12, 0.135)
"""SRGB."""
KEY = (-0.62, -0.62, -0.72)
"""Direction to the key lamp, camera space: upper left, in front."""
KEY_COLOR, FILL_COLOR, RIM_COLOR = (1.02, 0.98, 0.92), (0.20, 0.23, 0.28), (0.62, 0.66, 0.74)
FILL, RIM = (0.85, 0.05, -0.6), (0.80, -0.45, 0.62)
SKY, GROUND = (0.21, 0.22, 0.24), (0.10, 0.09, 0.085)
ENCLOSED = (0.88, 0.79, 0.72)
"""Share of the light that reaches eyes and teeth between lids and lips; what flesh throws back there is warm."""
OVERHANG, OVERHUNG = 0.004, 0.5
"""Metres below the upper lid or lip over which it shades what it covers, and the share of light it takes there."""
SHADOW_SIDE = 640
SHADOW_SOFT = 0.006
"""Metres over which the key lamp's shadow fades."""
SCATTER = (0.28, 0.12, 0.07)
"""How far past the terminator red, green and blue still scatter under skin."""


def studio_camera(head: Head, yaw: float, size: tuple[int, int]) -> Camera:
    """A portrait camera; ``yaw`` degrees turn the head to its own left, the picture's right."""
    middle = torch.tensor([0.0, float(head.vertices[:, 1].max()) + HEADROOM - REACH, 0.012])
    spin = math.radians(yaw)
    turn = np.array([[math.cos(spin), 0, math.sin(spin)], [0, 1, 0], [-math.sin(spin), 0, math.cos(spin)]])
    rotation = torch.from_numpy(frontal_rotation() @ turn).float()
    focal = size[1] / 2 / REACH * DISTANCE
    intrinsics = torch.tensor([[focal, 0, size[0] / 2], [0, focal, size[1] / 2], [0, 0, 1]])
    translation = torch.tensor([0, 0, DISTANCE]) - rotation @ middle
    return Camera(intrinsics, rotation, translation, size)


def view(head: Head, camera: Camera) -> Seen:
    """What ``camera`` sees of ``head`` at ``SAMPLES`` samples a pixel: what the drawing functions take."""
    width, height = camera.size
    return look(head, camera.crop(0, 0, SAMPLES, (width * SAMPLES, height * SAMPLES)))


def draw_studio(head: Head, seen: Seen, clay: bool = False) -> Image:
    """The head under key, fill and rim lamps with a soft shadow, before a graded backdrop: (H, W, 3) sRGB."""
    turned = seen.normals @ seen.camera.rotation.T
    albedo = torch.tensor(CLAY).expand_as(seen.albedo) if clay else seen.albedo
    scatter = torch.tensor((0.06,) * 3 if clay else SCATTER)
    key = _unit(KEY)
    lit = lamp(turned, key, scatter) * torch.tensor(KEY_COLOR) * shadow(head, seen, key)[:, None]
    lit = lit + lamp(turned, _unit(FILL), scatter) * torch.tensor(FILL_COLOR)
    lit = lit + lamp(turned, _unit(RIM), torch.zeros(3)) * torch.tensor(RIM_COLOR)
    up = (0.5 - 0.5 * turned[:, 1:2]).clamp(0, 1)
    lit = lit + up * torch.tensor(SKY) + (1 - up) * torch.tensor(GROUND)
    return finish(seen, albedo * lit * enclosure(seen) + _gloss(seen, turned, key, clay), backdrop(_size(seen)))


def draw_in_photo(seen: Seen, light: Tensor, in_camera: bool, photo: Image) -> Image:
    """What was recovered of the face under the photo's spherical harmonics (9, 3), laid over ``photo`` (H, W, 3).

    Mirrored and guessed parts are left out, so hair and clothes stay the photo's and nothing haunts its margin.
    """
    normals = seen.normals @ seen.camera.rotation.T if in_camera else seen.normals
    shaded = seen.albedo * harmonics.shade(normals, light).clamp_min(0) * enclosure(seen)
    mirrored = MIRRORED / 255
    return finish(seen, shaded, photo, ((seen.shown - mirrored) / (1 - mirrored)).clamp(0, 1))


def draw_flat(seen: Seen) -> Image:
    """The textures as they are, without any light, before the backdrop."""
    return finish(seen, seen.albedo, backdrop(_size(seen)))


def backdrop(size: tuple[int, int]) -> Image:
    """(H, W, 3) a plain wall, lighter at the top and behind the head."""
    width, height = size
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    glow = np.exp(-(((x / width - 0.5) / 0.55) ** 2) - ((y / height - 0.42) / 0.5) ** 2)[..., None]
    top, bottom = np.array(BACKDROP_TOP, np.float32), np.array(BACKDROP_BOTTOM, np.float32)
    return (np.clip(bottom + (top - bottom) * glow, 0, 1) * 255).round().astype(np.uint8)


def finish(seen: Seen, linear: Tensor, background: Image, alpha: Tensor | None = None) -> Image:
    """Linear colours (P, 3), opaque or with ``alpha`` (P,), over ``background``, averaged to its size."""
    height, width = seen.fragments.triangle.shape
    layer = np.zeros((height * width, 4), dtype=np.float32)
    # A shoulder instead of a hard clip: 0.8 and below is untouched, brighter approaches 1.
    bright = torch.where(linear > 0.8, 1 - 0.2 * torch.exp(-(linear - 0.8).clamp_min(0) / 0.2), linear.clamp_min(0))
    opacity = torch.ones(len(bright), 1) if alpha is None else alpha[:, None]
    layer[seen.fragments.pixels.numpy()] = torch.cat([bright * opacity, opacity], -1).numpy()
    size = (background.shape[1], background.shape[0])
    small = cv2.resize(layer.reshape(height, width, 4), size, interpolation=cv2.INTER_AREA)
    behind = srgb_to_linear(background.astype(np.float32) / 255)
    mixed = small[..., :3] + (1 - small[..., 3:]) * behind
    return (linear_to_srgb(np.clip(mixed, 0, 1)) * 255).round().astype(np.uint8)


def _size(seen: Seen) -> tuple[int, int]:
    """Width and height of the picture, of which ``seen`` has ``SAMPLES`` times as many."""
    width, height = seen.camera.size
    return width // SAMPLES, height // SAMPLES


def _unit(direction: tuple[float, float, float]) -> Tensor:
    return torch.nn.functional.normalize(torch.tensor(direction), dim=0)


def lamp(normals: Tensor, towards: Tensor, wrap: Tensor) -> Tensor:
    """(P, 3) Lambert's cosine, wrapped past the terminator by ``wrap`` (3,) and scaled to keep its energy."""
    cosine = (normals @ towards)[:, None]
    return ((cosine + wrap) / (1 + wrap)).clamp_min(0) / (1 + wrap)


def enclosure(seen: Seen) -> Tensor:
    """(P, 3) share of the light that reaches each point: 1 on skin, less between lids and lips, least under the upper
    ones, whose shade falls on eyeball and teeth from wherever the lamps are.
    """
    height, width = seen.fragments.triangle.shape
    skin, pixels = np.zeros(height * width, np.float32), seen.fragments.pixels.numpy()
    skin[pixels] = 1 - seen.inside.numpy()
    depth = float((seen.points @ seen.camera.rotation.T + seen.camera.translation)[:, 2].median())
    reach = max(round(OVERHANG * float(seen.camera.intrinsics[0, 0]) / depth), 1)
    # The window lies over and above each pixel: its last row is the pixel's own.
    above = cv2.blur(skin.reshape(height, width), (reach, reach), anchor=(reach // 2, reach - 1)).reshape(-1)[pixels]
    reached = torch.tensor(ENCLOSED) * (1 - OVERHUNG * torch.from_numpy(above))[:, None]
    return 1 - seen.inside[:, None] * (1 - reached)


def shadow(head: Head, seen: Seen, towards: Tensor) -> Tensor:
    """(P,) 0..1 share of the key lamp that reaches each point: a blurred shadow map from ``towards`` (camera space)."""
    direction = towards @ seen.camera.rotation
    side = torch.nn.functional.normalize(torch.linalg.cross(torch.tensor([0.0, 1.0, 0.0]), direction), dim=0)
    axes = torch.stack([side, torch.linalg.cross(direction, side), direction])
    scale = SHADOW_SIDE / 0.5

    def project(points: Tensor) -> Tensor:
        across = points @ axes.T
        return torch.stack([across[:, 0] * scale, -across[:, 1] * scale, 1 - across[:, 2]], -1) + torch.tensor(
            [SHADOW_SIDE / 2, SHADOW_SIDE / 2, 0]
        )

    corners = project(head.vertices)
    fragments = rasterize(corners, head.triangles, (SHADOW_SIDE, SHADOW_SIDE), cull=False)
    depth = torch.full((SHADOW_SIDE * SHADOW_SIDE,), 10.0)
    weights = fragments.barycentric.reshape(-1, 3)[fragments.pixels]
    depth[fragments.pixels] = (corners[:, 2][head.triangles[fragments.pixel_triangles]] * weights).sum(-1)
    places = project(seen.points)
    return torch.from_numpy(_soft_compare(depth.view(SHADOW_SIDE, SHADOW_SIDE).numpy(), places.numpy(), scale))


def _soft_compare(depth: Floats, places: Floats, scale: float) -> Floats:
    """(P,) mean over a small disc of whether the map's ``depth`` lies behind each place (x, y, depth)."""
    radius = SHADOW_SOFT * scale
    total = np.zeros(len(places), dtype=np.float32)
    steps = [(r * math.cos(a), r * math.sin(a)) for r, n in ((0.35, 4), (0.8, 8)) for a in np.arange(n) * math.tau / n]
    limit = depth.shape[0] - 1
    for dx, dy in steps:
        x = np.clip(places[:, 0] + dx * radius, 0, limit).astype(np.int32)
        y = np.clip(places[:, 1] + dy * radius, 0, limit).astype(np.int32)
        total += np.clip((depth[y, x] - places[:, 2] + 0.006) / 0.004, 0, 1)
    return total / len(steps)


def _gloss(seen: Seen, normals: Tensor, towards: Tensor, clay: bool) -> Tensor:
    """(P, 1) highlight of the key lamp: Blinn and Phong's lobe with Schlick's Fresnel term, index 1.4."""
    sight = torch.nn.functional.normalize(-(seen.points @ seen.camera.rotation.T + seen.camera.translation), dim=-1)
    half = torch.nn.functional.normalize(sight + towards, dim=-1)
    roughness = torch.full_like(seen.roughness, 0.6) if clay else seen.roughness.clamp(0.08, 1)
    power = 2 / roughness**4 - 2
    fresnel = 0.028 + 0.972 * (1 - (half * sight).sum(-1)).clamp(0, 1) ** 5
    lobe = (power + 2) / 8 * (normals * half).sum(-1).clamp(1e-4, 1) ** power
    facing = (normals @ towards).clamp(0, 1)
    # Dark short hair is rough below any texel: it shines less than skin.
    smooth = 1.0 if clay else (luminance(seen.albedo) / 0.2).clamp(0.3, 1) * (1 - seen.inside) + seen.inside
    return (fresnel * lobe.clamp_max(60) * facing * smooth)[:, None]
