"""The surveys' distances on the head: between which points, how long, and how they change with the control vertices."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .cage import Array, Head, Indices
from .ear import TILT
from .surveys import NAMES

PAIRS = {
    "face breadth (bizygomatic)": (234, 454),
    "face length (menton-sellion)": (152, 168),
    "nose breadth": (129, 358),
    "nose length (subnasale-sellion)": (2, 168),
    "nose protrusion": (2, 4),
    "mouth width (lip length)": (61, 291),
    "jaw breadth (bigonial)": (172, 397),
    "forehead breadth (minimum frontal)": (63, 293),
}
"""Points of MediaPipe's mesh."""
GLABELLA = 9
TRAGION = 12
"""Which vertex of ``ear_2_*`` is the tragion, the front of the ear at the tragus."""


@dataclass(frozen=True)
class Measure:
    """A distance between two points, each the mean of some vertices of the final mesh."""

    name: str
    ends: tuple[tuple[Indices, Indices], ...]
    """One pair of vertex sets, or one for each side, whose distances are averaged."""
    axis: Array | None = None
    """(3,) direction along which the distance is taken, where a calliper is held that way; else it is straight."""

    def length(self, vertices: NDArray[np.floating[Any]]) -> Array:
        """(...) of heads ``vertices`` (..., V, 3), in their unit."""
        lengths = []
        for first, second in self.ends:
            way = vertices[..., second, :].mean(-2) - vertices[..., first, :].mean(-2)
            lengths.append(np.linalg.norm(way, axis=-1) if self.axis is None else np.abs(way @ self.axis))
        return np.asarray(np.mean(lengths, axis=0))

    def on(self, place: Indices) -> Measure:
        """The same distance where vertex i of the mesh is at ``place[i]``."""
        return dataclasses.replace(self, ends=tuple((place[a], place[b]) for a, b in self.ends))

    def gradient(self, head: Head) -> Array:
        """(N', 3) change of the length per mm of each control vertex, at the mean head."""
        total = np.zeros((len(head.controls), 3))
        for first, second in self.ends:
            rows = head.subdivision[second].mean(0).A1 - head.subdivision[first].mean(0).A1
            way = rows @ head.controls
            direction = way / np.linalg.norm(way) if self.axis is None else self.axis * np.sign(way @ self.axis)
            total += rows[:, None] * direction / len(self.ends)
        return total


def measures(head: Head) -> tuple[Measure, ...]:
    """Every distance of ``surveys.SURVEY``, in its order."""
    found = {name: Measure(name, ((_one(a), _one(b)),)) for name, (a, b) in PAIRS.items()}
    eyes = (head.groups["eye_R"], head.groups["eye_L"])
    found["interpupillary breadth"] = Measure("interpupillary breadth", (eyes,))
    for measure in (*_skull(head), *_ears(head)):
        found[measure.name] = measure
    return tuple(found[name] for name in NAMES)


def _skull(head: Head) -> list[Measure]:
    """Breadth where the skull is widest above the ears, length from the glabella, height above the tragions."""
    skin = np.setdiff1d(head.groups["skin"], head.groups["ears"])
    points = head.vertices[skin]
    above = skin[points[:, 1] > head.vertices[GLABELLA, 1] - 35]
    widest = above[head.vertices[above, 0].argmax()]
    middle = skin[np.abs(points[:, 0]) < 0.1]
    middle = middle[head.vertices[middle, 1] > 0]
    rear = middle[head.vertices[middle, 2].argmin()]
    top = middle[head.vertices[middle, 1].argmax()]
    tragions = np.array([head.cage.groups[f"ear_2_{side}"][TRAGION] for side in "RL"])
    return [
        Measure("head breadth", ((_one(head.mirror[widest]), _one(widest)),)),
        Measure("head length", ((_one(rear), _one(GLABELLA)),)),
        Measure("head height (tragion-top of head)", ((tragions, _one(top)),), np.array([0.0, 1, 0])),
    ]


def _ears(head: Head) -> list[Measure]:
    """Length and breadth along and across the ear's long axis, and how far its rim stands off the skull behind it."""
    up = np.array([0, np.cos(TILT), -np.sin(TILT)])
    back = np.array([0, -np.sin(TILT), -np.cos(TILT)])
    ear = head.groups["ear_L"]
    points = head.vertices[ear]
    lateral = ear[points[:, 0].argmax()]
    skull = np.setdiff1d(head.groups["skin"], head.groups["ears"])
    level = skull[np.abs(head.vertices[skull, 1] - head.vertices[lateral, 1]) < 6]
    behind = level[(head.vertices[level] @ back > head.vertices[lateral] @ back) & (head.vertices[level, 0] > 0)]
    mastoid = behind[((head.vertices[behind] - head.vertices[lateral]) ** 2).sum(1).argmin()]
    found = []
    for name, axis, ends in (
        ("ear length", up, (ear[(points @ up).argmin()], ear[(points @ up).argmax()])),
        ("ear breadth", back, (ear[(points @ back).argmin()], ear[(points @ back).argmax()])),
        ("ear protrusion", np.array([1.0, 0, 0]), (mastoid, lateral)),
    ):
        right = tuple(_one(head.mirror[i]) for i in ends)
        found.append(Measure(name, ((right[0], right[1]), (_one(ends[0]), _one(ends[1]))), axis))
    return found


def _one(vertex: int) -> Indices:
    return np.array([vertex], np.int64)
