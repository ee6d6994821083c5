"""What crosses the line between the engine and Blender: :class:`Request`, :class:`Progress`, :class:`FaceResult`.

Standard library and numpy only. All arrays are in the project's conventions (``engine/camera/conventions.py``):
head space in metres, +X the subject's left, +Y up, +Z out of the face, origin midway between the tragions;
cameras are OpenCV's (x right, y down, z forward) with intrinsics in pixels, image origin at the top-left corner of
the top-left pixel, so a pixel's centre is at +0.5; UV (0, 0) is bottom-left.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

VERSION = 2
"""Version of the saved form. Raise it when an older reader would misread a newer file; 2 has
:attr:`Correctives.smaller`."""


@dataclass(frozen=True)
class Licence:
    """Which model or weights touched a head, and what that allows."""

    name: str
    """What it is, e.g. ``"builtin head 1.0"``."""
    licence: str
    """SPDX identifier or the owners' own name of it."""
    commercial: bool
    """Whether commercial use of the result is allowed."""
    source: str = ""
    """Where its owners give it out."""


@dataclass(frozen=True)
class Request:
    """One job: photos of one person (today one photo) and where to put the result."""

    photos: tuple[str, ...]
    output: str
    """Folder that will hold one sub-folder per face."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Values of :class:`engine.config.Settings` that differ from the defaults."""


@dataclass(frozen=True)
class Progress:
    """How far a job is."""

    stage: str
    """Short stable name: photo, detect, fit, photometric, texture, save."""
    fraction: float
    """0..1 over the whole job."""
    text: str
    """A few words for the user."""


@dataclass(frozen=True)
class Mesh:
    """The neutral head: a mostly-quad polygon mesh with one material per polygon."""

    vertices: Floats
    """(V, 3) metres, head space; the person's identity, no expression."""
    polygons: Ints
    """(F, 4) vertex indices, counter-clockwise seen from outside; a triangle repeats nothing and ends in -1."""
    uvs: Floats
    """(F, 4, 2) per corner; the unused corner of a triangle is 0."""
    polygon_material: Ints
    """(F,) index into ``FaceResult.materials``."""
    groups: dict[str, Ints] = field(default_factory=dict)
    """Named sets of vertices (parts and regions), e.g. ``"eye_L"``, ``"teeth_upper"``, ``"lips"``."""


@dataclass(frozen=True)
class ShapeKeys:
    """Offsets from the neutral mesh; ARKit's 52 first, then the model's own.

    Keys named ``identity_...`` and ``shape_...`` change the person, all others the expression.
    """

    names: tuple[str, ...]
    offsets: Floats
    """(K, V, 3) metres at weight 1."""
    weights: Floats
    """(K,) the first photo's expression."""
    minimum: Floats
    """(K,) lowest sensible weight."""
    maximum: Floats
    """(K,) highest sensible weight."""


@dataclass(frozen=True)
class Correctives:
    """Offsets that other controls drive, so that combinations look right; nobody moves them by hand.

    The weight of each is the product of two shape keys' weights, the smaller of both, or one element of a joint's
    rotation. Negative weights of keys count as 0.
    """

    names: tuple[str, ...]
    offsets: Floats
    """(C, V, 3) metres at weight 1."""
    pairs: Ints
    """(C, 2) the two shape keys that drive it, or one twice; -1 where a joint does."""
    elements: Ints
    """(C, 3) joint, row and column of the element of ``R_joint - I`` (``R_joint`` turns the joint against its parent,
    in head-space axes); -1 where shape keys drive it."""
    smaller: Ints = field(default_factory=lambda: np.zeros(0, np.int32))
    """Rows whose weight is the smaller of both keys' weights instead of their product."""


@dataclass(frozen=True)
class Rig:
    """Joints and skinning weights; ``parents[0]`` is -1."""

    names: tuple[str, ...]
    parents: Ints
    """(J,) index of the parent, -1 for a root."""
    heads: Floats
    """(J, 3) where each joint turns, metres, head space, this person's identity."""
    tails: Floats
    """(J, 3) where its bone points to."""
    weights: Floats
    """(V, J) rows sum to 1."""
    pose: Floats | None = None
    """(J, 3, 3) turn of each joint against its parent, in head-space axes; None where all rest."""


