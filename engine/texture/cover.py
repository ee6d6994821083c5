"""What covers the skin in a photo: hair on the forehead, a hat, a collar, the background beside a badly fitted ear.

Brows, eyes, nose and the lower face are believed as they are (a beard belongs to the person); the rest of the face
where it roughly has the colour, light divided out, of the face's own skin; forehead, temples, ears and neck only
where it has that colour well.
"""

from __future__ import annotations

import cv2
import numpy as np

from ..contract import Floats
from ..faces.model import FaceModel
from .features import hidden_by_hair
from .layout import Layout, once
from .seen import smoothstep

BLUR = 0.0018
"""Metres over which colour is averaged before it is judged: pores and noise do not count."""
LEVEL_FLOOR, TINT_FLOOR = 0.16, 0.05
"""Least spread of skin in log brightness and log tint: a very even face is no reason to refuse its own neck."""
BELIEVED, REFUSED = 2.2, 4.0
"""Distances from the face's skin, in spreads, up to which colour counts as skin and from which it does not."""
LOOSER = 1.7
"""Factor on both inside the face."""
CLEAR = 0.007
"""Metres over which trust grows from 0 beside what was refused: hair casts shadow and frays."""
TIDY = 0.006
"""Width in metres below which a strip of skin colour is not trusted."""
SMALLEST = 0.002
"""Share of the texture that a patch outside the face must fill to be believed."""
FOREHEAD = 0.075
"""Metres above the brows up to which a bare forehead may reach."""
BROW_MARGIN = 0.008
"""Metres above the brows' landmarks that still belong to the inner face."""


def skin_likeness(
    log_albedo: Floats, log_expected: Floats, seen: Floats, regions: Floats, certain: Floats, layout: Layout
) -> tuple[Floats, Floats]:
    """(S, S) 0..1: how far the photo shows this person's skin at each texel; and (S, S) how far by colour alone.

    Args:
        log_albedo: (S, S, 3) log of linear albedo from the photo.
        log_expected: (S, S, 3) log of the model's albedo, whose lips and brows explain part of the difference.
        seen: (S, S) visibility.
        regions: (S, S, 2 or more) the inner face and its features, as :func:`face_regions`.
        certain: (S, S) what is surely plain skin.
        layout: of the same size.
    """
    inner, features = regions[..., 0], regions[..., 1]
    smooth = cv2.GaussianBlur(layout.pad(_opponent(log_albedo - log_expected)), (0, 0), BLUR * layout.metre)
    sample = smooth[certain * seen > 0.6]
    if len(sample) < 100:
        return np.ones(seen.shape, dtype=np.float32), np.ones(seen.shape, dtype=np.float32)
    centre = np.median(sample, axis=0)
    spread = np.maximum(1.4826 * np.median(np.abs(sample - centre), axis=0), [LEVEL_FLOOR, TINT_FLOOR, TINT_FLOOR])
    distance = np.linalg.norm((smooth - centre) / spread, axis=-1) / (1 + (LOOSER - 1) * inner)
    plain = 1 - smoothstep(BELIEVED, REFUSED, distance.astype(np.float32))
    refused = (plain < 0.5) & (seen > 0.05)
    features = features * (1 - hidden_by_hair(smooth[..., 0].astype(np.float32), refused, regions[..., :2], layout))
    likeness = np.maximum(plain, features)
    likeness = np.maximum(_tidy(likeness, layout.metre), _enclosed(likeness, seen, inner))
    clear = _away_from_refused(likeness, seen, features, layout.metre)
    return likeness * clear * _sizeable(likeness * seen, inner), plain


def face_regions(model: FaceModel) -> Floats:
    """(V, 3): the inner face (inside the jaw line and the brows), its features (brows, eyes, nose, lower face), and
    the whole face with forehead and temples but without ears and neck, whose shape a photo hardly tells.

    1 inside, fading to 0 outside; made once for each model, on its mean head.
    """
    return once(model, "face_regions", lambda: _face_regions(model))


