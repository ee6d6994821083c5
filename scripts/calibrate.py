"""Learn a detector's error on a face model from renders with known truth.

``python scripts/calibrate.py`` takes some three minutes on two cores, less on more, and writes the built-in head's,
which ships; with ``--model`` any other model of the models folder learns one, which the fit then finds there.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import torch
import tyro
from numpy.typing import NDArray
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from engine.config import Detector as DetectorName
from engine.detect.detector import Detector
from engine.detect.layouts import MIRROR
from engine.detect.library import create_detector
from engine.evaluation.heads import photograph, random_subject
from engine.faces.library import load_model
from engine.faces.model import FaceModel
from engine.fit.basis import landmark_basis
from engine.fit.calibration import Samples, calibration_path, form_of, learn, normalised_residual
from engine.fit.pose import view_angles

WORST = 0.02
"""Metres: a detection farther off than this on average found something else."""


@dataclass(frozen=True)
class Arguments:
    """What to learn from."""

    model: str = "builtin"
    detector: DetectorName = "mediapipe"
    count: int = 3000
    """Renders."""
    size: int = 320
    """Side of a render in pixels."""
    yaw: float = 50.0
    """Degrees to either side."""
    seed: int = 1000
    processes: int = field(default_factory=lambda: os.cpu_count() or 1)
    """How many render at the same time; what is learned does not depend on it."""
    cache: Path | None = None
    """A file that keeps the samples, to learn again without rendering."""


def main(arguments: Arguments) -> None:
    """Render, detect, learn, save."""
    model = load_model(arguments.model)
    if arguments.cache and arguments.cache.exists():
        with np.load(arguments.cache) as data:
            samples = Samples(data["angles"], data["coefficients"], data["residuals"])
    else:
        samples = collect(arguments)
        if arguments.cache:
            np.savez(arguments.cache, **vars(samples))
    flat = flat_mirror()
    both = with_mirror_images(model, samples, flat)
    form = form_of(landmark_basis(model, "478"))
    calibration = learn(both, flat, f"{model.name} {model.version}", form, arguments.detector)
    path = calibration_path(model, arguments.detector)
    path.parent.mkdir(parents=True, exist_ok=True)
    calibration.save(path)
    print(f"{len(samples.angles)} samples, {path.stat().st_size / 1e6:.2f} MB written to {path.name}")


def collect(arguments: Arguments) -> Samples:
    """Detections on random heads, with their errors."""
    jobs = [(arguments, index) for index in range(arguments.count)]
    if arguments.processes < 2:
        found = [sample(job) for job in tqdm(jobs, desc="renders")]
    else:
        fresh = multiprocessing.get_context("spawn")  # a fork would carry the threads of torch and MediaPipe along
        with ProcessPoolExecutor(arguments.processes, fresh) as pool:
            found = list(tqdm(pool.map(sample, jobs, chunksize=8), total=len(jobs), desc="renders"))
    rows = [row for row in found if row is not None]
    angles, shapes, residuals = (np.stack([row[k] for row in rows]) for k in range(3))
    return Samples(angles, shapes, residuals)


def sample(job: tuple[Arguments, int]) -> tuple[NDArray[np.float64], ...] | None:
    """Angles (2,), coefficients (K,) and residuals (2L,) of one head; None where the detector fails."""
    arguments, index = job
    model, detector = _tools(arguments.model, arguments.detector)
    random = np.random.default_rng([arguments.seed, index])
    subject = random_subject(model, random, arguments.size, arguments.yaw)
    found = detector.detect(photograph(model, subject, random))
    if not found:
        return None
    coefficients = torch.cat([subject.identity, subject.expression]).numpy().astype(np.float64)
    basis = landmark_basis(model, detector.layout)
    residual = normalised_residual(basis, subject.pose, coefficients, found[0].landmarks.astype(np.float64))
    if np.abs(residual).mean() > WORST:
        return None
    return np.array(view_angles(subject.pose)[:2]), coefficients, residual


@cache
def _tools(name: str, detector: DetectorName) -> tuple[FaceModel, Detector]:
    """What each process loads once. One thread: the processes share the cores."""
    torch.set_num_threads(1)
    return load_model(name), create_detector(detector)


def flat_mirror() -> NDArray[np.int64]:
    """(2L,) flattened index of each landmark coordinate's mirror image."""
    return (2 * MIRROR["478"].astype(np.int64)[:, None] + np.arange(2)).ravel()


def with_mirror_images(model: FaceModel, samples: Samples, flat: NDArray[np.int64]) -> Samples:
    """The samples and, once more, what a mirror would show."""
    count = len(model.identity_basis)
    identity = samples.coefficients[:, :count] @ mirrored_identity(model)
    expression = samples.coefficients[:, count:][:, mirrored_expression(model)]
    sign = np.tile([-1.0, 1.0], samples.residuals.shape[1] // 2)
    return Samples(
        np.r_[samples.angles, samples.angles * [-1, 1]],
        np.r_[samples.coefficients, np.c_[identity, expression]],
        np.r_[samples.residuals, samples.residuals[:, flat] * sign],
    )


def mirrored_identity(model: FaceModel) -> NDArray[np.float64]:
    """(I, I) with ``coefficients @ matrix`` the mirrored head's coefficients (least squares over the skin)."""
    skin = model.skin_weight > 0.05
    flipped = model.identity_basis[:, torch.from_numpy(model.mirror).long()] * torch.tensor([-1.0, 1.0, 1.0])
    before, after = (b[:, skin].flatten(1).double().numpy() for b in (model.identity_basis, flipped))
    return np.linalg.lstsq(before.T, after.T, rcond=None)[0].T


def mirrored_expression(model: FaceModel) -> NDArray[np.int64]:
    """(E,) index of each expression's mirror image, by name."""
    names = list(model.expression_names)
    swapped = [n.replace("Left", "#").replace("Right", "Left").replace("#", "Right") for n in names]
    return np.array([names.index(s) if s in names else i for i, s in enumerate(swapped)])


if __name__ == "__main__":
    main(tyro.cli(Arguments))
