"""The mouth's shapes, muscle by muscle; those of one side are the right side's."""

from __future__ import annotations

import numpy as np

from .cage import Array
from .expr_lips import Lip, Mouth
from .expr_tools import Stage


def middle_shapes(stage: Stage, mouth: Mouth, jaw_open: Array) -> dict[str, Array]:
    """Motions of the whole mouth by ARKit name."""
    right = shifted(stage, mouth)
    return {
        "mouthClose": closed(stage, mouth, jaw_open),
        "mouthFunnel": funnel(stage, mouth),
        "mouthPucker": pucker(stage, mouth),
        "mouthRight": right,
        "mouthLeft": stage.mirrored(right),
        "mouthRollLower": roll_lower(stage, mouth),
        "mouthRollUpper": roll_upper(mouth),
        "mouthShrugLower": shrug_lower(stage, mouth),
        "mouthShrugUpper": shrug_upper(stage, mouth),
    }


def side_shapes(stage: Stage, mouth: Mouth) -> dict[str, Array]:
    """Motions of the right side by ARKit name without its side."""
    return {
        "mouthSmile": smile(stage, mouth),
        "mouthFrown": frown(stage, mouth),
        "mouthDimple": dimple(stage, mouth),
        "mouthStretch": stretch(stage, mouth),
        "mouthPress": press(stage, mouth),
        "mouthLowerDown": lower_down(stage, mouth),
        "mouthUpperUp": upper_up(stage, mouth),
    }


def closed(stage: Stage, mouth: Mouth, jaw_open: Array) -> Array:
    """Lips together while the jaw is open: added to ``jawOpen`` at the same weight, the two lines of contact meet.

    The gap that the jaw makes at each place along the lips is shared, seven tenths of it by the lower lip, which
    muscles reach farther.
    """
    loop = stage.groups["mouth_0"]
    half = len(loop) // 2
    top, bottom = loop[: half + 1], np.r_[loop[0], loop[half:][::-1]]
    gap = jaw_open[bottom] - jaw_open[top] + 0.7 * (stage.vertices[bottom] - stage.vertices[top])
    x = stage.vertices[top, 0]
    place = np.clip(stage.vertices[: stage.count, 0], x.min(), x.max())
    here = np.column_stack([np.interp(place, x, gap[:, k]) for k in range(3)])
    share = mouth.upper[:, None] * 0.28 - (1 - mouth.upper[:, None]) * 0.72
    near = np.where(mouth.upper > 0.5, mouth.spread(5, 24), mouth.spread(7, 30))
    near = np.where(stage.outside > 0, stage.smoothed(near, 3), mouth.depth)
    return stage.skin(near[:, None] * share * here)


def funnel(stage: Stage, mouth: Mouth) -> Array:
    """Orbicularis oris' outer ring: lips forward, turned out and apart, corners in."""
    upper = Lip(out=(0, -1.0, -2.8, -4.8), up=(4.2, 3.9, 2.4, 0), forward=(6.6, 6.8, 6.8, 5.6), roll=(20, 19, 12, 0))
    lower = Lip(out=(0, -1.0, -2.8, -4.8), up=(-7.4, -6.7, -3.8, 0), forward=(6.2, 6.4, 6.6, 5.6), roll=(24, 22, 13, 0))
    cheeks = stage.both(stage.push(stage.blob(207, (15, 18, 18)), (-1.5, 0, 0.3)))
    return mouth.move(upper, lower, 7, 30, 16) + cheeks


def pucker(stage: Stage, mouth: Mouth) -> Array:
    """Orbicularis oris drawn tight: a kiss."""
    upper = Lip(
        out=(0, -2.6, -6.0, -9.6), up=(-1.5, -1.4, -0.7, 0.3), forward=(8.0, 8.4, 8.6, 8.0), roll=(20, 18, 11, 0)
    )
    lower = Lip(out=(0, -2.6, -6.0, -9.6), up=(2.1, 1.9, 1.1, 0.3), forward=(7.8, 8.2, 8.6, 8.0), roll=(20, 18, 11, 0))
    cheeks = stage.both(stage.push(stage.blob(207, (16, 18, 18)), (-2.6, 0, 0.4)))
    return mouth.move(upper, lower, 6, 33, 16) + cheeks


