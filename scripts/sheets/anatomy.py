"""The neutral head: from six sides, its quads, and its parts counted and pulled apart."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch

from engine.camera.camera import Camera
from engine.preview.head import Head
from engine.preview.head import Image as Picture
from engine.preview.studio import SAMPLES, draw_studio, view

from .paper import sheet, stacked
from .sitter import Sitter
from .studio import camera, draw, near_points, with_lashes

BUST, BUST_TALL = (0.0, -0.042, 0.005), 0.365
HEAD, HEAD_TALL = (0.0, 0.0, 0.005), 0.30
SIDES = {
    "front": (0.0, 0.0, BUST, BUST_TALL),
    "45°": (-45.0, 0.0, BUST, BUST_TALL),
    "side": (-90.0, 0.0, BUST, BUST_TALL),
    "back": (180.0, 0.0, BUST, BUST_TALL),
    "top": (0.0, 75.0, HEAD, HEAD_TALL),
    "below": (0.0, -45.0, HEAD, HEAD_TALL),
}
"""Yaw and pitch in degrees, where the camera looks, and how many metres it shows from top to foot."""
TILE, LARGE, CLOSE = (310, 372), (620, 700), (620, 480)
LINE = 0.62
"""Half the width of an edge in pixels of the finished picture."""
INKED = (38, 62, 92)
APART = {
    "lashes": (0.0, 0.004, 0.150),
    "cornea": (0.0, 0.0, 0.115),
    "eye": (0.0, 0.0, 0.085),
    "caruncle": (0.0, -0.002, 0.050),
    "gums_upper": (0.0, 0.006, 0.085),
    "teeth_upper": (0.0, -0.008, 0.085),
    "tongue": (0.0, -0.036, 0.090),
    "teeth_lower": (0.0, -0.060, 0.085),
    "gums_lower": (0.0, -0.076, 0.085),
    "mouth": (0.0, -0.030, 0.165),
}
"""Metres by which each part is pulled out of the face."""


def neutral(sitter: Sitter) -> Picture:
    """The mean head from six sides, textured and in clay."""
    head = sitter.head()
    tiles = []
    for clay in (False, True):
        for name, (yaw, pitch, place, tall) in SIDES.items():
            tiles.append((name, draw(sitter, head, camera(place, tall, yaw, TILE, pitch), clay)))
    return sheet(tiles, len(SIDES))


def wireframe(sitter: Sitter) -> Picture:
    """Edges of the quads over clay: the head from three sides, then eye, mouth and ear close up."""
    model = sitter.model
    eye, ear = (near_points(model.mean[model.groups[name]]) for name in ("eye_R", "ear_L"))
    lips = near_points(model.mean[model.groups["lips"]])
    whole = [("front", 0.0), ("45°", -45.0), ("side", -90.0)]
    views = [(name, camera((0.0, -0.012, 0.01), 0.295, yaw, LARGE)) for name, yaw in whole]
    parts = [
        ("eye", camera((eye[0], eye[1], 0.08), 0.052, 12.0, CLOSE)),
        ("mouth and nose", camera((0.0, lips[1] + 0.012, 0.09), 0.075, -20.0, CLOSE)),
        ("ear", camera(ear, 0.078, -75.0, CLOSE)),
    ]
    head = sitter.head()
    return stacked([sheet([(n, _wires(sitter, head, eye)) for n, eye in row], 3) for row in (views, parts)])


def exploded(sitter: Sitter) -> Picture:
    """Every part pulled out of the face, from the side and from half the side; corneas as if of milky glass."""
    head, first = pulled_apart(sitter)
    tiles = []
    for name, yaw in (("from its left", -78.0), ("half from the front", -48.0)):
        seen = view(head, camera((0.0, -0.026, 0.085), 0.335, yaw, (900, 760)))
        # Shadows of the whole head: parts that hang in the air cast none.
        picture = draw_studio(sitter.head(), seen)
        tiles.append((name, with_lashes(sitter, head, seen, picture, first)))
    return sheet(tiles, 2)


def pulled_apart(sitter: Sitter) -> tuple[Head, int]:
    """The head with its parts moved by ``APART``, and the first vertex of the moved lashes."""
    lashes = _part(sitter, "lashes")
    head = sitter.head(kept=~lashes)
    moved, owner = [head.vertices], np.zeros(len(sitter.triangles), np.int64)
    for number, (name, offset) in enumerate(APART.items(), start=1):
        moved.append(head.vertices + torch.tensor(offset))
        owner[_part(sitter, name)] = number
    shift = torch.from_numpy(owner[~lashes] * len(head.vertices))[:, None]
    glass = [dataclasses.replace(m, color=(0.45, 0.55, 0.62)) if m.name == "cornea" else m for m in head.materials]
    apart = dataclasses.replace(
        head,
        vertices=torch.cat(moved),
        normals=head.normals.repeat(len(moved), 1),
        triangles=head.triangles + shift,
        materials=tuple(glass),
    )
    return apart, int(owner[lashes][0]) * len(head.vertices)


def parts_table(sitter: Sitter) -> str:
    """Markdown: vertices and polygons of every material, and of the named groups of the skin."""
    model = sitter.model
    lines = ["| part (material) | vertices | quads |", "|---|---|---|"]
    for index, material in enumerate(model.materials):
        polygons = model.polygons[model.polygon_material == index]
        lines.append(f"| {material.name} | {len(np.unique(polygons)):,} | {len(polygons):,} |")
    quads = int((model.polygons[:, 3] >= 0).sum())
    lines.append(f"| whole head | {len(model.mean):,} | {quads:,} of {len(model.polygons):,} polygons |")
    groups = ", ".join(f"{name} {len(rows):,}" for name, rows in model.groups.items() if not name.endswith("_L"))
    counts = (
        f"{len(model.identity_basis)} identity modes, {len(model.semantic_names)} named directions, "
        f"{len(model.albedo_basis)} albedo modes, {len(model.expression_names)} shapes, "
        f"{len(model.corrective_names)} correctives, joints {', '.join(model.joint_names)}"
    )
    lines += ["", "A vertex on the line between two materials counts in both."]
    return "\n".join([*lines, "", f"Vertex groups: {groups}.", "", f"The model has {counts}."])


def _part(sitter: Sitter, name: str) -> np.ndarray:
    """(T,) bool: triangles of the material ``name`` (both eyes' for ``eye``) or else of the group ``name``."""
    names = [m.name.removesuffix("_L").removesuffix("_R") for m in sitter.model.materials]
    if name in names:
        return np.isin(sitter.material, [i for i, n in enumerate(names) if n == name])
    return np.asarray(np.isin(sitter.triangles, sitter.model.groups[name]).all(1))


def _wires(sitter: Sitter, head: Head, eye: Camera) -> Picture:
    """Clay with the edges of the polygons, without the diagonals that split them."""
    seen = view(head, eye)
    picture = draw_studio(head, seen, clay=True).astype(np.float32)
    shown = np.flatnonzero(~sitter.clear)
    rows = shown[seen.fragments.pixel_triangles.numpy()]
    points = seen.camera.project(head.vertices)[torch.from_numpy(sitter.triangles[rows])].double()
    centres = seen.fragments.centres.double()
    near = np.full(len(rows), np.inf)
    for corner in range(3):
        a, b = points[:, (corner + 1) % 3], points[:, (corner + 2) % 3]
        along, to = b - a, centres - a
        distance = (along[:, 0] * to[:, 1] - along[:, 1] * to[:, 0]).abs() / along.norm(dim=1).clamp_min(1e-9)
        near = np.where(_diagonal(sitter)[rows] == corner, near, np.minimum(near, distance.numpy()))
    ink = np.zeros(seen.fragments.triangle.shape, np.float32)
    ink.reshape(-1)[seen.fragments.pixels.numpy()] = np.clip(LINE * SAMPLES + 0.5 - near, 0, 1)
    width, height = eye.size
    share = ink.reshape(height, SAMPLES, width, SAMPLES).mean((1, 3))[..., None] * 0.85
    mixed: Picture = (picture * (1 - share) + np.array(INKED) * share).round().astype(np.uint8)
    return mixed


def _diagonal(sitter: Sitter) -> np.ndarray:
    """(T,) the corner opposite the quad's diagonal, which leads from its corner 0 to 2, in each triangle."""
    second = np.r_[False, sitter.polygon[1:] == sitter.polygon[:-1]]
    return np.where(second, 2, 1)