def _face_regions(model: FaceModel) -> Floats:
    vertices = model.mean.cpu().numpy()
    points = model.landmarks["68"].points(model.mean).cpu().numpy()
    flat, frontal = points[:, :2], vertices[:, 2] > points[[0, 16], 2].mean()
    jaw, brows, nose = flat[0:17], flat[17:27] + np.array([0, BROW_MARGIN]), flat[27:36]
    outline = np.concatenate([nose.mean(0) + (jaw - nose.mean(0)) * 0.92, brows])
    inner = smoothstep(-0.002, 0.004, _depth_inside(outline, vertices)) * frontal
    parts = [np.concatenate([flat[a:b], flat[c:d]]) for a, b, c, d in ((17, 22, 36, 42), (22, 27, 42, 48))]
    distances = [_depth_inside(part, vertices) for part in (*parts, nose)]
    features = np.max([smoothstep(-0.007, -0.003, distance) for distance in distances], axis=0)
    chin = _depth_inside(np.concatenate([nose.mean(0) + (jaw - nose.mean(0)) * 0.82, nose]), vertices)
    below_nose = smoothstep(-0.002, 0.004, np.minimum(nose[:, 1].min() + 0.004 - vertices[:, 1], chin))
    hairline = (brows - nose.mean(0)) * [0.92, 1] + nose.mean(0) + [0, FOREHEAD]
    reach = smoothstep(-0.010, 0.002, _depth_inside(np.concatenate([jaw, hairline]), vertices)) * frontal
    features = np.maximum(features, below_nose) * frontal
    return np.stack([inner, features, np.maximum(reach, inner)], -1).astype(np.float32)


def _depth_inside(outline: Floats, vertices: Floats) -> Floats:
    """(V,) signed distance in metres, seen from the front, into the convex hull of ``outline`` (N, 2)."""
    hull = cv2.convexHull((outline * 1e4).astype(np.float32))
    depths = [cv2.pointPolygonTest(hull, (float(x), float(y)), True) for x, y in vertices[:, :2] * 1e4]
    return np.array(depths, dtype=np.float32) / np.float32(1e4)


def _tidy(likeness: Floats, metre: float) -> Floats:
    """Likeness (S, S) without threads and specks of trust: strands of hair have gaps of skin colour."""
    width = max(int(TIDY * metre), 1)
    return np.asarray(
        cv2.morphologyEx(likeness, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))),
        dtype=np.float32,
    )


def _enclosed(likeness: Floats, seen: Floats, inner: Floats) -> Floats:
    """(S, S) trust for refused patches that lie wholly inside the face: moles, shadows, highlights, spectacles.

    Hair, hats and hands come in over the edge.
    """
    refused = ((likeness < 0.5) & (seen > 0.05)).astype(np.uint8)
    count, labels = cv2.connectedComponents(cv2.morphologyEx(refused, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)))
    crosses = np.bincount(labels.reshape(-1), (inner < 0.5).reshape(-1), count) > 0
    outside = np.where(np.arange(count) == 0, False, crosses)[labels]
    return inner * (1 - cv2.GaussianBlur(outside.astype(np.float32), (0, 0), 2.0))


def _away_from_refused(likeness: Floats, seen: Floats, features: Floats, metre: float) -> Floats:
    """(S, S) 0..1: grows from what is seen but is no skin; features stay."""
    refused = (likeness < 0.5) & (seen > 0.05)
    distance = cv2.distanceTransform((~refused).astype(np.uint8), cv2.DIST_L2, 5) / metre
    return np.maximum(smoothstep(CLEAR * 0.25, CLEAR, distance), features)


def _sizeable(trust: Floats, inner: Floats) -> Floats:
    """(S, S) 0 or 1: patches of trusted texels that are large or touch the face."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((trust > 0.3).astype(np.uint8), connectivity=4)
    large = stats[:, cv2.CC_STAT_AREA] > SMALLEST * trust.size
    touching = np.bincount(labels.reshape(-1), (inner > 0.5).reshape(-1), count) > 0
    keep = (large | touching) & (np.arange(count) > 0)
    return cv2.GaussianBlur(keep[labels].astype(np.float32), (0, 0), 1.5)


def _opponent(log_rgb: Floats) -> Floats:
    """(..., 3) log brightness and two log tints, nearly independent for skin under changing light."""
    red, green, blue = log_rgb[..., 0], log_rgb[..., 1], log_rgb[..., 2]
    return np.stack([(red + green + blue) / 3, red - green, green - blue], -1).astype(np.float32)