def shifted(stage: Stage, mouth: Mouth) -> Array:
    """The whole mouth drawn to the right: the skin before it bunches, behind it stretches."""
    near = mouth.spread(8, 40)
    right = mouth.half(20)
    lift = 1.2 * right * near
    back = -3.6 * right * near * mouth.across + 0.8 * (1 - right) * near * mouth.across
    motion = np.column_stack([-12.0 * near, lift, back])
    bunch = stage.along_normal(stage.blob(207, (9, 15, 15), (3, 0, 0)), 2.4)
    return stage.skin(motion) + bunch + stage.push(stage.blob(2, (13, 9, 12)), (1.6, 0, 0))


def roll_lower(stage: Stage, mouth: Mouth) -> Array:
    """The lower lip turned in over the teeth."""
    lower = Lip(up=(2.6, 2.4, 1.4, 0), forward=(-6.4, -5.8, -3.2, 0), roll=(-52, -50, -32, 0))
    chin = stage.along_normal(stage.blob(18, (16, 6, 12)), 0.8)
    return mouth.move(Lip(up=(-0.5, -0.4, -0.2, 0)), lower, 6, 20, 19) + chin


def roll_upper(mouth: Mouth) -> Array:
    """The upper lip turned in over the teeth."""
    upper = Lip(up=(-2.0, -1.8, -1.0, 0), forward=(-5.6, -5.0, -2.8, 0), roll=(-50, -46, -30, 0))
    return mouth.move(upper, Lip(up=(0.4, 0.3, 0.2, 0)), 6, 19, 18)


def shrug_lower(stage: Stage, mouth: Mouth) -> Array:
    """Mentalis: the chin's skin rises and pushes the lower lip up and out."""
    lower = Lip(up=(5.6, 5.0, 2.6, -0.4), forward=(4.0, 3.7, 2.2, 0.3), roll=(14, 13, 8, 0))
    upper = Lip(up=(4.3, 3.9, 2.0, -0.4), forward=(1.4, 1.2, 0.7, 0))
    chin = stage.push(stage.blob(200, (18, 13, 16)), (0, 5.2, 2.2))
    return mouth.move(upper, lower, 7, 26, 15) + chin


def shrug_upper(stage: Stage, mouth: Mouth) -> Array:
    """The upper lip pushed up and out under the nose."""
    upper = Lip(up=(4.0, 3.6, 2.0, 0.3), forward=(2.2, 2.0, 1.2, 0), roll=(14, 13, 7, 0))
    wing = stage.both(stage.push(stage.blob(64, (8, 7, 9)), (0.3, 0.8, 0)))
    return mouth.move(upper, Lip(up=(2.5, 2.3, 1.3, 0.3), forward=(1.6, 1.5, 0.9, 0)), 5, 20, 14) + wing


def smile(stage: Stage, mouth: Mouth) -> Array:
    """Zygomaticus major: the corner is drawn out, up and back round the teeth; cheek and lower lid rise."""
    curve = Lip(out=(0, 1.6, 4.6, 7.8), up=(0.5, 1.4, 4.0, 7.6), forward=(-1.6, -2.2, -3.8, -6.2))
    lower = Lip(out=(0, 1.6, 4.6, 7.8), up=(0.7, 1.6, 4.1, 7.6), forward=(-1.4, -2.0, -3.6, -6.2))
    lips = mouth.one_side(mouth.move(curve, lower, 5, 31), 9)
    cheek = stage.push(stage.blob(50, (19, 15, 20), (-4, -4, 0)), (1.2, 3.4, 2.4))
    apple = stage.along_normal(stage.blob(205, (12, 10, 14), (2, 3, 0)), 1.8)
    fold = stage.along_normal(_nasolabial(stage, 3.0), -2.2)
    lid = stage.push(stage.blob(230, (16, 5, 10), (0, -4, 0)), (0, 0.9, 0.6))
    wing = stage.push(stage.blob(64, (8, 8, 9)), (0.9, 0.4, -0.3))
    return lips + cheek + apple + fold + lid + wing


def frown(stage: Stage, mouth: Mouth) -> Array:
    """Depressor anguli oris: the corner sinks; a hollow forms below it."""
    upper = Lip(out=(0, 0.1, 0.6, 1.6), up=(0, -0.5, -2.6, -6.2), forward=(0.2, 0.2, -0.4, -1.6))
    lower = Lip(out=(0, 0.1, 0.6, 1.6), up=(0.8, 0.2, -2.2, -6.2), forward=(0.6, 0.5, -0.2, -1.6))
    fold = stage.along_normal(stage.blob(57, (6, 7, 9), (3, -4, 0)), 1.0)
    chin = stage.push(stage.blob(200, (15, 11, 14)), (0, 0.7, 0.5))
    return mouth.one_side(mouth.move(upper, lower, 5, 27), 9) + fold + 0.5 * chin


