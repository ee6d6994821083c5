"""Colours of skin, lips, hair, eyes and mouth: what a set of traits looks like in linear RGB."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .albedo_regions import Regions
from .cage import Array

BARE_SKIN = np.array([0.66, 0.46, 0.37])
"""Linear RGB of the palest skin, with hardly any melanin and little blood."""
MELANIN = np.array([1.00, 1.24, 1.38])
"""-log reflectance per unit. Melanin absorbs as wavelength^-3.33 (Jacques 1998), 1 : 1.5 : 2.5 at the middles of the
red, green and blue bands; scattering flattens that in skin, where the ratio of fair to dark is about 1 : 1.2 : 1.4."""
BLOOD = np.array([0.10, 1.00, 0.72])
"""-log reflectance per unit; haemoglobin absorbs little red, most in the green band (540-577 nm)."""
YELLOW = np.array([0.0, 0.12, 1.00])
"""-log reflectance per unit of carotene and bilirubin."""
DARKEST_HAIR = np.array([0.020, 0.014, 0.011])
FAIREST_HAIR = np.array([0.30, 0.19, 0.10])
SCLERA = np.array([0.66, 0.61, 0.57])
PUPIL = np.array([0.006, 0.005, 0.005])
MUCOSA = np.array([0.30, 0.085, 0.075])
DENTIN = np.array([0.66, 0.59, 0.46])
GUMS = np.array([0.46, 0.17, 0.15])
TONGUE = np.array([0.44, 0.17, 0.155])


@dataclass(frozen=True)
class Traits:
    """One person's colouring; 0 is average unless a range is given."""

    melanin: float = 0.5
    """0 very fair .. 1.9 very dark."""
    blood: float = 0.0
    yellow: float = 0.0
    hair: float = 0.8
    """0 fairest .. 1 black."""
    brow: float = 0.75
    """Density 0..1."""
    lip_blood: float = 0.42
    lip_dark: float = 0.0
    cheek: float = 0.11
    nose: float = 0.10
    ear: float = 0.10
    beard: float = 0.10
    """Shadow of shaved hair 0..0.7."""
    under_eye: float = 0.14
    eyelid: float = 0.12
    forehead: float = 0.0
    scalp: float = 0.30
    """Cover of cropped hair 0..0.9."""
    lash: float = 0.75
    iris: tuple[float, float, float] = (0.11, 0.065, 0.04)
    teeth: float = 0.0


def skin_colour(traits: Traits, masks: Regions, melanin_noise: Array, blood_noise: Array) -> Array:
    """(P, 3) linear RGB of skin, lips and hair on it.

    Args:
        traits: the person.
        masks: (P,) masks at the points.
        melanin_noise: (P,) unevenness of melanin, -log units.
        blood_noise: (P,) unevenness of blood, -log units.
    """
    dark = traits.melanin
    melanin = dark * (1 + melanin_noise) + 0.16 * masks.eyelid * traits.eyelid / 0.12 * (0.3 + dark)
    melanin += (traits.under_eye * masks.under_eye + traits.forehead * masks.forehead) * (0.5 + dark)
    melanin += masks.lips * (traits.lip_dark + 0.10 + 0.10 * dark)
    blood = 0.06 + traits.blood + blood_noise + traits.cheek * masks.cheek + traits.nose * masks.nose_tip
    blood = blood + traits.ear * masks.ear + 0.10 * masks.under_eye + 0.08 * masks.eyelid
    blood = blood + masks.lips * (traits.lip_blood + 0.10) + 0.45 * masks.caruncle
    log = np.outer(melanin, MELANIN) + np.outer(blood, BLOOD) + traits.yellow * YELLOW
    colour = BARE_SKIN * np.exp(-log)
    return _with_hair(colour, traits, masks)


def hair_colour(traits: Traits) -> Array:
    """(3,) linear RGB; darkness runs along the log between the fairest and the darkest hair."""
    return np.exp((1 - traits.hair) * np.log(FAIREST_HAIR) + traits.hair * np.log(DARKEST_HAIR))


def _with_hair(colour: Array, traits: Traits, masks: Regions) -> Array:
    hair = hair_colour(traits)
    shadow = 0.5 * hair + 0.5 * np.array([0.10, 0.085, 0.08])
    lash = 0.4 * hair + 0.6 * DARKEST_HAIR
    colour = _mix(colour, shadow, traits.beard * masks.beard)
    colour = _mix(colour, hair, traits.scalp * masks.scalp)
    colour = _mix(colour, hair, 0.92 * traits.brow * masks.brow)
    colour = _mix(colour, lash, traits.lash * masks.lash)
    colour = _mix(colour, MUCOSA * 0.35, 0.75 * masks.lip_line)
    return _mix(colour, MUCOSA * 0.22, 0.9 * masks.nostril)


def _mix(colour: Array, other: Array, amount: Array) -> Array:
    return colour + amount[:, None] * (other - colour)
