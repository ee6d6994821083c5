"""Close-cropped hair on the scalp in the colour of the hair that the photo shows, if it shows any.

A rigid head wears no hairdo. Cropped hair says what colour it had and where it grew, and any hair that an artist puts
on the head later covers it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from scipy.spatial import cKDTree

from ..contract import Floats
from ..faces.model import FaceModel
from ..light.color import luminance
from .layout import Layout, once
from .noise import strands
from .seen import smoothstep
from .smooth import SkinMesh

DENSITY, UNSURE = 0.86, 0.45
"""How much of the scalp's colour cropped hair gives where its colour is known well, and where it is hardly known."""
NAPE = (-0.060, 0.010)
"""Metres, head space Y: hair fades out downwards between these at the nape."""
EDGE = 0.0105
"""Metres over which the hairline is smooth."""
THIN, FULL = 0.22, 0.98
"""Smoothed scalp weights between which hair grows from single hairs to its full density: 12 mm or so."""
FRAYED = 0.55
"""How much single hairs stand out where it is thin."""
BARE = 0.024
"""Share of the texture's side over which hair thins out towards scalp that the photo shows bare."""
FRINGE = (0.028, 0.055)
"""Metres behind the model's hairline between which the photo is asked for hair: nearer it may still show forehead
or the shade of the hair's edge, farther back what is behind the head."""
SIDES = (0.052, 0.022, -0.035, 0.085)
"""Metres: least distance from the head's middle, most from the scalp, and lowest and highest place of the temples,
where hair shows below a hat."""
BALD, HAIRY = 0.25, 0.6
"""Shares of the seen fringe that must be no skin for none and for all of the hair."""
FEW = 60
"""Texels that tell a colour."""
HAT = 3.5
"""Times as bright as what covers the fringe the temples' hair must be for that to be a hat."""
ALIKE = (0.20, 0.34)
"""Distance in log colour, brightness counted half, from the skin's below which what covers the scalp is no hair."""
PALER = 0.8
"""Ratio of red to green, over the skin's, below which a pixel beside the temples is hair and not skin in shade."""
DARKEST, BRIGHTEST = 0.012, 0.42
"""Luminance between which hair lies."""
RED_TO_GREEN, GREEN_TO_BLUE = (1.0, 1.8), (1.02, 2.2)
"""Ratios of linear channels between which hair lies, from grey to red and blond."""
STRANGE = 0.88
"""Share of those ratios' least below which a pixel is no hair: sky, a green hat."""
CROPPED = 0.85
"""Brightness of cropped hair: it has shadow between its ends, long hair has gloss."""
CONTRAST = 0.2
"""Standard deviation of the hair's log brightness from strand to strand."""
SEED = 23


@dataclass(frozen=True)
class Hair:
    """What to lay over the skin's fill."""

    color: Floats
    """(3,) linear RGB."""
    density: Floats
    """(C, C) 0..1."""

    def over(self, fill: Floats, density: Floats, noise: Floats) -> None:
        """Lay strands over ``fill`` (S, S, 3) in place; ``density`` is the hair's at that size, ``noise`` (S, S)."""
        chosen = density > 0.004
        thick, strand = density[chosen], np.clip(noise[chosen], -2, 2)
        cover = np.clip(thick + 2 * FRAYED * strand * thick * (1 - thick), 0, 1)[:, None]
        fill[chosen] += cover * (self.color * np.exp(CONTRAST * strand)[:, None] - fill[chosen])


def grow_hair(pixels: Floats, refused: Floats, trust: Floats, bare: Floats, scalp: Floats) -> Hair | None:
    """Hair for the head, or none if the photo shows a bare scalp or too little of it.

    Args:
        pixels: (S, S, 3) linear, of the photo over the face's typical light; the fit's light says little about hair.
        refused: (S, S) 0..1 how far what is seen is no skin; -1 where nothing is seen.
        trust: (S, S) 0..1 how far the photo shows this person's skin.
        bare: (S, S) the same of the texel or its mirror image: where skin from the photo will be painted.
        scalp: (S, S, 3) as :func:`scalp_weights`.
    """
    hairy, fringe, temples = np.moveaxis(scalp, -1, 0)
    seen = (refused >= 0) & (fringe > 0.5)
    covered = seen & (refused > 0.5)
    if covered.sum() < FEW:
        return None
    strength = float(smoothstep(BALD, HAIRY, covered.sum() / seen.sum()))
    beside = (temples > 0.5) & (refused > 0.5)
    skin = np.median(pixels[trust > 0.8], axis=0) if (trust > 0.8).any() else np.ones(3, np.float32)
    found = hair_color(pixels[covered], pixels[beside], skin)
    if not strength or found is None:
        return None
    color, sure = found
    strength *= unlike(color, skin)
    away = cv2.distanceTransform((bare < 0.5).astype(np.uint8), cv2.DIST_L2, 5) / len(bare)
    density = smoothstep(THIN, FULL, hairy) * smoothstep(0, BARE, away)
    return Hair(color, density * np.float32(strength * (UNSURE + (DENSITY - UNSURE) * sure)))


