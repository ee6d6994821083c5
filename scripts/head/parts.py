"""The separate parts: eyeballs, teeth, gums and tongue, each a closed quad mesh with its own texture layout."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .cage import Array, Indices
from .eyes import LIMBUS, RADIUS, eye_surface

EYE_SEGMENTS = 24
EYE_RINGS = np.array([*(0.7, 1.9, 2.9, 3.9, 4.9), LIMBUS - 0.25, LIMBUS, LIMBUS + 0.35, 7.0, 8.6, 10.2, 11.3])
"""Radii in mm of the front rings round the eye's axis; the seventh is the limbus."""
PUPIL_RING, LIMBUS_RING = 1, 6
UPPER_WIDTH = (8.5, 6.6, 7.6, 7.0, 6.8, 10.0, 9.8)
UPPER_HEIGHT = (10.5, 9.0, 10.0, 8.5, 7.5, 7.0, 6.5)
LOWER_WIDTH = (5.3, 5.9, 6.8, 7.0, 7.1, 11.0, 10.5)
LOWER_HEIGHT = (9.0, 9.0, 10.0, 8.5, 8.0, 7.0, 6.5)
DEPTH = (7.0, 6.5, 8.0, 9.0, 9.0, 11.0, 11.0)
"""Crowns in mm from the middle incisor to the second molar (dental tables, rounded)."""
MIRRORED = [0, 3, 2, 1]
"""Corners of a quad turned over so that it still splits along the same diagonal."""
UPPER_ARCH, LOWER_ARCH = (27.0, 44.0), (25.5, 42.0)
"""Half axes (width, depth) in mm of the ellipses along which the teeth stand."""


@dataclass(frozen=True)
class Part:
    """A mesh of quads."""

    name: str
    material: str
    vertices: Array
    """(N, 3) mm."""
    polygons: Indices
    """(F, 4)."""
    uvs: Array
    """(F, 4, 2)."""


def eyeball(side: str, centre: Array) -> Part:
    """Sclera with a bulging cornea; texture: polar about the axis, the iris 0.27 of the image across."""
    turn = 2 * np.pi * np.arange(EYE_SEGMENTS) / EYE_SEGMENTS
    front = np.arcsin(EYE_RINGS / RADIUS)
    angles = np.r_[front, np.linspace(front[-1], np.pi, 9)[1:-1]]
    axis = np.column_stack([np.cos(turn), np.sin(turn), np.zeros(EYE_SEGMENTS)])
    rings = [np.sin(a) * axis + [0, 0, np.cos(a)] for a in angles]
    direction = np.vstack([[[0, 0, 1]], *rings, [[0, 0, -1]]])
    vertices = direction * eye_surface(direction)[:, None]
    index = 1 + np.arange(len(angles) * EYE_SEGMENTS).reshape(len(angles), -1)
    polygons = np.vstack([_pole(index[0], 0), _bands(index), _pole(index[-1], len(vertices) - 1)[:, ::-1]])
    uvs = 0.5 + 0.49 * _polar(direction)
    if side == "L":
        vertices, uvs = vertices * [-1, 1, 1], uvs * [-1, 1] + [1, 0]
        polygons = polygons[:, MIRRORED]
    corners = uvs[polygons]
    rear = polygons == len(vertices) - 1
    beside = np.roll(rear, 2, axis=1)
    # The rear pole is a point of the ball but the whole rim of the picture.
    corners[rear] = 0.5 + (corners[beside] - 0.5) * 0.49 / np.linalg.norm(corners[beside] - 0.5, axis=1, keepdims=True)
    return Part(f"eye_{side}", f"eye_{side}", vertices + centre, polygons, corners)


def _polar(direction: Array) -> Array:
    """(N, 2) in the unit disc; the square root gives the front more room than the hidden back."""
    angle = np.arccos(np.clip(direction[:, 2], -1, 1)) / np.pi
    aside = direction[:, :2] / np.maximum(np.linalg.norm(direction[:, :2], axis=1, keepdims=True), 1e-12)
    return angle[:, None] ** 0.7 * aside


def _bands(rings: Indices) -> Indices:
    """Quads between consecutive rings (R, K), outward when the rings turn counter-clockwise and recede."""
    after = np.roll(rings, -1, 1)
    return np.stack([rings[:-1], rings[1:], after[1:], after[:-1]], -1).reshape(-1, 4)


def _pole(ring: Indices, pole: int) -> Indices:
    a, b, c = ring[::2], ring[1::2], np.roll(ring, -2)[::2]
    return np.column_stack([a, b, c, np.full(len(a), pole)])


