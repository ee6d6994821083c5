"""Detectors by name."""

from __future__ import annotations

import torch

from ..config import Detector as DetectorName
from .detector import Detector


def create_detector(name: DetectorName, device: torch.device | str = "cpu") -> Detector:
    """A detector, ready to use; close it when done.

    Args:
        name: as in ``Settings.detector``.
        device: a torch device; MediaPipe's networks run on the CPU whatever it says.

    Raises:
        DetectorUnavailable: its package or weights are missing.
    """
    if name == "mediapipe":
        from .mediapipe_wheel import MediaPipeDetector

        return MediaPipeDetector()
    if name == "mediapipe_task":
        from .mediapipe_task import MediaPipeTaskDetector

        return MediaPipeTaskDetector()
    from .fan import FaceAlignmentDetector

    return FaceAlignmentDetector(device)
