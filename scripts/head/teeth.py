"""Upper and lower teeth, each crown with the shape of its kind, and the gums they stand in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .cage import Array, Indices
from .parts import MIRRORED, Part, bands, box


@dataclass(frozen=True)
class Jaw:
    """Measures in mm of seven teeth from the middle incisor to the second molar (dental tables, rounded)."""

    name: str
    width: tuple[float, ...]
    height: tuple[float, ...]
    depth: tuple[float, ...]
    edge: tuple[float, ...]
    """Height of the incisal edge or cusps above the lips' line."""
    grid: tuple[tuple[int, int, int], ...]
    """Cells of each crown across, up and deep: the more it shows, the more it has."""
    arch: tuple[float, float]
    """Half axes (width, depth) of the ellipse along which the teeth stand."""
    setback: float
    """How far the middle incisors' faces stand behind the upper ones'."""
    up: float
    """Direction from the cusps to the roots."""
    lean: tuple[float, ...]
    """Degrees by which each root lies behind its edge."""

    @property
    def joints(self) -> Array:
        """(8,) distances along the arch from its middle to the contacts between the teeth."""
        return np.r_[0, np.cumsum(self.width)]


FRONT, PREMOLAR, MOLAR = (4, 4, 2), (2, 3, 4), (4, 3, 4)
SUNK = 1.14
"""How far a crown goes on into its gum, as a share of what shows."""
UPPER = Jaw(
    "upper",
    width=(8.5, 6.6, 7.6, 7.0, 6.8, 10.0, 9.6),
    height=(10.2, 9.3, 10.4, 9.2, 8.6, 8.2, 7.6),
    depth=(7.0, 6.2, 8.0, 9.0, 9.0, 11.0, 11.0),
    edge=(-3.2, -2.8, -3.2, -2.8, -2.9, -2.9, -2.5),
    grid=(FRONT, FRONT, FRONT, PREMOLAR, PREMOLAR, MOLAR, MOLAR),
    arch=(27.5, 43.0),
    setback=0.0,
    up=1.0,
    lean=(9, 8, 4, 0, 0, -4, -8),
)
LOWER = Jaw(
    "lower",
    width=(5.3, 5.8, 6.8, 7.0, 7.1, 11.0, 10.4),
    height=(9.0, 9.2, 10.4, 9.0, 8.6, 8.0, 7.4),
    depth=(6.0, 6.2, 7.6, 8.0, 8.4, 10.4, 10.0),
    edge=(-0.4, -0.6, -0.8, -2.2, -2.8, -3.0, -2.6),
    grid=(FRONT, FRONT, FRONT, PREMOLAR, PREMOLAR, MOLAR, MOLAR),
    arch=(24.6, 40.0),
    setback=3.4,
    up=-1.0,
    lean=(7, 6, 2, -4, -8, -12, -14),
)
GUM_AROUND = 6


def teeth(jaw: Jaw, line: float, front: float) -> Part:
    """Fourteen teeth of one jaw; ``line`` is the lips' height, ``front`` the depth of the upper incisors' face."""
    joints = jaw.joints
    point, normal = _along(jaw, front, (joints[1:] + joints[:-1]) / 2)
    vertices: list[Array] = []
    polygons: list[Indices] = []
    uvs: list[Array] = []
    count = 0
    for k, cells in enumerate(jaw.grid):
        shape, quads, place = box(*cells)
        right = _placed(_crown(shape, jaw, k), jaw, k, line, point[k], normal[k])
        for sign in (1, -1):
            cell = np.array([float(k), (0 if jaw.up > 0 else 2) + (sign < 0)])
            order = MIRRORED if (sign > 0) == (jaw.up > 0) else [0, 1, 2, 3]
            polygons.append(quads[:, order] + count)
            uvs.append((cell + 0.02 + 0.96 * place[:, order]) / np.array([7.0, 4.0]))
            vertices.append(right * np.array([sign, 1.0, 1.0]))
            count += len(shape)
    return Part(f"teeth_{jaw.name}", "teeth", np.vstack(vertices), np.vstack(polygons), np.vstack(uvs))


