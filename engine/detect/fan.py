"""The 68 iBUG points from the face-alignment package's networks (Bulat and Tzimiropoulos 2017), in 2D or 3D."""

from __future__ import annotations

import pickle
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..contract import Licence
from ..errors import DetectorUnavailable
from .crops import Square, cut
from .detector import Detection, Image, Layout
from .layouts import MIRROR
from .looks import bounding_box
from .mediapipe_wheel import MediaPipeDetector
from .weights import Weights, fetch

_SOURCE = "https://www.adrianbulat.com/downloads/python-fan/"
_2D = Weights("2DFAN4-11f355bf06.pth.tar", _SOURCE, 96)
_3D = Weights("3DFAN4-7835d9f11d.pth.tar", _SOURCE, 96)
_DEPTH = Weights("depth-2a464da4ea.pth.tar", _SOURCE, 235)

_CROP, _MAP = 256, 64
_BOX_TO_CROP = 200.0 / 195.0
"""Crop side over the box's width plus height, and below how far up it is moved: as the networks were trained."""
_UP = 0.12
_SPREAD = 3.25
"""Standard deviation in crop pixels of the blobs that tell the depth network where the points are."""


class FaceAlignmentDetector:
    """MediaPipe finds the faces, a stacked hourglass network draws one heat map a point.

    2D points follow the visible outline, 3D points lie where the jaw would be seen through the face.
    """

    name = "face_alignment"
    layout: Layout = "68"
    licence = Licence(
        "face-alignment FAN-4, trained on 300W-LP",
        "BSD-3-Clause; training data for research only",
        False,
        "https://github.com/1adrianb/face-alignment",
    )

    def __init__(self, device: torch.device | str = "cpu", points: Literal["2D", "3D"] = "2D") -> None:
        """Load the networks, downloading their weights the first time. Raises ``DetectorUnavailable``."""
        try:
            from face_alignment.models import FAN, ResNetDepth
        except ImportError as error:
            reason = f"its package is missing ({error})"
            raise DetectorUnavailable(
                self.name, reason, "set up the engine again, or pip install face-alignment"
            ) from error
        self._device = torch.device(device)
        self._maps = self._loaded(FAN(4), _2D if points == "2D" else _3D)
        self._depth = self._loaded(ResNetDepth(), _DEPTH) if points == "3D" else None
        self._faces = MediaPipeDetector()

    def detect(self, image: Image) -> list[Detection]:
        """Every face in ``image`` (H, W, 3), the largest first; see :class:`engine.detect.detector.Detector`."""
        return [self._read(image, face) for face in self._faces.detect(image)]

    def close(self) -> None:
        """Stop the face search; the detector cannot be used afterwards."""
        self._faces.close()

    def _loaded(self, network: Any, weights: Weights) -> Any:
        path = fetch(self.name, weights)
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
            state = {k.removeprefix("module."): v for k, v in state.get("state_dict", state).items()}
            network.load_state_dict(state)
        except (
            OSError,
            RuntimeError,
            ValueError,
            EOFError,
            LookupError,
            AttributeError,
            pickle.UnpicklingError,
        ) as error:
            reason, remedy = f"the weights “{path}” are damaged", "delete that file and try again"
            raise DetectorUnavailable(self.name, reason, remedy) from error
        return network.to(self._device).eval()

    @torch.no_grad()
    def _read(self, image: Image, face: Detection) -> Detection:
        square = _square(face)
        crop = torch.from_numpy(cut(image, square, _CROP).astype(np.float32) / 255).permute(2, 0, 1)
        both = torch.stack([crop, crop.flip(2)]).to(self._device)
        maps = self._maps(both)[-1]
        mirror = torch.as_tensor(MIRROR["68"], dtype=torch.long, device=maps.device)
        maps = (maps[0] + maps[1].flip(2)[mirror]) / 2
        points = heatmap_peaks(maps.cpu().numpy()) * (_CROP / _MAP)
        landmarks = square.to_photo(points, _CROP).astype(np.float32)
        depth = None
        if self._depth is not None:
            guess = self._depth(torch.cat([both[0], _blobs(points).to(self._device)])[None])
            depth = -guess.reshape(68).cpu().numpy() * np.float32(square.side / _CROP)  # the network's grows nearer
        return Detection(bounding_box(landmarks), face.score, self.layout, landmarks, depth)


def heatmap_peaks(maps: NDArray[np.floating]) -> NDArray[np.float64]:
    """(L, 2) positions of the peaks of maps (L, H, W), in map pixels from the corner, finer than a pixel.

    The centre of mass of the positive values in the 5 x 5 pixels round each maximum.
    """
    count, height, width = maps.shape
    peak_y, peak_x = np.unravel_index(maps.reshape(count, -1).argmax(1), (height, width))
    around = np.arange(-2, 3)
    y, x = np.clip(peak_y[:, None] + around, 0, height - 1), np.clip(peak_x[:, None] + around, 0, width - 1)
    values = np.clip(maps[np.arange(count)[:, None, None], y[:, :, None], x[:, None, :]], 1e-9, None)
    total = values.sum((1, 2))
    centre_x = (values.sum(1) * x).sum(1) / total
    centre_y = (values.sum(2) * y).sum(1) / total
    return np.stack([centre_x, centre_y], 1) + 0.5


def _square(face: Detection) -> Square:
    """The crop the networks were trained on, from MediaPipe's outline of the face."""
    left, top, right, bottom = (float(v) for v in face.box)
    side = _BOX_TO_CROP * (right - left + bottom - top)
    return Square((left + right) / 2, (top + bottom) / 2 - _UP * (bottom - top), side)


def _blobs(points: NDArray[np.floating]) -> Tensor:
    """(68, 256, 256) a Gaussian of height 1 at each point (68, 2) in crop pixels."""
    pixels = torch.arange(_CROP) + 0.5
    x, y = (torch.as_tensor(points[:, i, None], dtype=torch.float32) for i in (0, 1))
    bell_x, bell_y = (torch.exp(-0.5 * ((pixels - centre) / _SPREAD) ** 2) for centre in (x, y))
    return bell_y[:, :, None] * bell_x[:, None, :]
