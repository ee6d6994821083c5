"""What an adopted model takes from the built-in head along the correspondence, and its own colours if it has any."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ...contract import Floats, Ints
from ..formats.published import PublishedModel
from ..model import FaceModel
from .correspondence import Correspondence

SKIN_GROUPS = ("face", "neck", "ears", "ear_L", "ear_R", "scalp", "lids", "lids_L", "lids_R", "lips", "nostrils")
EYE_GROUPS = ("iris_L", "iris_R", "pupil_L", "pupil_R")
SHADE = 0.8
"""Lashes are drawn as a shade of the lid where their own fibres cannot be told."""


def groups_of(
    published: PublishedModel, builtin: FaceModel, found: Correspondence, parts: NDArray[np.str_]
) -> dict[str, Ints]:
    """Named vertex sets: regions of skin and of the eyes carried over, then the model's own parts."""
    groups: dict[str, Ints] = {}
    skin = parts == "skin"
    for names, inside in ((SKIN_GROUPS, skin), (EYE_GROUPS, np.char.startswith(parts, "eye_"))):
        for name in names:
            member = np.zeros(len(builtin.mean), np.float32)
            member[builtin.groups[name]] = 1
            groups[name] = _rows((found.carry(member, builtin) > 0.5) & inside)
    groups["skin"] = _rows(skin | (parts == "mouth_bag"))
    groups |= {name: np.asarray(vertices, np.int32) for name, vertices in published.parts.items() if name != "skin"}
    return {name: vertices for name, vertices in groups.items() if len(vertices)}


def skin_weight_of(builtin: FaceModel, found: Correspondence, parts: NDArray[np.str_]) -> Floats:
    """(V,) the built-in head's, 0 off the skin and where nobody knows which place it is."""
    carried = found.carry(builtin.skin_weight.cpu().numpy(), builtin) * found.confidence
    return np.clip(np.where(parts == "skin", carried, 0), 0, 1).astype(np.float32)


@dataclass(frozen=True)
class Colours:
    """An albedo space by vertex, as :class:`~..model.FaceModel` has it."""

    mean: Floats
    basis: Floats
    relative: bool = False
    bend: Floats = field(default_factory=lambda: np.zeros((0, 3), np.float32))
    names: tuple[str, ...] = ()


def colours_of(
    published: PublishedModel, builtin: FaceModel, found: Correspondence, parts: NDArray[np.str_]
) -> Colours:
    """The model's own albedo, sampled where it is a texture; else the built-in head's, carried over."""
    own = published.albedo
    if own is not None and own.mean.shape == published.mean.shape:
        return Colours(own.mean.astype(np.float32), own.basis.astype(np.float32))
    if own is not None and published.uvs is not None:
        return Colours(_sampled(own.mean[None], published)[0], _sampled(own.basis, published))
    mean = found.carry(builtin.albedo_mean.cpu().numpy(), builtin)
    modes = found.carry(builtin.albedo_basis.permute(1, 0, 2).cpu().numpy(), builtin).transpose(1, 0, 2)
    bend = builtin.albedo_bend.cpu().numpy()
    shade = np.where(parts == "lashes", SHADE, 1.0)[:, None]
    return Colours(
        (mean * shade).astype(np.float32),
        np.ascontiguousarray(modes if builtin.albedo_relative else modes * shade, np.float32),
        builtin.albedo_relative,
        found.carry(bend, builtin).astype(np.float32) if len(bend) else bend,
        builtin.albedo_names,
    )


def mirror_of(published: PublishedModel, parts: NDArray[np.str_], origin: Floats) -> Ints:
    """(V,) published, or the vertex of the same kind of part nearest to each one's mirror image on the mean head."""
    if published.mirror is not None:
        return published.mirror.astype(np.int32)
    mean = published.mean.astype(np.float64) - origin
    swapped = np.array([_other_side(str(part)) for part in parts])
    mirror = np.arange(len(mean))
    for part in np.unique(parts):
        wanted, there = np.flatnonzero(parts == part), np.flatnonzero(swapped == part)
        pool = there if len(there) else wanted
        mirror[wanted] = pool[cKDTree(mean[pool]).query(mean[wanted] * [-1, 1, 1])[1]]
    return mirror.astype(np.int32)


def _other_side(part: str) -> str:
    return part[:-1] + {"L": "R", "R": "L"}[part[-1]] if part.endswith(("_L", "_R")) else part


def _sampled(images: NDArray[np.floating], published: PublishedModel) -> Floats:
    """Images (K, H, W, 3) at the vertices (K, V, 3): bilinear at the first corner that has each vertex."""
    assert published.uvs is not None
    used = published.polygons >= 0
    vertices, first = np.unique(published.polygons[used], return_index=True)
    height, width = images.shape[1:3]
    place = published.uvs[used][first] * [width, -height] + [-0.5, height - 0.5]
    low = np.floor(np.clip(place, 0, [width - 1, height - 1])).astype(np.int64)
    share = np.clip(place - low, 0, 1)
    result = np.zeros((len(images), len(published.mean), 3), np.float32)
    for right in (0, 1):
        for down in (0, 1):
            column, row = np.minimum(low[:, 0] + right, width - 1), np.minimum(low[:, 1] + down, height - 1)
            weight = (share[:, 0] if right else 1 - share[:, 0]) * (share[:, 1] if down else 1 - share[:, 1])
            result[:, vertices] += (images[:, row, column] * weight[None, :, None]).astype(np.float32)
    return result


def _rows(member: NDArray[np.bool_]) -> Ints:
    return np.flatnonzero(member).astype(np.int32)
