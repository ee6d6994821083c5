"""Brows and lips in the texture: whose brow is painted, how the mirrored one lies, which lip texels see teeth."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from ..contract import Floats
from ..faces.model import FaceModel
from .layout import Layout, once
from .pixels import look_up, window
from .seen import smoothstep

BROW_REACH = (0.007, 0.012)
"""Metres from the brow's landmarks within which all is brow, and beyond which nothing is."""
BROW_AROUND = 0.005
"""Metres round a brow whose skin replaces it."""
MOUTH_REACH = (0.005, 0.009)
"""Metres from the line between the lips within which a texel may see teeth in place of lip."""
SHOWN = (0.35, 0.65)
"""Share of one brow that the photo must show for no painted brow to be needed, none below and all above."""
SHIFT = 0.0045
"""Metres that a brow may lie higher, lower or farther out than its mirror image."""
TEETH_PALER, TEETH_BRIGHTER = (0.10, 0.25), (-0.10, 0.15)
"""Log ratio of red to green below the lips' own, and log brightness above it, from which a texel shows teeth."""
HAIR_REACH = 0.0027
"""Metres: two halves of a face match to within this, and hair's shade reaches as far."""
HAIR_DARKER = 0.25
"""Log brightness below the other side's darkest."""
RIM_BRIGHTER = 0.35
"""Log brightness above the other side's brightest: light from behind the head."""
OPEN = (0.03, 0.08)
"""Gaps between the lips, in widths of the mouth, below which it counts as closed and above which as open."""
EYE_RIM = (0.015, 0.065)
"""Widths of the eye round its opening in the photo between which it becomes skin."""
EYE_GRID = 160
"""Cells across an eye's width in which the distance from its opening is looked up."""
GAP_DARKER = (0.9, 1.3)
"""Log brightness below the lips' own from which a texel shows the mouth's inside."""


def feature_weights(model: FaceModel) -> Floats:
    """(V, 4) 0..1: right brow, left brow, the lips near their contact, and all that has a colour of its own (brows,
    lids, lips); made once for each model, on its mean head.
    """
    return once(model, "feature_weights", lambda: _feature_weights(model))


def _feature_weights(model: FaceModel) -> Floats:
    vertices = model.mean.cpu().numpy()
    points = model.landmarks["68"].points(model.mean).cpu().numpy()
    brows = [1 - smoothstep(*BROW_REACH, _distance(vertices, points[a:b])) for a, b in ((17, 22), (22, 27))]
    mouth = 1 - smoothstep(*MOUTH_REACH, _distance(vertices, np.vstack([points[60:65], points[64:68], points[60:61]])))
    outlines = (points[36:42], points[42:48], points[48:60])
    painted = [1 - smoothstep(0.003, 0.006, _distance(vertices, np.vstack([o, o[:1]]))) for o in outlines]
    return np.stack([*brows, mouth, np.max([*brows, *painted, mouth], axis=0)], -1).astype(np.float32)


def _distance(points: Floats, line: Floats) -> Floats:
    """(P,) metres from points (P, 3) to a polyline (K, 3)."""
    nearest = np.full(len(points), np.inf)
    for start, end in pairwise(line):
        along = end - start
        t = np.clip((points - start) @ along / max(float(along @ along), 1e-12), 0, 1)
        nearest = np.minimum(nearest, np.linalg.norm(points - start - t[:, None] * along, axis=1))
    return nearest


def without_brows(fill: Floats, brows: Floats, trust: Floats, metre: float) -> tuple[Floats, Floats]:
    """``fill`` (S, S, 3) without the model's brows if the photo shows one, and (S, S) how far they were taken out.

    A person's own brow, or its mirror image, never lies just where the model's does: both together are a double brow.
    """
    shown = max(float((trust * brow).sum() / max(brow.sum(), 1e-6)) for brow in np.moveaxis(brows, -1, 0))
    cover = brows.max(-1) * smoothstep(*SHOWN, shown)
    if not cover.any():
        return fill, cover
    sigma = BROW_AROUND * metre
    part = window(cover > 0, round(3 * sigma))
    around = (brows[part].max(-1) < 0.02).astype(np.float32)
    weight = cv2.GaussianBlur(around, (0, 0), sigma)[..., None]
    skin = cv2.GaussianBlur(fill[part] * around[..., None], (0, 0), sigma) / np.maximum(weight, 1e-4)
    bare = fill.copy()
    bare[part] += cover[part][..., None] * (skin - fill[part])
    return bare, cover


def mouth_opening(points: Floats) -> float:
    """Gap between the lips as a share of the mouth's width, from the 68 points (68, 2)."""
    gap = np.linalg.norm(points[[61, 62, 63]] - points[[67, 66, 65]], axis=-1).mean()
    return float(gap / max(float(np.linalg.norm(points[60] - points[64])), 1e-6))