def box(wide: int, high: int, deep: int) -> tuple[Array, Indices, Array]:
    """Surface grid of the cube -1..1: vertices (N, 3), quads (F, 4) and corners (F, 4, 2) in a 3 x 2 sheet."""
    counts = (wide, high, deep)
    found: dict[tuple[float, ...], int] = {}
    quads, uvs = [], []
    for axis in range(3):
        u, v = (axis + 1) % 3, (axis + 2) % 3
        for end in (-1, 1):
            for i in range(counts[u]):
                for j in range(counts[v]):
                    cell = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)]
                    corners = np.zeros((4, 3))
                    corners[:, axis] = end
                    corners[:, u] = [2 * a / counts[u] - 1 for a, _ in cell]
                    corners[:, v] = [2 * b / counts[v] - 1 for _, b in cell]
                    quad = [found.setdefault(tuple(np.round(c, 9)), len(found)) for c in corners]
                    sheet = np.array([axis, (end + 1) / 2]) + 0.03
                    place = (sheet + 0.94 * (corners[:, [u, v]] + 1) / 2 * [1, 1]) / [3, 2]
                    quads.append(quad if end > 0 else quad[::-1])
                    uvs.append(place if end > 0 else place[::-1])
    return np.array(list(found)), np.array(quads), np.array(uvs)


def _arch(arch: tuple[float, float], front: float, at: Array) -> tuple[Array, Array]:
    """Points (N, 2) (x, z) of a dental arch at distances ``at`` mm from its middle, and outward normals."""
    turn = np.linspace(0, np.pi / 2, 400)
    curve = np.column_stack([arch[0] * np.sin(turn), front - arch[1] + arch[1] * np.cos(turn)])
    length = np.r_[0, np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))]
    point = np.column_stack([np.interp(np.abs(at), length, curve[:, k]) for k in (0, 1)])
    angle = np.interp(np.abs(at), length, turn)
    normal = np.column_stack([np.sin(angle) / arch[0], np.cos(angle) / arch[1]])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    sign = np.sign(at)[:, None] * [1, 0] + [0, 1]
    return point * sign, normal * sign


def teeth(upper: bool, line: float, front: float) -> Part:
    """Fourteen teeth of one jaw; ``line`` is the lips' height, ``front`` the depth of the middle incisors' face."""
    widths, heights = (UPPER_WIDTH, UPPER_HEIGHT) if upper else (LOWER_WIDTH, LOWER_HEIGHT)
    arch = UPPER_ARCH if upper else LOWER_ARCH
    centres = np.cumsum(widths) - np.array(widths) / 2
    point, normal = _arch(arch, front if upper else front - 2.2, centres)
    shape, quads, sheet = box(2, 3, 2)
    vertices: list[Array] = []
    polygons: list[Indices] = []
    uvs: list[Array] = []
    for k, (width, height) in enumerate(zip(widths, heights, strict=True)):
        crown = _crown(shape, width, height, DEPTH[k], k, upper)
        tangent = np.array([normal[k, 1], -normal[k, 0]])
        flat = point[k] + crown[:, :1] * tangent + crown[:, 2:] * normal[k]
        top = line - 2.0 if upper else line - 3.2 - height
        right = np.column_stack([-flat[:, 0], top + crown[:, 1], flat[:, 1]])
        for sign in (1, -1):
            cell = np.array([float(k), (0 if upper else 2) + (sign < 0)])
            order = MIRRORED if sign > 0 else [0, 1, 2, 3]
            polygons.append(quads[:, order] + len(shape) * len(vertices))
            uvs.append((cell + 0.02 + 0.96 * sheet[:, order]) / np.array([7.0, 4.0]))
            vertices.append(right * np.array([sign, 1.0, 1.0]))
    name = "teeth_upper" if upper else "teeth_lower"
    return Part(name, "teeth", np.vstack(vertices), np.vstack(polygons), np.vstack(uvs))


def _crown(shape: Array, width: float, height: float, depth: float, place: int, upper: bool) -> Array:
    """One tooth: across, up from its lower end, and forward (0 at its front face)."""
    rounded = shape / ((np.abs(shape) ** 5).sum(1) ** (1 / 5))[:, None]
    root = rounded[:, 1] if upper else -rounded[:, 1]
    narrow = 1 - 0.07 * (root + 1) - (0.05 if place == 2 else 0) * np.clip(-root, 0, 1)
    edge = 1 - (0.5 if place < 3 else 0.1) * np.clip(-root, 0, 1)
    across = rounded[:, 0] * width * 0.49 * narrow
    forward = (rounded[:, 2] * edge - 1) * depth / 2 + 0.06 * depth * edge
    tip = 1.0 if place == 2 else 0.35 if place in (3, 4) else 0.0
    drop = tip * np.clip(-root, 0, 1) * (1 - np.abs(rounded[:, 0]))
    up = (rounded[:, 1] + 1) / 2 * height + (-drop if upper else drop)
    return np.column_stack([across, up, forward])


