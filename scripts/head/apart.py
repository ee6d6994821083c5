"""Surfaces that a shape would push through each other, stopped where they touch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from engine.faces.model import split_polygons

from .cage import Array, Head, Indices
from .expr_cheeks import tongue_curve
from .expr_correctives import SMALLER, Pair
from .expr_eyes import lid_weight
from .expr_lips import Mouth
from .expr_tools import Stage
from .intersections import crossings
from .wall import Wall

WEIGHTS = (1.0, 0.75, 0.5)
"""At which a shape is looked at; linear offsets that cross half way cross although they end apart."""
CURVED = (1.0, 0.87, 0.75, 0.5)
"""The same of a shape whose way is bent."""
GAP = 0.05
"""mm left between two surfaces that met."""
DONE = 0.05
"""mm of overlap that may stay."""
ROUNDS = 48
FARTHEST = 4.0
"""mm that a vertex may be pushed."""
LEVEL = 0.3
"""Rise of a triangle's normal from which it counts as lying, so that up and down are its two sides."""
LIPS_NEAR = 14.0
"""mm along the skin from where the lips meet to where they end."""
FRONT = 100.0
"""mm behind the tip of the nose up to which triangles are looked at."""
SOFT, FIRM = ("skin", "mouth"), ("teeth", "gums", "tongue")
"""Materials of what gives way, and of what does not."""
MARGIN = 4.0
"""mm round what a shape moves in which it can run into anything."""


def parted(head: Head, shapes: dict[str, Array]) -> dict[str, Array]:
    """Expressions (V, 3) mm by name whose skin, at weight 1 and half way, does not pass through itself, nor it or the
    mouth's lining through teeth, gums and tongue.

    What crosses already at rest is left alone. Left shapes stay mirror images of right ones, whole ones symmetric.
    """
    room, stage = _Room(head), Stage(head)
    result = {}
    for name, offsets in shapes.items():
        if name.endswith("Left"):
            continue
        twin = name.replace("Right", "Left")
        curve = head.subdivision @ tongue_curve(stage, Mouth(stage)) if name == "tongueOut" else None
        result[name] = room.freed(offsets, twin not in shapes or twin == name, curve)
        if twin != name:
            result[twin] = result[name][head.mirror] * [-1, 1, 1]
    return {name: result[name] for name in shapes}


def parted_pairs(head: Head, shapes: dict[str, Array], correctives: dict[Pair, Array]) -> dict[Pair, Array]:
    """Correctives (V, 3) mm with those of :data:`SMALLER` freed of crossings, whichever of the two weights is smaller.

    Args:
        head: the head.
        shapes: finished expressions (V, 3) mm by name.
        correctives: by the names of both.
    """
    room = _Room(head)
    result = dict(correctives)
    for first, second in SMALLER:
        # At weights a > b what shows is a first + b (second + corrective), at a < b a (first + corrective) + b second.
        for alone in (shapes[first], shapes[first] + shapes[second]):
            result[first, second] = room.freed(alone + result[first, second], True) - alone
    return result


