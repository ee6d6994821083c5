"""The samples of the photometric stage: points of skin with everything that moves and colours them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ..faces.model import FaceModel
from .memo import memo

SPACING = 0.0026
"""Metres between samples: finer ones say the same again."""
SPOT = 0.012
"""Metres: how wide a stain is."""
REACH = 0.022
"""Metres from the nearest landmark: beyond it there is hair, ear and collar."""

DARKEST = 0.005
"""Linear albedo; no skin is darker."""


@dataclass(frozen=True)
class Skin:
    """A patch of the model (n samples among m vertices, t triangles), float32 on the model's device."""

    vertices: Tensor
    """(m,) int64 indices into the model."""
    samples: Tensor
    """(n,) int64 indices into ``vertices``."""
    triangles: Tensor
    """(t, 3) int64 indices into ``vertices``."""
    modes: Tensor
    """(m, 3, I + E)."""
    albedo_mean: Tensor
    """(n, 3) linear RGB."""
    albedo_modes: Tensor
    """(n, 3, A)."""
    albedo_bend: Tensor
    """(n, 3); 0 where the model has none."""
    albedo_relative: bool
    """Whether modes and bend change the albedo's logarithm (:class:`..faces.model.FaceModel`)."""
    trust: Tensor
    """(n,) the model's skin weight."""
    neighbours: Tensor
    """(n, 6) nearest samples."""
    nearest: Tensor
    """(m,) the sample nearest to each vertex."""
    stains: Tensor
    """(n, S) soft spots; weighted sums of them are the colour variation that no albedo model knows."""

    def albedo(self, coefficients: Tensor) -> Tensor:
        """(n, 3) linear albedo: :meth:`..faces.model.FaceModel.albedo` at the samples, kept above 0."""
        change = self.albedo_modes @ coefficients
        if not self.albedo_relative:
            return (self.albedo_mean + change).clamp_min(DARKEST)
        return (self.albedo_mean * (change + self.albedo_bend * coefficients[0] ** 2).exp()).clamp_min(DARKEST)

    def albedo_slopes(self, coefficients: Tensor, albedo: Tensor) -> Tensor:
        """(n, 3, A): how :meth:`albedo`, which is given, changes with the coefficients."""
        if not self.albedo_relative:
            return self.albedo_modes
        slopes = self.albedo_modes.clone()
        slopes[..., 0] += 2 * coefficients[0] * self.albedo_bend
        return slopes * albedo[..., None]

    def normal_sums(self, vertices: Tensor) -> Tensor:
        """(n, 3) sums of the adjoining triangles' normals, not normalised, for patch vertices (m, 3)."""
        a, b, c = vertices[self.triangles].unbind(1)
        return self._gather(torch.linalg.cross(b - a, c - a))

    def normal_modes(self, vertices: Tensor) -> Tensor:
        """(n, 3, I + E): how :meth:`normal_sums` changes with the coefficients, at patch vertices (m, 3).

        ``d((b-a) x (c-a)) = d(b-a) x (c-a) + (b-a) x d(c-a)``.
        """
        corners, moves = vertices[self.triangles], self.modes[self.triangles]
        first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
        change = _skew(first) @ (moves[:, 2] - moves[:, 0]) - _skew(second) @ (moves[:, 1] - moves[:, 0])
        return self._gather(change)

    def _gather(self, values: Tensor) -> Tensor:
        total = values.new_zeros(len(self.vertices), *values.shape[1:])
        for corner in self.triangles.unbind(1):
            total.index_add_(0, corner, values)
        return total[self.samples]

    def rows(self, chosen: Tensor) -> Skin:
        """The patch with only the ``chosen`` (k,) samples; neighbours become meaningless and are left empty."""
        return replace(
            self,
            samples=self.samples[chosen],
            albedo_mean=self.albedo_mean[chosen],
            albedo_modes=self.albedo_modes[chosen],
            albedo_bend=self.albedo_bend[chosen],
            trust=self.trust[chosen],
            neighbours=self.neighbours[:0],
            stains=self.stains[chosen],
        )


def skin_of(model: FaceModel) -> Skin:
    """The skin samples of ``model``, chosen once for each model."""
    return memo(model, "skin", lambda: _build(model))


def _build(model: FaceModel) -> Skin:
    chosen = _spread(model)
    inside = torch.zeros(len(model.mean), dtype=torch.bool, device=model.mean.device)
    inside[chosen] = True
    triangles = model.triangles[inside[model.triangles].any(1)]
    vertices, compact = torch.unique(triangles, return_inverse=True)
    where = torch.searchsorted(vertices, chosen)
    modes = torch.cat([model.identity_basis[:, vertices], model.expression_basis[:, vertices]])
    near = torch.cdist(model.mean[chosen], model.mean[chosen]).topk(7, largest=False).indices[:, 1:]
    return Skin(
        vertices=vertices,
        samples=where,
        triangles=compact,
        modes=modes.permute(1, 2, 0).contiguous(),
        albedo_mean=model.albedo_mean[chosen],
        albedo_modes=model.albedo_basis[:, chosen].permute(1, 2, 0).contiguous(),
        albedo_bend=model.albedo_bend[chosen]
        if len(model.albedo_bend)
        else torch.zeros_like(model.albedo_mean[chosen]),
        albedo_relative=model.albedo_relative,
        trust=model.skin_weight[chosen],
        neighbours=near,
        nearest=torch.cdist(model.mean[vertices], model.mean[chosen]).argmin(1),
        stains=_spots(model.mean[chosen]),
    )


def _spread(model: FaceModel) -> Tensor:
    """Sorted vertex indices: skin near landmarks, one for each cell of a grid of ``SPACING``."""
    layout = "478" if "478" in model.landmarks else "68"
    points = model.landmarks[layout].points(model.mean)
    near = torch.cdist(model.mean, points).amin(1) < REACH
    candidates = torch.nonzero(near & (model.skin_weight > 0.05))[:, 0].cpu().numpy()
    cells = np.floor(model.mean[candidates].cpu().numpy() / SPACING).astype(np.int64)
    _, first = np.unique(cells, axis=0, return_index=True)
    return torch.from_numpy(np.sort(candidates[first])).to(model.mean.device)


def _spots(points: Tensor) -> Tensor:
    """(n, S) bells of width ``SPOT`` round a grid of centres, together of variance 1 about everywhere."""
    spacing = 1.3 * SPOT
    cells = np.floor(points.cpu().numpy() / spacing).astype(np.int64)
    _, first = np.unique(cells, axis=0, return_index=True)
    centres = points[torch.from_numpy(np.sort(first)).to(points.device)]
    bells = torch.exp(-0.5 * (torch.cdist(points, centres) / SPOT) ** 2)
    return bells / (bells**2).sum(1).mean().sqrt()


def _skew(v: Tensor) -> Tensor:
    """(n, 3, 3) with ``skew(v) w = v x w``."""
    x, y, z = v.unbind(-1)
    zero = torch.zeros_like(x)
    return torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).view(-1, 3, 3)
