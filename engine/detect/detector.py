"""The interface of every detector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ..contract import Floats, Licence

Layout = Literal["68", "478"]
Image = NDArray[np.uint8]
"""(H, W, 3) RGB, sRGB, upright."""


@dataclass(frozen=True)
class Detection:
    """One face in one photo."""

    box: Floats
    """(4,) left, top, right, bottom in pixels of the photo."""
    score: float
    """0..1."""
    layout: Layout
    landmarks: Floats
    """(L, 2) pixels of the original photo."""
    depth: Floats | None = None
    """(L,) the detector's own guess of depth in pixels, larger is farther; a prior, not a measurement."""

    @property
    def size(self) -> float:
        """Area of the box in square pixels."""
        return float((self.box[2] - self.box[0]) * (self.box[3] - self.box[1]))


class Detector(Protocol):
    """Finds faces and their landmarks."""

    name: str
    layout: Layout
    licence: Licence

    def detect(self, image: Image) -> list[Detection]:
        """Every face found, the largest first; an empty list if there is none.

        Raises ``DetectorUnavailable`` when a package or weights are missing.
        """
        ...
