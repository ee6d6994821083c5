"""Lids that close on everyone: a blink moves each lid by a share of its own person's opening, not of the mean's."""

from __future__ import annotations

import torch
from torch import Tensor

from .model import FaceModel

LIDS = {
    "Right": (33, 133, (246, 161, 160, 159, 158, 157, 173), (7, 163, 144, 145, 153, 154, 155)),
    "Left": (263, 362, (466, 388, 387, 386, 385, 384, 398), (249, 390, 373, 374, 380, 381, 382)),
}
"""Of MediaPipe's points: outer and inner canthus, edges of the upper and the lower lid from the outer side."""


def expressions_for(model: FaceModel, neutral: Tensor) -> Tensor:
    """The model's expressions for one person.

    Args:
        model: any face model; those without ``lid_shapes`` keep their own basis.
        neutral: (V, 3) that person's vertices, metres.

    Returns:
        (E, V, 3) ``expression_basis``, the offsets of ``lid_shapes`` multiplied by how much wider than on the mean
        head the person's lids stand open; along the lid this changes smoothly.
    """
    if not model.lid_shapes:
        return model.expression_basis
    basis = model.expression_basis.clone()
    mean, person = (model.landmarks["478"].points(vertices) for vertices in (model.mean, neutral))
    for name in model.lid_shapes:
        outer, inner, upper, lower = LIDS["Left" if name.endswith("Left") else "Right"]
        axis = mean[inner] - mean[outer]
        axis = axis / axis.norm()
        top, bottom = list(upper), list(lower)
        places = ((mean[top] + mean[bottom]) / 2 - mean[outer]) @ axis
        wider = (person[top] - person[bottom]).norm(dim=1) / (mean[top] - mean[bottom]).norm(dim=1)
        basis[model.expression_names.index(name)] *= _between((model.mean - mean[outer]) @ axis, places, wider)[:, None]
    return basis


def _between(at: Tensor, places: Tensor, values: Tensor) -> Tensor:
    """(N,) linear between ``values`` (K,) at rising ``places`` (K,), constant beyond."""
    right = torch.searchsorted(places, at.clamp(places[0], places[-1]).contiguous()).clamp(1, len(places) - 1)
    share = ((at - places[right - 1]) / (places[right] - places[right - 1])).clamp(0, 1)
    return values[right - 1] * (1 - share) + values[right] * share