class _Room:
    """What gives way and what does not, and which triangles cross at rest."""

    def __init__(self, head: Head) -> None:
        triangles, polygon, _ = split_polygons(head.polygons)
        material = np.array([material.name for material in head.materials])[head.polygon_material[polygon]]
        kept = np.isin(material, (*SOFT, *FIRM))
        self._triangles: Indices = triangles[kept]
        self._firm = np.isin(material[kept], FIRM)
        self._gives = np.arange(len(head.vertices)) < len(head.groups["skin"])
        self._rest, self._mirror = head.vertices, head.mirror
        side = _upper(head)
        self._upper = np.sign(side[self._triangles].min(1) + side[self._triangles].max(1))
        self._walls = [Wall(head, triangles, jaw) for jaw in ("upper", "lower")]
        before = np.all([wall.before(head.vertices) for wall in self._walls], axis=0)
        self._before = np.flatnonzero(self._gives & before & (self._rest[:, 2] > self._rest[1, 2] - FRONT))
        ends = np.vstack([head.polygons[:, [k, (k + 1) % 4]] for k in range(4)])
        count = len(head.vertices)
        near = sparse.csr_matrix((np.ones(len(ends)), ends.T), shape=(count, count))
        near = ((near + near.T) > 0).astype(float)
        self._mean = sparse.diags(1 / np.maximum(near.sum(1).A1, 1)) @ near
        self._known = self._pairs(head.vertices, np.ones(count, bool))[0]

    def freed(self, offsets: Array, symmetric: bool, curve: Array | None = None) -> Array:
        """``offsets`` (V, 3) with the parts that cross pushed apart, a little at a time and softly.

        ``curve`` (V, 3) is what is added to them times the square of the weight.
        """
        moved = self._rest[np.linalg.norm(offsets, axis=1) > 0.01]
        inside = (self._rest > moved.min(0) - MARGIN) & (self._rest < moved.max(0) + MARGIN)
        within = inside.all(1) & (self._rest[:, 2] > self._rest[1, 2] - FRONT)
        result, best, least = offsets.copy(), offsets, np.inf
        for _ in range(ROUNDS):
            push, worst = np.zeros_like(result), 0.0
            for weight in WEIGHTS if curve is None else CURVED:
                places = self._rest + weight * result
                if curve is not None:
                    places += weight**2 * curve
                pairs, depth = self._pairs(places, within)
                new = ~np.isin(_keys(pairs), _keys(self._known))
                worst = max(worst, float(depth[new].max(initial=0.0)))
                push += self._push(places, pairs[new]) / weight
                for wall in self._walls:
                    push[self._before] += wall.push(places, self._before) / weight
            if worst < least:
                best, least = result.copy(), worst
            if worst < DONE:
                break
            push = (0.5 * push + 0.6 * (self._mean @ push)) * self._gives[:, None]
            if symmetric:
                push = (push + push[self._mirror] * [-1, 1, 1]) / 2
            pushed = result + push - offsets
            length = np.linalg.norm(pushed, axis=1, keepdims=True)
            result = offsets + pushed * np.minimum(1, FARTHEST / np.maximum(length, 1e-9))
        return best

    def _pairs(self, vertices: Array, within: NDArray[np.bool_]) -> tuple[Indices, Array]:
        return crossings(vertices, self._triangles, within, self._firm)

    def _push(self, vertices: Array, pairs: Indices) -> Array:
        """(V, 3) mm that takes both triangles of each pair half the way out, the shorter way; means over the pairs.

        What meets a firm part goes the whole way, to that part's outer side; an upper lip or lid goes up from a lower.
        """
        total, times = np.zeros_like(vertices), np.zeros(len(vertices))
        for first, second in (pairs.T, pairs.T[::-1]) if len(pairs) else ():
            corner, other = vertices[self._triangles[first]], vertices[self._triangles[second]]
            normal = np.cross(other[:, 1] - other[:, 0], other[:, 2] - other[:, 0])
            normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
            height = np.einsum("pkc,pc->pk", corner - other[:, :1], normal)
            firm = self._firm[second]
            facing = (self._upper[first] * self._upper[second] < 0) & (np.abs(normal[:, 1]) > LEVEL)
            rises = normal[:, 1] * self._upper[first] > 0
            above = firm | np.where(facing, rises, -height.min(1) < height.max(1))
            short = np.where(above[:, None], np.maximum(GAP - height, 0), -np.maximum(height + GAP, 0))
            reach = np.abs(short).max(1)
            sane = reach < np.maximum(np.abs(height).max(1), 2 * GAP) + GAP
            share = np.where(firm, 1.0, 0.5) * sane
            away = share[:, None, None] * short[..., None] * normal[:, None]
            back = -0.5 * (np.where(above, reach, -reach) * sane)[:, None] * normal
            for k in range(3):
                np.add.at(total, self._triangles[first, k], away[:, k])
                np.add.at(total, self._triangles[second, k], back)
                np.add.at(times, self._triangles[first, k], (np.abs(short[:, k]) > 0) * 1.0)
                np.add.at(times, self._triangles[second, k], 1.0)
        return total / np.maximum(times, 1)[:, None]


def _upper(head: Head) -> Array:
    """(V,) 1 on upper lips and lids, -1 on lower ones, and 0 elsewhere and where both are one at the corners."""
    stage = Stage(head)
    mouth = Mouth(stage)
    lips = (2 * mouth.upper - 1) * (mouth.distance < LIPS_NEAR)
    right = lid_weight(stage, "upper") - lid_weight(stage, "lower")
    side = head.subdivision @ np.r_[lips + right + right[stage.mirror], np.zeros(len(head.controls) - stage.count)]
    return np.where(np.abs(side) > 0.2, np.sign(side), 0.0)


def _keys(pairs: Indices) -> Indices:
    return np.asarray(pairs[:, 0] * 1_000_000 + pairs[:, 1])
