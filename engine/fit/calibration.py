"""A detector's error, learned from renders of known heads: its bias, its response to shape, and its covariance.

A detector does not report where a point of the mesh is. It is off by an amount that depends on the head's turn, it
sees only part of what makes a face differ from the average (its response), and its errors are shared by whole regions.
All three are linear in simple features of pose and coefficients and are learned by ridge regression from samples with
known truth (``scripts/calibrate.py``), mirrored once because faces and detectors are symmetric.
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..faces.model import FaceModel
from ..files.places import engine_models_dir
from .basis import Array, LandmarkBasis, Singles, landmark_basis
from .memo import memo
from .noise import Noise
from .pose import Pose, roll_of

ASSETS = Path(__file__).resolve().parents[1] / "assets"
KNOTS = np.radians([0.0, 15.0, 30.0, 45.0])
"""Absolute yaw at which covariances are kept; linear between."""
TURNS = 10
"""Steps of yaw at which the fit looks them up."""
RANK = 64
MISSED = 4.0
"""Factor on the variance that the shared errors leave: a finite sample makes points look better than they are."""
RIDGE_RESPONSE = 1.0
"""Prior of a response coefficient: noise variance over this is added to the normal equations."""
SAME = 0.0001
"""Metres: landmarks of the same model agree within this on every machine."""
FLOOR = 0.0003
"""Metres: no landmark is trusted beyond this."""


@dataclass(frozen=True)
class Calibration:
    """Error model of one detector on one face model. Flattened landmarks as in :mod:`.noise`, metres."""

    model: str
    """Name and version of the face model it was learned on..."""
    form: Array
    """...and its :func:`form_of`: what was learned on another shape misleads the fit."""
    detector: str
    bias: Array
    """(features, 2L) for :func:`pose_features`."""
    response: Singles
    """(turns, K, 2L) for :func:`turn_features`."""
    variance: Array
    """(knots, 2L) at positive yaw."""
    factor: Array
    """(knots, 2L, r) at positive yaw."""
    mirror: NDArray[np.int64]
    """(2L,) flattened index of each coordinate's mirror image."""

    def noise(self, yaw: float, pitch: float) -> Noise:
        """The error model at one head pose (radians, clamped to the range that was learned)."""
        yaw = float(np.clip(yaw, -KNOTS[-1], KNOTS[-1]))
        pitch = float(np.clip(pitch, -0.45, 0.45))
        nearest = round(abs(yaw) / KNOTS[-1] * (TURNS - 1))
        variance, factor = self._shared[nearest]
        if yaw < 0:
            order = self.mirror
            sideways = np.tile([-1.0, 1.0], len(order) // 2)[:, None]
            variance, factor = variance[order], factor[order] * sideways
        response = np.tensordot(turn_features(yaw).astype(np.float32), self.response, 1).T
        return Noise(pose_features(yaw, pitch) @ self.bias, response, variance, factor)

    @cached_property
    def _shared(self) -> list[tuple[Array, Array]]:
        """Variance (2L,) and factor (2L, r) at :data:`TURNS` even steps of positive yaw."""
        found = []
        for yaw in np.linspace(0, KNOTS[-1], TURNS):
            place = np.interp(yaw, KNOTS, np.arange(len(KNOTS)))
            low = min(int(place), len(KNOTS) - 2)
            share = place - low
            both = np.c_[np.sqrt(1 - share) * self.factor[low], np.sqrt(share) * self.factor[low + 1]]
            # The strongest directions of both are as many as either has; what they leave is each point's own.
            turned = np.linalg.eigh(both.T @ both)[1][:, -self.factor.shape[2] :]
            factor = both @ turned
            lost = np.clip((both**2).sum(1) - (factor**2).sum(1), 0, None)
            found.append(((1 - share) * self.variance[low] + share * self.variance[low + 1] + lost, factor))
        return found

    def save(self, path: Path) -> None:
        """Write a compressed npz in half precision (units of 0.1 mm keep every number in its range)."""
        unit = 1e4
        np.savez_compressed(
            path,
            model=self.model,
            form=self.form.astype(np.float32),
            detector=self.detector,
            bias=(self.bias * unit).astype(np.float16),
            response=(self.response * unit).astype(np.float16),
            deviation=(np.sqrt(self.variance) * unit).astype(np.float16),
            factor=(self.factor * unit).astype(np.float16),
            mirror=self.mirror.astype(np.int16),
        )


def form_of(basis: LandmarkBasis) -> Array:
    """(2, L, 3) metres: where the landmarks lie and how far the modes carry them; a model is known again by it."""
    return np.stack([basis.mean, np.sqrt((basis.modes**2).sum(-1))])


def calibration_path(model: FaceModel, detector: str) -> Path:
    """Where a model's and a detector's calibration is: with the engine for the built-in head, else the user's own."""
    if model.name == "builtin":
        return ASSETS / "calibration_builtin.npz"
    word = "-".join(re.findall(r"[a-z0-9]+", f"{model.name} {model.version} {detector}".lower()))
    return engine_models_dir() / ".calibrations" / f"{word}.npz"


def load_calibration(model: FaceModel, detector: str) -> Calibration | None:
    """The calibration of exactly this model and this detector; None if there is none or its file is damaged."""
    path = calibration_path(model, detector)
    stamp = path.stat().st_mtime_ns if path.is_file() else 0
    return memo(model, f"calibration_{detector}_{path}_{stamp}", lambda: _read(path, model, detector))


def _read(path: Path, model: FaceModel, detector: str) -> Calibration | None:
    try:
        with np.load(path) as data:
            if str(data["model"]) != f"{model.name} {model.version}" or str(data["detector"]) != detector:
                return None
            form = form_of(landmark_basis(model, "478" if data["form"].shape[1] == 478 else "68"))
            if np.abs(data["form"] - form).max() > SAME:
                return None
            unit = 1e-4
            found = Calibration(
                model=str(data["model"]),
                form=form,
                detector=str(data["detector"]),
                bias=data["bias"].astype(np.float64) * unit,
                response=data["response"].astype(np.float32) * np.float32(unit),
                variance=(data["deviation"].astype(np.float64) * unit) ** 2,
                factor=data["factor"].astype(np.float64) * unit,
                mirror=data["mirror"].astype(np.int64),
            )
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile):
        return None
    coefficients = len(model.identity_basis) + len(model.expression_names)
    return found if found.response.shape[1] == coefficients else None


