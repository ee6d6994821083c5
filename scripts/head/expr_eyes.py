"""Lids and gaze: lids turn about the eyeball and never enter it."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from .cage import Array, smoothstep
from .expr_tools import Stage, turned
from .eyes import eye_surface

GAZE = {"In": (0.0, 30.0), "Out": (0.0, -30.0), "Up": (-25.0, 0.0), "Down": (30.0, 0.0)}
"""Degrees about x (down positive) and about y (towards the nose positive) of the eyeball at weight 1; comfortable
gaze reaches about 30 degrees before the head turns."""
BLINK, SQUINT = (-0.895, 0.10), (-0.15, 0.30)
"""Shares of the opening by which the upper and the lower lid's edge rise."""
FOLLOW = {"Up": (0.36, 0.11), "Down": (-0.59, -0.22)}
"""The same as the lids follow the gaze: the upper one nearly all the way, the lower a third of it."""
AHEAD = Rotation.identity()
CANTHUS_SPARED = 0.5
"""Share of a lid's way that is missing at the canthi, where both lids turn into each other."""
CLEARANCE = 0.95
"""mm by which the outer surface of a moved lid stays in front of the eyeball."""


def eye_shapes(stage: Stage) -> dict[str, Array]:
    """Motions of the right eye by ARKit name without its side."""
    shapes = {f"eyeLook{name}": gaze(stage, name) for name in GAZE}
    shapes["eyeBlink"] = blink(stage)
    shapes["eyeSquint"] = squint(stage)
    shapes["eyeWide"] = wide(stage)
    return shapes


def blink(stage: Stage) -> Array:
    """The upper lid comes down over the cornea to the lower one, which rises by an eighth of the opening."""
    motion = lid_motion(stage, *BLINK)
    brow = stage.blob(52, (18, 7, 14), (0, -3, 0))
    return motion + stage.push(brow, (0, -0.4, 0))


def squint(stage: Stage) -> Array:
    """Orbicularis: the lower lid rises and its skin bunches, the upper lid and the outer brow sink a little."""
    motion = lid_motion(stage, *SQUINT)
    bunch = stage.push(stage.blob(230, (15, 4.5, 10)), (0, 1.6, 1.1))
    bunch = bunch + stage.push(stage.blob(117, (17, 9, 14)), (0, 1.7, 0.9))
    outer = stage.push(stage.blob(226, (8, 9, 12)), (-0.9, 0.2, 0))
    outer = outer + stage.push(stage.blob(53, (18, 8, 14)), (0, -1.2, 0))
    return rest_on_eye(stage, motion + outer + bunch * _off_margin(stage))


def wide(stage: Stage) -> Array:
    """The upper lid's edge rises by about 3 mm and shows white above the iris; the fold above it deepens."""
    motion = lid_motion(stage, upper=0.43, lower=-0.12)
    return motion + stage.push(stage.blob(52, (22, 9, 14)), (0, 2.2, 0))


def gaze(stage: Stage, name: str) -> Array:
    """The eyeball turns; the lids follow it up and down, and a little sideways."""
    looking = sight(name)
    if name in FOLLOW:
        return eyeball_turned(stage, looking) + lid_motion(stage, *FOLLOW[name], looking)
    return eyeball_turned(stage, looking) + rest_on_eye(stage, drawn_aside(stage, name), looking)


def drawn_aside(stage: Stage, name: str) -> Array:
    """What a cornea that turns ``"In"`` or ``"Out"`` does to the lids over it: they are dragged along a little."""
    lids = stage.blob(159, (15, 9, 10), (0, -5, 0))
    return stage.push(lids, (-3.4 if name == "In" else 3.4, 0, 0))


def sight(*names: str) -> Rotation:
    """The right eyeball's turn for directions of gaze together, as one turn about an axis across the line of sight."""
    down, inward = np.radians(np.sum([GAZE[name] for name in names], axis=0))
    return Rotation.from_rotvec([down, inward, 0.0])


def eyeball_turned(stage: Stage, looking: Rotation) -> Array:
    """Motion (N', 3) of the right eyeball alone."""
    motion = stage.still()
    vertices = stage.parts["eye_R"]
    arm = stage.head.controls[vertices] - stage.head.cage.eye_centres["R"]
    motion[vertices] = looking.apply(arm) - arm
    return motion


def lid_motion(stage: Stage, upper: float, lower: float, looking: Rotation = AHEAD) -> Array:
    """Turn the lids about the axis through the eyeball's centre along the line of the canthi.

    Args:
        stage: the cage.
        upper: how far the upper lid's edge moves up, as a share of the opening (-1 closes it alone).
        lower: the same of the lower lid's edge.
        looking: where the eyeball has turned, so that the lids ride over its cornea.
    """
    opening = _opening(stage)
    ends = stage.vertices[stage.groups["lid_upper_R"][[0, -1]]]
    canthus = np.linalg.norm(stage.vertices[:, None] - ends, axis=2).min(1)
    motion = np.zeros((stage.count, 3))
    for name, share in (("upper", upper), ("lower", lower)):
        weight = lid_weight(stage, name)
        angle = -share * weight * opening * (1 - CANTHUS_SPARED * np.exp(-((canthus / 3.0) ** 2)))
        motion += turned(stage.vertices, stage.head.cage.eye_centres["R"], _axis(stage), angle)
    return rest_on_eye(stage, stage.skin(motion), looking)


