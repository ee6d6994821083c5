"""What detected landmarks say about pose and shape, as normal equations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..detect.detector import Detection
from ..detect.layouts import IRIS_LEFT, IRIS_RIGHT
from ..faces.model import FaceModel
from .basis import IRIS_DIAMETER, Array, LandmarkBasis, Singles, landmark_basis
from .calibration import Calibration
from .contour import slide
from .memo import memo
from .noise import Noise, default_noise
from .pose import Pose, roll_of, view_angles
from .solver import POSE, State, System

IRIS_SPREAD = 0.06
"""Standard deviation of the logarithm of the iris' seen diameter: people differ by 5 %, detections by the rest."""
REAL = 3.0
"""Factor on calibrated deviations: detectors err more on photographs than on the renders they were calibrated on."""
TURNED = 4.0
"""How much that factor grows with the square of the head's turn in radians: the more of a face is hidden, the more of
what a detector says of it is habit."""
OUTLINE = 0.7
"""Factor on the deviations of the outline's points: renders have no hair, so on them these err more than on photos."""
ROBUST = 9.0
"""Squared deviations at which a landmark's weight has fallen to a quarter (Geman-McClure)."""


@dataclass(frozen=True)
class LandmarkTerms:
    """One detection to be explained by one model."""

    model: FaceModel
    basis: LandmarkBasis
    observed: Array
    """(L, 2) pixels."""
    layout: str
    calibration: Calibration | None
    iris: float | None
    """Diameter in pixels."""

    @classmethod
    def of(cls, model: FaceModel, detection: Detection, calibration: Calibration | None) -> LandmarkTerms:
        """The terms of a detection; without a calibration contour points slide and a general error model holds."""
        observed = detection.landmarks.astype(np.float64)
        iris = iris_pixels(observed) if detection.layout == "478" else None
        basis = landmark_basis(model, detection.layout)
        return cls(model, basis, observed, detection.layout, calibration, iris)

    def local(self, pose: Pose) -> tuple[Noise, LandmarkBasis]:
        """The error model at this pose, and the basis with its contour where it is seen from here."""
        if self.calibration is not None:
            yaw, pitch, _ = view_angles(pose)
            scale = REAL * (1 + TURNED * yaw**2) * np.where(self.basis.contour, OUTLINE, 1.0)
            return self.calibration.noise(yaw, pitch).scaled(np.repeat(scale, 2)), self.basis
        noise = memo(self.model, f"noise_{self.layout}", lambda: default_noise(self.basis))
        return noise, slide(self.model, self.basis, pose, self.observed)

    def system(self, state: State, local: tuple[Noise, LandmarkBasis] | None = None) -> tuple[System, Array]:
        """Normal equations at ``state`` (7 + I + E unknowns) and the landmarks' weights (L,).

        ``local`` is :meth:`local` of a pose near enough, if it is at hand.
        """
        noise, basis = local or self.local(state.pose)
        points = basis.points(state.coefficients)
        residual, moves, shape = linearise(basis, noise, self.observed, state, points)
        weights = visibility(basis, state.pose, points) * basis.present
        weights = weights * robust_weights(noise, residual, weights)
        hessian, gradient = noise.information(moves, shape, residual, np.repeat(np.maximum(weights, 1e-6), 2))
        system = System(hessian, gradient)
        if self.iris is not None:
            self._add_iris(system, state, points)
        return system, weights

    def pose_step(self, state: State, noise: Noise, basis: LandmarkBasis) -> Array:
        """The step (7 + I + E,) that moves turn and shift alone; the first few need no more.

        ``noise`` and ``basis`` are :meth:`local` of a pose near enough.
        """
        points = basis.points(state.coefficients)
        residual, moves = misfit(basis, noise, self.observed, state, points)[:2]
        jacobian = moves[:, : POSE - 1]
        weights = np.repeat(visibility(basis, state.pose, points) * basis.present, 2) / noise.variance
        step = np.zeros(POSE + len(state.coefficients))
        weighted = jacobian * weights[:, None]
        step[: POSE - 1] = np.linalg.solve(weighted.T @ jacobian, weighted.T @ residual)
        return step

    def _add_iris(self, system: System, state: State, points: Array) -> None:
        """Log of the iris' diameter in pixels: ``log(f d / z)``, so nearness and focal length raise it."""
        assert self.iris is not None
        depth = float(state.pose.to_camera(points[468:478])[:, 2].mean())
        row = np.zeros(len(system.gradient))
        row[5], row[6] = -1.0 / depth, 1.0
        system.add_row(row, float(np.log(self.iris * depth / (state.pose.focal * IRIS_DIAMETER))), IRIS_SPREAD)