@dataclass(frozen=True)
class Material:
    """A surface of the head, in values a Principled BSDF understands."""

    name: str
    color: tuple[float, float, float]
    """Base colour in linear RGB, used where ``texture`` is empty."""
    texture: str = ""
    """Name of the albedo image in ``FaceResult.images`` (sRGB), or empty."""
    roughness: float = 0.5
    subsurface: float = 0.0
    """Subsurface weight 0..1."""
    alpha: float = 1.0
    lit_by_sh: bool = True
    """Whether albedo times SH describes it (skin) or it needs reflections (cornea)."""
    roughness_texture: str = ""
    """Name of an image of plain values 0..1 in ``FaceResult.images`` that replaces ``roughness``, or empty."""
    subsurface_texture: str = ""
    """The same for ``subsurface``."""

    @property
    def opaque(self) -> bool:
        """Whether it hides what lies behind it; corneas, tears and lashes do not."""
        return self.alpha >= 0.5


@dataclass(frozen=True)
class View:
    """One photo of the person and its recovered camera."""

    photo: str
    """Original path, as given."""
    image: str
    """Name of the photo's copy in ``FaceResult.images`` (upright, sRGB, at its full or a reduced size)."""
    size: tuple[int, int]
    """(width, height) in pixels of the original photo, upright; intrinsics and landmarks refer to it."""
    intrinsics: Floats
    """(3, 3) pinhole matrix."""
    rotation: Floats
    """(3, 3); ``x_cam = rotation @ x_head + translation``."""
    translation: Floats
    """(3,) metres."""
    landmark_layout: Literal["68", "478"]
    landmarks: Floats
    """(L, 2) observed, pixels."""
    landmarks_fitted: Floats
    """(L, 2) the model's points projected, pixels."""
    expression: Floats
    """(K,) weights of ``ShapeKeys.names`` in this photo."""
    focal_source: Literal["exif", "given", "estimated"] = "estimated"


@dataclass(frozen=True)
class Light:
    """Real order-2 spherical harmonics of the light, already convolved with the cosine lobe and divided by pi.

    ``shade(n) = sum_k coefficients[k] * Y_k(n)`` multiplies the linear albedo; order and constants of ``Y_k`` are in
    ``engine/light/harmonics.py``.
    """

    coefficients: Floats
    """(9, 3) linear RGB."""
    frame: Literal["head", "camera"] = "head"


@dataclass(frozen=True)
class FaceResult:
    """Everything needed to rebuild the head anywhere, without the engine."""

    model: str
    """Name and version of the face model, e.g. ``"builtin 1.0"``."""
    mesh: Mesh
    shape_keys: ShapeKeys
    rig: Rig
    materials: tuple[Material, ...]
    views: tuple[View, ...]
    """Empty where the head was made from coefficients instead of photos."""
    light: Light
    coefficients: dict[str, Floats] = field(default_factory=dict)
    """``identity``, ``albedo``, ``expression``: standard deviations in the model named above."""
    images: dict[str, bytes] = field(default_factory=dict, repr=False)
    """Encoded image files by name. ``albedo.png`` (skin, sRGB) and ``confidence.png`` (255 seen .. 0 guessed)."""
    correctives: Correctives | None = None
    report: dict[str, Any] = field(default_factory=dict)
    """Quality figures, warnings (sentences) and seconds by stage; saved as ``report.json``."""
    licences: tuple[Licence, ...] = ()
    folder: Path | None = None
    """Where it was saved or loaded, if it was."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences for the user about what to trust less."""
        return tuple(self.report.get("warnings", ()))

    @property
    def commercial(self) -> bool:
        """Whether every licence involved allows commercial use."""
        return all(licence.commercial for licence in self.licences)

    def save(self, folder: str | Path) -> FaceResult:
        """Write ``face.npz``, the images and ``report.json``, whole or not at all. See :mod:`engine.storage`."""
        from .storage import save

        return save(self, Path(folder))

    @staticmethod
    def load(folder: str | Path) -> FaceResult:
        """Read what :meth:`save` wrote. Raises ``ResultUnreadable``. See :mod:`engine.storage`."""
        from .storage import load

        return load(Path(folder))
