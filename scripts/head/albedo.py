"""The albedo space: principal components of painted heads with plausible pigments.

No photographs of anybody go into it. A population of colourings (melanin, blood, hair, lips, beard, circles under
the eyes, blotches) is drawn, each painted on the mean head in linear RGB, and the mean and the leading principal
components of those paintings are the model.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from . import albedo_colour as colours
from .albedo_colour import Traits, skin_colour
from .albedo_detail import skin_detail
from .albedo_regions import Regions, regions
from .cage import Array, Head, Indices

MODES = 28
PEOPLE = 320
SEED = 11
IRIS_RADIUS, PUPIL_RADIUS = 5.9, 2.0
"""mm; visible iris 11.7-11.8 mm across, pupil 4 mm in room light."""


@dataclass(frozen=True)
class AlbedoSpace:
    """Colour of the final mesh."""

    mean: Array
    """(V, 3) linear RGB."""
    basis: Array
    """(A, V, 3) linear RGB offset of one standard deviation, ordered by variance."""
    textures: dict[str, Array] = field(default_factory=dict)
    """By material name: (H, W, 3) linear factors on the interpolated vertex colours."""


def build_albedo(head: Head) -> AlbedoSpace:
    """Mean and principal components of :data:`PEOPLE` painted heads, reproducible."""
    skin = head.groups["skin"]
    masks = regions(head.vertices[skin], head)
    noise = blotches(head.vertices[skin], head)
    generator = np.random.default_rng(SEED)
    people = np.stack([_paint(head, skin, masks, noise, *_draw(generator, len(noise))) for _ in range(PEOPLE)])
    mean = people.mean(0)
    return AlbedoSpace(mean, _principal(people - mean, head), {"skin": skin_detail(head)})


def blotches(points: Array, head: Head) -> Array:
    """(K, P) smooth fields of unit size: unevenness of 12 to 40 mm, drawn by random Fourier features."""
    generator = np.random.default_rng(SEED + 1)
    fields = []
    for size in (40.0, 40.0, 40.0, 25.0, 25.0, 25.0, 25.0, 14.0):
        waves = generator.normal(size=(40, 3)) * np.sqrt(2) / size
        phase = generator.uniform(0, 2 * np.pi, 40)
        fields.append(np.cos(points @ waves.T + phase).sum(1) / np.sqrt(20))
    return np.stack(fields)


def _draw(generator: np.random.Generator, fields: int) -> tuple[Traits, Array, Array]:
    """One person: traits, and weights (K,) of the blotches in melanin and in blood."""
    normal = generator.normal
    melanin = 1.55 * generator.beta(1.2, 2.3)
    male = generator.random() < 0.5
    traits = Traits(
        melanin=melanin,
        blood=normal(0, 0.05),
        yellow=normal(0.05, 0.032),
        hair=float(np.clip(normal(0.55 + 0.42 * melanin, 0.22), 0, 1)),
        brow=float(np.clip(normal(0.76, 0.16), 0.15, 1)),
        lip_blood=float(max(0.05, normal(0.44, 0.14))),
        lip_dark=normal(0.02, 0.09),
        cheek=normal(0.11, 0.06),
        nose=normal(0.09, 0.05),
        ear=normal(0.10, 0.06),
        beard=float(np.clip(normal(0.24, 0.17), 0, 0.7)) if male else 0.0,
        under_eye=normal(0.14, 0.07),
        eyelid=normal(0.12, 0.09),
        forehead=normal(0.0, 0.05),
        scalp=float(np.clip(normal(0.32, 0.2), 0, 0.9)),
        lash=float(np.clip(normal(0.75, 0.13), 0.3, 0.97)),
        iris=_iris(generator, melanin),
        teeth=normal(0, 0.08),
    )
    return traits, normal(0, 0.018, fields), normal(0, 0.010, fields)


def _iris(generator: np.random.Generator, melanin: float) -> tuple[float, float, float]:
    """Linear RGB between grey-blue (little pigment) and dark brown; fair people vary, dark people do not."""
    brown = np.clip(generator.normal(0.45 + 0.9 * melanin, 0.4), 0, 1.15)
    blue, dark = np.log([0.19, 0.24, 0.29]), np.log([0.060, 0.030, 0.018])
    colour = np.exp(blue + brown * (dark - blue))
    return (float(colour[0]), float(colour[1]), float(colour[2]))


def _paint(
    head: Head, skin: Indices, masks: Regions, noise: Array, traits: Traits, melanin: Array, blood: Array
) -> Array:
    """(V, 3) linear RGB of one person's whole head."""
    colour = np.empty((len(head.vertices), 3), np.float64)
    colour[skin] = skin_colour(traits, masks, melanin @ noise, blood @ noise)
    colour[head.groups["mouth_bag"]] = colours.MUCOSA * 0.8
    for side in ("R", "L"):
        colour[head.groups[f"eye_{side}"]] = _eye(head, side, traits)
    tooth = colours.DENTIN * np.exp(-traits.teeth * np.array([0.3, 0.5, 1.0]))
    for name, value in (("teeth", tooth), ("gums", colours.GUMS)):
        for jaw in ("upper", "lower"):
            colour[head.groups[f"{name}_{jaw}"]] = value
    colour[head.groups["tongue"]] = colours.TONGUE
    return colour


def _eye(head: Head, side: str, traits: Traits) -> Array:
    """(E, 3) per-vertex colour of an eyeball, for renders without its texture."""
    offset = head.vertices[head.groups[f"eye_{side}"]] - head.cage.eye_centres[side]
    radius = np.where(offset[:, 2] > 0, np.hypot(offset[:, 0], offset[:, 1]), 12.0)[:, None]
    limbus = np.clip((radius - 4.6) / 1.2, 0, 1)
    iris = np.array(traits.iris) * (1 - 0.65 * limbus)
    colour = np.where(radius > IRIS_RADIUS + 0.1, colours.SCLERA, iris)
    return np.where(radius < PUPIL_RADIUS + 0.1, colours.PUPIL, colour)


def _principal(deviations: Array, head: Head) -> Array:
    """(MODES, V, 3) leading components of (S, V, 3); the face counts fully, scalp and parts a little."""
    weight = np.full(len(head.vertices), 0.05)
    weight[head.groups["skin"]] = np.clip((head.vertices[head.groups["skin"], 2] + 60) / 40, 0.1, 1)
    samples = len(deviations)
    flat = deviations.reshape(samples, -1)
    weighted = flat * np.sqrt(np.repeat(weight, 3))
    values, vectors = np.linalg.eigh(weighted @ weighted.T)
    order = np.argsort(values)[::-1][:MODES]
    basis = (vectors[:, order].T @ flat) / np.sqrt(samples)
    return (basis * np.sign(basis.sum(1, keepdims=True))).reshape(MODES, *deviations.shape[1:])
