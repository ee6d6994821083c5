"""Joints of an adopted model: its authors' own, or the built-in head's carried over."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from ...contract import Floats, Ints
from ..formats.published import PublishedJoints, PublishedModel
from ..model import FaceModel
from .correspondence import Correspondence
from .nearest import Array
from .parts import EYES, eyeball, part_of

NAMES = {
    "global": "root",
    "left_eye": "eye_L",
    "right_eye": "eye_R",
    "l_eye": "eye_L",
    "r_eye": "eye_R",
    "eye_left": "eye_L",
    "eye_right": "eye_R",
}
"""House name of what authors call otherwise."""
BONE = 0.03
"""Metres from an authors' joint to its bone's tail, straight ahead: bones then turn about head space's axes."""


@dataclass(frozen=True)
class Skeleton:
    """J joints over V vertices, as :class:`~.model.FaceModel` wants them."""

    names: tuple[str, ...]
    parents: Ints
    heads: Floats
    """(J, V) regressor."""
    tails: Floats
    """(J, V) regressor."""
    weights: Floats
    """(V, J)."""


def skeleton_of(published: PublishedModel, builtin: FaceModel, found: Correspondence) -> Skeleton:
    """The authors' joints where they publish some, else neck, head, jaw and eyes as in the built-in head."""
    if published.joints is not None:
        return _published(published, published.joints)
    return _carried(published, builtin, found)


def _published(published: PublishedModel, joints: PublishedJoints) -> Skeleton:
    """Heads by the authors' regressor, or by one that gives their heads for every identity; tails straight ahead."""
    names = tuple(NAMES.get(name.lower(), name) for name in joints.names)
    ahead = np.zeros((1, 1 + len(published.identity_basis), 3))
    ahead[0, 0, 2] = BONE
    if joints.regressor is not None:
        heads = joints.regressor.astype(np.float64)
    else:
        wanted = np.concatenate([joints.heads[:, None], joints.identity_basis.transpose(1, 0, 2)], 1)
        heads = _regressors(published, wanted.astype(np.float64), 1.0)
    tails = heads + _regressors(published, ahead, 0.0)
    return Skeleton(
        names,
        joints.parents.astype(np.int32),
        heads.astype(np.float32),
        tails.astype(np.float32),
        _normalised(joints.weights.astype(np.float64)),
    )


def _regressors(published: PublishedModel, wanted: Array, total: float) -> Array:
    """(J, V) least weights whose sum is ``total`` and that take mean and identity modes to ``wanted`` (J, 1 + I, 3)."""
    fields = np.concatenate([published.mean[None], published.identity_basis]).astype(np.float64)
    design = np.concatenate([fields.transpose(0, 2, 1).reshape(-1, len(published.mean)), np.ones((1, fields.shape[1]))])
    right = np.c_[wanted.reshape(len(wanted), -1), np.full(len(wanted), total)].T
    # Modes differ by orders of magnitude: without scaling the normal equations would lose the small ones.
    size = np.maximum(np.linalg.norm(design, axis=1, keepdims=True), 1e-12)
    unit = design / size
    answer = np.linalg.lstsq(unit @ unit.T, right / size, rcond=1e-12)[0]
    return np.asarray((unit.T @ answer).T)


def _carried(published: PublishedModel, builtin: FaceModel, found: Correspondence) -> Skeleton:
    mean, parts = published.mean.astype(np.float64), part_of(published)
    laid = found.registered.astype(np.float64)
    heads, tails = (np.zeros((len(builtin.joint_names), len(mean))) for _ in range(2))
    for joint, name in enumerate(builtin.joint_names):
        for result, regressor in ((heads, builtin.joint_regressor), (tails, builtin.tail_regressor)):
            weights = regressor[joint].cpu().double().numpy()
            result[joint] = _pushed(weights, laid, mean, weights @ laid)
        own = np.flatnonzero(parts == name)
        if name in EYES and len(own) > 8:
            centre, radius = eyeball(mean[own])
            for result, depth in ((heads, 0.0), (tails, radius)):
                even = np.bincount(own, minlength=len(mean)) / len(own)
                result[joint] = _balanced(even, own, mean, centre + np.array([0, 0, depth]))
    weights = _normalised(np.clip(found.carry(builtin.joint_weights.cpu().numpy(), builtin), 0, 1))
    for eye in EYES:
        if eye in builtin.joint_names:
            own = parts == eye
            weights[own] = 0
            weights[own, builtin.joint_names.index(eye)] = 1
    return Skeleton(
        builtin.joint_names, builtin.joint_parents, heads.astype(np.float32), tails.astype(np.float32), weights
    )


def _pushed(weights: Array, laid: Array, mean: Array, point: Array) -> Array:
    """(V,) a regressor on the built-in head's vertices moved to the nearest vertices of the model, giving ``point``."""
    used = np.flatnonzero(weights)
    _, nearest = cKDTree(mean).query(laid[used])
    start = np.bincount(nearest, weights[used], len(mean))
    return _balanced(start / start.sum(), np.arange(len(mean)), mean, point)


def _balanced(start: Array, support: np.ndarray, mean: Array, point: Array) -> Array:
    """``start`` (V,) with the least change on ``support`` so that it sums to 1 and gives ``point`` on the mean head."""
    design = np.c_[mean[support] - point, np.ones(len(support))]
    lacking = np.r_[np.zeros(3), 1.0] - design.T @ start[support]
    result = start.copy()
    result[support] += design @ np.linalg.lstsq(design.T @ design, lacking, rcond=None)[0]
    return result


def _normalised(weights: Array) -> Floats:
    return np.asarray(weights / np.maximum(weights.sum(1, keepdims=True), 1e-9), dtype=np.float32)
