"""The 52 ARKit expressions of the built-in head, from the anatomy of the muscles behind each."""

from __future__ import annotations

import numpy as np

from .cage import Array, Head
from .expr_brows import brow_shapes
from .expr_cheeks import cheek_puff, cheek_shapes, tongue_out
from .expr_eyes import eye_shapes
from .expr_jaw import jaw_shapes
from .expr_lips import Mouth
from .expr_mouth import middle_shapes, side_shapes
from .expr_tools import Stage

CREASE = {"eyeBlink": -0.75, "eyeLookDown": -0.35, "eyeSquint": -0.1, "eyeWide": 0.3}
"""Share of the upper lid's fold that a shape adds: a lid that comes down unfolds it."""

SEALED = (
    "cheekPuff",
    "mouthClose",
    "mouthFrown",
    "mouthPress",
    "mouthPucker",
    "mouthRollLower",
    "mouthRollUpper",
    "mouthShrugLower",
    "mouthShrugUpper",
)
"""Shapes that push one lip against the other and must not push it through."""


def build_expressions(head: Head) -> dict[str, Array]:
    """All 52 shapes by Apple's names.

    Left and Right are the subject's; a Left shape is exactly the mirror image of its Right one, the others are
    exactly symmetric (``jawLeft`` and ``jawRight``, ``mouthLeft`` and ``mouthRight`` are pairs too).

    Returns:
        name -> (V, 3) mm, the offset of the final mesh at weight 1.
    """
    stage = Stage(head)
    mouth = Mouth(stage)
    opening = jaw_shapes(stage)
    right = eye_shapes(stage) | cheek_shapes(stage, mouth) | side_shapes(stage, mouth)
    brows = brow_shapes(stage)
    right |= {name: brows[name] for name in ("browDown", "browOuterUp")}
    whole = opening | middle_shapes(stage, mouth)
    whole |= {
        "browInnerUp": brows["browInnerUp"],
        "cheekPuff": cheek_puff(stage, mouth),
        "tongueOut": tongue_out(stage, mouth),
    }
    for group, name in ((group, name) for group in (whole, right) for name in SEALED if name in group):
        group[name] = group[name] + mouth.uncrossed(group[name][: stage.count], 0.05)
    shapes = {name: head.subdivision @ motion for name, motion in whole.items()}
    for name, motion in right.items():
        final = head.subdivision @ motion + CREASE.get(name, 0.0) * lid_relief(head)
        shapes[f"{name}Right"] = final
        shapes[f"{name}Left"] = _mirrored(final, head)
    return _exact({name: shapes[name] for name in sorted(shapes)}, head)


def lid_relief(head: Head) -> Array:
    """(V, 3) mm, the part of the skin's relief that belongs to the right lids."""
    near = np.linalg.norm(head.vertices - head.cage.eye_centres["R"], axis=1) < 26
    return head.detail * near[:, None]


def _mirrored(offsets: Array, head: Head) -> Array:
    return offsets[head.mirror] * [-1, 1, 1]


def _exact(shapes: dict[str, Array], head: Head) -> dict[str, Array]:
    """Rounding taken out of the symmetry."""
    for name, offsets in shapes.items():
        if name in ("jawLeft", "mouthLeft"):
            shapes[name] = _mirrored(shapes[name.replace("Left", "Right")], head)
        elif not name.endswith(("Left", "Right")):
            shapes[name] = (offsets + _mirrored(offsets, head)) / 2
    return {name: np.where(np.abs(offsets) < 1e-4, 0.0, offsets) for name, offsets in shapes.items()}
