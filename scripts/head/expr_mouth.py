"""The mouth's shapes, muscle by muscle; those of one side are the right side's."""

from __future__ import annotations

import numpy as np

from .cage import Array
from .expr_lips import Lip, Mouth
from .expr_tools import Stage


def middle_shapes(stage: Stage, mouth: Mouth) -> dict[str, Array]:
    """Motions of the whole mouth by ARKit name."""
    right = shifted(stage, mouth)
    return {
        "mouthClose": close(stage, mouth),
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


def close(stage: Stage, mouth: Mouth) -> Array:
    """Closed lips held a little more firmly together. Over an open jaw :func:`sealed` does the work."""
    upper = Lip(up=(-0.5, -0.5, -0.3, 0), forward=(-0.5, -0.5, -0.3, 0), roll=(-14, -13, -9, 0))
    lower = Lip(up=(1.0, 0.9, 0.6, 0), forward=(-0.2, -0.2, -0.1, 0), roll=(-12, -11, -8, 0))
    chin = stage.along_normal(stage.blob(18, (15, 6, 12)), 0.5) + stage.push(
        stage.blob(199, (20, 17, 20)), (0, 1.4, 0.6)
    )
    return mouth.move(upper, lower, 5, 20, 16) + chin


def sealed(stage: Stage, mouth: Mouth, jaw_open: Array) -> Array:
    """What ``mouthClose`` adds over an open jaw: on top of ``jawOpen`` (V, 3) the lips lie on each other again.

    They meet near where they rest without the jaw's motion, a little lower and farther back; the skin of chin and
    cheeks stretches.
    """
    loop = stage.groups["mouth_0"]
    half = len(loop) // 2
    top, bottom = loop[: half + 1], np.r_[loop[0], loop[half:][::-1]]
    x = stage.vertices[top, 0]
    place = np.clip(stage.vertices[: stage.count, 0], x.min(), x.max())
    lowered = np.array([0, -2.6, -1.2])

    def near(core: float, reach: float) -> Array:
        return np.where(stage.outside > 0, stage.smoothed(mouth.spread(core, reach), 3), mouth.depth)

    upper, lower = mouth.upper * near(12, 26), (1 - mouth.upper) * near(12, 44)
    motion = stage.skin((upper + lower)[:, None] * (lowered - jaw_open[: stage.count]))
    for _ in range(3):  # what the weights and the subdivision leave open along the line
        missing = lowered - jaw_open - stage.head.subdivision @ motion
        for weight, line in ((upper, top), (lower, bottom)):
            rest = np.column_stack([np.interp(place, x, missing[line, k]) for k in range(3)])
            motion += stage.skin(weight[:, None] * rest)
    return motion


def funnel(stage: Stage, mouth: Mouth) -> Array:
    """Orbicularis oris' outer ring: lips forward, turned out and apart, corners in."""
    upper = Lip(out=(0, -1.5, -4.4, -7.2), up=(4.8, 4.5, 3.2, 0), forward=(8.2, 8.4, 8.6, 7.4), roll=(24, 23, 15, 0))
    lower = Lip(
        out=(0, -1.5, -4.4, -7.2), up=(-8.4, -7.9, -5.4, -0.8), forward=(7.4, 7.8, 8.4, 7.4), roll=(27, 25, 16, 0)
    )
    chin = stage.push(stage.blob(200, (18, 14, 16)), (0, -2.0, 0))
    cheeks = stage.both(stage.push(stage.blob(207, (15, 18, 18)), (-1.5, 0, 0.3)))
    return mouth.move(upper, lower, 7, 30, 16) + cheeks + chin


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
    ahead = right * mouth.across
    motion = np.column_stack([(-13.5 + 3.5 * ahead) * near, lift + 1.6 * ahead * near, back])
    bunch = stage.along_normal(stage.blob(207, (9, 15, 15), (3, 0, 0)), 2.8)
    return stage.skin(motion) + bunch + stage.push(stage.blob(2, (13, 9, 12)), (1.6, 0, 0))


def roll_lower(stage: Stage, mouth: Mouth) -> Array:
    """The lower lip turned in over the teeth."""
    lower = Lip(up=(1.6, 1.5, 1.0, 0), forward=(-5.8, -5.3, -3.1, 0), roll=(-48, -46, -31, 0))
    chin = stage.along_normal(stage.blob(18, (18, 7, 12)), 1.2) + stage.push(
        stage.blob(200, (18, 11, 14)), (0, 0.8, 0.2)
    )
    return mouth.move(Lip(up=(-0.5, -0.4, -0.2, 0)), lower, 8, 24, 23) + chin


def roll_upper(mouth: Mouth) -> Array:
    """The upper lip turned in over the teeth."""
    upper = Lip(up=(-1.2, -1.1, -0.7, 0), forward=(-5.6, -5.1, -3.0, 0), roll=(-47, -45, -30, 0))
    return mouth.move(upper, Lip(up=(0.4, 0.3, 0.2, 0)), 7, 21, 20)


def shrug_lower(stage: Stage, mouth: Mouth) -> Array:
    """Mentalis: the chin's skin rises and pushes the lower lip up and out."""
    lower = Lip(up=(6.2, 5.7, 3.4, 0.5), forward=(5.2, 4.8, 2.9, 0.9), roll=(20, 18, 11, 0))
    upper = Lip(up=(3.9, 3.6, 2.1, 0.5), forward=(1.4, 1.3, 0.9, 0.6))
    chin = stage.push(stage.blob(199, (21, 16, 20), (0, 1, 0)), (0, 7.0, 4.2))
    return mouth.move(upper, lower, 7, 26, 15) + chin


def shrug_upper(stage: Stage, mouth: Mouth) -> Array:
    """The upper lip pushed up and out under the nose."""
    upper = Lip(up=(4.8, 4.3, 2.4, 0.3), forward=(3.0, 2.8, 1.7, 0), roll=(18, 17, 9, 0))
    wing = stage.both(stage.push(stage.blob(64, (8, 7, 9)), (0.3, 1.2, 0)))
    lower = Lip(up=(4.4, 3.9, 2.2, 0.3), forward=(2.0, 1.9, 1.1, 0))
    return mouth.move(upper, lower, 5, 20, 14) + wing


def smile(stage: Stage, mouth: Mouth) -> Array:
    """Zygomaticus major: the corner is drawn out, up and back round the teeth; cheek and lower lid rise."""
    curve = Lip(out=(0, 1.6, 4.6, 7.8), up=(0.8, 1.8, 4.6, 8.4), forward=(-1.6, -2.2, -4.0, -6.8))
    lower = Lip(out=(0, 1.6, 4.6, 7.8), up=(0.9, 1.9, 4.6, 8.4), forward=(-1.4, -2.0, -3.8, -6.8))
    lips = mouth.one_side(mouth.move(curve, lower, 5, 31), 9)
    cheek = stage.push(stage.blob(50, (19, 15, 20), (-4, -4, 0)), (1.2, 3.4, 2.4))
    apple = stage.along_normal(stage.blob(205, (12, 10, 14), (2, 3, 0)), 1.8)
    fold = stage.along_normal(_nasolabial(stage, 3.0), -2.2)
    lid = stage.push(stage.blob(230, (16, 5, 10), (0, -4, 0)), (0, 0.9, 0.6))
    wing = stage.push(stage.blob(64, (8, 8, 9)), (1.4, 0.9, -0.6))
    return lips + cheek + apple + fold + lid + wing


def frown(stage: Stage, mouth: Mouth) -> Array:
    """Depressor anguli oris: the corner sinks; a hollow forms below it."""
    upper = Lip(out=(0, 0.7, 2.2, 3.8), up=(1.0, 0.4, -2.4, -7.2), forward=(0.4, 0.3, -0.5, -2.2))
    lower = Lip(out=(0, 0.7, 2.2, 3.8), up=(1.6, 0.9, -2.1, -7.2), forward=(1.0, 0.8, -0.2, -2.2))
    fold = stage.along_normal(stage.blob(57, (6, 7, 9), (3, -4, 0)), 1.0)
    chin = stage.push(stage.blob(200, (17, 12, 15)), (0, 2.4, 1.4))
    return mouth.one_side(mouth.move(upper, lower, 5, 31), 9) + fold + 0.5 * chin


def dimple(stage: Stage, mouth: Mouth) -> Array:
    """Buccinator: the corner is pulled straight back and out, a pit forms beside it."""
    curve = Lip(out=(0, 0.8, 2.6, 4.8), up=(0, 0, 0.4, 1.2), forward=(-0.6, -1.0, -2.6, -6.0))
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
        out=(0, 0.1, 0.3, 0.6), up=(-0.7, -0.6, -0.3, 0.9), forward=(-0.9, -0.9, -0.8, -0.3), roll=(-26, -25, -17, 0)
    )
    lower = Lip(out=(0, 0.1, 0.3, 0.6), up=(1.9, 1.8, 1.4, 0.9), forward=(0.2, 0.2, 0.1, -0.3), roll=(-20, -19, -13, 0))
    bulge = stage.along_normal(stage.blob(57, (7, 9, 10), (5, 0, 0)), 1.4)
    chin = stage.along_normal(stage.blob(18, (15, 6, 12)), 1.0) + stage.push(
        stage.blob(199, (20, 17, 20)), (0, 4.2, 2.2)
    )
    return mouth.one_side(mouth.move(upper, lower, 5, 20, 16), 8) + bulge + 0.5 * chin


