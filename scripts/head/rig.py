"""Joints, the regressors that find them on any person's head, and skinning weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from .cage import Array, Head, Indices
from .jaw import HINGE, jaw_field
from .points import smoothstep

JOINTS = ("neck", "head", "jaw", "eye_L", "eye_R")
PARENTS = (-1, 0, 1, 1, 1)
CHIN = 152
"""MediaPipe's lowest point of the chin."""
NECK = np.array([0.0, -132.0, -112.0])
"""Where the neck turns, mm: between the seventh vertebra and the notch of the breastbone."""
ATLAS = np.array([0.0, -14.0, -94.0])
"""Where the head nods, mm: the joint of skull and atlas, below and a little behind the ear canals."""


@dataclass(frozen=True)
class RigData:
    """The skeleton."""

    heads: sparse.csr_matrix
    """(J, V) regressor of the joints."""
    tails: sparse.csr_matrix
    """(J, V) regressor of the bones' ends."""
    weights: Array
    """(V, J) rows sum to 1."""


def build_rig(head: Head) -> RigData:
    """Skeleton of the head, symmetric."""
    vertices, groups = head.vertices, head.groups
    neck, skull = groups["neck"], groups["scalp"]
    crown = skull[np.abs(vertices[skull, 1] - vertices[skull, 1].max()) < 6]
    rear = np.union1d(neck, np.union1d(groups["ears"], skull))
    beside = (np.abs(vertices[:, 0]) > 55) & (np.abs(vertices[:, 1:] - HINGE[1:]) < [30, 14]).all(1)
    sides = np.flatnonzero(beside)
    eyes = {side: head.cage.eye_centres[side] for side in "LR"}
    apex = {side: groups[f"eye_{side}"][:1] for side in "LR"}
    heads = [
        _regressor(NECK, neck, head),
        _regressor(ATLAS, rear, head),
        _regressor(HINGE, sides, head),
        _regressor(eyes["L"], groups["eye_L"], head),
        _regressor(eyes["R"], groups["eye_R"], head),
    ]
    ends = {side: _mean(apex[side], head) for side in "LR"}
    tails = [heads[1], _mean(crown, head), _mean(np.array([CHIN]), head), ends["L"], ends["R"]]
    return RigData(sparse.vstack(heads).tocsr(), sparse.vstack(tails).tocsr(), skin_weights(head))


def skin_weights(head: Head) -> Array:
    """(V, J): head over neck by height along the slanted neck, the jaw's field over both, parts rigid."""
    vertices, groups = head.vertices, head.groups
    jaw = head.subdivision[:, : len(head.cage.vertices)] @ jaw_field(head.cage)
    for name in ("teeth_lower", "gums_lower", "tongue"):
        jaw[groups[name]] = 1
    # The line between head and neck rises from the throat to the nape.
    height = vertices[:, 1] + 0.5 * (vertices[:, 2] + 45)
    skull = smoothstep(height, -160, -84)
    weights = np.zeros((len(vertices), len(JOINTS)))
    weights[:, 2] = jaw
    weights[:, 1] = (1 - jaw) * skull
    weights[:, 0] = (1 - jaw) * (1 - skull)
    for joint, side in ((3, "L"), (4, "R")):
        weights[groups[f"eye_{side}"]] = np.eye(len(JOINTS))[joint]
    for name, joint in (("teeth_upper", 1), ("gums_upper", 1), ("teeth_lower", 2), ("gums_lower", 2), ("tongue", 2)):
        weights[groups[name]] = np.eye(len(JOINTS))[joint]
    return _symmetric(weights, head)


def _symmetric(weights: Array, head: Head) -> Array:
    image = weights[head.mirror][:, [0, 1, 2, 4, 3]]
    mean = (weights + image) / 2
    return mean / mean.sum(1, keepdims=True)


def _regressor(target: Array, vertices: Indices, head: Head) -> sparse.csr_matrix:
    """(1, V) smallest weights over ``vertices`` that sum to 1 and give ``target`` on the mean head."""
    system = np.vstack([head.vertices[vertices].T, np.ones(len(vertices))])
    weights = np.linalg.lstsq(system, np.r_[target, 1.0], rcond=None)[0]
    return _row(weights, vertices, head)


def _mean(vertices: Indices, head: Head) -> sparse.csr_matrix:
    return _row(np.full(len(vertices), 1 / len(vertices)), vertices, head)


def _row(weights: Array, vertices: Indices, head: Head) -> sparse.csr_matrix:
    return sparse.csr_matrix((weights, (np.zeros(len(vertices), int), vertices)), shape=(1, len(head.vertices)))
