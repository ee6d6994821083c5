"""Brows: skin that slides over the frontal bone."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from .cage import Array, smoothstep
from .expr_tools import Stage


def brow_shapes(stage: Stage) -> dict[str, Array]:
    """Motions by ARKit name; those without ``InnerUp`` are of the right side."""
    return {
        "browDown": brow_down(stage),
        "browOuterUp": brow_outer_up(stage),
        "browInnerUp": stage.both(brow_inner_up(stage)),
    }


def brow_down(stage: Stage) -> Array:
    """Corrugator and procerus: the brow sinks and moves inwards, a fold rises between the brows."""
    inner, middle, outer = _weights(stage)
    motion = (
        stage.push(inner, (-3.4, -6.6, 0)) + stage.push(middle, (-3.0, -6.2, 0)) + stage.push(outer, (-1.4, -3.2, 0))
    )
    bulge = stage.along_normal(stage.blob(107, (5, 8, 12), (-5, -8, 0)), 1.3)
    bulge += stage.along_normal(stage.blob(65, (13, 5, 12), (0, 1, 0)), 0.9)
    root = stage.push(stage.blob(193, (6, 7, 9)), (0, -1.4, 0.3))
    return slide(stage, motion) + bulge + root


def brow_inner_up(stage: Stage) -> Array:
    """The inner part of frontalis: the brows' inner ends rise and the forehead's middle is pushed up."""
    inner, middle, _ = _weights(stage)
    motion = stage.push(inner, (-0.5, 6.4, 0)) + stage.push(middle, (0, 3.2, 0))
    lid = stage.push(stage.blob(222, (11, 6, 10)), (0, 1.2, 0))
    return slide(stage, motion + lid) + stage.along_normal(stage.blob(69, (17, 8, 18), (0, -4, 0)), 0.8)


def brow_outer_up(stage: Stage) -> Array:
    """The outer part of frontalis."""
    inner, middle, outer = _weights(stage)
    motion = stage.push(inner, (0.3, 1.4, 0)) + stage.push(middle, (0.9, 5.8, 0)) + stage.push(outer, (1.0, 6.8, 0))
    lid = stage.push(stage.blob(225, (11, 6, 10)), (0, 1.5, 0))
    return slide(stage, motion + lid) + stage.along_normal(stage.blob(104, (18, 8, 18)), 0.7)


def slide(stage: Stage, motion: Array) -> Array:
    """Keep moved skin on the surface it slides over: the tangent plane of the vertex nearest to where it arrives."""
    moved = stage.vertices + motion[: stage.count]
    active = np.flatnonzero(np.linalg.norm(motion[: stage.count], axis=1) > 0.01)
    outer = np.flatnonzero(stage.outside > 0)
    normals = stage.smoothed(stage.normals, 2)
    nearest = outer[cKDTree(stage.vertices[outer]).query(moved[active], k=4)[1]]
    gap = moved[active, None] - stage.vertices[nearest]
    height = np.einsum("vkc,vkc->vk", gap, normals[nearest])
    weight = 1 / (np.linalg.norm(gap, axis=2) + 0.5)
    back = np.zeros_like(moved)
    back[active] = ((height * weight)[..., None] * normals[nearest]).sum(1) / weight.sum(1)[:, None]
    free = smoothstep(stage.distance(stage.groups["lid_margin_R"]), 5, 12)
    return motion - stage.skin(stage.smoothed(back, 3) * free[:, None])


def _weights(stage: Stage) -> tuple[Array, Array, Array]:
    """(N,) fields of the right brow's inner, middle and outer third: together 1 along it, fading up the forehead."""
    start, end = stage.vertices[55], stage.vertices[46]
    along = (stage.vertices[:, 0] - start[0]) / (end[0] - start[0])
    inner = 1 - smoothstep(along, 0.05, 0.55)
    outer = smoothstep(along, 0.45, 1.0)
    line = np.interp(np.clip(along, 0, 1), [0, 0.4, 0.8, 1], stage.vertices[[55, 65, 53, 46], 1] + 3.5)
    rise = stage.vertices[:, 1] - line
    upward = np.exp(-((np.maximum(rise - 4, 0) / 21) ** 2))
    downward = np.exp(-((np.maximum(-rise - 3, 0) / 6.5) ** 2))
    aside = np.exp(-((np.maximum(along - 1, 0) / 0.38) ** 2)) * np.exp(-((np.minimum(along + 0.05, 0) / 0.22) ** 2))
    front = smoothstep(stage.vertices[:, 2], -52, -30)
    still = smoothstep(stage.distance(stage.groups["lid_margin_R"]), 2.0, 11.0)
    body = upward * downward * aside * front * still * stage.outside
    return body * inner, body * (1 - inner) * (1 - outer), body * outer