def lower_down(stage: Stage, mouth: Mouth) -> Array:
    """Depressor labii inferioris: one side of the lower lip is drawn down and shows the teeth."""
    lower = Lip(out=(0, 0.9, 1.4, 0.3), up=(-7.4, -8.0, -6.4, -1.6), forward=(-0.8, -1.0, -0.7, 0), roll=(10, 12, 8, 0))
    chin = stage.push(stage.blob(200, (17, 11, 14), (7, 0, 0)), (0.6, -1.4, -0.5))
    return mouth.one_side(mouth.move(Lip(up=(0, 0, -0.4, -1.0)), lower, 8, 29, 14), 10) + chin


def upper_up(stage: Stage, mouth: Mouth) -> Array:
    """Levator labii superioris: one side of the upper lip rises; the fold beside the nose deepens."""
    upper = Lip(out=(0, 0.2, 0.5, 0.3), up=(7.0, 8.0, 7.0, 3.2), forward=(-0.2, -0.2, -0.3, -0.3), roll=(6, 8, 5, 0))
    lower = Lip(up=(0, 0, 0.4, 1.4))
    wing = stage.push(stage.blob(64, (9, 9, 10)), (1.2, 4.2, -0.4))
    cheek = stage.push(stage.blob(205, (15, 14, 16), (-6, 4, 0)), (0.3, 3.4, 1.4))
    fold = stage.along_normal(_nasolabial(stage, 2.6), -1.5)
    return mouth.one_side(mouth.move(upper, lower, 6, 24, 14), 10) + wing + cheek + fold


def _nasolabial(stage: Stage, width: float) -> Array:
    """(N,) the fold from the wing of the nose round the corner of the mouth, on the right."""
    path = stage.vertices[[129, 203, 206, 216, 212]] + [-1.5, 0, 0]
    line = np.vstack([path[:-1] + t * np.diff(path, axis=0) for t in np.linspace(0, 1, 12, endpoint=False)])
    gap = np.linalg.norm(stage.vertices[:, None] - line[None], axis=2).min(1)
    ends = np.exp(-((np.maximum(stage.vertices[:, 1] - path[0, 1], 0) / 3) ** 2))
    return np.exp(-((gap / width) ** 2)) * stage.outside * ends
