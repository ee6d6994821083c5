"""The separate pieces of a published head (eyeballs, teeth, tongue ...) and the built-in head's counterparts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..formats.published import PublishedModel
from ..model import FaceModel
from .nearest import Array
from .registration import Similarity

EYES = ("eye_L", "eye_R")
EYE_RADIUS = 0.012
"""Metres, of the built-in head's eyeballs."""
COUNTERPARTS: dict[str, tuple[str, ...]] = {
    "eye_L": ("eye_L",),
    "eye_R": ("eye_R",),
    "teeth_upper": ("teeth_upper",),
    "teeth_lower": ("teeth_lower",),
    "gums": ("gums_upper", "gums_lower"),
    "tongue": ("tongue",),
    "mouth_bag": ("mouth_bag", "lips"),
    "lashes": ("lids", "face"),
}
"""Groups of the built-in head in which a part's vertices have their like; any other part: skin and eyeballs."""
INSETS = ("iris_", "pupil_")
"""Beginnings of the names of parts that lie within another part and are no pieces of their own."""


def part_of(published: PublishedModel) -> NDArray[np.str_]:
    """(V,) each vertex's piece; ``"skin"`` where the loader names none."""
    parts = np.full(len(published.mean), "skin", dtype="U16")
    for name, vertices in published.parts.items():
        if not name.startswith(INSETS):
            parts[vertices] = name
    return parts


def sources_of(part: str, present: set[str], builtin: FaceModel) -> NDArray[np.bool_]:
    """(T,) the built-in head's triangles among which a vertex of ``part`` has its like.

    Args:
        part: of the model.
        present: every part the model has. Gums that hold the tongue, or skin that covers the eyes, look there too.
        builtin: the built-in head.
    """
    groups = COUNTERPARTS.get(part, ("skin", *EYES))
    if part == "skin":
        groups = ("skin", *(eye for eye in EYES if eye not in present))
        groups = groups if "mouth_bag" in present else (*groups, "mouth_bag")
    if part == "gums" and "tongue" not in present:
        groups = (*groups, "tongue")
    inside = np.zeros(len(builtin.mean), bool)
    for name in groups:
        inside[builtin.groups[name]] = True
    corners = inside[builtin.triangles.cpu().numpy()]
    return np.asarray(corners.all(1))


def laid_parts(published: PublishedModel, builtin: FaceModel, start: Similarity, laid: Array) -> Array:
    """``laid`` (B, 3) with the built-in head's eyeballs, teeth, gums and tongue brought to where the model has them.

    Eyeballs by centre and radius, the others by the box round them; what the model lacks follows the lids or the lips.
    """
    source, done = start(builtin.mean.cpu().double().numpy()), laid.copy()
    shift = done - source
    mouth = shift[builtin.groups["lips"]].mean(0)
    parts = part_of(published)
    for side in "LR":
        vertices = builtin.groups[f"eye_{side}"]
        own = published.mean[parts == f"eye_{side}"].astype(np.float64)
        done[vertices] = source[vertices] + shift[builtin.groups[f"lids_{side}"]].mean(0)
        if len(own) > 8:
            centre, radius = eyeball(own)
            at, _ = eyeball(source[vertices])
            done[vertices] = (source[vertices] - at) * radius / (EYE_RADIUS * start.scale) + centre
    for name in ("teeth_upper", "teeth_lower", "tongue", "gums"):
        groups = [g for g in COUNTERPARTS[name] if g in builtin.groups]
        vertices = np.concatenate([builtin.groups[g] for g in groups])
        own = published.mean[parts == name].astype(np.float64)
        done[vertices] = source[vertices] + mouth if len(own) < 8 else _boxed(source[vertices], own)
    if "gums" in set(parts) and "tongue" not in set(parts):
        vertices = builtin.groups["tongue"]
        done[vertices] = (
            source[vertices]
            + _middle(done[builtin.groups["gums_lower"]])
            - _middle(source[builtin.groups["gums_lower"]])
        )
    return done


def eyeball(points: Array) -> tuple[Array, float]:
    """Centre (3,) and radius of the sphere through most of an eyeball's vertices (N, 3).

    Least squares, again and again without the fifth that lies farthest off (cornea, hollow iris).
    """
    kept = points
    for _ in range(8):
        design = np.c_[2 * kept, np.ones(len(kept))]
        answer = np.linalg.lstsq(design, (kept**2).sum(1), rcond=None)[0]
        centre, radius = answer[:3], float(np.sqrt(answer[3] + answer[:3] @ answer[:3]))
        off = np.abs(np.linalg.norm(points - centre, axis=1) - radius)
        kept = points[off <= np.quantile(off, 0.8)]
    return centre, radius


def _boxed(points: Array, onto: Array) -> Array:
    """``points`` scaled and moved, axis by axis, into the box round ``onto``."""
    size = np.maximum(np.ptp(points, axis=0), 1e-9)
    return (points - _middle(points)) * np.ptp(onto, axis=0) / size + _middle(onto)


def _middle(points: Array) -> Array:
    return (points.min(0) + points.max(0)) / 2
