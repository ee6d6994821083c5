"""Which triangle covers which pixel: the part of rendering that has no gradient.

Two backends with one meaning: plain torch for every device (:mod:`.raster_torch`) and numba on the CPU
(:mod:`.raster_numba`). Corners are snapped to 1/4096 px and edges evaluated in integers with the top-left rule, so
two triangles that share an edge neither leave a crack nor cover a pixel twice, and both backends agree. Unbatched.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from . import raster_torch
from .fragments import Fragments

Backend = Literal["auto", "torch", "numba"]


def rasterize(
    image_points: Tensor,
    triangles: Tensor,
    size: tuple[int, int],
    cull: bool = True,
    backend: Backend = "auto",
) -> Fragments:
    """The nearest triangle at every pixel's centre.

    Args:
        image_points: (V, 3) pixel x, pixel y, depth z, as ``Camera.to_image`` gives; float32 or float64.
        triangles: (T, 3) integer corners, counter-clockwise seen from outside.
        size: (width, height) in pixels.
        cull: leave out triangles seen from behind (clockwise on the screen).
        backend: ``"auto"`` takes numba on the CPU where it can be imported, torch elsewhere.

    A triangle with a corner at z <= 0, not finite, or over 131,072 px from the origin is left out whole; there is no
    clipping. At equal depth the lower index wins.
    """
    points = image_points.detach()
    if backend == "auto":
        backend = "numba" if points.device.type == "cpu" and _has_numba() else "torch"
    if backend == "numba":
        from . import raster_numba

        return Fragments(*raster_numba.rasterize(points, triangles, size, cull))
    return Fragments(*raster_torch.rasterize(points, triangles, size, cull))


def _has_numba() -> bool:
    try:
        from . import raster_numba  # noqa: F401
    except ImportError:
        return False
    return True
