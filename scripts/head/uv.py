"""Texture layout of the skin: the face as a cylinder, the skull and neck in rings round it, small islands beside.

The layout is made on the cage, each island a flat mesh of its own, and subdivided like the surface.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import LinearNDInterpolator

from engine.faces.subdivision import Subdivision, catmull_clark

from .cage import Array, Cage, Indices
from .shell import Shell

CYLINDER = 100.0
"""Radius in mm of the cylinder round which the face is unrolled (axis 95 mm behind the face's middle)."""
FALLOFF = 65.0
"""Rings far from the face shrink with this length in mm (twice it above and below), to leave the atlas to the face."""
MARGIN = 0.01
LENS = ((0.0, -12.0), (78.0, 95.0), 0.6)
"""Middle and reaches in mm of a lens over eyes, nose and mouth, and by how much it enlarges them: detail is there."""


@dataclass
class CageLayout:
    """UV vertices and, for every cage face, its four of them."""

    points: Array
    """(N0, 2) mm: one for each cage vertex before islands were cut."""
    side: Array = field(default_factory=lambda: np.zeros((0, 3)))
    """(N0, 3) where those vertices were in space."""
    uvs: Array = field(default_factory=lambda: np.zeros((0, 2)))
    """(U, 2) finished coordinates, 0..1."""
    faces: Indices = field(default_factory=lambda: np.zeros((0, 4), np.int64))
    """(F, 4) into ``uvs``."""
    islands: Indices = field(default_factory=lambda: np.zeros(0, np.int64))
    """(F,) index into ``ISLANDS``."""

    def finished(self, cage: Cage, kept: NDArray[np.bool_]) -> CageLayout:
        """Cut the islands of the finished cage and pack them; ``kept`` marks which first vertices are still there."""
        main = np.zeros((len(cage.vertices), 2))
        old = kept[: len(self.points)]
        main[: old.sum()] = self.points[old]
        _place_moved_roots(main, cage, self.points, self.side)
        _fill_openings(main, cage)
        island = _islands(cage)
        pieces = {name: _flat(name, main, cage) for name in ISLANDS}
        return _packed(pieces, island, np.array(cage.faces))

    def subdivided(self) -> Array:
        """(4F, 4, 2) corners of the subdivided faces, in the order of ``catmull_clark``'s polygons."""
        step = catmull_clark(len(self.uvs), self.faces)
        return (step.matrix @ self.uvs)[step.polygons]


ISLANDS = ("main", "ear_R", "ear_L", "socket_R", "socket_L", "mouth")

PLACES = {
    # name: (centre u, centre v, half width, half height) in the unit square
    "main": (0.5, 0.5, 0.5 - MARGIN, 0.5 - MARGIN),
    "ear_R": (0.075, 0.09, 0.062, 0.078),
    "ear_L": (0.925, 0.09, 0.062, 0.078),
    "socket_R": (0.04, 0.965, 0.028, 0.028),
    "socket_L": (0.96, 0.965, 0.028, 0.028),
    "mouth": (0.5, 0.5, 0.49, 0.49),
}


def shell_layout(shell: Shell, step: Subdivision, fine: Array) -> CageLayout:
    """Layout in mm of the subdivided shell, before ears, lids, lips and nostrils are opened."""
    points = np.zeros((len(shell.vertices), 2))
    face = shell.vertices[: shell.grid[1, 0]]
    points[: len(face)] = np.column_stack([CYLINDER * np.arctan2(face[:, 0], face[:, 2] + 95), face[:, 1]])
    oval = points[shell.grid[0]]
    outward = oval - [0, 8]
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    columns = shell.vertices[shell.grid]
    length = np.cumsum(np.linalg.norm(np.diff(columns, axis=0), axis=2), axis=0)
    falloff = FALLOFF * (1 + np.abs(outward[:, 1]))
    reach = falloff * (1 - np.exp(-length / falloff))
    points[shell.grid[1:]] = oval + outward * reach[..., None]
    points = _enlarged(points)
    return CageLayout(step.matrix @ points, fine.copy())


def _enlarged(points: Array) -> Array:
    """Points (N, 2) mm seen through the ``LENS``, which folds nothing: along any ray it only grows."""
    middle, reach, more = LENS
    offset = points - np.array(middle)
    return np.asarray(middle + offset * (1 + more * np.exp(-((offset / np.array(reach)) ** 2).sum(1)))[:, None])


def _place_moved_roots(main: Array, cage: Cage, points: Array, before: Array) -> None:
    """Vertices round the ears were moved over the skin; read their place in the layout from where they are now."""
    beside = (before[:, 0] < -35) & (before[:, 2] < -20)
    read = LinearNDInterpolator(before[beside][:, 1:], points[beside])
    around = np.linalg.norm(cage.vertices - cage.vertices[cage.groups["ear_0_R"]].mean(0), axis=1) < 75
    new = np.isin(np.arange(len(main)), np.concatenate([cage.groups["ear_R"], cage.groups["ear_L"]]))
    moved = np.flatnonzero(around & ~new & (cage.vertices[:, 0] < -35) & (cage.vertices[:, 2] < -20))
    found = read(cage.vertices[moved][:, 1:])
    good = ~np.isnan(found).any(1)
    main[moved[good]] = found[good]
    main[cage.mirror[moved[good]]] = found[good] * [-1, 1]


def _fill_openings(main: Array, cage: Cage) -> None:
    """Flat places for the rims that were added inside the lids and the nostrils."""
    for side in "RL":
        _inset(main, cage.groups[f"lid_margin_{side}"], [cage.groups[f"lid_inner_{side}"]], [0.84])
        rings = [cage.groups[f"nostril_{k}_{side}"] for k in (1, 2, 3)]
        rim = cage.groups[f"nostril_0_{side}"]
        _inset(main, rim, rings, [0.84, 0.68, 0.5])
        floor = np.setdiff1d(cage.groups[f"nostril_{side}"], np.concatenate(rings))
        main[floor] = main[rim].mean(0) + 0.48 * (main[floor] - main[rim].mean(0))


def _inset(main: Array, rim: Indices, rings: list[Indices], scales: list[float]) -> None:
    middle = main[rim].mean(0)
    for ring, scale in zip(rings, scales, strict=True):
        main[ring] = middle + scale * (main[rim] - middle)


def _islands(cage: Cage) -> Indices:
    """(F,) which island each cage face belongs to."""
    faces = np.array(cage.faces)
    result = np.zeros(len(faces), np.int64)

    def all_in(names: list[str]) -> NDArray[np.bool_]:
        return np.isin(faces, np.concatenate([cage.groups[n] for n in names])).all(1)

    for side in "RL":
        result[all_in([f"ear_0_{side}", f"ear_{side}"])] = ISLANDS.index(f"ear_{side}")
        pocket = [f"lid_{part}_{side}" for part in ("inner", "back", "pocket", "rear")]
        result[all_in(pocket)] = ISLANDS.index(f"socket_{side}")
    mouth = [name for name in cage.groups if name.startswith("mouth_")]
    result[all_in(mouth)] = ISLANDS.index("mouth")
    return result


def _flat(name: str, main: Array, cage: Cage) -> Array:
    """(N, 2) coordinates of one island in its own units; vertices outside it do not matter."""
    if name == "main":
        return main
    flat = np.zeros_like(main)
    part, _, side = name.partition("_")
    if part == "ear":
        rings = [cage.groups[f"ear_{k}_{side}"] for k in range(10)]
        inside = np.setdiff1d(cage.groups[f"ear_{side}"], np.concatenate(rings))
    elif part == "socket":
        rings = [cage.groups[f"lid_{ring}_{side}"] for ring in ("rear", "pocket", "back", "inner")]
        inside = np.zeros(0, np.int64)
    else:
        rings = [cage.groups[f"mouth_{k}"] for k in range(7)]
        inside = cage.groups["mouth_cap"]
    turn = 2 * np.pi * np.arange(len(rings[0])) / len(rings[0])
    direction = np.column_stack([np.cos(turn), np.sin(turn)])
    if name in ("ear_R", "mouth", "socket_L"):
        direction = direction * [-1, 1]
    for ring, radius in zip(rings, _radii(cage.vertices, rings, len(inside) > 0), strict=True):
        flat[ring] = radius * direction
    return flat


def _radii(vertices: Array, rings: list[Indices], closed: bool) -> Array:
    """Distance of each ring from the island's middle: the mean way along the surface."""
    steps = [np.linalg.norm(vertices[a] - vertices[b], axis=1).mean() for a, b in pairwise(rings)]
    last = np.linalg.norm(vertices[rings[-1]] - vertices[rings[-1]].mean(0), axis=1).mean()
    return np.cumsum([last * (1 if closed else 0.8), *steps[::-1]])[::-1]


def _packed(pieces: dict[str, Array], island: Indices, faces: Indices) -> CageLayout:
    """Every island scaled into its place, with UV vertices of its own."""
    uvs: list[Array] = []
    indices = np.zeros_like(faces)
    first = 0
    for number, name in enumerate(ISLANDS):
        mine = island == number
        used, inverse = np.unique(faces[mine], return_inverse=True)
        flat = pieces[name][used]
        u, v, width, height = PLACES[name]
        middle = (flat.min(0) + flat.max(0)) / 2
        scale = min(np.array([width, height]) / (np.ptp(flat, axis=0) / 2))
        uvs.append((flat - middle) * scale + [u, v])
        indices[mine] = inverse.reshape(-1, 4) + first
        first += len(used)
    return CageLayout(pieces["main"], uvs=np.vstack(uvs), faces=indices, islands=island)