def not_lips(opening: float, log_albedo: Floats, mouth: Floats, seen: Floats) -> Floats:
    """(S, S) 0..1 how far a texel near the lips' contact shows teeth or the mouth's inside instead of lip.

    Args:
        opening: as :func:`mouth_opening`; between closed lips there is nothing else to see.
        log_albedo: (S, S, 3) from the photo.
        mouth: (S, S) as the third of :func:`feature_weights`.
        seen: (S, S) visibility.
    """
    sample = (mouth > 0.3) & (seen > 0.5)
    open_share = float(smoothstep(*OPEN, opening))
    if sample.sum() < 50 or not open_share:
        return np.zeros_like(mouth)
    level, redness = log_albedo.mean(-1), log_albedo[..., 0] - log_albedo[..., 1]
    red, usual = np.quantile(redness[sample], 0.6), np.median(level[sample])
    teeth = smoothstep(*TEETH_PALER, red - redness) * smoothstep(*TEETH_BRIGHTER, level - usual)
    found = np.maximum(teeth, smoothstep(*GAP_DARKER, usual - level)) * np.float32(mouth > 0.02)
    wide = cv2.dilate(found.astype(np.float32), np.ones((3, 3), np.uint8))
    return np.asarray(open_share * cv2.GaussianBlur(wide, (0, 0), 1.0) * mouth, dtype=np.float32)


def outside_eyes(points: Floats, places: Floats) -> Floats:
    """(S, S) 0..1 how far the photo shows skin at ``places`` and not an eye.

    Lids that are fitted a little off would get the open eye painted on them, which shows when they close.

    Args:
        points: (68, 2) landmarks in pixels of the photo.
        places: (S, S, 2) pixels of the photo.
    """
    result = np.ones(places.shape[:2], np.float32)
    for outline in (points[36:42], points[42:48]):
        cell = float(np.linalg.norm(outline[0] - outline[3])) / EYE_GRID
        if cell < 1e-3:
            continue
        middle = np.float32(outline.mean(0) - EYE_GRID * cell)
        inside = np.zeros((2 * EYE_GRID, 2 * EYE_GRID), np.uint8)
        cv2.fillPoly(inside, [np.rint((outline - middle) / cell).astype(np.int32)], (1,))
        distance = cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5) / EYE_GRID
        shown = smoothstep(*EYE_RIM, distance)
        result *= 1 - look_up(1 - shown, (places - middle) / np.float32(cell))
    return result


def hidden_by_hair(smooth: Floats, refused: NDArray[np.bool_], regions: Floats, layout: Layout) -> Floats:
    """(S, S) 0..1 where hair or a lamp behind the head comes in over a brow or an eye's corner: darker, or much
    brighter, than anything near on the other side.

    Args:
        smooth: (S, S) log brightness over the model's, averaged a little.
        refused: (S, S) bool: seen, but not of the skin's colour.
        regions: (S, S, 2) the inner face and its features.
        layout: of the same size.
    """
    count, labels = cv2.connectedComponents(refused.astype(np.uint8))
    outside = (regions.max(-1) < 0.1).reshape(-1)
    from_outside = np.bincount(labels.reshape(-1), outside, count) > 20
    from_outside[0] = False
    reach = max(round(HAIR_REACH * layout.metre), 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    range_near = np.stack([cv2.erode(smooth, kernel), cv2.dilate(smooth, kernel)], -1)
    other = look_up(range_near, layout.mirror_map, border=cv2.BORDER_REPLICATE)
    foreign = (smooth < other[..., 0] - HAIR_DARKER) | (smooth > other[..., 1] + RIM_BRIGHTER)
    wide = cv2.dilate((from_outside[labels] & foreign).astype(np.float32), kernel)
    return np.asarray(cv2.GaussianBlur(wide, (0, 0), reach / 2), dtype=np.float32)


def mirror_shift(log_level: Floats, trust: Floats, brows: Floats, layout: Layout) -> Floats:
    """(S, S, 2) sides of the texture by which the mirror map is to move so that the other brow continues this one."""
    total = np.zeros((*trust.shape, 2), dtype=np.float32)
    mirrored_trust = look_up(trust, layout.mirror_map)
    for brow in np.moveaxis(brows, -1, 0):
        both = (brow > 0.3) & (trust > 0.5) & (mirrored_trust > 0.5)
        hidden = (brow > 0.3) & (trust < 0.5) & (mirrored_trust > 0.5)
        if both.sum() > 200 and hidden.any():
            total += brow[..., None] * _shift(log_level, both, layout) / layout.size
    return total


def _shift(log_level: Floats, both: NDArray[np.bool_], layout: Layout) -> Floats:
    """(2,) texels by which the mirror map must move for the mirrored brow to match best where ``both`` are seen."""
    rows, columns = np.nonzero(both)
    own, places = log_level[rows, columns], layout.mirror_map[rows, columns]
    reach = max(round(SHIFT * layout.metre), 1)
    best, found = np.inf, np.zeros(2, np.float32)
    for dy in range(-reach, reach + 1, 2):
        for dx in range(-reach, reach + 1, 2):
            shift = np.array([dx, dy], np.float32)
            other = look_up(log_level, (places + shift)[None])[0]
            difference = own - other
            cost = float(np.abs(difference - np.median(difference)).mean()) * (1 + 0.01 * np.hypot(dx, dy))
            if cost < best:
                best, found = cost, shift
    return found