def _placed(crown: Array, jaw: Jaw, k: int, line: float, point: Array, normal: Array) -> Array:
    """A crown (N, 3) (away from the middle, root-wards, forward) set into the right half of the arch, mm."""
    lean = np.radians(jaw.lean[k])
    forward = crown[:, 2] * np.cos(lean) - crown[:, 1] * np.sin(lean)
    rise = crown[:, 1] * np.cos(lean) + crown[:, 2] * np.sin(lean)
    tangent = np.array([normal[1], -normal[0]])
    flat = point + crown[:, :1] * tangent + forward[:, None] * normal
    return np.column_stack([-flat[:, 0], line + jaw.edge[k] + jaw.up * rise, flat[:, 1]])


def _crown(shape: Array, jaw: Jaw, k: int) -> Array:
    """One tooth: away from the middle, from its edge (0) to its root, and forward (0 at its front face)."""
    width, height, depth = jaw.width[k], jaw.height[k], jaw.depth[k]
    grid = np.sign(shape) * np.abs(shape) ** (0.72 if k < 3 else 0.9)  # rows closer together towards the edges
    power = 5.0 if k < 3 else 3.4
    x, y, z = (grid / ((np.abs(grid) ** power).sum(1) ** (1 / power))[:, None]).T
    root = (y + 1) / 2 * SUNK
    neck = 1 - (0.11 if k < 3 else 0.08) * np.clip((root - 0.22) / 0.78, 0, 1) ** 1.3
    across = x * width * 0.503 * neck
    if k < 3:
        return _front_tooth(across, x, root, z, height, depth, k)
    return _back_tooth(across, x, root, z, height, depth, k)


def _front_tooth(across: Array, x: Array, root: Array, z: Array, height: float, depth: float, k: int) -> Array:
    """Incisors: a blade with a convex face, its outer corner rounder; canines end in a point.

    Behind, the blade is hollow towards its edge and swells towards the gum (the cingulum).
    """
    thick = 0.24 + 0.76 * np.clip(root / 0.8, 0, 1) ** 1.4 - 0.10 * np.clip((root - 0.8) / 0.3, 0, 1)
    face = (
        -0.085 * height * (1 - np.clip(root / 0.62, 0, 1)) ** 2 - 0.05 * height * np.clip((root - 0.7) / 0.3, 0, 1) ** 2
    )
    front = -(0.07 if k < 2 else 0.17) * depth * x**2
    rear = 0.22 * depth * thick * x**2
    forward = face + (1 + z) / 2 * front + (1 - z) / 2 * rear + (z - 1) / 2 * depth * thick
    low = np.clip(1 - root / 0.5, 0, 1)
    corner = (0.035 if k == 0 else 0.07) * height * np.clip(x, 0, 1) ** 3 + 0.015 * height * np.clip(-x, 0, 1) ** 3
    point = 0.09 * height * (x - 0.08) ** 2 - 0.02 * height if k == 2 else 0.0
    rise = root * height + low * (corner + point)
    return np.column_stack([across, rise, forward])


def _back_tooth(across: Array, x: Array, root: Array, z: Array, height: float, depth: float, k: int) -> Array:
    """Premolars: an outer and an inner cusp with a groove between; molars: two of each."""
    bulge = 0.05 * depth * np.sin(np.pi * np.clip(root, 0, 1)) * z
    forward = (z * (1 - 0.14 * np.clip(1 - root, 0, 1) ** 2) - 1) / 2 * depth + bulge - 0.08 * depth * x**2 * z
    low = np.clip(1 - root / 0.5, 0, 1)
    along = 0.10 * np.exp(-((z / 0.3) ** 2))
    between = 0.0 if k < 5 else 0.05 * np.exp(-((x / 0.3) ** 2))
    inner = (0.07 if k < 5 else 0.02) * (1 - z) / 2
    return np.column_stack([across, root * height + low * height * (along + between + inner), forward])


