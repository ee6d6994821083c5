"""Every setting of a reconstruction: its type, unit, default and help, said once.

The command line (tyro), the Blender panel and the docs read this file. Standard library only, because Blender's
Python reads it too.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal, get_args

from .errors import BadSetting

Detector = Literal["mediapipe", "mediapipe_task", "face_alignment"]
Quality = Literal["draft", "standard", "high"]
Device = Literal["auto", "cpu", "cuda", "mps"]
Faces = Literal["largest", "all"]


@dataclass(frozen=True)
class Settings:
    """What the user may choose for one reconstruction."""

    model: str = "builtin"
    """Face model to fit, by name."""

    detector: Detector = "mediapipe"
    """Which face and landmark detector to use."""

    quality: Quality = "standard"
    """How long to refine against the photo's pixels: draft (landmarks only), standard or high."""

    device: Device = "auto"
    """Where to compute: auto takes CUDA, then Apple's GPU, then the CPU."""

    faces: Faces = "largest"
    """Which faces of a photo to reconstruct."""

    face_index: int = -1
    """If 0 or more: only this face, counted from the largest."""

    texture_size: int = 2048
    """Side of the albedo texture in pixels (a power of two, 256 to 8192)."""

    focal_px: float = 0.0
    """Focal length in pixels of the original photo; 0 reads EXIF, else estimates it."""

    apply_expression: bool = True
    """Give the shape keys the photo's expression (otherwise all stay at 0)."""

    identity_keys: int = 0
    """How many of the model's identity components become shape keys of their own (0 to 400)."""

    shape_sliders: bool = False
    """Add shape keys for the model's named directions, such as face width and nose length."""

    seed: int = 0
    """Seed of everything random; the same seed gives the same head on the same device."""

    def __post_init__(self) -> None:
        for name, kind in (("detector", Detector), ("quality", Quality), ("device", Device), ("faces", Faces)):
            if getattr(self, name) not in get_args(kind):
                raise BadSetting(name, getattr(self, name), "one of " + ", ".join(get_args(kind)))
        size = self.texture_size
        if not 256 <= size <= 8192 or size & (size - 1):
            raise BadSetting("texture_size", size, "a power of two between 256 and 8192")
        if not 0 <= self.identity_keys <= 400:
            raise BadSetting("identity_keys", self.identity_keys, "between 0 and 400")
        if not 0 <= self.focal_px < 1e6:
            raise BadSetting("focal_px", self.focal_px, "0 (unknown) or a positive number of pixels")

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Settings:
        """Settings from plain values, as a request carries them; an unknown name raises :class:`BadSetting`."""
        known = {field.name: field for field in dataclasses.fields(cls)}
        for name in values:
            if name not in known:
                raise BadSetting(name, values[name], "left out: there is no such setting")
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return dataclasses.asdict(self)
