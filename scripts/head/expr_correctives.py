"""What has to be added where two expressions meet.

Lids that would overlap, gaze that would shrink the eyeball, lips that would cross, one muscle counted twice.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from engine.faces.arkit import opposite

from .bound import bind
from .cage import Array, Head
from .expr_cheeks import CHEEK_LIDS, gape, tongue_curve
from .expr_eyes import BLINK, FOLLOW, SQUINT, drawn_aside, eyeball_turned, gaze, lid_motion, rest_on_eye, sight
from .expr_lips import Lip, Mouth
from .expr_mouth import sealed
from .expr_tools import Stage
from .expressions import CREASE, lid_relief

Pair = tuple[str, str]
Offsets = dict[str, Array]

TWICE: dict[Pair, float] = {
    ("mouthSmile", "mouthDimple"): 0.5,
    ("mouthSmile", "mouthStretch"): 0.4,
    ("mouthSmile", "cheekSquint"): 0.4,
    ("noseSneer", "mouthUpperUp"): 0.5,
    ("eyeSquint", "cheekSquint"): 0.4,
    ("mouthFunnel", "mouthPucker"): 0.55,
}
"""Share of the second shape that the first one has made already."""
SURE = 0.02
"""Share of the opening by which a squinting blink closes further than the mean's lids need, for those of others."""
SMALLER = (("jawOpen", "mouthClose"),)
"""Pairs whose corrective undoes what the first shape did, as far as the second one asks: its weight is the smaller of
both, so that lips close an open jaw fully at any two weights of which the second is the larger."""
LIPS = (
    ("mouthShrugLower", "mouthPress"),
    ("mouthShrugLower", "mouthRollUpper"),
    ("mouthShrugLower", "mouthRollLower"),
    ("mouthShrugLower", "mouthPucker"),
    ("mouthShrugLower", "mouthFrown"),
    ("mouthRollLower", "mouthRollUpper"),
    ("mouthRollLower", "mouthPress"),
    ("mouthRollUpper", "mouthPress"),
    ("mouthPucker", "mouthPress"),
    ("mouthPucker", "mouthRollLower"),
    ("mouthPucker", "mouthRollUpper"),
)
"""Pairs that both close the lips and together would push one through the other."""


def build_correctives(head: Head, shapes: Offsets) -> dict[Pair, Array]:
    """Correctives of the finished expressions.

    Args:
        head: the head.
        shapes: (V, 3) mm of all 52 expressions by name.

    Returns:
        (first, second) -> (V, 3) mm to add times the product of both weights, or the smaller one for those in
        :data:`SMALLER`; mirror images come in pairs.
    """
    stage = Stage(head)
    mouth = Mouth(stage)
    motions = _lids(stage) | _jaw(stage, mouth, shapes["jawOpen"])
    found = {pair: head.subdivision @ motion for pair, motion in motions.items()}
    found["eyeBlink", "eyeLookDown"] -= CREASE["eyeLookDown"] * lid_relief(head)
    found = {_right(pair, shapes): offsets for pair, offsets in found.items()}
    for pair, share in TWICE.items():
        first, second = _right(pair, shapes)
        found[first, second] = found.get((first, second), 0.0) - share * shapes[second]
    for first, second in (_right(pair, shapes) for pair in LIPS):
        motion = shapes[first] + shapes[second] + found.get((first, second), 0.0)
        apart = head.subdivision @ mouth.uncrossed(motion[: stage.count])
        found[first, second] = found.get((first, second), 0.0) + apart
    return _mirrored(found, head, shapes)


def _lids(stage: Stage) -> dict[Pair, Array]:
    """Closed lids meet once, whatever else moves them, and ride over the turned cornea."""
    closed = lid_motion(stage, *BLINK)
    found = {}
    for name, shift in (("Down", -0.12), ("Up", 0.05)):
        looking = sight(name)
        wanted = eyeball_turned(stage, looking) + lid_motion(stage, BLINK[0] + shift, BLINK[1] + shift, looking)
        found["eyeBlink", f"eyeLook{name}"] = wanted - closed - gaze(stage, name)
    for second, (upper, lower) in (("eyeSquint", SQUINT), ("cheekSquint", CHEEK_LIDS)):
        wanted = lid_motion(stage, BLINK[0] + lower / 2 - SURE, BLINK[1] + lower / 2)
        found["eyeBlink", second] = wanted - closed - lid_motion(stage, upper, lower)
    for aside, name in product(("In", "Out"), ("Up", "Down")):
        looking = sight(aside, name)
        lids = lid_motion(stage, *FOLLOW[name], looking) + drawn_aside(stage, aside)
        wanted = eyeball_turned(stage, looking) + rest_on_eye(stage, lids, looking)
        found[f"eyeLook{aside}", f"eyeLook{name}"] = wanted - gaze(stage, aside) - gaze(stage, name)
    return found


def _jaw(stage: Stage, mouth: Mouth, jaw_open: Array) -> dict[Pair, Array]:
    """An open jaw has opened the lips already: a funnel stays round, a kiss narrow, the tongue's own gape is spent.

    Lips that close have to make up for it.
    """
    return {
        ("jawOpen", "mouthFunnel"): mouth.move(
            Lip(out=(0, 0.4, 1.0, 1.0), up=(-1.6, -1.4, -0.8, 0)),
            Lip(out=(0, 0.4, 1.0, 1.0), up=(5.6, 5.2, 3.8, 0.8)),
            7,
            30,
        ),
        ("jawOpen", "mouthPucker"): mouth.move(
            Lip(up=(-1.6, -1.5, -1.0, 0)), Lip(up=(7.0, 6.6, 4.6, 1.2), forward=(2.0, 1.9, 1.2, 0)), 7, 30
        ),
        ("jawOpen", "tongueOut"): -gape(stage, mouth),
        ("tongueOut", "tongueOut"): tongue_curve(stage, mouth),
        ("jawOpen", "mouthClose"): sealed(stage, mouth, jaw_open),
    }


def _right(pair: Pair, shapes: Offsets) -> Pair:
    first, second = (name if name in shapes else f"{name}Right" for name in pair)
    return first, second


def _mirrored(found: dict[Pair, Array], head: Head, shapes: Offsets) -> dict[Pair, Array]:
    """Both sides, with what rides on the lids bound to where they are together."""
    result = {}
    for (first, second), offsets in found.items():
        alone = shapes[first] + shapes[second]
        if "eye" in first:
            offsets = bind(head, (alone + offsets)[None])[0] - alone
        offsets = np.where(np.abs(offsets) < 1e-3, 0.0, offsets)
        image = opposite(first), opposite(second)
        mirrored = offsets[head.mirror] * [-1, 1, 1]
        whole = image == (first, second)
        result[first, second] = (offsets + mirrored) / 2 if whole else offsets
        if not whole:
            result[image] = mirrored
    return dict(sorted(result.items()))
