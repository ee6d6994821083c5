"""sRGB and linear light (IEC 61966-2-1), for torch tensors and numpy arrays alike."""

from __future__ import annotations

from typing import TypeVar, overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Array = TypeVar("Array", Tensor, NDArray[np.floating])

LUMINANCE: tuple[float, float, float] = (0.2126, 0.7152, 0.0722)
"""Weights of linear red, green and blue in luminance Y (Rec. 709 primaries, which sRGB shares)."""


def srgb_to_linear(values: Array) -> Array:
    """Linear light of sRGB values in 0..1, any shape: ``v/12.92`` up to 0.04045, else ``((v+0.055)/1.055)^2.4``.

    Values below 0 continue the straight part, values above 1 the curve. Differentiable everywhere.
    """
    curve = ((_at_least(values, 0.04045) + 0.055) / 1.055) ** 2.4
    return _where(values <= 0.04045, values / 12.92, curve)


def linear_to_srgb(values: Array) -> Array:
    """SRGB values of linear light, any shape: ``12.92 v`` up to 0.0031308, else ``1.055 v^(1/2.4) - 0.055``.

    The inverse of :func:`srgb_to_linear`; its gradient at 0 is 12.92, not infinite. Not clamped.
    """
    curve = 1.055 * _at_least(values, 0.0031308) ** (1 / 2.4) - 0.055
    return _where(values <= 0.0031308, values * 12.92, curve)


def luminance(linear: Array) -> Array:
    """Luminance (...) of linear RGB (..., 3): ``0.2126 R + 0.7152 G + 0.0722 B``."""
    red, green, blue = LUMINANCE
    return linear[..., 0] * red + linear[..., 1] * green + linear[..., 2] * blue


@overload
def _at_least(values: Tensor, low: float) -> Tensor: ...
@overload
def _at_least(values: NDArray[np.floating], low: float) -> NDArray[np.floating]: ...
def _at_least(values: Tensor | NDArray[np.floating], low: float) -> Tensor | NDArray[np.floating]:
    # Keeps the unused branch of ``where`` away from 0, where a fractional power has an infinite gradient.
    return values.clamp_min(low) if isinstance(values, Tensor) else np.maximum(values, values.dtype.type(low))


@overload
def _where(condition: Tensor, yes: Tensor, no: Tensor) -> Tensor: ...
@overload
def _where(
    condition: NDArray[np.bool_], yes: NDArray[np.floating], no: NDArray[np.floating]
) -> NDArray[np.floating]: ...
def _where(condition, yes, no):  # type: ignore[no-untyped-def]
    return torch.where(condition, yes, no) if isinstance(yes, Tensor) else np.where(condition, yes, no)
