"""Cheeks, nose and tongue."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from .cage import Array, smoothstep
from .expr_eyes import lid_motion
from .expr_jaw import opened
from .expr_lips import Lip, Mouth
from .expr_tools import Stage

TONGUE_REACH = 42.0
"""mm that the tip travels; about 20 of them show beyond the lips."""
CHEEK_LIDS = (-0.08, 0.24)
"""Shares of the eye's opening by which ``cheekSquint`` lifts the upper and the lower lid."""
GAPE = 9.0
"""Degrees by which the jaw lets the tongue out."""
HALF_REACH = 8.0
"""mm that the tip has travelled half way out."""
MIDDLE_TEETH, TEETH_DEEP, CLEAR = 9.0, 9.0, 0.4
"""mm from the middle up to which teeth stand in the tongue's way, their depth behind the lower ones' faces, and mm kept
above and below them."""


def cheek_shapes(stage: Stage, mouth: Mouth) -> dict[str, Array]:
    """Motions of the right side by ARKit name without its side."""
    return {"cheekSquint": cheek_squint(stage), "noseSneer": sneer(stage, mouth)}


def cheek_squint(stage: Stage) -> Array:
    """Zygomaticus minor and the lower orbicularis: the cheek rises towards the lid."""
    cheek = stage.push(stage.blob(50, (20, 15, 21), (-3, 2, 0)), (0.9, 7.4, 3.4))
    bulge = stage.along_normal(stage.blob(118, (16, 8, 14)), 2.3)
    side = stage.push(stage.blob(203, (13, 14, 14), (4, -2, 0)), (0.7, 3.2, 0.3))
    corner = stage.push(stage.near([61], 2, 16), (0.9, 1.2, -1.2))
    brow = stage.push(stage.blob(53, (16, 8, 14)), (0, -1.3, 0))
    near = stage.distance(stage.groups["lid_margin_R"])
    free = smoothstep(near, 3, 14) * stage.outside
    motion = cheek + bulge + side + corner + brow
    motion[: stage.count] *= free[:, None]
    return motion + lid_motion(stage, *CHEEK_LIDS)


def sneer(stage: Stage, mouth: Mouth) -> Array:
    """Levator labii superioris alaeque nasi: wing of the nose and upper lip rise, the nose's side wrinkles."""
    wing = stage.push(stage.blob(64, (11, 11, 12), (1, 1, 0)), (1.6, 7.6, -1.0))
    side = stage.push(stage.blob(198, (8, 10, 10)), (0, 4.4, 0.4))
    wrinkle = stage.along_normal(stage.blob(188, (6, 5, 8), (0, -1, 0)), 2.6)
    wrinkle += stage.along_normal(stage.blob(193, (6, 3, 8), (0, -2, 0)), 1.2)
    wrinkle += stage.along_normal(stage.blob(188, (6, 2.6, 8), (-1, 6, 0)), -1.3)
    inner = stage.push(stage.blob(55, (13, 9, 13), (4, 1, 0)), (-1.8, -5.0, 0))
    cheek = stage.push(stage.blob(101, (14, 11, 15)), (0, 3.4, 1.6))
    lip = mouth.one_side(mouth.move(Lip(up=(4.4, 7.6, 7.0, 4.0)), Lip(up=(0.3, 0.7, 1.4, 3.2)), 6, 25), 8)
    near = stage.distance(stage.groups["lid_margin_R"])
    free = smoothstep(near, 1.5, 9)[:, None]
    motion = wing + side + wrinkle + inner + cheek + lip
    motion[: stage.count] *= free
    return motion


def cheek_puff(stage: Stage, mouth: Mouth) -> Array:
    """Air behind closed lips: both cheeks and, less, the lips and the skin above and below them round out."""
    cheek = stage.blob(207, (25, 23, 30), (7, -5, 0)) + 0.25 * stage.blob(214, (19, 18, 22), (4, 0, 0))
    above = stage.blob(165, (13, 7, 12), (2, -2, 0)) + 0.8 * stage.blob(204, (14, 8, 13), (2, 0, 0))
    lips = mouth.move(
        Lip(out=(0, -0.5, -1.6, -3.0), up=(0.0, 0.0, 0.35, 0.2), forward=(5.2, 5.9, 7.2, 8.2), roll=(-2, -2, -1, 0)),
        Lip(out=(0, -0.5, -1.6, -3.0), up=(0.0, 0.0, -0.35, -0.2), forward=(5.2, 5.9, 7.2, 8.2), roll=(-2, -2, -1, 0)),
        7,
        27,
    )
    corner = 1 - 0.5 * stage.near([61], 1, 9)
    swell = stage.along_normal(stage.smoothed(cheek * corner, 4), 13.5) + stage.along_normal(above, 3.2)
    return stage.both(swell) + lips


