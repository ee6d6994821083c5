"""GNM Head v3, from ``gnm_head.npz`` as Google gives it out.

Format and equations: the project's README and loader (Apache-2.0). Metres, +Y up, +Z out of the face. Joints follow
identity only; pose correctives are driven by all joints. UVs lie in one unit square for each part, where parts overlap.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ...contract import Floats, Ints, Licence
from ...files.arrays import npz_headers, read_npz
from ...files.damage import FileDamaged
from .loading import checked_head, expect_shape, indices, loading
from .published import PublishedJoints, PublishedModel

NAME = "GNM Head v3"
SOURCE = "https://github.com/google/GNM"
REMEDY = f"choose gnm_head.npz of version 3 from {SOURCE}, folder gnm/shape/data/versions/v3_0 (Apache-2.0)"

VERTICES, QUADS, TRIANGLES, JOINTS = 17821, 17662, 35324, 4
IDENTITIES, EXPRESSIONS = 253, 383
LANDMARKS_NAME = "head_sparse_68.txt"
LANDMARKS_BYTES = 1 << 16

_SHAPES: dict[str, tuple[int, ...]] = {
    "template_vertex_positions": (VERTICES, 3),
    "template_joint_positions": (JOINTS, 3),
    "vertex_identity_basis": (IDENTITIES, VERTICES, 3),
    "joint_identity_basis": (IDENTITIES, JOINTS, 3),
    "expression_basis": (EXPRESSIONS, VERTICES, 3),
    "identity_names": (IDENTITIES,),
    "joint_names": (JOINTS,),
    "expression_names": (EXPRESSIONS,),
    "joint_parent_indices": (JOINTS,),
    "skinning_weights": (JOINTS, VERTICES),
    "quads": (QUADS, 4),
    "triangles": (TRIANGLES, 3),
    "quad_uvs": (QUADS, 4, 2),
    "triangle_uvs": (TRIANGLES, 3, 2),
    "mirror_indices": (VERTICES,),
    "joint_regressor": (JOINTS, VERTICES),
    "pose_correctives_regressor": (9 * JOINTS, 3 * VERTICES),
}
"""What the file must hold besides the names of parts and the vertex groups, whose number is its own."""

_OTHERS = ("version", "variant", "mesh_component_names", "vertex_groups", "vertex_group_names")

_RENAMED = (
    ("left_eye_region_", "left_eye_region_"),
    ("right_eye_region_", "right_eye_region_"),
    ("left_eye_", "left_eye_region_"),
    ("right_eye_", "right_eye_region_"),
    ("mouth_", "lower_face_region_"),
    ("eyeballs_", "pupils_"),
)
"""Beginnings of expression names in older files and in today's; what has today's keeps it."""

JOINT_ERROR = 2e-6
"""Metres, of a joint for one standard deviation of a mode."""
_JOINTS = {"left_eye": "eye_L", "right_eye": "eye_R"}

_PARTS = {
    "eye_L": (("left_eye",), ()),
    "eye_R": (("right_eye",), ()),
    "gums": (("gums",), ()),
    "teeth_upper": (("upper_teeth_and_gums", "upper_teeth"), ("gums",)),
    "teeth_lower": (("lower_teeth_and_gums", "lower_teeth"), ("gums",)),
    "tongue": (("tongue",), ()),
    "mouth_bag": (("mouth_sock",), ()),
}
"""The house's parts: the first of these vertex groups that exists, less those."""


def recognises(path: Path) -> str | None:
    """``"3.x"`` where ``path`` is a GNM head, by the arrays it lists and their shapes."""
    try:
        with path.open("rb") as file:
            if file.read(2) != b"PK":
                return None
        headers = npz_headers(path)
    except (OSError, ValueError):
        return None
    names = {"template_vertex_positions", "pose_correctives_regressor", "expression_names"}
    fits = names <= set(headers) and headers["template_vertex_positions"][0] == (VERTICES, 3)
    return "3.x" if fits else None


def load(path: Path, folder: Path | None = None) -> PublishedModel:
    """GNM Head v3; with ``head_sparse_68.txt`` from the same project in ``folder``, also its 68 landmarks.

    Raises:
        ModelUnavailable: the file or the landmarks are missing, damaged or another one.
    """
    with loading(NAME, REMEDY):
        try:
            data = read_npz(path)
        except OSError as error:
            raise FileDamaged(f"“{path.name}” is missing or cannot be read") from error
        _check(data)
        return checked_head(_model(data, _landmarks(folder or path.parent, data)))


def _check(data: dict[str, np.ndarray]) -> None:
    missing = [key for key in (*_SHAPES, *_OTHERS) if key not in data]
    if missing:
        raise FileDamaged(f"its file is another one (it has no “{missing[0]}”)")
    if str(data["variant"]) != "head" or not str(data["version"]).startswith("3."):
        raise FileDamaged(f"its file is GNM {str(data['variant'])[:20]} {str(data['version'])[:10]}")
    for key, shape in _SHAPES.items():
        expect_shape(data[key], shape, key)
    groups = len(data["vertex_group_names"])
    expect_shape(data["vertex_groups"], (groups, VERTICES), "vertex_groups")
    if np.abs(data["skinning_weights"].sum(0) - 1).max() > 0.01:
        raise FileDamaged("its “skinning_weights” do not sum to 1")


