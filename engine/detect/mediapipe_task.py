"""MediaPipe's newer face landmarker, a ``.task`` file: 478 points and 52 expression scores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DetectorUnavailable
from ..files.places import engine_models_dir, find_file
from .detector import Image
from .looks import Look
from .mediapipe_graphs import INSTALL, import_mediapipe, quiet
from .mediapipe_wheel import MediaPipeDetector

TASK_VARIABLE = "RECONSTRUCT_FACE_TASK"
"""Environment variable that names the task file."""
TASK_FILE = "face_landmarker.task"
TASK_URL = "https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/float16/latest/" + TASK_FILE


class FaceLandmarker:
    """The task's networks, as a :class:`engine.detect.looks.LandmarkNetwork`."""

    size = 384
    """Pixels: the task finds the face again by itself and samples it at 256."""

    def __init__(self, path: Path) -> None:
        """Load the bundle. Raises ``DetectorUnavailable`` for a damaged file or without MediaPipe."""
        mediapipe = import_mediapipe()
        try:
            from mediapipe.tasks.python import BaseOptions, vision

            options = vision.FaceLandmarkerOptions(
                base_options=BaseOptions(model_asset_buffer=path.read_bytes()),
                output_face_blendshapes=True,
                min_face_detection_confidence=0.3,
                min_face_presence_confidence=0.3,
            )
            with quiet():
                self._landmarker = vision.FaceLandmarker.create_from_options(options)
                self._landmarker.detect(self._wrapped(mediapipe, np.zeros((self.size, self.size, 3), np.uint8)))
        except ImportError as error:
            raise DetectorUnavailable("mediapipe_task", f"MediaPipe is too old ({error})", INSTALL) from error
        except (OSError, RuntimeError, ValueError) as error:
            reason = f"“{path}” is damaged or not a face landmarker"
            raise DetectorUnavailable("mediapipe_task", reason, f"download it again from {TASK_URL}") from error
        self._mediapipe = mediapipe
        self.close = self._landmarker.close

    @staticmethod
    def _wrapped(mediapipe: Any, crop: Image) -> Any:
        return mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(crop))

    def __call__(self, crop: Image) -> Look:
        """Look at a crop (384, 384, 3); the score is 1 where the task sees a face, else 0."""
        result = self._landmarker.detect(self._wrapped(self._mediapipe, crop))
        if not result.face_landmarks:
            return Look(np.zeros((478, 3)), 0.0)
        points = np.array([(p.x, p.y, p.z) for p in result.face_landmarks[0]], dtype=np.float64) * self.size
        scores = {shape.category_name: float(shape.score) for shape in result.face_blendshapes[0]}
        scores.pop("_neutral", None)
        return Look(points, 1.0, scores)


class MediaPipeTaskDetector(MediaPipeDetector):
    """The wheel's face search with the task's landmarks and expression scores."""

    name = "mediapipe_task"

    def __init__(self) -> None:
        """Find and load the task file.

        Looked for in ``$RECONSTRUCT_FACE_TASK``, then as ``mediapipe/face_landmarker.task`` in the models folder
        (:func:`engine.files.places.engine_models_dir`). Raises ``DetectorUnavailable``.
        """
        path = find_file(TASK_FILE, "mediapipe", TASK_VARIABLE)
        if path is None:
            place = engine_models_dir() / "mediapipe" / TASK_FILE
            remedy = f"download {TASK_URL} (4 MB) to “{place}”, or name the file in {TASK_VARIABLE}"
            raise DetectorUnavailable(self.name, "its task file is not here", remedy)
        super().__init__(FaceLandmarker(path))
