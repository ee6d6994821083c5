"""The landmark fit: pose, identity, expression and, where it is unknown, the focal length, by Gauss-Newton."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from ..detect.detector import Detection
from ..faces.model import FaceModel
from ..light.harmonics import ambient
from .basis import Array
from .calibration import Calibration
from .landmark_terms import LandmarkTerms, misfit
from .pose import initial_pose
from .solver import FOCAL_GUESS, State, add_priors, advance, bounded_step
from .state import Fit
from .threads import one_blas_thread

POSE_STEPS = 2
STEPS = 5
SETTLED = 2
"""Steps after which the head turns so little that the error model and the contour stay as they are."""


@one_blas_thread
def fit_landmarks(
    model: FaceModel,
    detection: Detection,
    size: tuple[int, int],
    focal_px: float | None = None,
    calibration: Calibration | None = None,
) -> Fit:
    """Lay the model over detected landmarks.

    Maximum a posteriori under Gaussian priors (identity: one standard deviation; expression: bounded) and the
    detector's error model (:mod:`.noise`): the calibrated one where there is one, else a general one with contour
    points sliding along the silhouette.

    Args:
        model: any face model with the detection's landmark layout.
        detection: landmarks in pixels of the photo.
        size: (width, height) of the photo.
        focal_px: focal length in pixels, or None to estimate it.
        calibration: of this model and detector, see :func:`.calibration.load_calibration`.
    """
    terms = LandmarkTerms.of(model, detection, calibration)
    guess = focal_px or FOCAL_GUESS * max(size)
    pose = initial_pose(terms.basis.mean, terms.observed, terms.basis.present, guess, np.array(size) / 2.0)
    state = State(pose, np.zeros(terms.basis.modes.shape[2]), terms.basis.present)
    local = terms.local(pose)
    for _ in range(POSE_STEPS):
        state = advance(state, terms.pose_step(state, *local), max(size), state.weights)
    for number in range(STEPS):
        if number < SETTLED:
            local = terms.local(state.pose)
        system, weights = terms.system(state, local)
        add_priors(system, terms.basis, state, None if focal_px else guess)
        state = advance(state, bounded_step(system, terms.basis, state, not focal_px), max(size), weights)
    return replace(fit_of(terms, state, detection, size), focal_known=bool(focal_px))


def fit_of(terms: LandmarkTerms, state: State, detection: Detection, size: tuple[int, int]) -> Fit:
    """The solver's state as a :class:`Fit` under neutral light."""
    model, pose, count = terms.model, state.pose, terms.basis.identities
    device = model.mean.device

    def tensor(values: Array) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(device, torch.float32)

    noise, basis = terms.local(pose)
    points = basis.points(state.coefficients)
    return Fit(
        identity=tensor(state.coefficients[:count]),
        expression=tensor(state.coefficients[count:]),
        albedo=torch.zeros(len(model.albedo_basis), device=device),
        light=ambient().to(device),
        camera=pose.camera(size, device),
        layout=detection.layout,
        landmarks=tensor(terms.observed),
        landmarks_fitted=tensor(pose.project(points)),
        landmark_weights=tensor(state.weights),
        noise=float(np.median(np.abs(misfit(basis, noise, terms.observed, state, points)[0])) * 1.4826),
        calibration=terms.calibration,
    )


def with_state(fit: Fit, terms: LandmarkTerms, state: State) -> Fit:
    """``fit`` with pose, identity, expression and landmarks of a later state."""
    detection = Detection(np.zeros(4, np.float32), 1.0, fit.layout, terms.observed.astype(np.float32))
    later = fit_of(terms, state, detection, fit.camera.size)
    return replace(
        fit,
        identity=later.identity,
        expression=later.expression,
        camera=later.camera,
        landmarks_fitted=later.landmarks_fitted,
        landmark_weights=later.landmark_weights,
        noise=later.noise,
    )
