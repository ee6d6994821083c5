"""The albedo space: what each trait of a colouring multiplies the mean's linear RGB by, one standard deviation a mode.

No photographs of anybody go into it. The first mode is melanin: it leads from the fairest head to the darkest, painted
whole (skin, lips, brows, stubble), in a slight curve (``bend``) through the mean, since the blue light is gone long
before the red. The mean is the head whose skin has the individual typology angle halfway between the fairest's and the
darkest's, so that both are equally many (:data:`REACH`) standard deviations away and neither end, nor any people, is
what others are measured from. The second mode is haemoglobin, the third the melanin's kind; the others change one trait
each. Modes add in the logarithm, as pigments do: a blush or a brow that suits the mean suits every tone, and no sum of
modes is darker than black.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

import numpy as np

from . import albedo_colour as colours
from .albedo_colour import Spots, Traits, iris_colour, skin_colour
from .albedo_detail import skin_detail
from .albedo_regions import Regions, regions
from .cage import Array, Head, Indices
from .maps import surface_maps
from .spots import freckles, unevenness

REACH = 2.5
"""Standard deviations from the mean to the fairest and to the darkest."""
FAIREST = Traits(melanin=0.0030, blood=0.0115, pheo=0.15, hair=0.52, brow=0.6, lip_blood=0.34, iris=0.25)
DARKEST = Traits(
    melanin=0.21, blood=0.026, pheo=0.0, hair=1.0, brow=0.85, lip_blood=0.32, lip_dark=0.45, iris=1.0, scalp=0.5
)
"""Individual typology angles about 60 and -60 degrees on the cheek; published ranges end at 60 and -55."""
SPREADS = {
    "haemoglobin": {"blood": 0.0095},
    "melanin kind": {"pheo": 0.22},
    "hair colour": {"hair": 0.16},
    "brow density": {"brow": 0.16},
    "brow width": {"brow_width": 0.6},
    "lip redness": {"lip_blood": 0.15},
    "lip pigment": {"lip_dark": 0.30},
    "cheek blush": {"cheek": 0.22},
    "nose redness": {"nose": 0.24, "cheek": 0.06},
    "ear redness": {"ear": 0.22},
    "sun tan": {"tan": 0.15, "neck": -0.07},
    "mouth area": {"mouth_area": 0.11},
    "neck": {"neck": 0.10},
    "beard shadow": {"beard": 0.13},
    "under-eye darkness": {"under_eye": 0.17},
    "eyelid pigment": {"eyelid": 0.14},
    "freckles": {"freckles": 0.14},
    "scalp hair": {"scalp": 0.19},
    "lashes": {"lash": 0.13},
    "iris pigment": {"iris": 0.17},
    "iris hue": {"iris_green": 0.8},
    "sclera": {"sclera": 0.25},
    "teeth": {"teeth": 0.08},
}
"""By mode: the traits' change in one standard deviation."""
MELANIN_SPOTS, BLOOD_SPOTS = (46.0, 46.0, 28.0), (40.0, 26.0)
"""mm: sizes of the symmetric fields by which pigment and blood vary over a face, one mode each."""
MELANIN_UNEVEN, BLOOD_UNEVEN = 0.055, 0.10
"""Their relative standard deviations."""
IRIS_RADIUS, PUPIL_RADIUS = 5.9, 2.0
"""mm; visible iris 11.7-11.8 mm across, pupil 4 mm in room light."""


@dataclass(frozen=True)
class AlbedoSpace:
    """Colour of the final mesh."""

    mean: Array
    """(V, 3) linear RGB."""
    basis: Array
    """(A, V, 3) change of the linear RGB's logarithm in one standard deviation."""
    bend: Array
    """(V, 3) further change with the square of the first coefficient."""
    names: tuple[str, ...] = ()
    """What each mode changes."""
    textures: dict[str, Array] = field(default_factory=dict)
    """By material name: (H, W, 3) linear factors on the interpolated vertex colours."""
    maps: dict[str, Array] = field(default_factory=dict)
    """``roughness`` and ``subsurface``: (H, W) 0..1 in the skin's UV layout."""