def hair_color(fringe: Floats, temples: Floats, skin: Floats) -> tuple[Floats, float] | None:
    """(3,) linear colour of the hair and 0..1 how sure it is, from covered pixels (N, 3) above the forehead and beside
    the temples, and the skin's colour (3,).

    A hat covers the fringe and not the temples: where what covers the fringe has no colour of hair, or is darker than
    the temples' hair as no two hairs of one head are, the temples count. What has no colour of hair is none: with too
    few left there is no hair to be known.
    """
    top, side = (pixels[_could_be_hair(pixels)] for pixels in (fringe, temples))
    pale = side[side[:, 0] * skin[1] < PALER * side[:, 1] * skin[0]]
    beside = _brighter_half(pale if len(pale) >= FEW else side) if len(side) >= FEW else None
    above = np.median(top, axis=0) if len(top) >= max(FEW, 0.5 * len(fringe)) else None
    if above is None:
        return None if beside is None else (_within_range(beside), 0.7)
    if beside is not None and luminance(beside) > HAT * luminance(above) and len(pale) >= FEW:
        return _within_range(beside), 0.7
    return _within_range(above) * np.float32(CROPPED), 1.0


def unlike(color: Floats, skin: Floats) -> float:
    """0..1 how surely ``color`` (3,) is hair beside skin (3,): a shaved head is a little darker than the face."""
    apart = np.log(np.maximum(color, 1e-4) / np.maximum(skin, 1e-4))
    tints = np.diff(apart)
    return float(smoothstep(*ALIKE, np.sqrt((apart.mean() / 2) ** 2 + (tints**2).sum())))


def _brighter_half(pixels: Floats) -> Floats:
    """(3,) median of those that hair's own shadow does not darken."""
    bright = luminance(pixels)
    return np.asarray(np.median(pixels[bright >= np.median(bright)], axis=0))


def _could_be_hair(pixels: Floats) -> np.ndarray:
    """(N,) bool."""
    red, green, blue = np.maximum(pixels, 1e-4).T
    return (red > STRANGE * green) & (green > STRANGE * blue) & (red < 3 * green)


def _within_range(color: Floats) -> Floats:
    """(3,) the nearest colour that hair has."""
    red, green, blue = np.maximum(color, 1e-4).tolist()
    warm = np.array([np.clip(red / green, *RED_TO_GREEN), 1.0, 1 / np.clip(green / blue, *GREEN_TO_BLUE)])
    level = np.clip(luminance(np.array([red, green, blue])), DARKEST, BRIGHTEST)
    return np.asarray(warm * level / luminance(warm), dtype=np.float32)


def strand_noise(model: FaceModel, mesh: SkinMesh, layout: Layout) -> Floats:
    """(S, S) of unit deviation, drawn out as hair lies; 0 where none grows. Made once for each model and size."""
    return once(model, f"strands_{layout.size}", lambda: _strand_noise(model, mesh, layout))


def _strand_noise(model: FaceModel, mesh: SkinMesh, layout: Layout) -> Floats:
    noise = np.zeros((layout.size, layout.size), dtype=np.float32)
    table = layout.texels(torch.from_numpy(np.concatenate([_hairy(model, mesh), model.mean.cpu().numpy()], -1)))
    chosen = table[..., 0] > 0.01
    if chosen.any():
        noise[chosen] = strands(table[chosen, 1:], SEED)
    return noise


def scalp_weights(model: FaceModel, mesh: SkinMesh, layout: Layout) -> Floats:
    """(S, S, 3) 0..1: where hair grows, smooth at the hairline; its front fringe; the temples and what lies before the
    ears. All 0 in a model without a scalp.
    """
    return once(model, f"scalp_{layout.size}", lambda: _scalp_weights(model, mesh, layout))


def _hairy(model: FaceModel, mesh: SkinMesh) -> Floats:
    """(V, 1)."""
    weight = np.zeros((len(model.mean), 1), dtype=np.float32)
    weight[model.groups.get("scalp", np.zeros(0, np.int32))] = 1
    weight[:, 0] *= smoothstep(*NAPE, model.mean[:, 1].cpu().numpy())
    return mesh.spread(weight, np.ones(len(weight), np.float32), EDGE, np.zeros(1, np.float32))


def _scalp_weights(model: FaceModel, mesh: SkinMesh, layout: Layout) -> Floats:
    hairy, places = _hairy(model, mesh), model.mean.cpu().numpy()
    scalp = np.zeros(len(places), bool)
    scalp[model.groups.get("scalp", np.zeros(0, np.int32))] = True
    fringe, temples = np.zeros_like(hairy), np.zeros_like(hairy)
    bare = (model.skin_weight.cpu().numpy() > 0.5) & (places[:, 2] > 0.04)
    if scalp.any() and bare.any():
        distance, _ = cKDTree(places[bare]).query(places[scalp])
        fringe[scalp, 0] = (distance > FRINGE[0]) & (distance < FRINGE[1]) & (places[scalp, 2] > 0)
        middle, reach, low, high = SIDES
        beside = cKDTree(places[scalp]).query(places)[0] < reach
        height = (places[:, 1] > low) & (places[:, 1] < high) & (places[:, 2] > -0.03)
        temples[:, 0] = beside & height & (np.abs(places[:, 0]) > middle)
    return layout.pad(layout.texels(torch.from_numpy(np.concatenate([hairy, fringe, temples], -1))))
