"""Where on the head each colouring acts: soft masks at any points of the mean head's surface."""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np
from scipy.spatial import cKDTree

from .cage import SIDES, Array, Head, smoothstep

FAR = 12.0
LIP_OUTLINE = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
LIP_CONTACT = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
BROW_UPPER = (107, 66, 105, 63, 70)
BROW_LOWER = (55, 65, 52, 53, 46)
BROW_HALF_WIDTH = (3.5, 4.0, 3.9, 3.2, 1.5)
"""mm, from the inner to the outer end."""
HAIRLINE = ((0, 101), (22, 99), (38, 92), (52, 70), (62, 52), (74, 44), (84, 12), (92, 10), (97, 38), (112, 36))
HAIRLINE_BACK = ((124, 4), (138, -34), (160, -50), (180, -54))
"""Azimuth in degrees round the head's axis from the front, height in mm, of the edge of the scalp's hair."""
BEARD_TOP = ((0, -14), (12, -17), (24, -24), (40, -23), (58, -8), (76, 8), (90, 12))
BEARD_BOTTOM = ((0, -99), (30, -95), (60, -62), (76, -40), (90, -12))


@dataclass(frozen=True)
class Regions:
    """Masks (P,) from 0 to 1."""

    lips: Array
    lip_line: Array
    brow: Array
    brow_wide: Array
    """The same brow, ungroomed..."""
    brow_narrow: Array
    """...and thin."""
    lash: Array
    eyelid: Array
    under_eye: Array
    cheek: Array
    nose_tip: Array
    forehead: Array
    tan: Array
    """What faces the sun: forehead, bridge of the nose, cheekbones; neck and sockets hardly."""
    mouth_area: Array
    neck: Array
    beard: Array
    scalp: Array
    ear: Array
    nostril: Array
    caruncle: Array

    def at(self, index: Array) -> Regions:
        """The masks at some of the points."""
        return Regions(*(getattr(self, f.name)[index] for f in fields(self)))


def regions(points: Array, head: Head) -> Regions:
    """Masks at ``points`` (P, 3) mm on the skin of the mean head."""
    face = head.vertices[:468]
    front = smoothstep(points[:, 2], -45, -25)
    lips, line = _lips(points, face)
    azimuth = np.degrees(np.arctan2(np.abs(points[:, 0]), points[:, 2] + 85))
    cheek = _blob(points, face[50], (20, 15, 20)) + 0.5 * _blob(points, face[205], (18, 18, 18))
    nose = _blob(points, face[4], (10, 9, 12)) + 0.8 * _blob(points, face[64], (7, 7, 9))
    return Regions(
        lips=lips * front,
        lip_line=line * front,
        brow=brow_cover(points, head) * front,
        brow_wide=brow_cover(points, head, 1.35) * front,
        brow_narrow=brow_cover(points, head, 0.68) * front,
        lash=_lash(points, head),
        eyelid=_eyelid(points, head),
        under_eye=_under_eye(points, head),
        cheek=np.clip(cheek, 0, 1),
        nose_tip=np.clip(nose, 0, 1),
        forehead=_blob(points, face[151], (36, 22, 30)),
        tan=_sunlit(points, head, face) * front,
        mouth_area=_blob(points, (face[13] + face[14]) / 2, (30, 19, 30)) * (1 - lips) * front,
        neck=1 - smoothstep(points[:, 1], -112, -88),
        beard=_beard(points, azimuth) * (1 - lips),
        scalp=_scalp(points, azimuth),
        ear=_near(points, head, "ears", 6.0),
        nostril=_nostril(points, head, face),
        caruncle=_caruncle(points, head, face),
    )


def brow_line(head: Head, side: str) -> tuple[Array, Array]:
    """Middle line (5, 3) of a brow from its inner end, and its half width (5,) mm."""
    face = head.vertices[:468]
    middle = 0.45 * face[list(BROW_UPPER)] + 0.55 * face[list(BROW_LOWER)]
    middle[:, 0] = np.abs(middle[:, 0]) * SIDES[side]
    return middle, np.array(BROW_HALF_WIDTH)


