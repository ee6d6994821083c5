"""Joints, the regressors that find them on any person's head, and skinning weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from .cage import Array, Head, Indices, smoothstep
from .expr_jaw import lip_share, turning_point
from .expr_tools import Stage
from .jaw import HINGE, jaw_field

JOINTS = ("chest", "neck", "head", "jaw", "eye_L", "eye_R")
PARENTS = (-1, 0, 1, 2, 2, 2)
CHIN = 152
"""MediaPipe's lowest point of the chin."""
CHEST = np.array([0.0, -186.0, -128.0])
"""Root of the bust, mm: in front of the spine at the height of its lower edge."""
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
        _regressor(CHEST, neck, head),
        _regressor(NECK, neck, head),
        _regressor(ATLAS, rear, head),
        _regressor(turning_point(), sides, head),
        _regressor(eyes["L"], groups["eye_L"], head),
        _regressor(eyes["R"], groups["eye_R"], head),
    ]
    ends = {side: _mean(apex[side], head) for side in "LR"}
    tails = [heads[1], heads[2], _mean(crown, head), _mean(np.array([CHIN]), head), ends["L"], ends["R"]]
    return RigData(sparse.vstack(heads).tocsr(), sparse.vstack(tails).tocsr(), skin_weights(head))


def skin_weights(head: Head) -> Array:
    """(V, J): chest, neck and head by height along the slanted neck, the jaw's share of them, parts rigid."""
    vertices, groups = head.vertices, head.groups
    cage = head.cage
    jaw = head.subdivision[:, : len(cage.vertices)] @ lip_share(Stage(head), jaw_field(cage))
    x, y, z = vertices.T
    # The line between head and neck rises from the throat to the nape, that of neck and chest runs from the notch
    # of the breastbone to the seventh vertebra.
    skull = smoothstep(y + 0.5 * (z + 45), -160, -84)
    column = smoothstep(y + 0.345 * (z + 57), -174, -126) * (1 - smoothstep(np.abs(x), 56, 92) * (y < -100))
    weights = np.zeros((len(vertices), len(JOINTS)))
    weights[:, 0] = (1 - jaw) * (1 - column)
    weights[:, 1] = (1 - jaw) * column * (1 - skull)
    weights[:, 2] = (1 - jaw) * column * skull
    weights[:, 3] = jaw
    rigid = {"eye_L": "eye_L", "eye_R": "eye_R", "teeth_upper": "head", "gums_upper": "head"}
    rigid |= {"teeth_lower": "jaw", "gums_lower": "jaw", "tongue": "jaw"}
    for part, joint in rigid.items():
        weights[groups[part]] = np.eye(len(JOINTS))[JOINTS.index(joint)]
    bound = np.flatnonzero(head.anchors >= 0)
    weights[bound] = weights[head.anchors[bound]]
    return _symmetric(weights, head)


def _symmetric(weights: Array, head: Head) -> Array:
    image = weights[head.mirror][:, [0, 1, 2, 3, 5, 4]]
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
