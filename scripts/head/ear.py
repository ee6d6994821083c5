"""Ears: rings of points in the ear's own frame, from the root over the helix and antihelix to the concha."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import LinearNDInterpolator

from engine.faces.subdivision import catmull_clark

from .cage import Array, Indices
from .net import Net, boundary, fan
from .shell import laplacian

TRAGUS = (10.5, -88.0)
"""Height and depth (y, z) in mm of the ear's origin, just in front of the canal."""
TILT = np.radians(12.0)
"""How far the ear's long axis leans back."""
COLUMNS = (5, 9)
"""First and last column of the level-0 grid whose quads in rings 1 and 2 the ear replaces."""
SCALE = np.array([0.97, 1.01, 0.93])
"""Last touch on the table below: width, height, how far the ear stands out."""
SHARPNESS = 0.55
"""Share of the way that subdivision draws the ear's folds inwards which each of three rounds gives back."""
CENTRE = (8.4, 1.2, 2.2)
"""Middle of the concha's floor, in the frame of the table."""

RINGS = (
    # (back, up, out) mm, 24 columns clockwise from behind: up to the helix' top (6), down its front (10), crus (11),
    # notch (12), tragus (13, 14), intertragic notch (15, 16), lobe (17 to 21) and back.
    # The root on the skull.
    [(13.5, 3, 0), (13.8, 9, 0), (13.2, 15, 0), (11.2, 20.5, 0), (8, 25, 0), (4, 27.5, 0),
     (0, 28.2, 0), (-4, 26.8, 0), (-7.5, 23.5, 0), (-9.8, 19, 0), (-11, 14, 0), (-11.3, 9.2, 0),
     (-11.3, 4.6, 0), (-11.6, 0, 0), (-11.6, -4.8, 0), (-11, -9.8, 0), (-10.3, -14.8, 0), (-9.2, -19.8, 0),
     (-5.5, -23, 0), (-1, -22.5, 0), (3.5, -19.5, 0), (7.5, -15, 0), (10.8, -9.3, 0), (12.8, -3, 0)],
    # The back of the auricle.
    [(20.5, 3, 7.5), (20.8, 9.8, 8), (19.8, 16, 8), (17.5, 21.8, 7.5), (13.8, 26.3, 6.5), (9, 29.2, 5.2),
     (4, 30, 3.8), (-1, 28.8, 2.6), (-5.1, 25.4, 1.8), (-7.3, 20.6, 1.4), (-8.2, 15, 1.1), (-8.2, 9.8, 1),
     (-7.9, 4.8, 0.8), (-8, 0.2, 1.6), (-7.8, -4.8, 1.7), (-7.6, -10, 1.1), (-7.6, -15.2, 1), (-6.9, -20.5, 0.9),
     (-4.8, -25, 1), (0.8, -26.5, 1.6), (6, -24.5, 2.6), (11.2, -20, 4), (15.8, -13.3, 5.5), (19, -5, 6.8)],
    # The outline.
    [(28, 3, 15.5), (28.2, 10, 16), (27, 16.5, 16), (24.3, 22, 15.2), (20, 26.8, 13.6), (14.5, 30.2, 11.5),
     (8.5, 31.6, 9), (2.5, 30.6, 6.8), (-2.8, 27.2, 4.8), (-5.8, 22, 3.6), (-7, 16, 3), (-7, 10.5, 2.4),
     (-6.8, 4.9, 1.6), (-5.8, 0.4, 3.2), (-5.5, -4.7, 3.4), (-6, -10.2, 2), (-6.5, -15.5, 1.8), (-6, -21, 1.8),
     (-3.5, -26.5, 2), (2.5, -30, 3), (9.5, -28.8, 5.5), (15.5, -24, 8.5), (21, -16.5, 11.5), (25.3, -7, 14)],
    # The crest of the helix.
    [(27.2, 3, 18.5), (27.3, 9.8, 19), (26, 16, 19), (23.3, 21.2, 18), (19.1, 25.7, 16.3), (13.8, 28.8, 14),
     (8, 30, 11.6), (2.5, 29, 9.4), (-2, 25.8, 7.8), (-4.4, 21, 7), (-5, 15.4, 6.4), (-5, 10.2, 5.6),
     (-5, 4.9, 2.2), (-2, 0.2, 5.5), (-1.5, -4.6, 5.8), (-3.5, -10.5, 3.2), (-3.5, -15, 3), (-3, -20, 3.4),
     (-1, -24.6, 4.4), (3.8, -27.5, 6), (10, -26, 8.6), (15.8, -21.8, 11.4), (20.8, -15, 14.6), (24.8, -6.2, 17)],
    # Its inner edge; the tragus' tip.
    [(24.6, 3, 18.6), (24.6, 9.4, 19), (23.3, 15, 18.8), (20.7, 19.4, 17.6), (16.8, 23.4, 15.6), (12.3, 26.2, 13),
     (7.3, 27.3, 10.4), (2.7, 26.3, 8.2), (-0.9, 23.6, 6.8), (-2.6, 19.6, 6.2), (-3, 14.6, 6), (-2.8, 9.5, 6),
     (-3, 4.8, 1.8), (0.5, 0, 5.8), (1.2, -4.6, 6.2), (-1, -10.8, 3.2), (-0.5, -14.4, 3.6), (0.5, -18.6, 5),
     (2, -22.3, 6), (6, -24.3, 7.6), (11, -22.7, 9.6), (15.2, -18.7, 11.6), (19, -13, 14.8), (22.5, -5.2, 17)],
    # Scapha, upper crus (4, 5), triangular fossa (6 to 9).
    [(23, 2.8, 12.4), (22.7, 9, 12.6), (21.4, 14.4, 12.2), (18.9, 18.4, 12), (15.2, 21.2, 14), (11, 23.6, 12),
     (6.4, 22, 3.8), (2.9, 20.8, 2), (0.4, 19, 1.6), (-1.2, 17, 2), (-1.7, 13.4, 2.6), (-0.6, 8.6, 5.4),
     (-1.2, 4.2, 0.5), (0.6, 0, 3), (1.4, -4.4, 3.4), (1, -10.6, 1.6), (2, -13.8, 3.4), (3.8, -16.6, 6.2),
     (5.6, -18.6, 7.2), (8.8, -20, 8.6), (12.8, -18.4, 9.4), (15.8, -15.4, 10.4), (18.6, -11, 11.8), (21.2, -4.6, 13)],
    # The crest of the antihelix, lower crus (5 to 10), antitragus (17 to 19).
    [(18.8, 3.8, 17), (18.2, 8.6, 16.8), (16.8, 13, 16.2), (14.4, 15.6, 15), (11.6, 16, 13.4), (8.8, 15.6, 11),
     (6.2, 14.9, 8.6), (3.8, 14.1, 6.2), (2, 13.6, 4.2), (0.6, 13, 3.2), (-0.4, 11.8, 2.6), (1, 7.7, 4.6),
     (0.6, 3.6, -2), (-0.4, 0, -1), (0.2, -3.8, -0.6), (2.4, -9.4, 0), (4.4, -11.8, 3), (7, -13, 9.6),
     (9.4, -13.6, 12), (12, -13.6, 12), (14.4, -12, 12.4), (16.5, -9, 14.8), (17.9, -5.2, 16), (18.7, -0.8, 16.8)],
    # The concha's wall.
    [(16.6, 3.4, 12), (16, 7.6, 11.8), (14.6, 11.2, 11.2), (12.6, 13.2, 9.8), (10.2, 13.8, 8), (8, 13.5, 6),
     (6.1, 12.9, 4.2), (4.5, 12.2, 2.6), (3.2, 11.5, 1.4), (2.1, 10.8, 0.8), (1.4, 9.6, 0.8), (2.8, 6.6, 3.8),
     (2.2, 3.1, -3.4), (0.6, 0, -5.5), (1.2, -3, -5.5), (3.4, -6.8, -2), (5.2, -9.4, 0.8), (6.9, -10.6, 3.6),
     (9, -10.9, 5.8), (11.2, -10.3, 7.4), (13, -8.9, 8.9), (14.8, -6.8, 10.4), (16, -3.9, 11.4), (16.6, -0.4, 12)],
    # The concha's floor; the canal behind the tragus (12 to 14).
    [(14, 2.8, 5), (13.6, 5.8, 5), (12.4, 8.4, 4.8), (10.8, 9.9, 4), (9, 10.6, 3), (7.4, 10.7, 2),
     (6, 10.4, 1), (4.8, 9.9, 0.2), (3.8, 9.3, -0.5), (3, 8.6, -0.8), (2.8, 7.6, -0.3), (4.6, 5.4, 3),
     (3.6, 2.6, -2.5), (3.4, 0, -5), (3.4, -2.2, -5), (4.6, -4.6, -3.2), (5.6, -6.2, -1.6), (6.8, -7, -0.4),
     (8.2, -7.1, 0.8), (9.7, -6.6, 1.9), (11.1, -5.6, 2.9), (12.4, -4.2, 3.8), (13.4, -2.2, 4.5), (14, 0.2, 4.9)],
    [(11, 1.6, 3.4), (10.8, 2.6, 3.4), (10.3, 3.4, 3.3), (9.6, 4, 3), (8.9, 4.3, 2.7), (8.3, 4.5, 2.4),
     (7.8, 4.5, 2.1), (7.3, 4.4, 1.9), (6.9, 4.2, 1.9), (6.5, 3.9, 2), (6.2, 3.5, 2.3), (6.3, 2.9, 2.5),
     (6.1, 2.1, 1), (5.9, 1.2, 0), (5.9, 0.3, -0.2), (6.2, -0.6, 0), (6.6, -1.3, 0.3), (7.1, -1.8, 0.7),
     (7.7, -2.1, 1.1), (8.4, -2.2, 1.6), (9.1, -2, 2.1), (9.8, -1.5, 2.5), (10.4, -0.7, 2.9), (10.8, 0.4, 3.2)],
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
    if len(outline) != len(RINGS[0]):
        raise RuntimeError("the ear's patch should have one border vertex for each column of its table")
    rings = [_placed(np.array(keys, float), k == 0, skin) for k, keys in enumerate(RINGS)]
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
    end = net.add_pair(_placed(np.array([CENTRE]), False, skin))
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


def sharpen(net: Net) -> None:
    """Move the ears' vertices so that the *subdivided* folds come near the table's points."""
    step = catmull_clark(len(net.vertices), np.array(net.faces))
    free = sorted(set(net.groups["ear_R"]) - set(net.groups["ear_1_R"]))
    target = net.vertices[free].copy()
    for _ in range(3):
        now = (step.matrix @ net.vertices)[free]
        net.set_pair(free, net.vertices[free] + SHARPNESS * (target - now))


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
