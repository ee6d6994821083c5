"""What is left of the light after division by its spherical harmonics, taken out of the photo's albedo.

Three remainders, each told from paint by how it behaves: the fit's errors and cast shadows are wide and smooth;
highlights add light's own colour (Shafer 1985: body and surface reflection); creases are thin, dark and, since light
that bounces in them is filtered by skin again and again, too red.
"""

from __future__ import annotations

import cv2
import numpy as np

from ..contract import Floats, Ints
from ..light.color import luminance
from .seen import smoothstep
from .smooth import SkinMesh

EVEN = 0.015
"""Metres over which a difference between the face's halves counts as light that the fit left behind."""
EVENED = 0.6
"""Share of that difference that is taken out."""
BROAD = 0.014
"""Metres over which a departure from the fitted albedo is judged: wider than any feature."""
LEVEL_KEPT, TINT_KEPT = 0.50, 0.25
"""Shares of a broad departure in log brightness and log tint that count as paint..."""
LEVEL_LIMIT, TINT_LIMIT = 0.15, 0.04
"""...and the most of each."""
HIGHLIGHT_FROM, HIGHLIGHT_TO = 1.1, 1.5
"""Brightness over the surroundings' between which a pale spot becomes a highlight."""
HIGHLIGHT_SHARE = 0.40
"""Of a highlight's own light that is taken out."""
BRIGHT_LIMIT = 0.6
"""Log brightness over the surroundings' up to which skin is left as it is; beyond, a third is kept."""
CREASE = 0.0045
"""Metres: dark lines narrower than this are creases."""
CREASE_LIFT = 0.12
"""Share of a crease's log darkness that is shadow rather than paint."""
TINT_DETAIL, PAINTED_DETAIL = 0.16, 0.40
"""Most that log tint departs from the surroundings' on plain skin, and on lips, lids and brows."""
GRAIN = 0.00055
"""Metres over which colour is averaged before highlights are told: noise misleads."""


def broad_light(
    mesh: SkinMesh, mirror: Ints, found: Floats, expected: Floats, weights: Floats, plain: Floats
) -> Floats:
    """(V, 3) log of the smooth light that order 2 could not describe.

    The two halves of a face have nearly the same albedo, so a smooth difference between them is mostly light: cast
    shadow, a lamp's fall-off. What both halves share departs from the fitted albedo by a little paint at most.

    Args:
        mesh: of the skin.
        mirror: (V,) each vertex's mirror image.
        found: (V, 3) log albedo from the photo.
        expected: (V, 3) log of the fitted model's.
        weights: (V,) 0..1 how well each vertex is seen.
        plain: (V,) 0..1 how far it has the skin's colour; beards and spectacles are no measure of light.
    """
    none = np.zeros(3, dtype=np.float32)
    both = weights * weights[mirror]
    difference = (found - found[mirror]) * (both > 0)[:, None]
    uneven = EVENED * mesh.spread(difference / 2, both, EVEN, none, pull=0.02)
    offset = found - uneven - expected
    sure = weights * plain
    if (sure > 0.5).sum() < 100:
        return uneven
    offset = offset - np.median(offset[sure > 0.5], axis=0)
    broad = mesh.spread(offset, sure, BROAD, none, pull=0.02)
    level = broad.mean(-1, keepdims=True)
    kept = soft_limit(LEVEL_KEPT * level, LEVEL_LIMIT) + soft_limit(TINT_KEPT * (broad - level), TINT_LIMIT)
    return uneven + broad - kept


def fine_light(log_albedo: Floats, log_smooth: Floats, painted: Floats, metre: float) -> Floats:
    """(H, W, 3) log factors that take highlights, the shade of creases and false tint out of ``log_albedo``.

    Args:
        log_albedo: (H, W, 3) from the photo, broad light removed.
        log_smooth: (H, W, 3) the skin's smooth colour in the same place.
        painted: (H, W) 1 on lips, lids and brows, whose tints are their own.
        metre: texels that a metre of skin takes.
    """
    detail = log_albedo - log_smooth
    matte = detail + _highlights(_blurred(detail, GRAIN * metre), log_smooth)
    level = matte.mean(-1, keepdims=True)
    limit = (TINT_DETAIL + (PAINTED_DETAIL - TINT_DETAIL) * painted)[..., None]
    tint = soft_limit(matte - level, limit)
    level = np.minimum(level, BRIGHT_LIMIT) + np.maximum(level - BRIGHT_LIMIT, 0) / 3
    level += (1 - painted)[..., None] * CREASE_LIFT * _creases(level[..., 0], metre)[..., None]
    return np.asarray(level + tint - detail, dtype=np.float32)


def soft_limit(values: Floats, limit: float | Floats) -> Floats:
    """Small values as they are, large ones approaching ``limit`` on either side."""
    return np.asarray(limit * np.tanh(values / limit), dtype=np.float32)


def _blurred(image: Floats, sigma: float) -> Floats:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), dtype=np.float32)


def _highlights(detail: Floats, log_smooth: Floats) -> Floats:
    """(H, W, 3) log factors without the white part of ``detail``, the log ratio to skin of colour c.

    A pixel is ``a c + s`` in each channel: skin of brightness a and light s that the surface threw back. Over c that
    leaves ``a + s / c``, from whose red and blue, where skin differs most, s follows.
    """
    color, ratio = np.exp(log_smooth), np.exp(detail)
    contrast = np.maximum(1 / color[..., 2] - 1 / color[..., 0], 0.3)
    light = luminance(color * ratio) - luminance(color)
    surface = np.clip((ratio[..., 2] - ratio[..., 0]) / contrast, 0, np.maximum(light, 0))
    brightness = 1 + light / luminance(color)
    share = HIGHLIGHT_SHARE * smoothstep(HIGHLIGHT_FROM, HIGHLIGHT_TO, brightness)
    return np.log(1 - np.minimum((share * surface)[..., None] / (color * ratio), 0.6))


def _creases(level: Floats, metre: float) -> Floats:
    """(H, W) how much darker a thin line is than what lies on both sides of it: a black top-hat."""
    width = max(int(CREASE * metre) | 1, 3)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    return np.asarray(cv2.morphologyEx(level, cv2.MORPH_BLACKHAT, kernel), dtype=np.float32)