def gums(jaw: Jaw, line: float, front: float) -> Part:
    """A ridge along the arch with a scalloped margin, its papillae reaching down between the teeth."""
    joints = jaw.joints
    half = np.sort(np.r_[joints, (joints[1:] + joints[:-1]) / 2])
    at = np.r_[-half[:0:-1], half]
    order = np.abs(np.arange(len(at)) - len(half) + 1)
    centre = order % 2 == 1
    point, normal = _along(jaw, front, at)
    rows = []
    for p, n, k, is_centre in zip(point, normal, order, centre, strict=True):
        profile = _gum_profile(jaw, int(k), bool(is_centre))
        out, rise = profile.T
        rows.append(np.column_stack([p[0] + n[0] * out, line + jaw.up * rise, p[1] + n[1] * out]))
    index = np.arange(len(rows) * GUM_AROUND).reshape(len(rows), GUM_AROUND)
    polygons = np.vstack([bands(index), _ends(index)])
    uvs = _tube_uvs(index, 0.51 if jaw.up > 0 else 0.01)
    if jaw.up < 0:
        polygons, uvs = polygons[:, MIRRORED], uvs[:, MIRRORED]
    return Part(f"gums_{jaw.name}", "gums", np.vstack(rows), polygons, uvs)


def _gum_profile(jaw: Jaw, k: int, is_centre: bool) -> Array:
    """(GUM_AROUND, 2) (outwards, root-wards above the lips' line) of a section; ``k`` counts half teeth."""
    beside = [min((k - 1) // 2, 6), min(k // 2, 6)] if not is_centre else [(k - 1) // 2] * 2
    beside = [max(b, 0) for b in beside]
    height, depth, lean = (np.mean([values[b] for b in beside]) for values in (jaw.height, jaw.depth, jaw.lean))
    edge = jaw.up * np.mean([jaw.edge[b] for b in beside])
    neck = edge + height
    last = k == 2 * len(jaw.width)
    back = -np.tan(np.radians(lean)) * height
    papilla = 0.38 * height
    margin, bulge = (neck - 0.4, 0.45) if is_centre else (neck - papilla, -0.4)
    inside = -1.4 if is_centre else -2.0
    deep = back - depth * (0.4 if last else 0.95)
    # A leaning crown ends higher behind than before: the gum meets it there.
    behind = neck - depth * np.sin(np.radians(np.maximum(lean, 0)))
    return np.array(
        [
            (back * 0.8 + inside, margin),
            (back + bulge, neck + 1.2),
            (back - 2.4, neck + 4.4),
            (deep - 1.8, neck + 4.4),
            (deep - 1.1, behind - 1.0),
            (deep + 1.2, behind - (2.9 if is_centre else 3.7)),
        ]
    )


def _along(jaw: Jaw, front: float, at: Array) -> tuple[Array, Array]:
    """Points (N, 2) (x, z) of a dental arch at distances ``at`` mm from its middle, and outward normals."""
    width, depth = jaw.arch
    turn = np.linspace(0, np.pi / 2, 400)
    curve = np.column_stack([width * np.sin(turn) ** 0.92, front - jaw.setback - depth + depth * np.cos(turn)])
    length = np.r_[0, np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))]
    point = np.column_stack([np.interp(np.abs(at), length, curve[:, k]) for k in (0, 1)])
    tangent = np.gradient(curve, axis=0)
    across = np.column_stack([np.interp(np.abs(at), length, tangent[:, k]) for k in (0, 1)])
    normal = np.column_stack([-across[:, 1], across[:, 0]])
    normal[np.abs(at) < 1e-9] = [0, 1]
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    sign = np.sign(at)[:, None] * [1, 0] + [0, 1]
    return point * sign, normal * sign


def _ends(rings: Indices) -> Indices:
    """Both ends of a tube of six closed with two quads each."""
    first, last = rings[0], rings[-1][::-1]
    across = np.array([(0, 1, 4, 5), (1, 2, 3, 4)])
    return np.vstack([first[across], last[across]])


def _tube_uvs(rings: Indices, low: float) -> Array:
    """Corners of :func:`bands` unrolled into a strip 0.46 high, then the end caps in a column at its right."""
    rows, around = rings.shape
    u = 0.01 + 0.88 * np.arange(rows) / (rows - 1)
    v = low + 0.46 * np.arange(around + 1) / around
    i, k = np.meshgrid(np.arange(rows - 1), np.arange(around), indexing="ij")
    corners = [(i, k), (i + 1, k), (i + 1, k + 1), (i, k + 1)]
    strip = np.stack([np.stack([u[a], v[b]], -1) for a, b in corners], 2).reshape(-1, 4, 2)
    cell = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * 0.06
    caps = [cell + np.array([0.92, low + 0.02 + 0.1 * k]) for k in range(4)]
    return np.concatenate([strip, np.array(caps)])