def brow_cover(points: Array, head: Head, breadth: float = 1.0) -> Array:
    """(P,) how densely hair covers the skin: tapering to the ends, denser at the lower inner part."""
    cover = np.zeros(len(points))
    for side in SIDES:
        line, width = brow_line(head, side)
        distance, along, _ = nearest_on_line(points, line)
        half = breadth * np.interp(along, np.arange(len(width)), width)
        inner = smoothstep(along, -0.05, 0.5)
        cover = np.maximum(cover, np.exp(-((distance / half) ** 4)) * (0.55 + 0.45 * inner))
    return cover


def nearest_on_line(points: Array, line: Array) -> tuple[Array, Array, Array]:
    """Distance (P,) to a polyline (K, D), position along it (P,) in segments, nearest point (P, D).

    Points more than ``FAR`` mm from the line's bounding box are left out: their distance is infinite.
    """
    close = ((points > line.min(0) - FAR) & (points < line.max(0) + FAR)).all(1)
    best = np.full(len(points), np.inf)
    along, nearest = np.zeros(len(points)), np.zeros_like(points)
    best[close], along[close], nearest[close] = _nearest_on_line(points[close], line)
    return best, along, nearest


def _nearest_on_line(points: Array, line: Array) -> tuple[Array, Array, Array]:
    best = np.full(len(points), np.inf)
    along, nearest = np.zeros(len(points)), np.zeros_like(points)
    for k, (start, end) in enumerate(pairwise(line)):
        t = np.clip((points - start) @ (end - start) / max(((end - start) ** 2).sum(), 1e-12), 0, 1)
        foot = start + t[:, None] * (end - start)
        distance = np.linalg.norm(points - foot, axis=1)
        closer = distance < best
        best = np.where(closer, distance, best)
        along = np.where(closer, k + t, along)
        nearest = np.where(closer[:, None], foot, nearest)
    return best, along, nearest


def _blob(points: Array, centre: Array, radii: tuple[float, float, float]) -> Array:
    """Gaussian round ``centre`` and its mirror image."""
    right = np.exp(-(((points - np.abs(centre) * [1, 0, 0] - centre * [0, 1, 1]) / radii) ** 2).sum(1))
    left = np.exp(-(((points + np.abs(centre) * [1, 0, 0] - centre * [0, 1, 1]) / radii) ** 2).sum(1))
    return np.maximum(right, left)


def _inside(points: Array, polygon: Array) -> Array:
    """(P,) whether 2D points lie in a polygon (K, 2), by counting crossings."""
    inside = np.zeros(len(points), bool)
    for a, b in zip(polygon, np.roll(polygon, -1, 0), strict=True):
        crosses = (a[1] > points[:, 1]) != (b[1] > points[:, 1])
        x = a[0] + (points[:, 1] - a[1]) * (b[0] - a[0]) / (b[1] - a[1] if b[1] != a[1] else 1.0)
        inside ^= crosses & (points[:, 0] < x)
    return inside


def _lips(points: Array, face: Array) -> tuple[Array, Array]:
    """Vermilion with a soft border and the dark line of contact, seen from the front."""
    outline = _smooth_loop(face[list(LIP_OUTLINE), :2])
    flat = points[:, :2]
    distance = nearest_on_line(flat, np.vstack([outline, outline[:1]]))[0]
    signed = np.where(_inside(flat, outline), distance, -distance)
    contact = nearest_on_line(points, face[list(LIP_CONTACT)])[0]
    return smoothstep(signed, -0.9, 1.3), np.exp(-((contact / 0.9) ** 2))


def _smooth_loop(loop: Array, times: int = 4) -> Array:
    """Closed Catmull-Rom curve through ``loop`` (K, 2), ``times`` points a segment."""
    before, after, beyond = np.roll(loop, 1, 0), np.roll(loop, -1, 0), np.roll(loop, -2, 0)
    pieces = []
    for t in np.arange(times) / times:
        pieces.append(
            0.5 * (2 * loop + (after - before) * t + (2 * before - 5 * loop + 4 * after - beyond) * t**2)
            + 0.5 * (3 * loop - before - 3 * after + beyond) * t**3
        )
    return np.stack(pieces, 1).reshape(-1, 2)


