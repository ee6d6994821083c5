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
    spread: Floats | None = None
    """(L,) scatter of each point between repeated looks at the face, pixels (root mean square), where it was measured.

    A lower bound of the point's error: what all looks get wrong alike does not show.
    """
    scores: dict[str, float] | None = None
    """The detector's own ARKit expression scores 0..1 by name, where it gives them."""

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

    def close(self) -> None:
        """Free what the detector holds; it cannot be used afterwards."""
        ...