def pose_features(yaw: float, pitch: float) -> Array:
    """(10,) what the bias is linear in."""
    y, p = yaw / 0.7, pitch / 0.35
    return np.array([1, y, p, y * y, y * p, p * p, y**3, y * y * p, abs(y), abs(y) * p])


def turn_features(yaw: float) -> Array:
    """(2,) what the response is linear in."""
    return np.array([1, yaw / 0.7])


def normalised_residual(basis: LandmarkBasis, pose: Pose, coefficients: Array, observed: Array) -> Array:
    """(2L,) detected minus true landmarks in the frame of :mod:`.noise`."""
    roll = roll_of(pose.rotation[:, 1])
    unroll = np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])
    offset: Array = (observed - pose.project(basis.points(coefficients))) @ unroll.T / pose.scale
    return offset.ravel()


@dataclass(frozen=True)
class Samples:
    """Detections with known truth."""

    angles: Array
    """(N, 2) yaw, pitch in radians."""
    coefficients: Array
    """(N, K) identity and expression."""
    residuals: Array
    """(N, 2L), see :func:`normalised_residual`."""


def learn(samples: Samples, mirror: NDArray[np.int64], model: str, form: Array, detector: str) -> Calibration:
    """Bias, response and covariance by ridge regression and factor analysis of what is left.

    Args:
        samples: already mirrored (see ``scripts/calibrate.py``), so that the result is symmetric.
        mirror: (2L,) flattened index of each coordinate's mirror image.
        model: name and version.
        form: :func:`form_of` the model.
        detector: name.
    """
    poses = np.stack([pose_features(*a) for a in samples.angles])
    turns = np.stack([turn_features(a[0]) for a in samples.angles])
    shape = (turns[:, :, None] * samples.coefficients[:, None]).reshape(len(turns), -1)
    design = np.c_[poses, shape]
    noise = float(np.median(samples.residuals.var(0)))
    spread = samples.coefficients.var(0).mean()
    ridge = np.r_[np.full(poses.shape[1], 1e-3), np.full(shape.shape[1], RIDGE_RESPONSE * noise / (spread * 1e-6))]
    ridge[poses.shape[1] :] = np.clip(ridge[poses.shape[1] :], 1.0, 200.0)
    weights = np.linalg.solve(design.T @ design + np.diag(ridge), design.T @ samples.residuals)
    left = samples.residuals - design @ weights
    freedom = np.trace(np.linalg.solve(design.T @ design + np.diag(ridge), design.T @ design))
    left *= np.sqrt(len(left) / max(len(left) - freedom, len(left) / 3))
    variance, factor = zip(*(_covariance(left, samples.angles[:, 0], knot) for knot in KNOTS), strict=True)
    split = poses.shape[1]
    response = weights[split:].reshape(turns.shape[1], samples.coefficients.shape[1], -1).astype(np.float32)
    return Calibration(model, form, detector, weights[:split], response, np.stack(variance), np.stack(factor), mirror)


def _covariance(left: Array, yaw: Array, knot: float) -> tuple[Array, Array]:
    """Diagonal and factor of the covariance of residuals near one yaw, heavy tails pulled in."""
    near = np.exp(-0.5 * ((yaw - knot) / np.radians(7.5)) ** 2)
    size = (left**2).mean(1)
    typical = np.median(size[near > 0.3])
    near = near / np.maximum(1.0, size / (6 * typical))
    weighted = left * np.sqrt(near / near.sum())[:, None]
    _, values, vectors = np.linalg.svd(weighted, full_matrices=False)
    factor = (vectors[:RANK] * values[:RANK, None]).T
    variance = MISSED * np.maximum((weighted**2).sum(0) - (factor**2).sum(1), FLOOR**2)
    return variance, factor
