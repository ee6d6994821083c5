"""Gauss-Newton machinery shared by the landmark and the photometric stage (numpy, float64)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import LinAlgError
from scipy.linalg.lapack import dposv

from .basis import Array, LandmarkBasis
from .pose import Pose, rotation_of

POSE = 7
"""Leading unknowns of every step: turn (3), shift (3, metres), log focal length. Coefficients follow."""
FOCAL_GUESS = 1.6
"""Of the photo's longer side, where neither EXIF nor the user says."""
FOCAL_BOUNDS = (0.5, 8.0)
FOCAL_SPREAD = 0.25
"""Standard deviation of the logarithm of that guess."""
IDENTITY_PRECISION = 1.0
"""Of the identity coefficients, 1 being the model's own. On renders of its own heads less recovers more; on another
model's heads and between photos of the same person it invents more (``docs/results.md``)."""
NEAREST = 0.15
"""Metres: the closest a head may come to the camera."""
CAPS = ((slice(0, 3), 0.3), (slice(3, 6), 0.3), (slice(6, 7), 0.1), (slice(POSE, None), 1.5))
"""Unknowns of pose and shape, and how far one step may move them (radians, metres, log, coefficients)."""


@dataclass
class State:
    """Where the solver stands."""

    pose: Pose
    coefficients: Array
    """(I + E,) identity, then expression."""
    weights: Array
    """(L,) of the landmarks."""


@dataclass
class System:
    """Normal equations ``hessian . step = gradient`` of everything that has been added."""

    hessian: Array
    gradient: Array

    def add_row(self, row: Array, error: float, spread: float) -> None:
        """One scalar measurement: ``row . step`` should be ``error``, give or take ``spread``."""
        self.hessian += np.outer(row, row) / spread**2
        self.gradient += row * (error / spread**2)

    def add_diagonal(self, start: int, precision: Array, pull: Array) -> None:
        """Gaussian priors on consecutive unknowns: ``precision`` times the wanted change ``pull``."""
        at = np.arange(start, start + len(precision))
        self.hessian[at, at] += precision
        self.gradient[at] += precision * pull


def add_priors(system: System, basis: LandmarkBasis, state: State, focal_guess: float | None) -> None:
    """Identity: a bell a little wider than the model's own. Expression: one round 0. Focal length: near the guess."""
    identity, expression = np.split(state.coefficients, [basis.identities])
    system.add_diagonal(POSE, np.full(len(identity), IDENTITY_PRECISION), -identity)
    faces = slice(POSE + basis.identities, POSE + len(state.coefficients))
    system.hessian[faces, faces] += basis.precision
    system.gradient[faces] -= basis.precision @ expression
    if focal_guess is not None:
        system.add_diagonal(6, np.array([FOCAL_SPREAD**-2]), np.array([np.log(focal_guess / state.pose.focal)]))


def bounded_step(system: System, basis: LandmarkBasis, state: State, free_focal: bool) -> Array:
    """The step that keeps expressions within bounds: those that would leave stop there, the rest is solved again.

    Unknowns after the coefficients (light, albedo) are free. In the answer a change of focal length brings the distance
    along (see :func:`advance`): nearly the same picture, so the two no longer fight.
    """
    depth = state.pose.translation[2]
    hessian, gradient = system.hessian.copy(), system.gradient.copy()
    hessian[:, 6] += depth * hessian[:, 5]
    hessian[6] += depth * hessian[5]
    gradient[6] += depth * gradient[5]
    first, last = POSE + basis.identities, POSE + len(state.coefficients)
    now = state.coefficients[basis.identities :]
    low, high = basis.low - now, basis.high - now
    free = np.ones(len(gradient), bool)
    free[6] = free_focal
    step = np.zeros(len(free))
    for _ in range(4):
        right = gradient[free] - hessian[np.ix_(free, ~free)] @ step[~free]
        step[free] = _solved(hessian[np.ix_(free, free)], right)
        part = step[first:last]
        outside = ((part < low - 1e-9) | (part > high + 1e-9)) & free[first:last]
        if not outside.any():
            break
        step[first:last] = np.clip(part, low, high)
        free[first:last] &= ~outside
    step[first:last] = np.clip(step[first:last], low, high)
    return step


def _solved(hessian: Array, right: Array) -> Array:
    """The positive definite system's answer. Raises ``LinAlgError``."""
    answer, info = dposv(hessian, right)[1:]
    if info:
        raise LinAlgError("the normal equations are not positive definite")
    found: Array = answer
    return found


def advance(state: State, step: Array, longest: int, weights: Array) -> State:
    """The state after a step, which is shortened where it would go too far to be trusted.

    A new focal length scales the distance with it. Both stay within sane bounds.
    """
    last = POSE + len(state.coefficients)
    step = step[:last] * min(1.0, *(cap / max(float(np.abs(step[part]).max()), 1e-12) for part, cap in CAPS))
    low, high = (bound * longest for bound in FOCAL_BOUNDS)
    old = state.pose.focal
    # A focal length that EXIF or the user gave may lie outside, and is then not moved.
    focal = float(np.clip(old * np.exp(step[6]), min(low, old), max(high, old)))
    translation = state.pose.translation + step[3:6]
    translation[2] = max(translation[2] * focal / old, NEAREST)
    pose = replace(
        state.pose, rotation=rotation_of(step[:3]) @ state.pose.rotation, translation=translation, focal=focal
    )
    return State(pose, state.coefficients + step[POSE:], weights)