def _model(data: dict[str, np.ndarray], landmarks: tuple[Ints, Floats] | None) -> PublishedModel:
    names = tuple(_today(str(name)) for name in data["expression_names"])
    if len(set(names)) != len(names):
        raise FileDamaged("two of its expressions have one name")
    version = str(data["version"])
    return PublishedModel(
        family="gnm",
        name=f"GNM Head v{version}",
        version=version,
        licence=Licence(f"GNM Head v{version}", "Apache-2.0", True, SOURCE),
        mean=_floats(data["template_vertex_positions"]),
        identity_basis=_floats(data["vertex_identity_basis"]),
        expression_names=names,
        expression_basis=_floats(data["expression_basis"]),
        expression_range=np.tile(np.array([-3, 3], np.float32), (EXPRESSIONS, 1)),
        polygons=indices(data["quads"], VERTICES, 0, "quads").reshape(-1, 4),
        uvs=_floats(data["quad_uvs"]),
        parts=_parts(data),
        landmarks_68=landmarks,
        joints=_joints(data),
        mirror=indices(data["mirror_indices"], VERTICES, 0, "mirror_indices"),
    )


def _joints(data: dict[str, np.ndarray]) -> PublishedJoints:
    """The skeleton; its joints follow ``joint_identity_basis``, as in the authors' code."""
    parents = np.asarray(data["joint_parent_indices"]).astype(np.int64)
    if parents[0] not in (-1, 0) or any(not 0 <= parents[j] < j for j in range(1, JOINTS)):
        raise FileDamaged("its joints form no tree")
    parents[0] = -1
    return PublishedJoints(
        names=tuple(_JOINTS.get(str(name), str(name)) for name in data["joint_names"]),
        parents=parents.astype(np.int32),
        heads=_floats(data["template_joint_positions"]),
        identity_basis=_floats(data["joint_identity_basis"]),
        expression_basis=np.zeros((EXPRESSIONS, JOINTS, 3), np.float32),
        weights=_floats(data["skinning_weights"].T),
        regressor=_regressor(data),
        correctives=_floats(data["pose_correctives_regressor"].reshape(9 * JOINTS, VERTICES, 3)),
        corrective_joints=np.arange(JOINTS, dtype=np.int32),
    )


def _regressor(data: dict[str, np.ndarray]) -> Floats | None:
    """``joint_regressor`` where it places the joints as the authors' code does, which does not use it."""
    regressor = data["joint_regressor"].astype(np.float64)
    off = np.abs(regressor @ data["template_vertex_positions"] - data["template_joint_positions"]).max()
    moved = np.einsum("jv,ivc->ijc", regressor, data["vertex_identity_basis"], optimize=True)
    off = max(off, np.abs(moved - data["joint_identity_basis"]).max())
    return _floats(regressor) if off < JOINT_ERROR else None


def _parts(data: dict[str, np.ndarray]) -> dict[str, Ints]:
    """The house's parts out of the vertex groups; what belongs to none is skin."""
    groups = {str(name): data["vertex_groups"][row] > 0.5 for row, name in enumerate(data["vertex_group_names"])}
    nothing, parts = np.zeros(VERTICES, bool), {}
    rest = ~nothing
    for part, (sources, without) in _PARTS.items():
        members = next((groups[name] for name in sources if name in groups), nothing) & rest
        for name in without:
            members = members & ~groups.get(name, nothing)
        if members.any():
            parts[part] = np.flatnonzero(members).astype(np.int32)
            rest &= ~members
    parts["skin"] = np.flatnonzero(rest).astype(np.int32)
    return parts


def _today(name: str) -> str:
    """An expression's name as newer files have it."""
    return next((new + name[len(old) :] for old, new in _RENAMED if name.startswith(old)), name)


def _landmarks(folder: Path, data: dict[str, np.ndarray]) -> tuple[Ints, Floats] | None:
    """The 68 points of ``head_sparse_68.txt``: three vertices with weights a line, ``i0 w0 i1 w1 i2 w2``.

    The file's contour is not in iBUG's order; it is put in order by its turn round the nose, from the subject's right.
    """
    path = folder / LANDMARKS_NAME
    if not path.is_file():
        return None
    if path.stat().st_size > LANDMARKS_BYTES:
        raise FileDamaged(f"“{path.name}” beside it is too large")
    table = np.loadtxt(path, ndmin=2)
    if table.shape != (68, 6) or not np.isfinite(table).all():
        raise FileDamaged(f"“{path.name}” beside it does not list 68 points")
    vertices = indices(table[:, ::2], VERTICES, 0, path.name).reshape(68, 3)
    weights = _floats(table[:, 1::2])
    if np.abs(weights.sum(1) - 1).max() > 1e-2:
        raise FileDamaged(f"“{path.name}” beside it has weights that do not sum to 1")
    points = (data["template_vertex_positions"][vertices] * weights[..., None]).sum(1)
    offset = points[:17] - points[27]
    order = np.r_[np.argsort(np.arctan2(offset[:, 0], -offset[:, 1]), kind="stable"), 17:68]
    return vertices[order], weights[order]


def _floats(values: Any) -> Floats:
    return np.ascontiguousarray(values, np.float32)
