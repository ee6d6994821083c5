"""Colours of skin, lips, hair, eyes and mouth: what a set of traits looks like in linear RGB."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .albedo_regions import Regions
from .cage import Array
from .pigment import skin_rgb

VERMILION = np.array([0.12, 1.00, 0.74])
"""-log reflectance per unit of blood right below a surface without horny layer (lips, caruncle): haemoglobin absorbs
little red, most in the green band (540-577 nm)."""
DARKEST_HAIR = np.array([0.016, 0.012, 0.010])
FAIREST_HAIR = np.array([0.30, 0.19, 0.10])
SCLERA = np.array([0.66, 0.61, 0.57])
PUPIL = np.array([0.006, 0.005, 0.005])
MUCOSA = np.array([0.30, 0.085, 0.075])
DENTIN = np.array([0.66, 0.59, 0.46])
GUMS = np.array([0.46, 0.17, 0.15])
TONGUE = np.array([0.44, 0.17, 0.155])


@dataclass(frozen=True)
class Traits:
    """One person's colouring. Amounts at regions are relative: 0.3 of ``tan`` is 30 % more melanin where sun falls."""

    melanin: float = 0.0445
    """Volume fraction of melanosomes in the epidermis."""
    blood: float = 0.024
    """Volume fraction of blood in the dermis."""
    pheo: float = 0.1
    """Share of pheomelanin, which makes skin yellower and warmer."""
    hair: float = 0.8
    """0 fairest .. 1 black."""
    brow: float = 0.74
    """Density 0..1."""
    brow_width: float = 0.0
    """-1 thin .. 1 ungroomed."""
    lip_blood: float = 0.38
    lip_dark: float = 0.12
    cheek: float = 0.42
    nose: float = 0.40
    ear: float = 0.45
    tan: float = 0.12
    mouth_area: float = 0.10
    neck: float = 0.0
    beard: float = 0.08
    """Shadow of shaved hair 0..0.7."""
    under_eye: float = 0.28
    eyelid: float = 0.20
    freckles: float = 0.10
    scalp: float = 0.30
    """Cover of cropped hair 0..0.9."""
    lash: float = 0.75
    iris: float = 0.8
    """0 grey-blue .. 1 dark brown."""
    iris_green: float = 0.0
    sclera: float = 0.0
    teeth: float = 0.0


@dataclass(frozen=True)
class Spots:
    """Unevenness at the points, relative to the melanin and the blood there."""

    melanin: Array
    blood: Array
    freckles: Array
    """(P,) 0..1."""


def skin_colour(traits: Traits, masks: Regions, spots: Spots) -> Array:
    """(P, 3) linear RGB of skin, lips and hair on it.

    Pigments multiply: a tan or a freckle adds to the skin's own melanin, a blush to its blood.
    """
    melanin = traits.tan * masks.tan + traits.under_eye * masks.under_eye + traits.eyelid * masks.eyelid
    melanin += traits.mouth_area * masks.mouth_area + traits.neck * masks.neck + spots.melanin
    melanin = traits.melanin * np.exp(melanin) + (0.012 + 0.5 * traits.melanin) * traits.freckles * spots.freckles
    blood = traits.cheek * masks.cheek + traits.nose * masks.nose_tip + traits.ear * masks.ear + spots.blood
    blood += 0.30 * masks.under_eye + 0.20 * masks.eyelid - 0.12 * masks.neck
    blood = traits.blood * np.exp(blood)
    # The vermilion has few melanocytes: fair lips are red, dark ones keep a part of the skin's brown.
    melanin *= 1 - masks.lips * (0.42 - 0.5 * traits.lip_dark)
    blood *= 1 + 0.8 * masks.lips
    red = masks.lips * np.maximum(0, traits.lip_blood) + 0.8 * masks.caruncle
    colour = skin_rgb(melanin, blood, np.full_like(melanin, traits.pheo)) * np.exp(-np.outer(red, VERMILION))
    return _with_hair(colour, traits, masks)


def hair_colour(traits: Traits) -> Array:
    """(3,) linear RGB; darkness runs along the log between the fairest and the darkest hair."""
    return np.exp((1 - traits.hair) * np.log(FAIREST_HAIR) + traits.hair * np.log(DARKEST_HAIR))


def iris_colour(traits: Traits) -> Array:
    """(3,) linear RGB between grey-blue (little pigment) and dark brown, by melanin; green and hazel between."""
    blue, dark = np.log([0.17, 0.23, 0.29]), np.log([0.088, 0.042, 0.020])
    green = traits.iris_green * np.array([0.10, 0.16, -0.35])
    return np.exp(blue + traits.iris * (dark - blue) + green * max(0.0, 1 - abs(traits.iris - 0.4)))


def brow_cover(traits: Traits, masks: Regions) -> Array:
    """(P,) 0..1 how much of the skin the brow hides."""
    other = masks.brow_wide if traits.brow_width > 0 else masks.brow_narrow
    return traits.brow * (masks.brow + abs(traits.brow_width) * (other - masks.brow))


def _with_hair(colour: Array, traits: Traits, masks: Regions) -> Array:
    hair = hair_colour(traits)
    # Stubble below the surface: its dark is scattered by the skin above, which leaves it bluish on fair skin.
    shadow = 0.35 * hair + 0.65 * colour * np.array([0.44, 0.47, 0.54])
    lash = 0.4 * hair + 0.6 * DARKEST_HAIR
    colour = _mix(colour, shadow, traits.beard * masks.beard)
    colour = _mix(colour, hair, traits.scalp * masks.scalp)
    colour = _mix(colour, hair, 0.92 * brow_cover(traits, masks))
    colour = _mix(colour, lash, traits.lash * masks.lash)
    colour = _mix(colour, MUCOSA * 0.35, 0.75 * masks.lip_line)
    return _mix(colour, MUCOSA * 0.22, 0.9 * masks.nostril)


def _mix(colour: Array, other: Array, amount: Array) -> Array:
    return np.asarray(colour + amount[:, None] * (other - colour))
