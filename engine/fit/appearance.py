"""Light, albedo and stains as unknowns of the photometric stage, and what is believed of them beforehand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..light.harmonics import CONSTANTS
from .basis import Array
from .solver import System

LIGHT_LEVEL = 0.9
"""Typical shading of a well exposed face..."""
LIGHT_SPREAD = 0.35
"""...and its standard deviation."""
COLOUR_SPREAD = 0.12
"""Of the light's mean colour round grey, relative: without it skin and lamp could trade their colours."""
DIRECTION_SPREAD = 0.45
"""Of the higher bands, relative to the mean level."""
TINT_SPREAD = 0.06
"""Of a higher band's colour round the mean light's colour, relative to the mean level: lamps of different colours are
rarer than blotches of skin that would pass for them."""
STAIN_SPREAD = 0.05
"""Of the albedo round what the model can show, relative: make-up, stubble, dimmed hollows."""
ALBEDO_LIMIT = 3.0
"""Standard deviations."""


@dataclass(frozen=True)
class Colour:
    """What gives the shape its colours."""

    light: Tensor
    """(9, 3) shading coefficients, head space."""
    albedo: Tensor
    """(A,) standard deviations."""
    stains: Tensor
    """(S,) relative."""

    def moved(self, step: Tensor) -> Colour:
        """The colour after a step (27 + A + S,): light band by band, albedo, stains."""
        light, albedo, stains = step.split([27, len(self.albedo), len(self.stains)])
        return Colour(
            self.light + light.view(9, 3),
            (self.albedo + albedo).clamp(-ALBEDO_LIMIT, ALBEDO_LIMIT),
            self.stains + stains,
        )


def add_colour_priors(system: System, start: int, colour: Colour) -> None:
    """Light: bright enough, nearly grey in the mean, not too one-sided, of one colour. Albedo: one standard deviation.

    ``start`` is the index of the light's first unknown.
    """
    light, albedo, stains = (_numpy(v) for v in (colour.light, colour.albedo, colour.stains))
    mean = float(light[0].mean())
    level = max(mean, 0.2)
    row = np.zeros(len(system.gradient))
    row[start : start + 3] = CONSTANTS[0] / 3
    system.add_row(row, LIGHT_LEVEL - CONSTANTS[0] * mean, LIGHT_SPREAD)
    for channel in range(3):
        row = np.zeros(len(system.gradient))
        row[start : start + 3] = -1 / 3
        row[start + channel] += 1
        system.add_row(row, mean - float(light[0, channel]), COLOUR_SPREAD * level)
    spreads = np.r_[np.full(24, DIRECTION_SPREAD * level), np.ones(len(albedo)), np.full(len(stains), STAIN_SPREAD)]
    system.add_diagonal(start + 3, spreads**-2, -np.r_[light[1:].ravel(), albedo, stains])
    _add_tint_prior(system, start, light, TINT_SPREAD * level)


def _add_tint_prior(system: System, start: int, light: Array, spread: float) -> None:
    """Every band above the first is a grey pattern times the first band's colour, give or take ``spread``."""
    colour = light[0] / max(float(light[0].mean()), 1e-6)
    away = np.eye(3) - np.outer(colour, np.full(3, 1 / 3))
    precision = away.T @ away / spread**2
    for band in range(1, 9):
        at = slice(start + 3 * band, start + 3 * band + 3)
        system.hessian[at, at] += precision
        system.gradient[at] -= precision @ light[band]


def _numpy(tensor: Tensor) -> Array:
    return tensor.detach().cpu().to(torch.float64).numpy()