def lid_weight(stage: Stage, which: str) -> Array:
    """(N,) 1 at the edge of the right upper or lower lid and behind it, 0 at the other lid and at the orbit's rim."""
    groups = stage.groups
    edge = groups[f"lid_{which}_R"][1:-1]
    place = {int(v): k for k, v in enumerate(groups["lid_margin_R"])}
    order = [place[int(v)] for v in edge]
    moving = np.concatenate([groups[f"lid_{ring}_R"][order] for ring in ("margin", "inner")])
    canthi = [place[int(v)] for v in groups[f"lid_{which}_R"][[0, -1]]]
    other = "lower" if which == "upper" else "upper"
    rest = [place[int(v)] for v in groups[f"lid_{other}_R"]]
    fixed = np.concatenate([groups[f"lid_{ring}_R"][rest] for ring in ("margin", "inner")])
    fixed = np.r_[fixed, groups["lid_pocket_R"], groups["lid_rear_R"], groups["lid_margin_R"][canthi]]
    reach = 11.0 if which == "upper" else 15.0
    far = np.flatnonzero(stage.distance(edge) > reach)
    wrong = np.flatnonzero((stage.distance(groups[f"lid_{other}_R"]) < stage.distance(edge)) & (stage.outside > 0))
    still = np.setdiff1d(np.union1d(np.union1d(fixed, far), wrong), moving)
    values = np.r_[np.ones(len(moving)), np.zeros(len(still))]
    weight = np.clip(stage.harmonic(np.r_[moving, still], values), 0, 1)
    return stage.smoothed(weight, 2, np.r_[moving, fixed])


def rest_on_eye(stage: Stage, motion: Array, looking: Rotation = AHEAD) -> Array:
    """Push the moved skin of the right lids out to where its subdivided surface clears the turned eyeball."""
    head = stage.head
    rows = np.flatnonzero(_lid_skin(stage))
    result = motion.copy()
    centre = head.cage.eye_centres["R"]
    matrix = head.subdivision[rows]
    lift = matrix[:, : stage.count].T.tocsr()
    share = np.maximum(np.asarray(lift.sum(1)), 1e-9)
    moves = np.linalg.norm(matrix @ motion, axis=1) > 0.02
    for _ in range(12):
        arm = matrix @ (head.controls + result) - centre
        radius = np.linalg.norm(arm, axis=1)
        direction = arm / radius[:, None]
        short = np.where(
            moves, np.maximum(eye_surface(looking.apply(direction, inverse=True)) + CLEARANCE - radius, 0), 0
        )
        if short.max() < 0.02:
            break
        result[: stage.count] += (lift @ (short[:, None] * direction)) / share * 1.5
    return result


def _lid_skin(stage: Stage) -> Array:
    """(V,) whether a final vertex is outer skin near the right eye."""
    head = stage.head
    around = np.zeros(len(head.controls))
    around[: stage.count] = (stage.distance(stage.groups["lid_margin_R"]) < 14) * stage.outside
    hidden = np.zeros(len(head.controls))
    hidden[: stage.count] = 1 - stage.outside
    return (head.subdivision @ around > 0.99) & (head.subdivision @ hidden < 0.01)


def _off_margin(stage: Stage) -> Array:
    """(N', 1) 0 at the lids' edges and behind them, 1 from 5 mm away."""
    mask = np.ones((len(stage.head.controls), 1))
    distance = stage.distance(stage.groups["lid_margin_R"])
    mask[: stage.count, 0] = smoothstep(distance, 0.5, 6.0) * stage.outside
    return mask


def _axis(stage: Stage) -> Array:
    """Unit vector along the right eye's canthi, outer to inner."""
    canthi = stage.vertices[stage.groups["lid_upper_R"][[0, -1]]]
    along = canthi[1] - canthi[0]
    return along / np.linalg.norm(along)


def _opening(stage: Stage) -> Array:
    """(N,) radians between the edges of the right upper and lower lid in each vertex' plane across the axis."""
    centre, axis = stage.head.cage.eye_centres["R"], _axis(stage)
    forward = np.cross(axis, [0, 1, 0])
    frame = np.stack([axis, np.cross(forward, axis), forward])
    frame /= np.linalg.norm(frame, axis=1, keepdims=True)
    along = (stage.vertices - centre) @ frame[0]
    heights = []
    for name in ("upper", "lower"):
        edge = (stage.vertices[stage.groups[f"lid_{name}_R"]] - centre) @ frame.T
        heights.append(np.interp(along, np.maximum.accumulate(edge[:, 0]), np.arctan2(edge[:, 1], edge[:, 2])))
    return np.maximum(heights[0] - heights[1], 0)
