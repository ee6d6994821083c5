"""Cheeks, nose and tongue."""

from __future__ import annotations

import numpy as np

from .cage import Array
from .expr_eyes import lid_motion
from .expr_lips import Lip, Mouth
from .expr_tools import Stage
from .points import smoothstep

TONGUE_REACH = 36.0
"""mm that the tip travels; about 20 of them show beyond the lips."""


def cheek_shapes(stage: Stage, mouth: Mouth) -> dict[str, Array]:
    """Motions of the right side by ARKit name without its side."""
    return {"cheekSquint": cheek_squint(stage), "noseSneer": sneer(stage, mouth)}


def cheek_squint(stage: Stage) -> Array:
    """Zygomaticus minor and the lower orbicularis: the cheek rises towards the lid."""
    cheek = stage.push(stage.blob(50, (19, 14, 20), (-3, 2, 0)), (0.8, 5.4, 2.4))
    bulge = stage.along_normal(stage.blob(118, (15, 8, 14)), 1.5)
    side = stage.push(stage.blob(203, (10, 10, 12)), (0.2, 1.2, 0.2))
    near = stage.distance(stage.groups["lid_margin_R"])
    free = smoothstep(near, 3, 14) * stage.outside
    motion = cheek + bulge + side
    motion[: stage.count] *= free[:, None]
    return motion + lid_motion(stage, -0.03, 0.17)


def sneer(stage: Stage, mouth: Mouth) -> Array:
    """Levator labii superioris alaeque nasi: wing of the nose and upper lip rise, the nose's side wrinkles."""
    wing = stage.push(stage.blob(64, (9, 9, 11), (1, 1, 0)), (1.3, 5.0, -0.8))
    side = stage.push(stage.blob(198, (8, 10, 10)), (0, 3.4, 0.3))
    wrinkle = stage.along_normal(stage.blob(188, (6, 6, 8), (0, 0, 0)), 1.7)
    inner = stage.push(stage.blob(55, (8, 8, 12), (0, 0, 0)), (-1.0, -3.0, 0))
    cheek = stage.push(stage.blob(101, (13, 10, 14)), (0, 2.0, 0.8))
    lip = mouth.one_side(mouth.move(Lip(up=(1.6, 3.4, 2.8, 1.2)), Lip(up=(0.4, 0.8, 0.8, 1.2)), 6, 22), 8)
    near = stage.distance(stage.groups["lid_margin_R"])
    free = smoothstep(near, 1.5, 9)[:, None]
    motion = wing + side + wrinkle + inner + cheek + lip
    motion[: stage.count] *= free
    return motion


def cheek_puff(stage: Stage, mouth: Mouth) -> Array:
    """Air behind closed lips: both cheeks and, less, the lips round out."""
    cheek = stage.blob(207, (21, 20, 26), (9, -1, 0)) + 0.35 * stage.blob(214, (18, 16, 22), (4, 0, 0))
    lips = mouth.move(
        Lip(out=(0, -0.3, -1.0, -2.0), up=(-0.5, -0.5, -0.3, 0), forward=(2.8, 3.0, 3.0, 2.0), roll=(-10, -10, -6, 0)),
        Lip(out=(0, -0.3, -1.0, -2.0), up=(0.5, 0.5, 0.3, 0), forward=(2.6, 2.9, 3.0, 2.0), roll=(-10, -10, -6, 0)),
        6,
        24,
    )
    corner = 1 - 0.6 * stage.near([61], 1, 9)
    return stage.both(stage.along_normal(cheek * corner, 10.0)) + lips


def tongue_out(stage: Stage) -> Array:
    """The tongue stretches forward over the lower teeth and hangs a little; use it with an open jaw."""
    rows = stage.parts["tongue"]
    points = stage.head.controls[rows]
    along = (points[:, 2] - points[:, 2].min()) / np.ptp(points[:, 2])
    middle = np.median(points[:, 1])
    motion = stage.still()
    reach = along**1.6
    drop = smoothstep(along, 0.55, 1.0)
    motion[rows, 2] = TONGUE_REACH * reach
    motion[rows, 1] = 3.5 * smoothstep(along, 0.2, 0.7) - 8.5 * drop**2 - 0.25 * (points[:, 1] - middle) * reach
    motion[rows, 0] = -0.1 * points[:, 0] * reach
    return motion
