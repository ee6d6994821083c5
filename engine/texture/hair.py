"""Short hair on the scalp in the colour the photo shows there, where it shows hair or a hat rather than skin."""

from __future__ import annotations

import numpy as np
import torch
from scipy.spatial import cKDTree

from ..contract import Floats
from ..faces.model import FaceModel
from ..light.color import luminance
from .layout import Layout, once
from .seen import smoothstep
from .smooth import SkinMesh

DENSITY = 0.9
"""How much of the scalp's colour short hair gives."""
NAPE = (-0.055, -0.015)
"""Metres, head space Y: hair fades out downwards between these at the nape."""
EDGE = 0.004
"""Metres over which the hairline is smooth before noise frays it."""
FRINGE = (0.032, 0.055)
"""Metres behind the model's hairline between which the photo is asked for hair: nearer it may still show forehead
or the shade of the hair's edge, farther back what is behind the head."""
BALD, HAIRY = 0.25, 0.6
"""Shares of the seen fringe that must be no skin for none and for all of the hair."""
DARKEST, BRIGHTEST = 0.015, 0.35
"""Luminance between which hair lies."""
RED_TO_GREEN, GREEN_TO_BLUE = (1.0, 1.8), (1.05, 2.2)
"""Ratios of linear channels between which hair lies, from grey to red and blond."""
CONTRAST = 0.30
"""Standard deviation of the hair's log brightness from strand to strand."""


def add_hair(fill: Floats, pixels: Floats, refused: Floats, scalp: Floats, noise: Floats) -> Floats:
    """``fill`` (S, S, 3) linear with short hair on the scalp, if the photo shows any hair there.

    Args:
        fill: skin everywhere.
        pixels: (S, S, 3) linear, of the photo over the face's typical light; the fit's light says little about hair.
        refused: (S, S) 0..1 how far what is seen is no skin; -1 where nothing is seen.
        scalp: (S, S, 2) as :func:`scalp_weights`.
        noise: (S, S) of unit deviation, drawn out as hair lies.
    """
    hairy, fringe = scalp[..., 0], scalp[..., 1]
    seen = (refused >= 0) & (fringe > 0.5)
    if seen.sum() < 50:
        return fill
    covered = seen & (refused > 0.5)
    strength = float(smoothstep(BALD, HAIRY, covered.sum() / seen.sum()))
    if strength == 0 or covered.sum() < 50:
        return fill
    color = hair_color(pixels[covered])
    frayed = smoothstep(0.30, 0.62, hairy + 0.16 * noise) * smoothstep(0.05, 0.2, hairy)
    locks = color * np.exp(CONTRAST * noise)[..., None]
    return fill + (strength * DENSITY * frayed)[..., None] * (locks - fill)


def hair_color(pixels: Floats) -> Floats:
    """(3,) linear: the median of covered pixels (N, 3), within the range of hair: a green hat is no green hair."""
    red, green, blue = np.maximum(np.median(pixels, axis=0), 1e-4).tolist()
    warm = np.array([np.clip(red / green, *RED_TO_GREEN), 1.0, 1 / np.clip(green / blue, *GREEN_TO_BLUE)])
    level = np.clip(luminance(np.array([red, green, blue])), DARKEST, BRIGHTEST)
    return np.asarray(warm * level / luminance(warm), dtype=np.float32)


def scalp_weights(model: FaceModel, mesh: SkinMesh, layout: Layout) -> Floats:
    """(S, S, 2) 0..1: where hair grows, smooth at the hairline, and its front fringe; 0 in a model without a scalp."""
    return once(model, f"scalp_{layout.size}", lambda: _scalp_weights(model, mesh, layout))


def _scalp_weights(model: FaceModel, mesh: SkinMesh, layout: Layout) -> Floats:
    weight = np.zeros((len(model.mean), 1), dtype=np.float32)
    weight[model.groups.get("scalp", np.zeros(0, np.int32))] = 1
    weight[:, 0] *= smoothstep(*NAPE, model.mean[:, 1].cpu().numpy())
    places, scalp = model.mean.cpu().numpy(), weight[:, 0] > 0.5
    fringe = np.zeros_like(weight)
    bare = (model.skin_weight.cpu().numpy() > 0.5) & (places[:, 2] > 0.04)
    if scalp.any() and bare.any():
        distance, _ = cKDTree(places[bare]).query(places[scalp])
        fringe[scalp, 0] = (distance > FRINGE[0]) & (distance < FRINGE[1]) & (places[scalp, 2] > 0)
    smooth = mesh.spread(weight, np.ones(len(weight), np.float32), EDGE, np.zeros(1, np.float32))
    return layout.pad(layout.texels(torch.from_numpy(np.concatenate([smooth, fringe], -1))))
