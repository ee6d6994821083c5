"""FLAME, from the files that the Max Planck Institute gives out, or an npz made of them.

Format and equations: Li et al. 2017, "Learning a model of facial shape and expression from 4D scans". The file's axes
are head space's already; its origin is the mean of the vertices. Which release a file is cannot be told from shapes
(all have the same); its name and its folders' names say it, and a fingerprint of the numbers keeps two files apart
whatever they are called.
"""

from __future__ import annotations

import hashlib
import mmap
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from ...contract import Floats, Ints
from ...files.arrays import npz_headers, read_npz
from ...files.damage import FileDamaged
from ...files.pickles import read_pickle
from .flame_companions import Companions, find_companions
from .flame_release import REMEDY, Release, release_of
from .loading import checked_head, expect_shape, loading, pca_expressions
from .published import PublishedJoints, PublishedModel

VERTICES, TRIANGLES = 5023, 9976
IDENTITIES, EXPRESSIONS = 300, 100
JOINTS = ("root", "neck", "jaw", "eye_L", "eye_R")
"""A file without the jaw's joint has the other four."""

_KEYS = ("v_template", "shapedirs", "posedirs", "J_regressor", "kintree_table", "weights", "f")
_ALIASES = {"default_v": "v_template", "template_v": "v_template", "joint_regressor": "J_regressor", "faces": "f"}
_SHAPE_IN_PICKLE = (b"M\x9f\x13K\x03", b"\x8a\x02\x9f\x13\x8a\x01\x03", b"I5023\nI3\n", b"L5023L\nL3L\n")
"""The beginning of the shape (5023, 3, ...) as pickles write it, the integers being Python 2's short or long ones."""

Arrays = dict[str, Any]


def recognises(path: Path) -> str | None:
    """``"2020-generic"`` and the like where ``path`` is a FLAME model, by what it holds; nothing is unpickled."""
    try:
        if path.stat().st_size < 1 << 20:
            return None
        found = _is_npz(path) if path.open("rb").read(2) == b"PK" else _is_pickle(path)
    except (OSError, ValueError):
        return None
    return release_of(path).variant if found else None


def load(path: Path, folder: Path | None = None) -> PublishedModel:
    """FLAME with what lies in ``folder`` (the file's own by default): landmarks, UVs, masks, albedo, eyelids.

    Raises:
        ModelUnavailable: the file or one beside it is missing, damaged or another one.
        FileRefused: it asks to run code.
    """
    release = release_of(path)
    with loading(release.name, REMEDY):
        arrays = _checked(_arrays(path))
    companions = find_companions(folder or path.parent, arrays["f"], arrays["v_template"])
    with loading(release.name, REMEDY):
        model = checked_head(_model(arrays, release, companions))
        if not _faces_forward(model.parts, model.mean):
            raise FileDamaged("its mean head does not look down +Z")
        return model


def _is_npz(path: Path) -> bool:
    headers = npz_headers(path)
    template = next((headers[name] for name in ("v_template", "default_v", "template_v") if name in headers), None)
    return template is not None and template[0] == (VERTICES, 3) and "shapedirs" in headers


def _is_pickle(path: Path) -> bool:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data[:1] not in b"\x80(}dc":
            return False
        names = all(data.find(name) >= 0 for name in (b"shapedirs", b"kintree_table", b"weights"))
        return names and any(data.find(shape) >= 0 for shape in _SHAPE_IN_PICKLE)


def _arrays(path: Path) -> Arrays:
    """The file's dictionary under today's key names."""
    try:
        with path.open("rb") as file:
            is_zip = file.read(2) == b"PK"
    except OSError as error:
        raise FileDamaged(f"“{path.name}” is missing or cannot be read") from error
    data = read_npz(path) if is_zip else read_pickle(path)
    if not isinstance(data, dict):
        raise FileDamaged(f"“{path.name}” is another file")
    return {_ALIASES.get(str(key), str(key)): value for key, value in data.items()}


def _checked(data: Arrays) -> Arrays:
    """The arrays that matter, of the right shapes and sensible values, float32 and int32."""
    missing = [key for key in _KEYS if not hasattr(data.get(key), "shape")]
    if missing:
        raise FileDamaged(f"its file is another one (it has no “{missing[0]}”)")
    template = data["v_template"]
    if template.shape != (VERTICES, 3):
        raise FileDamaged(f"its file holds {len(template)} vertices where FLAME has {VERTICES}; it is another model")
    table = np.asarray(data["kintree_table"]).astype(np.int64)
    if table.ndim != 2 or not 0 < table.shape[1] < 100:
        raise FileDamaged("its joints form no tree")
    parents = np.where(table[0] == 2**32 - 1, -1, table[0]).clip(-1, 100).astype(np.int32)
    joints = len(parents)
    expect_shape(data["shapedirs"], (VERTICES, 3, IDENTITIES + EXPRESSIONS), "shapedirs")
    expect_shape(data["posedirs"], (VERTICES, 3, 9 * (joints - 1)), "posedirs")
    expect_shape(data["weights"], (VERTICES, joints), "weights")
    expect_shape(data["f"], (TRIANGLES, 3), "f")
    if data["J_regressor"].shape != (joints, VERTICES):
        raise FileDamaged(f"its “J_regressor” has the shape {data['J_regressor'].shape}")
    regressor = data["J_regressor"].toarray() if sparse.issparse(data["J_regressor"]) else data["J_regressor"]
    arrays: Arrays = {
        key: np.asarray(data[key], np.float32) for key in ("v_template", "shapedirs", "posedirs", "weights")
    }
    arrays |= {"J_regressor": np.asarray(regressor, np.float32), "parents": parents}
    arrays["f"] = np.asarray(data["f"]).astype(np.int64).clip(-1, VERTICES).astype(np.int32)
    if problem := _problem(arrays):
        raise FileDamaged(problem)
    return arrays