def dimple(stage: Stage, mouth: Mouth) -> Array:
    """Buccinator: the corner is pulled straight back and out, a pit forms beside it."""
    curve = Lip(out=(0, 0.9, 3.0, 5.6), up=(0, 0.1, 0.7, 2.0), forward=(-0.6, -1.0, -2.6, -6.0))
    pit = stage.along_normal(stage.blob(57, (5.5, 6.5, 8), (7, 1.5, 0)), -2.6)
    rim = stage.along_normal(stage.blob(57, (6, 10, 12), (15, 2, 0)), 1.2)
    return mouth.one_side(mouth.move(curve, curve, 4, 23), 9) + pit + rim


def stretch(stage: Stage, mouth: Mouth) -> Array:
    """Risorius and platysma: the corner is drawn far out and a little down, the lips thin."""
    upper = Lip(out=(0, 2.2, 5.4, 8.6), up=(0.2, -0.2, -1.2, -2.8), forward=(-1.2, -1.6, -3.0, -5.0))
    lower = Lip(out=(0, 2.2, 5.4, 8.6), up=(-0.2, -0.5, -1.4, -2.8), forward=(-1.2, -1.6, -3.0, -5.0))
    jowl = stage.push(stage.blob(212, (16, 20, 18), (4, -4, 0)), (1.8, -1.2, 0))
    return mouth.one_side(mouth.move(upper, lower, 5, 33), 9) + jowl


def press(stage: Stage, mouth: Mouth) -> Array:
    """The lips pressed together: their red narrows and the skin beside the corner bulges."""
    upper = Lip(
        out=(0, 0.5, 1.4, 2.4), up=(-0.9, -0.9, -0.5, 0.8), forward=(-1.0, -1.1, -1.4, -1.8), roll=(-22, -22, -16, 0)
    )
    lower = Lip(
        out=(0, 0.5, 1.4, 2.4), up=(1.0, 1.0, 0.8, 0.8), forward=(-1.0, -1.1, -1.4, -1.8), roll=(-24, -24, -16, 0)
    )
    bulge = stage.along_normal(stage.blob(57, (7, 9, 10), (5, 0, 0)), 1.4)
    chin = stage.along_normal(stage.blob(18, (15, 6, 12)), 0.9)
    return mouth.one_side(mouth.move(upper, lower, 4, 19, 13), 8) + bulge + 0.5 * chin


def lower_down(stage: Stage, mouth: Mouth) -> Array:
    """Depressor labii inferioris: one side of the lower lip is drawn down and shows the teeth."""
    lower = Lip(out=(0, 0.6, 0.8, 0.2), up=(-6.0, -7.0, -4.4, -0.9), forward=(-0.8, -0.9, -0.5, 0), roll=(8, 9, 5, 0))
    return mouth.one_side(mouth.move(Lip(), lower, 7, 27, 14), 8)


def upper_up(stage: Stage, mouth: Mouth) -> Array:
    """Levator labii superioris: one side of the upper lip rises; the fold beside the nose deepens."""
    upper = Lip(out=(0, 0.2, 0.5, 0.3), up=(5.4, 6.6, 4.8, 2.0), forward=(-0.2, -0.2, -0.3, -0.3), roll=(6, 7, 4, 0))
    wing = stage.push(stage.blob(64, (9, 9, 10)), (1.0, 3.0, -0.3))
    cheek = stage.push(stage.blob(205, (14, 13, 16), (-6, 4, 0)), (0.3, 2.2, 0.9))
    fold = stage.along_normal(_nasolabial(stage, 2.6), -0.9)
    return mouth.one_side(mouth.move(upper, Lip(), 6, 22, 14), 8) + wing + cheek + fold


def _nasolabial(stage: Stage, width: float) -> Array:
    """(N,) the fold from the wing of the nose round the corner of the mouth, on the right."""
    path = stage.vertices[[129, 203, 206, 216, 212]] + [-1.5, 0, 0]
    line = np.vstack([path[:-1] + t * np.diff(path, axis=0) for t in np.linspace(0, 1, 12, endpoint=False)])
    gap = np.linalg.norm(stage.vertices[:, None] - line[None], axis=2).min(1)
    ends = np.exp(-((np.maximum(stage.vertices[:, 1] - path[0, 1], 0) / 3) ** 2))
    return np.exp(-((gap / width) ** 2)) * stage.outside * ends
