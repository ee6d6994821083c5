"""The landmark fit alone, beside the same problem given to scipy's general least-squares solver."""

from __future__ import annotations

import numpy as np
import torch
from scipy.optimize import least_squares

from engine.detect.library import create_detector
from engine.faces.library import load_model
from engine.files.photo import read_photo
from engine.fit.calibration import load_calibration
from engine.fit.landmarks import fit_landmarks
from engine.fit.pose import rotation_of

from . import Row
from .job import sample_photo
from .raster import milliseconds


def run(repeats: int = 20) -> list[Row]:
    """Median time of :func:`engine.fit.landmarks.fit_landmarks` on the astronaut, and of the plain solver."""
    photo = read_photo(sample_photo())
    model = load_model("builtin", "cpu")
    detection = create_detector("mediapipe", "cpu").detect(photo.pixels)[0]
    calibration = load_calibration(model, "mediapipe")
    height, width = photo.pixels.shape[:2]
    ours = milliseconds(lambda: fit_landmarks(model, detection, (width, height), None, calibration), repeats)

    landmarks = model.landmarks[detection.layout]
    count, shapes = len(model.identity_basis), len(model.expression_basis)
    mean = landmarks.points(model.mean).numpy()
    modes = landmarks.points(torch.cat([model.identity_basis, model.expression_basis])).numpy()
    focal = 1.6 * max(width, height)

    def residuals(x: np.ndarray) -> np.ndarray:
        points = mean + np.tensordot(x[6:], modes, 1)
        camera = points @ (rotation_of(x[:3]) @ np.diag([1.0, -1.0, -1.0])).T + x[3:6]
        image = camera[:, :2] / camera[:, 2:] * focal + (width / 2, height / 2)
        return np.r_[((image - detection.landmarks) / 3.0).ravel(), x[6:]]

    start = np.r_[0, 0, 0, 0, 0, 0.8, np.zeros(count + shapes)]
    plain = milliseconds(lambda: least_squares(residuals, start, method="trf", max_nfev=20), 1)
    peer = f"scipy least_squares, no bounds or noise model: {plain:.0f} ms ({plain / ours:.0f}x)"
    return [Row("landmark fit alone", ours, "ms", 20.0, peer)]