def _lash(points: Array, head: Head) -> Array:
    """Lash roots: strong along the upper lid, faint along the lower one."""
    cover = np.zeros(len(points))
    for side in SIDES:
        upper = head.vertices[head.cage.groups[f"lid_upper_{side}"]]
        lower = head.vertices[head.cage.groups[f"lid_lower_{side}"]]
        above = np.exp(-((nearest_on_line(points, upper)[0] / 1.0) ** 2))
        below = np.exp(-((nearest_on_line(points, lower[2:-4])[0] / 0.8) ** 2))
        cover = np.maximum(cover, np.maximum(above, 0.45 * below))
    return cover


def _eyelid(points: Array, head: Head) -> Array:
    cover = np.zeros(len(points))
    for centre in head.cage.eye_centres.values():
        cover = np.maximum(cover, np.exp(-(((points - centre - [0, 3, 11]) / [18, 11, 15]) ** 2).sum(1)))
    return cover


def _under_eye(points: Array, head: Head) -> Array:
    cover = np.zeros(len(points))
    for side, centre in head.cage.eye_centres.items():
        shift = np.array([-3.0 * SIDES[side], -12, 12])
        cover = np.maximum(cover, np.exp(-(((points - centre - shift) / [13, 5.5, 15]) ** 2).sum(1)))
    return cover


def _sunlit(points: Array, head: Head, face: Array) -> Array:
    blobs = ((151, (44, 26, 40), 0.8), (6, (11, 16, 14), 0.8), (4, (13, 12, 14), 1.0), (50, (20, 13, 22), 0.85))
    exposed = np.max([share * _blob(points, face[k], size) for k, size, share in blobs], axis=0)
    return exposed * (1 - 0.8 * _eyelid(points, head))


def _nostril(points: Array, head: Head, face: Array) -> Array:
    """The dark inside: everything behind the rim where the mesh has one, else a spot under the wing."""
    if "nostrils" not in head.groups:
        return _blob(points, face[[79, 239]].mean(0), (3.4, 2.4, 4.0))
    return _near_points(points, head.vertices[head.groups["nostrils"]], 2.2)


def _caruncle(points: Array, head: Head, face: Array) -> Array:
    return np.maximum(_blob(points, face[133], (2.4, 2.0, 3.0)), 0.6 * _inner_rims(points, head))


def _inner_rims(points: Array, head: Head) -> Array:
    """The wet inner edge of the lids."""
    rims = np.r_[head.cage.groups["lid_inner_R"], head.cage.groups["lid_inner_L"]]
    return _near_points(points, head.vertices[rims], 0.9)


def _near(points: Array, head: Head, group: str, reach: float) -> Array:
    if group not in head.groups:
        return np.zeros(len(points))
    return _near_points(points, head.vertices[head.groups[group]], reach)


def _near_points(points: Array, targets: Array, reach: float) -> Array:
    """(P,) 1 at the targets, 0 beyond ``reach`` mm."""
    return 1 - smoothstep(cKDTree(targets).query(points)[0], 0.15 * reach, reach)


def _beard(points: Array, azimuth: Array) -> Array:
    top, bottom = np.array(BEARD_TOP, float), np.array(BEARD_BOTTOM, float)
    under = smoothstep(np.interp(azimuth, *top.T) - points[:, 1], -1, 12)
    above = smoothstep(points[:, 1] - np.interp(azimuth, *bottom.T), -6, 12)
    return under * above * (1 - smoothstep(azimuth, 80, 92)) * smoothstep(points[:, 2], -75, -55)


def _scalp(points: Array, azimuth: Array) -> Array:
    line = np.array(HAIRLINE + HAIRLINE_BACK, float)
    edge = np.interp(azimuth, line[:, 0], line[:, 1])
    return smoothstep(points[:, 1] - edge, -4, 9)