def tongue_out(stage: Stage, mouth: Mouth) -> Array:
    """The tongue stretches forward over the lower teeth and hangs a little; lips and jaw make way for it.

    This is the part that grows with the weight; :func:`tongue_curve` grows with its square.
    """
    motion = gape(stage, mouth)
    half, full = _tongue(stage, mouth)
    motion[stage.parts["tongue"]] = 4 * half - full
    return motion


def tongue_curve(stage: Stage, mouth: Mouth) -> Array:
    """What is added to :func:`tongue_out` times the square of its weight: first the tongue rises, then it reaches out.

    On a straight way it would pass through the lower teeth and lip.
    """
    motion = stage.still()
    half, full = _tongue(stage, mouth)
    motion[stage.parts["tongue"]] = 2 * full - 4 * half
    return motion


def _tongue(stage: Stage, mouth: Mouth) -> tuple[Array, Array]:
    """(K, 3) mm that the tongue's K vertices have moved when it is half and all the way out.

    Half way it lies between the front teeth, in the middle of their gap and no thicker than half of this: its quads are
    long, and the lips want room too.
    """
    rows = stage.parts["tongue"]
    points = stage.head.controls[rows]
    along = (points[:, 2] - points[:, 2].min()) / np.ptp(points[:, 2])
    reach, drop = along**1.6, smoothstep(along, 0.55, 1.0)
    opening = gape(stage, mouth)
    full = opening[rows].copy()
    full[:, 2] += TONGUE_REACH * reach
    full[:, 1] += 5.5 * smoothstep(along, 0.2, 0.7) - 9.5 * drop**2
    full[:, 1] -= 0.25 * (points[:, 1] - np.median(points[:, 1])) * reach
    full[:, 0] += -0.1 * points[:, 0] * reach

    half = opening[rows] / 2
    half[:, 2] += HALF_REACH * reach
    middle = np.abs(points[:, 0]) < 1
    order = np.flatnonzero(middle)[np.argsort(along[middle], kind="stable")]
    # The middle line's vertices come in pairs, one above and one below.
    level = np.interp(along, along[order], ndimage.gaussian_filter1d(points[order, 1], 2))
    thick = 2 * np.interp(along, along[order], ndimage.gaussian_filter1d(np.abs(points[order, 1] - level[order]), 2))
    now = stage.head.controls + opening / 2
    upper, lower = (now[stage.parts[f"teeth_{jaw}"]] for jaw in ("upper", "lower"))
    ceiling = upper[np.abs(upper[:, 0]) < MIDDLE_TEETH, 1].min() - CLEAR
    floor = lower[np.abs(lower[:, 0]) < MIDDLE_TEETH, 1].max() + CLEAR
    flatter = np.minimum(1, (ceiling - floor) / np.maximum(2 * thick, 1e-6))
    wanted = (ceiling + floor) / 2 + flatter * (points[:, 1] - level)
    depth = points[:, 2] + half[:, 2] - lower[:, 2].max()
    between = smoothstep(depth, -TEETH_DEEP - 10, -TEETH_DEEP)
    half[:, 1] += between * (wanted - points[:, 1] - half[:, 1])
    return half, full


def gape(stage: Stage, mouth: Mouth) -> Array:
    """The jaw's and the lips' part of ``tongueOut``."""
    lips = mouth.move(
        Lip(up=(1.2, 1.1, 0.6, 0)),
        Lip(out=(0, 0.3, 0.5, 0), up=(-3.4, -3.1, -1.9, 0), forward=(1.5, 1.3, 0.7, 0)),
        6,
        22,
    )
    return opened(stage, GAPE) + lips
