"""Learn where the detector sees each landmark on the built-in head: ``python scripts/learn_landmarks.py``.

Adds the bias that ``scripts/calibrate.py`` found on heads that face the camera to ``scripts/head/landmark_slide.csv``.
Afterwards ``build_head.py`` and ``calibrate.py`` must run again.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import tyro

from engine.faces.library import load_model
from engine.fit.calibration import load_calibration, pose_features
from scripts.head.slide import LEARNED, learned_slide


def main(output: Path = LEARNED) -> None:
    """Add the present bias to what was learned before.

    Args:
        output: file to write.
    """
    calibration = load_calibration(load_model("builtin"), "mediapipe")
    if calibration is None:
        sys.exit("There is no calibration of this head; run scripts/calibrate.py first.")
    bias = (pose_features(0.0, 0.0) @ calibration.bias).reshape(-1, 2)[:468] * 1e3
    left_up = bias * [1, -1]  # in the picture of a head that faces the camera, y points down
    np.savetxt(output, learned_slide() + left_up, "%.2f", delimiter=",")
    print(f"mean bias {np.linalg.norm(bias, axis=1).mean():.2f} mm; wrote {output.name}")


if __name__ == "__main__":
    tyro.cli(main)
