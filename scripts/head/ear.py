"""Ears: rings of key points in the ear's own frame, from the root over the helix into the canal."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import LinearNDInterpolator

from .cage import Array, Indices
from .net import Net, boundary, fan
from .shell import laplacian

TRAGUS = (10.5, -88.0)
"""Height and depth (y, z) in mm of the ear's origin, just in front of the canal."""
TILT = np.radians(12.0)
"""How far the ear's long axis leans back."""
COLUMNS = (5, 9)
"""First and last column of the level-0 grid whose quads in rings 1 and 2 the ear replaces."""
SCALE = np.array([0.97, 1.0, 0.85])
"""Last touch on the table below: width, height, how far the ear stands out."""

RINGS = (
    # (back, up, out) mm clockwise from behind: back, up to the top, down the front (crus, tragus, notch), lobe.
    [(14, 2, 0), (14, 12, 0), (11, 22, 0), (3, 27, 0), (-5, 25, 0), (-10, 15, 0),
     (-12, 1, 0), (-11, -9, 0), (-9, -18, 0), (-5, -23, 0), (2, -19, 0), (9, -9, 0)],
    [(20, 2, 8), (20, 14, 8), (14, 25, 7), (5, 30, 6), (-4, 27, 4), (-9, 16, 2),
     (-9.5, 1, 1.2), (-9, -10, 1), (-7.5, -20, 0.5), (-3, -26, 0.5), (6, -23, 2), (15, -11, 6)],
    [(27, 3, 15), (25.5, 15, 15.5), (18.5, 27, 14), (8, 33, 11), (-2.5, 30, 7.5), (-8, 17.5, 4),
     (-7.5, 2, 3), (-7.5, -11, 1.8), (-6.5, -21.5, 1.5), (1, -30, 2.5), (12.5, -26, 6), (21.5, -12, 11.5)],
    [(26.5, 3, 18), (25, 14.5, 18.5), (18, 26.3, 17), (8, 32, 14.2), (-2, 29, 10.5), (-6.2, 17, 6),
     (-5, 2, 6), (-5.8, -11.5, 2.8), (-5.8, -22, 2.8), (0.8, -29.8, 4.5), (12, -25.8, 8), (21, -12, 14.5)],
    [(23.7, 3, 18), (22.2, 13, 18.5), (16, 23.3, 17), (7.4, 28.6, 14.5), (-0.8, 25.6, 11), (-4.2, 15.8, 7),
     (-2.6, 1.8, 6), (-4.2, -11, 3), (-4.4, -21, 4), (1, -27.5, 6.5), (10.8, -23.6, 9.5), (18.8, -11.5, 14.5)],
    [(21.5, 3, 11.5), (20, 11.5, 11.5), (14.3, 21, 10.5), (6.8, 26, 8.5), (0, 23.4, 6.5), (-2, 14.5, 5.5),
     (-2.8, 1.8, 3), (-2.8, -9.5, 1.2), (-2.6, -17, 4.5), (1.2, -22, 7), (9, -19.5, 9.5), (16.8, -10.5, 10.5)],
    [(17.3, 2.5, 18), (15.8, 9.5, 18), (11.2, 16.5, 16), (5.2, 19.0, 12.5), (1.5, 17.5, 8.5), (0.5, 12.5, 7.5),
     (-3.2, 1.5, -1), (-1.2, -8, -1.5), (0, -12.5, 6), (4.5, -15.5, 11), (9.5, -14.5, 12.5), (14.5, -8.5, 16)],
    [(14, 2, 8), (12.8, 7.5, 8), (9.5, 12.5, 7.5), (5, 14.5, 6), (2.2, 13.5, 5), (2.8, 9, 7),
     (-1.8, 1, -5), (-0.5, -6, -4), (0.6, -8.5, 0.5), (4.5, -11, 3.5), (8.5, -10.5, 5), (12, -6.5, 7)],
    [(9.5, 1.5, 1.5), (8.8, 5, 2), (7, 8.5, 2.5), (4.8, 9.5, 2.5), (3, 8.5, 2.5), (3.6, 5.5, 4.2),
     (0, 0.5, -7), (0.2, -3.5, -5.5), (1.2, -5.5, -4.5), (3.5, -7, -1.5), (6.2, -6.8, 0.5), (8.5, -3.8, 1)],
    [(4, 0.3, -6), (3.8, 1.2, -5.8), (3.2, 1.9, -5.6), (2.4, 2.2, -5.6), (1.5, 2, -6), (0.9, 1.3, -7),
     (0.6, 0, -9), (0.8, -1.2, -8.5), (1.4, -1.9, -7.8), (2.3, -2.1, -7), (3.2, -1.8, -6.5), (3.8, -1, -6.2)],
)  # fmt: skip


