"""The renderer's speed on a mesh of a head's size, the numba kernel beside the plain-torch form."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from engine.camera.camera import Camera
from engine.camera.conventions import frontal_rotation
from engine.light import harmonics
from engine.render.rasterizer import rasterize
from engine.render.shading import render

from . import Row

RINGS, COLUMNS = 150, 234  # 35,100 vertices, 69,732 triangles


def ball(rings: int = RINGS, columns: int = COLUMNS, device: str = "cpu") -> tuple[Tensor, Tensor]:
    """Vertices (V, 3) and triangles (T, 3) of a bumpy ball of a head's size, in metres."""
    polar = np.linspace(0.02, np.pi - 0.02, rings)[:, None]
    around = np.linspace(0, 2 * np.pi, columns, endpoint=False)[None]
    radius = 0.1 + 0.005 * np.sin(5 * polar) * np.cos(4 * around)
    x, y, z = (
        radius * np.sin(polar) * np.sin(around),
        radius * np.cos(polar) * np.ones_like(around),
        radius * np.sin(polar) * np.cos(around),
    )
    index = np.arange(rings * columns).reshape(rings, columns)
    a, b = index[:-1], index[1:]
    right_a, right_b = np.roll(a, -1, 1), np.roll(b, -1, 1)
    triangles = np.concatenate([np.stack([a, b, right_b], -1), np.stack([a, right_b, right_a], -1)]).reshape(-1, 3)
    vertices = torch.tensor(np.stack([x, y, z], -1).reshape(-1, 3), dtype=torch.float32)
    return vertices.to(device), torch.from_numpy(triangles).to(device)


def front_camera(pixels: int, device: str = "cpu") -> Camera:
    """A square picture that the ball nearly fills."""
    intrinsics = torch.tensor([[2.4 * pixels, 0, pixels / 2], [0, 2.4 * pixels, pixels / 2], [0, 0, 1.0]])
    rotation = torch.from_numpy(frontal_rotation()).float()
    return Camera(intrinsics, rotation, torch.tensor([0, 0, 0.6]), (pixels, pixels)).to(device)


def run(repeats: int = 15) -> list[Row]:
    """Median milliseconds after warm-up."""
    vertices, triangles = ball()
    rows = []
    for pixels, bar in ((224, 10.0), (1024, None)):
        camera = front_camera(pixels)
        points = camera.to_image(camera.to_camera(vertices))
        size = camera.size
        fast = milliseconds(lambda p=points, s=size: rasterize(p, triangles, s), repeats)  # type: ignore[misc]
        plain = milliseconds(lambda p=points, s=size: rasterize(p, triangles, s, backend="torch"), repeats // 3)  # type: ignore[misc]
        rows.append(Row(f"rasterise {len(triangles)} triangles, {pixels} px", fast, "ms", bar, f"torch {plain:.1f} ms"))
    rows.append(_gradient(vertices, triangles, repeats))
    return rows


def _gradient(vertices: Tensor, triangles: Tensor, repeats: int) -> Row:
    """Shading forward and backward, with gradients to geometry, albedo and light."""
    camera = front_camera(224)
    free = [
        vertices.clone().requires_grad_(),
        torch.full_like(vertices, 0.5).requires_grad_(),
        harmonics.ambient().requires_grad_(),
    ]

    def step() -> None:
        image = render(camera, free[0], triangles, free[1], free[2]).image
        torch.autograd.grad(image.square().sum(), free)

    return Row("render and its gradient, 224 px", milliseconds(step, repeats), "ms")


def milliseconds(action: Callable[[], object], repeats: int) -> float:
    """Median wall time of ``action`` after two runs that do not count."""
    times = []
    for _ in range(repeats + 2):
        start = time.perf_counter()
        action()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times[2:])