def _problem(arrays: Arrays) -> str | None:
    """What contradicts itself in arrays of the right shapes."""
    parents, faces = arrays["parents"], arrays["f"]
    joints = len(parents)
    if joints not in (len(JOINTS), len(JOINTS) - 1):
        return f"it has {joints} joints where FLAME has {len(JOINTS)}"
    if parents[0] != -1 or any(not 0 <= parents[j] < j for j in range(1, joints)):
        return "its joints form no tree"
    if faces.min() < 0 or faces.max() >= VERTICES:
        return "its triangles name vertices that do not exist"
    if not all(
        np.isfinite(arrays[key]).all() for key in ("v_template", "shapedirs", "posedirs", "weights", "J_regressor")
    ):
        return "it holds values that are no numbers"
    for key, error in (("weights", 0.01), ("J_regressor", 0.05)):
        if np.abs(arrays[key].sum(1) - 1).max() > error:
            return f"its “{key}” do not sum to 1"
    if not 1e-4 < np.linalg.norm(arrays["shapedirs"][:, :, 0], axis=1).max() < 0.05:
        return "its shapes do not move a head in metres"
    return None


def fingerprint(template: Floats, shapes: Floats) -> str:
    """Eight hexadecimal digits that tell the numbers of two models apart, the same for a pickle and its npz."""
    return hashlib.sha256(template.tobytes() + np.ascontiguousarray(shapes[:, :, ::37]).tobytes()).hexdigest()[:8]


def _model(arrays: Arrays, release: Release, companions: Companions) -> PublishedModel:
    shapes = np.ascontiguousarray(arrays["shapedirs"].transpose(2, 0, 1))
    expressions = shapes[IDENTITIES:]
    names, ranges = pca_expressions(EXPRESSIONS)
    if companions.eyelids is not None:
        expressions = np.concatenate([expressions, companions.eyelids])
        names += ("eyelid_L", "eyelid_R")
        ranges = np.concatenate([ranges, np.array([[0, 1], [0, 1]], np.float32)])
    triangles = arrays["f"]
    return PublishedModel(
        family="flame",
        name=release.name,
        version=f"{release.variant}-{fingerprint(arrays['v_template'], arrays['shapedirs'])}",
        licence=release.licence,
        mean=arrays["v_template"],
        identity_basis=shapes[:IDENTITIES],
        expression_names=names,
        expression_basis=expressions,
        expression_range=ranges,
        polygons=np.concatenate([triangles, np.full((len(triangles), 1), -1, np.int32)], 1),
        uvs=companions.uvs,
        albedo=companions.albedo,
        parts=_parts(triangles, arrays["v_template"]),
        landmarks_68=companions.landmarks_68,
        extra_points=companions.points,
        extra_indices=companions.indices,
        joints=_joints(arrays, shapes, len(names)),
        mask_skin=companions.mask_skin,
        companions=companions.licences,
    )


def _joints(arrays: Arrays, shapes: Floats, expressions: int) -> PublishedJoints:
    """Joints follow identity and expression through the regressor; eyelids, added after posing, leave them alone."""
    regressor = arrays["J_regressor"]
    count = len(regressor)
    moves = np.einsum("jv,kvc->kjc", regressor, shapes, optimize=True).astype(np.float32)
    by_expression = np.zeros((expressions, count, 3), np.float32)
    by_expression[:EXPRESSIONS] = moves[IDENTITIES:]
    return PublishedJoints(
        names=JOINTS if count == len(JOINTS) else tuple(name for name in JOINTS if name != "jaw"),
        parents=arrays["parents"],
        heads=regressor @ arrays["v_template"],
        identity_basis=moves[:IDENTITIES],
        expression_basis=by_expression,
        weights=arrays["weights"],
        regressor=regressor,
        correctives=np.ascontiguousarray(arrays["posedirs"].transpose(2, 0, 1)),
        corrective_joints=np.arange(1, count, dtype=np.int32),
    )


def _parts(triangles: Ints, vertices: Floats) -> dict[str, Ints]:
    """The skin and the eyeballs: the mesh's three connected pieces, the eyes told apart by their side."""
    edges = np.concatenate([triangles[:, :2], triangles[:, 1:]])
    graph = sparse.coo_matrix((np.ones(len(edges)), edges.T), shape=(VERTICES, VERTICES))
    count, label = sparse.csgraph.connected_components(graph, directed=False)
    if count != 3:
        return {"skin": np.arange(VERTICES, dtype=np.int32)}
    skin = np.bincount(label).argmax()
    parts = {"skin": np.flatnonzero(label == skin).astype(np.int32)}
    for eye in {0, 1, 2} - {int(skin)}:
        members = np.flatnonzero(label == eye).astype(np.int32)
        parts["eye_L" if vertices[members, 0].mean() > 0 else "eye_R"] = members
    return parts


def _faces_forward(parts: dict[str, Ints], vertices: Floats) -> bool:
    """Whether the eyeballs lie side by side in the front of the head, where they can be told."""
    if not {"eye_L", "eye_R"} <= set(parts):
        return len(parts) == 1
    left, right = vertices[parts["eye_L"]].mean(0), vertices[parts["eye_R"]].mean(0)
    level = np.abs(left - right)[1:].max() < 0.01
    return bool(level and 0.04 < left[0] - right[0] < 0.09 and left[2] > vertices[:, 2].mean() + 0.01)
