"""Cage and parts put together into the final head."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from engine.contract import Ints, Material
from engine.faces.subdivision import Subdivision, catmull_clark
from engine.texture.lashes import COLOR as LASH_COLOR

from .cage import Array, Cage, Head, Indices
from .eyeball import EYE_SEGMENTS, LIMBUS_RING, PUPIL_RING, cornea, eyeball
from .eyes import RADIUS
from .lashes import lid_parts
from .parts import Part
from .relief import skin_relief
from .skin import build_cage
from .teeth import LOWER, UPPER, gums, teeth
from .tongue import tongue
from .uv import ISLANDS, CageLayout

MATERIALS = (
    Material("skin", (0.55, 0.33, 0.24), "albedo.png", roughness=0.5, subsurface=0.12),
    Material("eye_R", (0.75, 0.71, 0.68), roughness=0.4),
    Material("eye_L", (0.75, 0.71, 0.68), roughness=0.4),
    Material("teeth", (0.78, 0.64, 0.49), roughness=0.34, subsurface=0.15),
    Material("gums", (0.60, 0.25, 0.225), roughness=0.3, subsurface=0.2),
    Material("tongue", (0.50, 0.19, 0.18), roughness=0.4, subsurface=0.2),
    Material("mouth", (0.36, 0.10, 0.09), roughness=0.3, subsurface=0.2),
    Material("caruncle", (0.52, 0.24, 0.19), roughness=0.3, subsurface=0.2),
    Material("cornea", (1.0, 1.0, 1.0), roughness=0.02, alpha=0.05, lit_by_sh=False),
    Material("lashes", LASH_COLOR, roughness=0.6, alpha=0.4),
)


def build_head() -> tuple[Head, CageLayout]:
    """The whole head in millimetres, symmetric, and the texture layout of its cage."""
    cage, layout = build_cage()
    step = catmull_clark(len(cage.vertices), np.array(cage.faces))
    parts = build_parts(cage, step.matrix @ cage.vertices)
    extra = sum(len(p.vertices) for p in parts)
    subdivision = sparse.block_diag([step.matrix, sparse.eye(extra)]).tocsr()
    controls = np.vstack([cage.vertices, *(p.vertices for p in parts)])
    mirror = np.r_[step.carry_mirror(cage.mirror, np.array(cage.faces)), _part_mirror(parts, step.matrix.shape[0])]
    smooth = subdivision @ controls
    detail = np.zeros_like(smooth)
    detail[: step.matrix.shape[0]] = skin_relief(smooth[: step.matrix.shape[0]], step, cage)
    detail = (detail + detail[mirror] * [-1, 1, 1]) / 2
    polygons, material, uvs = _polygons(step, layout, parts)
    head = Head(
        smooth + detail,
        polygons,
        uvs,
        material,
        MATERIALS,
        _groups(cage, step, parts),
        mirror,
        cage,
        subdivision,
        controls,
        detail,
        _anchors(parts, step.matrix.shape[0]),
        RADIUS,
    )
    return head, layout


def build_parts(cage: Cage, surface: Array) -> list[Part]:
    """Every separate part; ``surface`` (V, 3) is the subdivided skin."""
    lips = cage.vertices[cage.groups["lip_upper"]]
    line, front = float(lips[:, 1].mean()), float(lips[:, 2].max()) - 8.5
    balls = [make(side, cage.eye_centres[side]) for make in (eyeball, cornea) for side in "RL"]
    jaws = [make(jaw, line, front) for make in (teeth, gums) for jaw in (UPPER, LOWER)]
    lids = []
    for side in "RL":
        loop, inner = cage.groups[f"lid_margin_{side}"], cage.groups[f"lid_inner_{side}"]
        lids += lid_parts(side, surface[loop], surface[inner], loop, cage.eye_centres[side])
    return [*balls[:2], *jaws, tongue(line, front), *balls[2:], *lids]


def _anchors(parts: list[Part], first: int) -> Indices:
    """(V,) the skin's vertex that each vertex rides on, -1 for none."""
    own = [np.full(len(p.vertices), -1) if p.anchors is None else p.anchors for p in parts]
    return np.concatenate([np.full(first, -1), *own])


def carried(step: Subdivision, indices: Indices) -> Indices:
    """Subdivided vertices that lie inside the region of these cage vertices."""
    inside = np.zeros(step.matrix.shape[1])
    inside[indices] = 1
    return np.flatnonzero(step.matrix @ inside > 0.6)


