"""Expressions measured on the surface: what passes through itself, and how much of an eye shows."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from engine.faces.arkit import NAMES
from engine.faces.model import FaceModel, split_polygons
from engine.render.rasterizer import rasterize
from scripts.head.cage import Array
from scripts.head.intersections import crossings

SOFT, TEETH = ("skin", "mouth", "tongue"), ("teeth", "gums")
"""Materials of what must not pass through itself or through the others, and of those others."""
FRONT = 0.1
"""Metres behind the tip of the nose up to which triangles are tested."""
NOTICED = 0.1
"""mm of overlap from which a crossing is counted in the table."""
MARGIN = 0.006
"""Metres round what a shape moves in which it can run into anything."""


def new_crossings(model: FaceModel, expression: torch.Tensor) -> Array:
    """(K,) mm of overlap of each pair of triangles of the mean person that cross with ``expression`` (E,) and rest
    apart without it: skin, lining of the mouth and tongue with themselves, each other, teeth and gums.
    """
    triangles, firm = _surfaces(model)
    moved = model.shape(torch.zeros(1), expression) - model.mean
    reached = model.mean[moved.norm(dim=1) > 1e-5]
    inside = (model.mean > reached.min(0)[0] - MARGIN) & (model.mean < reached.max(0)[0] + MARGIN)
    front = (inside.all(1) & (model.mean[:, 2] > model.mean[1, 2] - FRONT)).numpy()
    found = []
    for weights in (torch.zeros_like(expression), expression):
        vertices: Array = 1000.0 * model.shape(torch.zeros(1), weights).numpy().astype(np.float64)
        pairs, depth = crossings(vertices, triangles, front, firm)
        found.append({(int(a), int(b)): float(d) for (a, b), d in zip(pairs, depth, strict=True)})
    return np.array([depth for pair, depth in found[1].items() if pair not in found[0]])


def resting_crossings(model: FaceModel) -> Array:
    """(K,) mm of overlap of each pair of triangles of the mean person at rest, one of which is lining or tongue."""
    triangles, firm = _surfaces(model)
    lining, *_ = _surfaces(model, ("mouth", "tongue"))
    pairs, depth = crossings(1000.0 * model.mean.numpy().astype(np.float64), triangles, None, firm)
    inner = np.isin(triangles, lining).all(1)
    return np.asarray(depth[inner[pairs].any(1)])


def _surfaces(
    model: FaceModel, names: tuple[str, ...] = (*SOFT, *TEETH)
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Triangles (T, 3) of some materials, and (T,) which are teeth or gums."""
    triangles, polygon, _ = split_polygons(model.polygons)
    material = np.array([m.name for m in model.materials])[model.polygon_material[polygon]]
    kept = np.isin(material, names)
    return triangles[kept], np.isin(material[kept], TEETH)


def deepest(model: FaceModel, name: str, weight: float) -> tuple[int, float]:
    """How many pairs of triangles cross by more than ``NOTICED`` with one shape at ``weight``, and the deepest, mm."""
    weights = torch.zeros(len(model.expression_names))
    weights[NAMES.index(name)] = weight
    depth = new_crossings(model, weights)
    return int((depth > NOTICED).sum()), float(depth.max(initial=0.0))


def crossings_table(model: FaceModel) -> str:
    """Markdown: the shapes of one side or none that make surfaces cross by over 0.1 mm, and how many do not."""
    lines = ["| shape | at 1: pairs over 0.1 mm | deepest, mm | at 0.5: pairs | deepest, mm |", "|---|---|---|---|---|"]
    clean = 0
    names = [name for name in NAMES if not name.endswith("Left") or name in ("jawLeft", "mouthLeft")]
    for name in names:
        whole, half = deepest(model, name, 1.0), deepest(model, name, 0.5)
        clean += whole[0] + half[0] == 0
        if whole[0] + half[0]:
            lines.append(f"| {name} | {whole[0]} | {whole[1]:.2f} | {half[0]} | {half[1]:.2f} |")
    return "\n".join([*lines, "", f"{clean} of {len(names)} shapes (one side each) make none."])


def visible_eye(model: FaceModel, vertices: torch.Tensor, pitch: float = 0.0, yaw: float = 0.0) -> float:
    """mm^2 of the right eyeball that show between the lids, seen from afar from ``pitch`` and ``yaw`` degrees."""
    side, width = 320, 0.05
    turn = torch.from_numpy(Rotation.from_euler("YX", [yaw, pitch], True).as_matrix()).float()
    middle = vertices[model.groups["eye_R"]].mean(0) + torch.tensor([0, 0, 0.012])
    points = (vertices - middle) @ turn.T * (side / width)
    image = torch.stack([points[:, 0] + side / 2, side / 2 - points[:, 1], 1000 - points[:, 2]], -1)
    triangles, polygon, _ = split_polygons(model.polygons)
    fragments = rasterize(image, torch.from_numpy(triangles), (side, side), cull=False)
    eyes = [i for i, m in enumerate(model.materials) if m.name in ("eye_R", "cornea")]
    seen = model.polygon_material[polygon][fragments.pixel_triangles.numpy()]
    return float(np.isin(seen, eyes).sum()) * (1000 * width / side) ** 2
