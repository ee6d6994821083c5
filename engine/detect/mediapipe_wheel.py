"""The default detector: the networks inside MediaPipe's wheel, nothing to download."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..contract import Licence
from .detector import Detection, Image, Layout
from .looks import LandmarkNetwork, read_face
from .mediapipe_graphs import CROP, AttentionMesh, FaceSearch
from .search import pyramid, pyramid_scales, search_level, suppress

_POSSIBLE = 0.4
"""Search score worth a look."""
_SMALLEST, _NEEDED = 24.0, 12.0
"""Faces of at least so many photo pixels are looked for; the search network needs so many across."""
_LEVELS, _TURNED_LEVELS = 4, 3
"""Pyramid levels that are always searched, and that are searched in a turned photo when those show no face."""


class MediaPipeDetector:
    """Full-range face search on a pyramid of tiles, then 478 points averaged over several crops of each face."""

    name = "mediapipe"
    layout: Layout = "478"
    licence = Licence(
        "MediaPipe face detection and face mesh", "Apache-2.0", True, "https://github.com/google-ai-edge/mediapipe"
    )

    def __init__(self, network: LandmarkNetwork | None = None) -> None:
        """Start the networks, on the CPU; ``network`` replaces the wheel's. Raises ``DetectorUnavailable``."""
        self._network = network or AttentionMesh()
        self._search = FaceSearch(_POSSIBLE)

    def detect(self, image: Image) -> list[Detection]:
        """Every face in ``image`` (H, W, 3), the largest first; see :class:`engine.detect.detector.Detector`.

        A photo that lies on its side or stands on its head is tried when no upright face is found; small faces are
        looked for only while no larger one is found.
        """
        height, width = image.shape[:2]
        levels = pyramid(image, pyramid_scales(width, height, CROP, _SMALLEST, _NEEDED))
        found = self._faces(image, levels[:_LEVELS])
        for quarter in (1, 3, 2):
            found = found or self._faces(image, levels[:_TURNED_LEVELS], quarter)
        for level in levels[_LEVELS:]:
            found = found or self._faces(image, [level])
        return sorted(found, key=lambda face: -face.size)

    def close(self) -> None:
        """Stop the networks' threads; the detector cannot be used afterwards."""
        self._search.close()
        self._network.close()

    def _faces(self, image: Image, levels: Iterable[Image], quarter: int = 0) -> list[Detection]:
        """Faces found on these pyramid levels, turned anticlockwise by quarters of a turn."""
        size = (image.shape[1], image.shape[0])
        rows = np.concatenate([search_level(level, size, self._search, CROP, quarter) for level in levels])
        rows = rows[suppress(rows[:, :4], rows[:, -1])]
        faces = [face for face in (read_face(self._network, image, row) for row in rows) if face]
        boxes = np.array([face.box for face in faces]).reshape(-1, 4)
        return [faces[i] for i in suppress(boxes, np.array([face.score for face in faces]))]