def _polygons(step: Subdivision, layout: CageLayout, parts: list[Part]) -> tuple[Ints, Ints, Array]:
    names = [m.name for m in MATERIALS]
    island = np.repeat(layout.islands, 4)
    material = [np.where(island == ISLANDS.index("mouth"), names.index("mouth"), names.index("skin"))]
    polygons, uvs = [step.polygons], [layout.subdivided()]
    first = step.matrix.shape[0]
    for part in parts:
        polygons.append(part.polygons + first)
        material.append(np.full(len(part.polygons), names.index(part.material)))
        uvs.append(part.uvs)
        first += len(part.vertices)
    return np.vstack(polygons).astype(np.int32), np.concatenate(material).astype(np.int32), np.concatenate(uvs)


def _part_mirror(parts: list[Part], first: int) -> Indices:
    """Mirror map of the parts' vertices, by position: they were built from mirrored halves."""
    points = np.vstack([p.vertices for p in parts])
    kinds = sorted({p.name.removesuffix("_R").removesuffix("_L") for p in parts})
    kind = [np.full(len(p.vertices), kinds.index(p.name.removesuffix("_R").removesuffix("_L"))) for p in parts]
    tagged = np.column_stack([points, 1e3 * np.concatenate(kind)])
    gap, image = cKDTree(tagged).query(tagged * [-1, 1, 1, 1])
    if gap.max() > 1e-6 or (image[image] != np.arange(len(image))).any():
        raise RuntimeError("the parts are not symmetric")
    return image + first


def _groups(cage: Cage, step: Subdivision, parts: list[Part]) -> dict[str, Indices]:
    named = cage.groups
    vertices = step.matrix @ cage.vertices
    groups = {name: carried(step, named[name]) for name in ("face", "neck", "ear_R", "ear_L")}
    groups["ears"] = np.union1d(groups["ear_R"], groups["ear_L"])
    groups["scalp"] = np.intersect1d(carried(step, named["skull"]), _hair_bearing(vertices))
    for side in "RL":
        rings = [named[f"lid_{ring}_{side}"] for ring in ("margin", "inner", "back", "pocket", "rear")]
        groups[f"lids_{side}"] = carried(step, np.concatenate(rings))
    groups["lids"] = np.union1d(groups["lids_R"], groups["lids_L"])
    groups["lips"] = _lips(vertices)
    bag = [name for name in named if name.startswith("mouth_") and name != "mouth_0"]
    groups["mouth_bag"] = carried(step, np.concatenate([named[name] for name in bag]))
    groups["nostrils"] = carried(step, np.concatenate([named["nostril_R"], named["nostril_L"]]))
    groups["skin"] = np.arange(len(vertices))
    first = len(vertices)
    for part in parts:
        groups[part.name] = np.arange(first, first + len(part.vertices))
        first += len(part.vertices)
    for side in "RL":
        eye = groups[f"eye_{side}"]
        groups[f"pupil_{side}"] = eye[: 1 + EYE_SEGMENTS * (PUPIL_RING + 1)]
        groups[f"iris_{side}"] = eye[: 1 + EYE_SEGMENTS * (LIMBUS_RING + 1)]
        groups[f"eye_{side}"] = np.r_[eye, groups[f"cornea_{side}"]]
    return groups


def _hair_bearing(vertices: Array) -> Indices:
    """Skin above the hairline: from the forehead's edge down before and behind the ears to the nape."""
    x, y, z = np.abs(vertices[:, 0]), vertices[:, 1], vertices[:, 2]
    line = np.maximum(82 - 0.62 * np.maximum(0, -(z + 5)), -42)
    line = np.where(x > 72, np.maximum(line, 36), line)
    return np.flatnonzero(y > line)


LIPS = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
"""MediaPipe's outer contour of the lips."""


def _lips(vertices: Array) -> Indices:
    """Skin within the lips' outer contour, seen from the front."""
    outline = vertices[list(LIPS)]
    x, y = vertices[:, 0], vertices[:, 1]
    after = np.roll(outline, -1, 0)
    inside = np.zeros(len(vertices), bool)
    for a, b in zip(outline, after, strict=True):
        crosses = (a[1] > y) != (b[1] > y)
        height = np.where(b[1] == a[1], 1e-9, b[1] - a[1])
        inside ^= crosses & (x < (b[0] - a[0]) * (y - a[1]) / height + a[0])
    depth = vertices[:, 2] > outline[:, 2].min() - 4
    return np.flatnonzero(inside & depth)
