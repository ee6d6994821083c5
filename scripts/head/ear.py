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
COLUMNS = (6, 10)
"""First and last column of the level-0 grid whose quads in rings 1 and 2 the ear replaces."""
SCALE = np.array([0.95, 1.07, 0.95])

RINGS = (
    # (back, up, out) mm at 0, 45 ... 315 degrees: back, back-top, top, front-top, front, front-lobe, lobe, back-lobe
    [(9, 0, 0), (9, 14, 0), (4, 24, 0), (-5, 21, 0), (-12, 2, 0), (-11, -13, 0), (-5, -22, 0), (4, -14, 0)],
    [(16, 0, 7), (15, 18, 7), (6, 28.5, 5), (-6, 23.5, 2), (-10, 2, 0.7), (-9.5, -15, 0.6), (-3.5, -26.5, 2.5), (8, -17, 6)],
    [(26, 2, 16), (23, 21, 15), (9, 33, 10), (-6, 25, 4), (-8, 2, 2), (-8, -16, 1.5), (-1.5, -29.5, 5), (15.5, -18, 12)],
    [(25.5, 2, 20), (22.5, 20.5, 19), (9, 32, 14), (-5, 23, 7), (-5.5, 1.5, 4), (-6.5, -16.5, 2.8), (-1, -29, 8.5), (15, -17.5, 15.5)],
    [(22, 2, 20.5), (19.5, 18, 19.5), (8, 28.5, 14.5), (-3, 20, 7.5), (-3.5, 1, 4.2), (-4.8, -15, 3), (-0.5, -26, 9), (13.3, -15.5, 15.5)],
    [(20, 2, 15), (17, 15.5, 14), (8, 25.5, 9), (-2, 17.5, 4.5), (-2.3, 1, 1.5), (-2.5, -11.5, 2.4), (-1, -21, 8), (12, -13.5, 13.5)],
    [(15.5, 2, 17.5), (12.5, 12, 16), (8, 19, 11.5), (-1, 13, 7), (-2, 0, -1), (-0.5, -10, 3.5), (3, -14, 10.5), (10, -10.5, 15.5)],
    [(12.5, 1, 8), (10, 8.5, 8), (6, 12, 6), (-1, 8.5, 4.5), (-1.2, 0, -5), (0, -7, -0.5), (4, -9.5, 4), (8, -7, 8)],
    [(8, 1, 3), (7, 5.5, 3), (4, 7, 2), (0, 4.5, 0), (0, 0, -7), (1, -4, -3), (3, -5, 0.5), (6, -4, 2.5)],
    [(3.4, 0, -6), (3, 1.4, -6), (2, 2, -6), (1, 1.4, -6.5), (0.6, 0, -9), (1, -1.4, -8), (2, -2, -7), (3, -1.4, -6)],
)  # fmt: skip


def add_ears(net: Net, grid: Indices, coarse: Indices) -> None:
    """Cut both ear patches out of the skull and grow ears from their outlines."""
    patches = {frozenset((grid[r, c], grid[r + 1, c + 1])) for r in (1, 2) for c in range(*COLUMNS)}
    chosen = [i for i, quad in enumerate(coarse) if any(pair <= set(quad) for pair in patches)]
    skin = _skin_depth(net)
    patch = net.children(chosen)
    net.remove_pair_faces(patch)
    root = _from_back(net, boundary(patch))
    outer, everything = root, []
    for number, keys in enumerate(RINGS):
        points = _placed(_periodic(np.array(keys, float), len(root)), number == 0, skin)
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


def smooth_roots(net: Net, rings: int = 3, times: int = 25) -> None:
    """Relax the skull's skin round the ears' roots, which were moved from the grid to the ear's outline."""
    operator = laplacian(len(net.vertices), net.faces)
    near = abs(operator) > 0
    roots = np.zeros(len(net.vertices))
    roots[net.groups["ear_0_R"] + net.groups["ear_0_L"]] = 1
    reach = roots.copy()
    for _ in range(rings):
        reach = np.maximum(reach, (near @ reach > 0).astype(float))
    reach[net.groups["ear_R"] + net.groups["ear_L"]] = 0
    free = (reach > 0) & (roots == 0)
    for _ in range(times):
        net.vertices[free] -= 0.5 * (operator @ net.vertices)[free]


def _skin_depth(net: Net) -> LinearNDInterpolator:
    """x of the right side's skin as a function of (y, z)."""
    beside = net.vertices[(net.vertices[:, 0] < -35) & (net.vertices[:, 2] < -20)]
    return LinearNDInterpolator(beside[:, 1:], beside[:, 0])


def _from_back(net: Net, loop: list[int]) -> list[int]:
    """The root's outline, beginning at its rearmost middle and running over the top."""
    points = net.vertices[loop]
    spread = points - points.mean(0)
    height = 0.35 * spread[:, 1]
    start = int(np.abs(np.arctan2(height, -spread[:, 2])).argmin())
    loop = loop[start:] + loop[:start]
    if net.vertices[loop[len(loop) // 4], 1] < net.vertices[loop[-len(loop) // 4], 1]:
        raise RuntimeError("the ear's root should run over the top first")
    return loop


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
    return 0.5 * (
        2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2 + (3 * p1 - p0 - 3 * p2 + p3) * t**3
    )
