"""What covers the skin in a photo: hair on the forehead, a hat, a collar, the background beside a badly fitted ear.

Inside the face the photo is believed; outside it (forehead, temples, ears, neck) only where its colour, light divided
out, is that of the face's own skin.
"""

from __future__ import annotations

import cv2
import numpy as np

from ..contract import Floats
from ..faces.model import FaceModel
from .layout import Layout, once
from .seen import smoothstep

BLUR = 0.004
"""Share of the texture's side over which colour is averaged before it is judged, so that pores and noise do not count."""
LEVEL_FLOOR, TINT_FLOOR = 0.16, 0.05
"""Least spread of skin in log brightness and log tint: a very even face is not a reason to refuse its own neck."""
BELIEVED, REFUSED = 2.2, 4.0
"""Distances from the face's skin, in spreads, up to which colour counts as skin and from which it does not."""
BROW_MARGIN = 0.008
"""Metres above the brows' landmarks that still belong to the inner face."""


def skin_likeness(log_albedo: Floats, log_expected: Floats, known: Floats, layout: Layout) -> Floats:
    """(S, S) 0..1: how much the albedo at each texel looks like this person's skin.

    Args:
        log_albedo: (S, S, 3) log of linear albedo from the photo.
        log_expected: (S, S, 3) log of the model's albedo, whose lips and brows explain part of the difference.
        known: (S, S) trust in texels that surely show skin: seen, inside the face.
        layout: of the same size.
    """
    difference = layout.pad(_opponent(log_albedo - log_expected))
    sigma = BLUR * layout.size
    smooth = cv2.GaussianBlur(difference, (0, 0), sigma)
    sample = smooth[known > 0.7]
    if len(sample) < 100:
        return np.ones(known.shape, dtype=np.float32)
    centre = np.median(sample, axis=0)
    spread = 1.4826 * np.median(np.abs(sample - centre), axis=0)
    spread = np.maximum(spread, [LEVEL_FLOOR, TINT_FLOOR, TINT_FLOOR])
    distance = np.linalg.norm((smooth - centre) / spread, axis=-1)
    return 1 - smoothstep(BELIEVED, REFUSED, distance.astype(np.float32))


def inner_face(model: FaceModel) -> Floats:
    """(V,) 1 inside the jaw line and the brows, fading to 0 outside them; made once for each model."""
    return once(model, "inner_face", lambda: _inner_face(model))


def _inner_face(model: FaceModel) -> Floats:
    vertices = model.mean.cpu().numpy()
    points = model.landmarks["68"].points(model.mean).cpu().numpy()
    jaw, brows = points[0:17, :2], points[17:27, :2] + [0, BROW_MARGIN]
    centre = points[27:36, :2].mean(0)
    outline = np.concatenate([centre + (jaw - centre) * 0.92, brows])
    hull = cv2.convexHull((outline * 1e4).astype(np.float32))
    ears = max(vertices[:, 2].min(), points[[0, 16], 2].mean())
    inside = np.array([cv2.pointPolygonTest(hull, (float(x), float(y)), True) for x, y in vertices[:, :2] * 1e4])
    return smoothstep(-0.002, 0.004, inside.astype(np.float32) / 1e4) * (vertices[:, 2] > ears)


def _opponent(log_rgb: Floats) -> Floats:
    """(..., 3) log brightness and two log tints, nearly independent for skin under changing light."""
    red, green, blue = log_rgb[..., 0], log_rgb[..., 1], log_rgb[..., 2]
    return np.stack([(red + green + blue) / 3, red - green, green - blue], -1).astype(np.float32)