def build_albedo(head: Head) -> AlbedoSpace:
    """Mean and modes, reproducible."""
    painter = _Painter(head)
    mean = painter(Traits())
    fair, dark = (np.log(painter(person) / mean) for person in (FAIREST, DARKEST))
    modes = {"melanin": (fair - dark) / (2 * REACH)}
    for name, changes in SPREADS.items():
        modes[name] = np.log(painter(_changed(changes, 1)) / painter(_changed(changes, -1))) / 2
    for kind, sizes, spread in (
        ("melanin", MELANIN_SPOTS, MELANIN_UNEVEN),
        ("blood", BLOOD_SPOTS, BLOOD_UNEVEN),
    ):
        for k, waves in enumerate(unevenness(painter.points, sizes, kind == "blood")):
            more, less = (painter(Traits(), **{kind: sign * spread * waves}) for sign in (1, -1))
            modes[f"uneven {kind} {k + 1}"] = np.log(more / less) / 2
    bend = (fair + dark) / 2 / REACH**2
    detail = {"skin": skin_detail(head)}
    return AlbedoSpace(mean, np.stack(list(modes.values())), bend, tuple(modes), detail, surface_maps(head))


def _changed(changes: dict[str, float], sign: int) -> Traits:
    person = Traits()
    return dataclasses.replace(person, **{k: getattr(person, k) + sign * v for k, v in changes.items()})


class _Painter:
    """Paints people on the mean head: called with traits, it gives (V, 3) linear RGB."""

    def __init__(self, head: Head) -> None:
        self._head = head
        self._skin: Indices = head.groups["skin"]
        self.points: Array = head.vertices[self._skin]
        self._masks: Regions = regions(self.points, head)
        self._freckles: Array = freckles(self.points, head)

    def __call__(self, traits: Traits, melanin: Array | None = None, blood: Array | None = None) -> Array:
        head, none = self._head, np.zeros(len(self.points))
        spots = Spots(none if melanin is None else melanin, none if blood is None else blood, self._freckles)
        colour = np.empty((len(head.vertices), 3), np.float64)
        colour[self._skin] = skin_colour(traits, self._masks, spots)
        colour[head.groups["mouth_bag"]] = colours.MUCOSA * 0.8
        for side in ("R", "L"):
            colour[head.groups[f"eye_{side}"]] = _eye(head, side, traits)
        tooth = colours.DENTIN * np.exp(-traits.teeth * np.array([0.3, 0.5, 1.0]))
        for name, value in (("teeth", tooth), ("gums", colours.GUMS)):
            for jaw in ("upper", "lower"):
                colour[head.groups[f"{name}_{jaw}"]] = value
        colour[head.groups["tongue"]] = colours.TONGUE
        for side in ("R", "L"):
            colour[head.groups[f"caruncle_{side}"]] = colours.MUCOSA
            colour[head.groups[f"tears_{side}"]] = colours.SCLERA
            colour[head.groups[f"lashes_{side}"]] = colours.DARKEST_HAIR
        return colour


def _eye(head: Head, side: str, traits: Traits) -> Array:
    """(E, 3) per-vertex colour of an eyeball, for renders without its texture."""
    offset = head.vertices[head.groups[f"eye_{side}"]] - head.cage.eye_centres[side]
    radius = np.where(offset[:, 2] > 0, np.hypot(offset[:, 0], offset[:, 1]), 12.0)[:, None]
    limbus = np.clip((radius - 5.1) / 0.8, 0, 1)
    iris = iris_colour(traits) * (1 - 0.5 * limbus)
    white = colours.SCLERA * np.exp(-traits.sclera * np.array([0.12, 0.25, 0.4]))
    colour = np.where(radius > IRIS_RADIUS + 0.1, white, iris)
    return np.where(radius < PUPIL_RADIUS + 0.1, colours.PUPIL, colour)
