"""The artist's basis: directions with names, each a line through the mean along which heads are as probable as can be.

For a reading of the head (a distance, how full the lips are) that is the direction of the coefficients in which the
reading grows fastest: one unit changes it by its standard deviation, and all else as it goes along on average.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .cage import Array, Head
from .measures import measures

BY_MEASURE = {
    "face_width": "face breadth (bizygomatic)",
    "face_length": "face length (menton-sellion)",
    "nose_length": "nose length (subnasale-sellion)",
    "nose_width": "nose breadth",
    "nose_protrusion": "nose protrusion",
    "jaw_width": "jaw breadth (bigonial)",
    "mouth_width": "mouth width (lip length)",
    "eye_distance": "interpupillary breadth",
    "forehead": "forehead breadth (minimum frontal)",
    "ear_size": "ear length",
}


@dataclass(frozen=True)
class Term:
    """Point ``point`` of MediaPipe's mesh and its mirror image, counted along (outwards, up, forward)."""

    point: int
    along: tuple[float, float, float]


BY_POINTS = {
    # what counts, then with the opposite sign what it is compared with
    "chin": (Term(152, (0, 0, 1)), Term(199, (0, 0, 1)), Term(17, (0, 0, -1)), Term(2, (0, 0, -1))),
    "brow_ridge": (Term(66, (0, 0, 1)), Term(9, (0, 0, 1)), Term(151, (0, 0, -1)), Term(6, (0, 0, -1))),
    "lip_fullness": (
        *(Term(0, (0, 1, 0.5)), Term(37, (0, 1, 0.5)), Term(13, (0, -2, 0)), Term(2, (0, 0, -1))),
        *(Term(17, (0, -1, 0.5)), Term(84, (0, -1, 0.5)), Term(14, (0, 2, 0)), Term(18, (0, 0, -1))),
    ),
    "eye_size": (*(Term(159, (0, 1, 0)), Term(145, (0, -1, 0))), *(Term(33, (1, 0, 0)), Term(133, (-1, 0, 0)))),
    "cheek_fullness": (
        *(Term(205, (0.7, 0, 0.7)), Term(50, (0.7, 0, 0.7)), Term(187, (0.7, 0, 0.7))),
        *(Term(2, (0, 0, -1)), Term(227, (-1, 0, 0)), Term(6, (0, 0, -1.1)), Term(234, (-1.1, 0, 0))),
    ),
}
"""Readings that no survey gives; their spread is the model's own."""
NAMES = (*BY_MEASURE, *BY_POINTS, "age_like", "sex_like")


def reading(name: str, head: Head) -> Array:
    """(N', 3) gradient by control vertex of what the direction ``name`` is about (not for age and sex)."""
    if name in BY_MEASURE:
        return next(m for m in measures(head) if m.name == BY_MEASURE[name]).gradient(head)
    total = np.zeros((len(head.controls), 3))
    for term in BY_POINTS[name]:
        for vertex in (term.point, int(head.mirror[term.point])):
            side = np.sign(round(float(head.vertices[vertex, 0]), 3))
            row = head.subdivision[vertex].toarray()[0]
            total += row[:, None] * np.array(term.along) * [side, 1, 1] / 2
    return total


def semantic_directions(modes: Array, head: Head, traits: dict[str, Array]) -> tuple[tuple[str, ...], Array]:
    """Names and (S, K) coefficients of one standard deviation along each.

    Args:
        modes: (K, N', 3) mm, one standard deviation each.
        head: the mean.
        traits: (K,) coefficients of "age" and of "sex", from the mean to the men's.
    """
    rows = []
    for name in (*BY_MEASURE, *BY_POINTS):
        slope = np.tensordot(modes, reading(name, head), ([1, 2], [0, 1]))
        rows.append(slope / np.linalg.norm(slope))
    return NAMES, np.array([*rows, traits["age"], traits["sex"]])