def gums(upper: bool, line: float, front: float, around: int = 8) -> Part:
    """A scalloped ridge along the arch that the teeth stand in."""
    arch = UPPER_ARCH if upper else LOWER_ARCH
    widths = UPPER_WIDTH if upper else LOWER_WIDTH
    joints = np.r_[0, np.cumsum(widths)]
    half = np.sort(np.r_[joints, (joints[1:] + joints[:-1]) / 2])
    at = np.r_[-half[:0:-1], half]
    scallop = np.cos(np.pi * (np.arange(len(at)) - len(half) + 1))
    point, normal = _arch(arch, front if upper else front - 2.2, np.where(at == 0, 1e-9, at))
    turn = 2 * np.pi * np.arange(around) / around
    rows = []
    for p, n, s, k in zip(point, normal, scallop, range(len(at)), strict=True):
        taper = 0.55 if k in (0, len(at) - 1) else 1.0
        out = -4.2 + 5.0 * taper * np.cos(turn)
        edge = np.sin(turn) < -0.3 if upper else np.sin(turn) > 0.3
        up = (10.8 if upper else -14.4) + 6.0 * taper * np.sin(turn) + edge * (-0.7 if upper else 0.7) * s
        rows.append(np.column_stack([p[0] + n[0] * out, line + up, p[1] + n[1] * out]))
    index = np.arange(len(rows) * around).reshape(len(rows), around)
    polygons = np.vstack([_bands(index), _ends(index)])
    name = "gums_upper" if upper else "gums_lower"
    low = 0.51 if upper else 0.01
    return Part(name, "gums", np.vstack(rows), polygons, _tube_uvs(index, low))


def _ends(rings: Indices) -> Indices:
    """Both ends of a tube of eight closed with three quads each."""
    first, last = rings[0], rings[-1][::-1]
    across = np.array([(0, 1, 6, 7), (1, 2, 5, 6), (2, 3, 4, 5)])
    return np.vstack([first[across], last[across]])


def _tube_uvs(rings: Indices, low: float) -> Array:
    """Corners of ``_bands`` unrolled into a strip 0.44 high, then the end caps in a column at its right."""
    rows, around = rings.shape
    u = 0.01 + 0.88 * np.arange(rows) / (rows - 1)
    v = low + 0.46 * np.arange(around + 1) / around
    i, k = np.meshgrid(np.arange(rows - 1), np.arange(around), indexing="ij")
    corners = [(i, k), (i + 1, k), (i + 1, k + 1), (i, k + 1)]
    bands = np.stack([np.stack([u[a], v[b]], -1) for a, b in corners], 2).reshape(-1, 4, 2)
    caps = []
    for end in range(2):
        for step in range(3):
            cell = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * [0.06, 0.06]
            caps.append(cell + np.array([0.92, low + 0.02 + 0.22 * end + 0.065 * step]))
    return np.concatenate([bands, np.array(caps)])


def tongue(line: float, front: float) -> Part:
    """A flattened, arched body with a groove along its middle."""
    shape, quads, uvs = box(6, 4, 6)
    rounded = shape / ((np.abs(shape) ** 2.6).sum(1) ** (1 / 2.6))[:, None]
    x, y, z = rounded.T
    ahead = (z + 1) / 2
    groove = 1.5 * (1 - np.minimum(1, np.abs(x) * 1.6)) * (y > 0)
    height = line - 9 + y * (6.5 - 3 * ahead) + 3 * np.sin(np.pi * (1 - ahead)) - groove
    vertices = np.column_stack([x * (19 - 5 * ahead**2), height, front - 29 + z * 21])
    return Part("tongue", "tongue", vertices, quads, uvs)


def build_parts(centres: dict[str, Array], lips: Array) -> list[Part]:
    """Every part; ``lips`` (K, 3) is the line where the lips touch."""
    line, front = float(lips[:, 1].mean()), float(lips[:, 2].max()) - 8.5
    jaws = [make(upper, line, front) for make in (teeth, gums) for upper in (True, False)]
    return [eyeball("R", centres["R"]), eyeball("L", centres["L"]), *jaws, tongue(line, front)]
