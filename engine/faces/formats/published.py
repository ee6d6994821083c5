"""A face model as its authors publish it, brought into head space: what every loader returns, whatever its format.

``adopt.py`` makes a :class:`~.model.FaceModel` of it; a loader only reads, checks and converts.

Shapes: V vertices, F polygons, I identity modes, E expressions, A albedo modes, J joints, H x W texels. Coordinates
are metres, +X the subject's left, +Y up, +Z out of the face; the origin is still the authors' own (``adopt`` moves it,
and remembers by how much, so that a coefficient vector gives the very vertices its authors' code gives).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ...contract import Floats, Ints, Licence


@dataclass(frozen=True)
class PublishedJoints:
    """A skeleton with linear blend skinning (``skinning.py``)."""

    names: tuple[str, ...]
    parents: Ints
    """(J,), -1 for the root; a parent comes before its children."""
    heads: Floats
    """(J, 3) joints of the mean head."""
    identity_basis: Floats
    """(I, J, 3) how one standard deviation of each identity mode moves them."""
    expression_basis: Floats
    """(E, J, 3) how each expression moves them (FLAME's do; zeros where the authors leave joints alone)."""
    weights: Floats
    """(V, J) skinning weights, rows sum to 1."""
    regressor: Floats | None = None
    """(J, V) joints from neutral vertices, where published."""
    correctives: Floats | None = None
    """(9 * len(corrective_joints), V, 3) offsets per element of ``flatten(R_j - I)``, row-major, joint by joint."""
    corrective_joints: Ints | None = None
    """(C,) the joints whose rotations drive ``correctives`` (FLAME: 1..4; GNM: all)."""


@dataclass(frozen=True)
class PublishedAlbedo:
    """A linear albedo space, per vertex or in a UV texture."""

    mean: Floats
    """(V, 3) or (H, W, 3) linear RGB; texture row 0 is the top (v = 1)."""
    basis: Floats
    """(A, V, 3) or (A, H, W, 3) linear RGB offset of one standard deviation (a gamma-space model is linearised at
    its mean, to first order)."""
    name: str = ""


@dataclass(frozen=True)
class PublishedModel:
    """What a family's loader returns."""

    family: str
    """``"bfm2009"``, ``"bfm2017"``, ``"bfm2019"``, ``"flame"``, ``"ict"``, ``"gnm"``."""
    name: str
    """What the panel and the licence ledger call it, e.g. ``"FLAME 2020"``, ``"BFM 2009 (Deep3D)"``."""
    version: str
    """Tells coefficient vectors apart that must not be mixed, e.g. ``"2020-generic"``."""
    licence: Licence

    mean: Floats
    """(V, 3) float32."""
    identity_basis: Floats
    """(I, V, 3) float32, offset of one standard deviation."""
    expression_names: tuple[str, ...]
    """The authors' names where they have some, else ``expression_000`` ..."""
    expression_basis: Floats
    """(E, V, 3) float32, offset at weight 1 (one standard deviation for a PCA basis)."""
    expression_range: Floats
    """(E, 2) honest slider ends: (-3, 3) for a PCA basis, (0, 1) for sculpted shapes."""

    polygons: Ints
    """(F, 4), -1 ends a triangle; counter-clockwise seen from outside."""
    uvs: Floats | None = None
    """(F, 4, 2) per corner, (0, 0) bottom-left; None where the authors give none."""

    albedo: PublishedAlbedo | None = None
    parts: dict[str, Ints] = field(default_factory=dict)
    """Vertices by part, in the house's names where the model has them apart: ``skin``, ``eye_L``, ``eye_R``,
    ``teeth_upper``, ``teeth_lower``, ``gums``, ``tongue``, ``mouth_bag``, ``lashes``."""
    landmarks_68: tuple[Ints, Floats] | None = None
    """(68, 3) vertices and (68, 3) barycentric weights, iBUG order; None where only the correspondence can tell."""
    extra_points: dict[str, tuple[Ints, Floats]] = field(default_factory=dict)
    """Other published point sets by name, vertices and weights: ``"mediapipe_105"`` (105, 3), ``"eyes"`` (2, 3),
    ``"contour"`` (79, 17, 3): FLAME's by yaw bin."""
    extra_indices: dict[str, Ints] = field(default_factory=dict)
    """Integer tables that go with a point set, e.g. ``"mediapipe_105"``: which of the 478 each point is."""
    joints: PublishedJoints | None = None
    mirror: Ints | None = None
    """(V,) where published."""
    mask_skin: Ints | None = None
    """(V,) 1 where the authors' own skin mask is (Deep3D), else 0."""
    companions: tuple[Licence, ...] = ()
    """Licences of what was found beside the model and went into it, e.g. an albedo space of other owners."""