def add_ears(net: Net, grid: Indices, coarse: Indices) -> LinearNDInterpolator:
    """Cut both ear patches out of the skull and grow ears from their outlines.

    Returns:
        x of the right side's skin, as it was before, as a function of (y, z).
    """
    patches = {frozenset((grid[r, c], grid[r + 1, c + 1])) for r in (1, 2) for c in range(*COLUMNS)}
    chosen = [i for i, quad in enumerate(coarse) if any(pair <= set(quad) for pair in patches)]
    skin = _skin_depth(net)
    patch = net.children(chosen)
    net.remove_pair_faces(patch)
    outline = boundary(patch)
    rings = [_placed(_periodic(np.array(keys, float), len(outline)), k == 0, skin) for k, keys in enumerate(RINGS)]
    root = _nearest_start(net, outline, rings[0])
    outer, everything = root, []
    for number, points in enumerate(rings):
        if number == 0:
            net.set_pair(root, points)
        else:
            inner = net.add_pair(points)
            net.add_pair_strip(outer, inner)
            everything += inner
            outer = inner
        net.name_pair(f"ear_{number}", outer)
    end = net.add_pair(net.vertices[outer].mean(0)[None] + [1.5, 0, 0])
    net.add_pair_faces(fan(outer, end[0]))
    net.name_pair("ear", everything + end)
    return skin


def smooth_roots(net: Net, skin: LinearNDInterpolator, rings: int = 5, times: int = 120) -> None:
    """Spread the skull's grid evenly round the ears' roots, along ``skin``."""
    operator = laplacian(len(net.vertices), net.faces)
    near = abs(operator) > 0
    reach = np.zeros(len(net.vertices))
    roots = net.groups["ear_0_R"]
    reach[roots] = 1
    for _ in range(rings):
        reach = np.maximum(reach, (near @ reach > 0).astype(float))
    reach[net.groups["ear_R"]] = 0
    reach[roots] = 0
    free = np.flatnonzero((reach > 0) & (net.vertices[:, 0] < 0))
    points = net.vertices
    for _ in range(times):
        points[free] -= 0.5 * (operator @ points)[free]
    depth = skin(points[free, 1], points[free, 2])
    inside = np.isfinite(depth)
    points[free[inside], 0] = depth[inside]
    net.set_pair([int(i) for i in free], points[free])


def _skin_depth(net: Net) -> LinearNDInterpolator:
    """The x of the right side's skin as a function of (y, z)."""
    beside = net.vertices[(net.vertices[:, 0] < -35) & (net.vertices[:, 2] < -20)]
    return LinearNDInterpolator(beside[:, 1:], beside[:, 0])


def _nearest_start(net: Net, loop: list[int], wanted: Array) -> list[int]:
    """The patch's outline, begun where its points have the least way to go to the ear's root ``wanted`` (K, 3)."""
    points = net.vertices[loop]
    ways = [((np.roll(points, -k, 0) - wanted) ** 2).sum() for k in range(len(loop))]
    start = int(np.argmin(ways))
    return loop[start:] + loop[:start]


def _placed(rings: Array, on_skin: bool, skin: LinearNDInterpolator) -> Array:
    """Key-frame points (K, 3) (back, up, out) in the head's axes, following the real skin near the front."""
    back = np.array([0, -np.sin(TILT), -np.cos(TILT)])
    up = np.array([0, np.cos(TILT), -np.sin(TILT)])
    origin = np.array([float(skin(*TRAGUS)), *TRAGUS])
    scaled = rings * SCALE
    points = origin + scaled[:, :1] * back + scaled[:, 1:2] * up - scaled[:, 2:] * [1.0, 0, 0]
    beneath = skin(points[:, 1], points[:, 2])
    if on_skin:
        points[:, 0] = beneath
    else:
        points[:, 0] += np.clip((2 - rings[:, 0]) / 8, 0, 1) * (beneath - origin[0])
    return points


def _periodic(keys: Array, count: int) -> Array:
    """``count`` points on the closed Catmull-Rom curve through ``keys`` (K, 3), the first at the first key."""
    at = np.arange(count) * len(keys) / count
    i = at.astype(int)
    t = (at - i)[:, None]
    p0, p1, p2, p3 = (keys[(i + k) % len(keys)] for k in (-1, 0, 1, 2))
    return 0.5 * (2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2 + (3 * p1 - p0 - 3 * p2 + p3) * t**3)