def linearise(
    basis: LandmarkBasis, noise: Noise, observed: Array, state: State, points: Array
) -> tuple[Array, Array, Singles]:
    """Residual (2L,) in the noise's frame and metres, and the prediction's Jacobian in two parts: by pose (2L, 7) and
    by identity and expression (2L, I + E).
    """
    residual, moves, flat = misfit(basis, noise, observed, state, points)
    slopes = (flat @ state.pose.rotation).astype(np.float32) @ basis.slopes
    return residual, moves, slopes.reshape(len(moves), -1) + noise.response


def misfit(
    basis: LandmarkBasis, noise: Noise, observed: Array, state: State, points: Array
) -> tuple[Array, Array, Array]:
    """Residual (2L,), the Jacobian by pose (2L, 7), and how image points move with camera points (L, 2, 3)."""
    pose = state.pose
    turned = points @ pose.rotation.T
    camera = turned + pose.translation
    roll = roll_of(pose.rotation[:, 1])
    unroll = np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])
    x, y, z = camera.T
    count, depth = len(points), float(pose.translation[2])
    flat = np.zeros((count, 2, 3))
    flat[:, 0, 0] = flat[:, 1, 1] = 1.0
    flat[:, 0, 2], flat[:, 1, 2] = -x / z, -y / z
    flat = (unroll @ flat) * (depth / z)[:, None, None]
    image = np.stack([x / z, y / z], 1) @ unroll.T * depth
    moves = np.concatenate([flat @ cross_matrices(turned), flat, image[..., None]], 2).reshape(2 * count, POSE)
    offset = (observed - pose.project(points)) @ unroll.T / pose.scale
    return offset.ravel() - noise.bias - noise.response @ state.coefficients, moves, flat


def cross_matrices(points: Array) -> Array:
    """(L, 3, 3) with ``M w = w x p``: how points (L, 3) move under a small turn w."""
    x, y, z = points.T
    zero = np.zeros_like(x)
    return np.stack([zero, z, -y, -z, zero, x, y, -x, zero], 1).reshape(-1, 3, 3)


def visibility(basis: LandmarkBasis, pose: Pose, points: Array) -> Array:
    """(L,) 0.05..1: how far each point faces the camera; contour points always count."""
    camera = pose.to_camera(points)
    view = -camera / np.linalg.norm(camera, axis=1, keepdims=True)
    facing = ((basis.normals @ pose.rotation.T) * view).sum(1)
    return np.where(basis.contour, 1.0, np.clip((facing + 0.15) / 0.4, 0.05, 1.0))


def robust_weights(noise: Noise, residual: Array, visible: Array) -> Array:
    """Geman-McClure weights (L,), relative to the photo's own level of error."""
    square = noise.whiteness(residual)
    level = max(1.0, float(np.median(square[visible > 0.5])))
    return 1.0 / (1.0 + square / (level * ROBUST)) ** 2


def iris_pixels(observed: Array) -> float:
    """Diameter in pixels: the rim's longer axis, mean of both eyes (foreshortening shrinks the other)."""
    rims = [observed[list(eye[1:])] for eye in (IRIS_LEFT, IRIS_RIGHT)]
    return float(np.mean([max(np.linalg.norm(r[0] - r[2]), np.linalg.norm(r[1] - r[3])) for r in rims]))
