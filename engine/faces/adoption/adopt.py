"""Make a published model a full head of the house: moved to head space, with everything its authors left out.

The authors' coefficients keep their meaning: identity modes, expressions and joints are theirs, neither scaled nor
turned; only the origin moves (:attr:`~.model.FaceModel.origin` remembers from where). What is missing (ARKit's shapes,
joints, colours, regions, MediaPipe's points) comes from the built-in head along a dense correspondence.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ...contract import Floats, Ints
from ..arkit import NAMES
from ..formats.published import PublishedModel
from ..model import FaceModel, LandmarkMap
from .borrowed import colours_of, groups_of, mirror_of, skin_weight_of
from .correspondence import Correspondence, correspond
from .parts import part_of
from .sight import Detect
from .skeleton import skeleton_of
from .surfaces import dressed, texture_coordinates
from .transfer import transfer

MIDPLANE = 0.002
"""Metres: heads whose tragions are this evenly placed keep their authors' plane of symmetry."""


def adopt(
    published: PublishedModel,
    builtin: FaceModel,
    correspondence: Correspondence | None = None,
    cache: Path | None = None,
    detect: Detect | None = None,
) -> FaceModel:
    """The model on the CPU, ready for the fit, the texture and Blender.

    Args:
        published: what a loader returned.
        builtin: the built-in head on the CPU.
        correspondence: where it is at hand already; ``cache`` and ``detect`` are not used then.
        cache: file that keeps the correspondence, see :func:`~.correspondence.correspond`.
        detect: for models without landmarks, see :func:`~.correspondence.correspond`.

    Raises:
        ModelUnavailable: the model has no landmarks and none could be detected on it.
    """
    found = correspondence or correspond(published, builtin, cache, detect)
    parts = part_of(published)
    origin = origin_of(builtin, found)
    names, basis, bounds, borrowed = _expressions(published, builtin, found)
    materials, polygon_material = dressed(published, builtin, parts)
    colours = colours_of(published, builtin, found, parts)
    joints = skeleton_of(published, builtin, found)
    pose_joints, pose_basis = _pose_correctives(published)
    return FaceModel(
        name=published.name,
        version=published.version,
        licence=published.licence,
        companions=published.companions,
        mean=_tensor(published.mean - origin),
        identity_basis=_tensor(published.identity_basis),
        expression_names=names,
        expression_basis=basis,
        expression_range=bounds,
        albedo_mean=_tensor(colours.mean),
        albedo_basis=_tensor(colours.basis),
        albedo_relative=colours.relative,
        albedo_bend=_tensor(colours.bend),
        albedo_names=colours.names,
        skin_weight=_tensor(skin_weight_of(builtin, found, parts)),
        polygons=published.polygons.astype(np.int32),
        uvs=texture_coordinates(published, materials, polygon_material, origin.astype(np.float64)),
        polygon_material=polygon_material,
        materials=materials,
        groups=groups_of(published, builtin, found, parts),
        mirror=mirror_of(published, parts, origin),
        landmarks={
            layout: LandmarkMap(torch.from_numpy(vertices.astype(np.int64)), _tensor(weights))
            for layout, (vertices, weights) in found.landmarks.items()
        },
        joint_names=joints.names,
        joint_parents=joints.parents,
        joint_regressor=_tensor(joints.heads),
        tail_regressor=_tensor(joints.tails),
        joint_weights=_tensor(joints.weights),
        origin=(float(origin[0]), float(origin[1]), float(origin[2])),
        lid_shapes=tuple(name for name in builtin.lid_shapes if name not in published.expression_names),
        corrective_names=tuple(builtin.corrective_names[row] for row in borrowed),
        corrective_pairs=builtin.corrective_pairs[list(borrowed)],
        corrective_smaller=np.flatnonzero(np.isin(list(borrowed), builtin.corrective_smaller)).astype(np.int32),
        corrective_basis=_tensor(np.reshape(list(borrowed.values()), (-1, *published.mean.shape))),
        pose_joints=pose_joints,
        pose_basis=pose_basis,
    )


def origin_of(builtin: FaceModel, found: Correspondence) -> Floats:
    """(3,) float32, the authors' axes: midway between the tragions, on their plane of symmetry where it lies there."""
    mean = builtin.mean.cpu().numpy()
    tragions = [
        ear[np.argmin((mean[ear, 1:] ** 2).sum(1))] for ear in (builtin.groups["ear_L"], builtin.groups["ear_R"])
    ]
    # The built-in head's own origin is not quite on a vertex: what lies between is carried along.
    middle: Floats = (found.registered[tragions] - mean[tragions]).mean(0)
    if abs(middle[0]) < MIDPLANE:
        middle[0] = 0
    return middle


def _expressions(
    published: PublishedModel, builtin: FaceModel, found: Correspondence
) -> tuple[tuple[str, ...], Tensor, Tensor, dict[int, Floats]]:
    """Names, offsets (E, V, 3) and ranges (E, 2): ARKit's 52, the model's own where it has them, then its others.

    Last come offsets (V, 3) of the correctives, by their rows in the built-in head, that complete borrowed shapes.
    """
    own = {name: index for index, name in enumerate(published.expression_names)}
    missing = [name for name in NAMES if name not in own]
    extra = [row for row in builtin.completing if builtin.expression_names[builtin.corrective_pairs[row, 1]] in missing]
    wanted = [*missing, *(builtin.corrective_names[row] for row in extra)]
    rows = [builtin.expression_names.index(name) for name in missing]
    shapes = torch.cat([builtin.expression_basis[rows], builtin.corrective_basis[extra]]).cpu().numpy()
    carried = dict(zip(wanted, transfer(published, builtin, found, shapes), strict=True))
    others = [name for name in own if name not in NAMES]
    names = (*NAMES, *others)
    basis = np.stack([carried[name] if name in carried else published.expression_basis[own[name]] for name in names])
    bounds = np.stack([published.expression_range[own[name]] if name in own else np.array([0, 1]) for name in names])
    return names, _tensor(basis), _tensor(bounds), {row: carried[builtin.corrective_names[row]] for row in extra}


def _pose_correctives(published: PublishedModel) -> tuple[Ints, Tensor]:
    """The joints that drive them and the offsets, (P,) and (9P, V, 3)."""
    joints = published.joints
    if joints is None or joints.correctives is None or joints.corrective_joints is None:
        return np.zeros(0, np.int32), torch.zeros(0, 0, 3)
    return joints.corrective_joints.astype(np.int32), _tensor(joints.correctives)


def _tensor(values: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))
