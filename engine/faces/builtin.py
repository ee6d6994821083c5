"""The head model that ships: ``engine/assets/builtin.npz``, written by ``scripts/build_head.py``.

The file holds the control cage and what lives on it; subdivision carries it to the final mesh when it is loaded.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from ..contract import Floats, Licence, Material
from ..errors import ModelUnavailable
from .arkit import NAMES
from .model import FaceModel, LandmarkMap
from .subdivision import Subdivision, catmull_clark

ASSET = Path(__file__).parent.parent / "assets" / "builtin.npz"
VERSION = "2.1"
LICENCE = Licence(f"builtin head {VERSION}", "CC0-1.0", True)

Arrays = dict[str, Any]


def load_builtin(path: Path = ASSET) -> FaceModel:
    """The built-in head on the CPU.

    Raises:
        ModelUnavailable: the asset is missing or damaged.
    """
    remedy = "reinstall the add-on, or run scripts/build_head.py"
    try:
        with np.load(path) as file:
            data = {name: file[name] for name in file.files}
        return _model(data)
    except FileNotFoundError as error:
        raise ModelUnavailable("builtin", "its file is missing", remedy) from error
    except (OSError, KeyError, ValueError, IndexError, EOFError, zipfile.BadZipFile) as error:
        raise ModelUnavailable("builtin", f"its file is damaged ({error})", remedy) from error


def quantised(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """``values`` (K, ...) as int16 and the step (K,) float32 of each row: ``values`` = integers * step."""
    largest = np.abs(values).reshape(len(values), -1).max(1, initial=0)
    step = np.where(largest > 0, largest / 32767, 1).astype(np.float32)
    shape = (-1,) + (1,) * (values.ndim - 1)
    return np.round(values / step.astype(np.float64).reshape(shape)).astype(np.int16), step


def restored(integers: np.ndarray, step: np.ndarray) -> Floats:
    """What :func:`quantised` stored, float32."""
    return integers.astype(np.float32) * step.reshape((-1,) + (1,) * (integers.ndim - 1)).astype(np.float32)


def _model(data: Arrays) -> FaceModel:
    cage_vertices = int(data["cage_vertices"])
    cage_faces = data["cage_faces"].astype(np.int64)
    step = catmull_clark(cage_vertices, cage_faces)
    mirror = data["mirror"].astype(np.int32)
    identity = restored(data["identity"], data["identity_step"])
    mean = _carried(step, data["controls"][None])[0] + restored(data["detail"], data["detail_step"])
    pairs = data["corrective_pairs"].astype(np.int32)
    material_names = json.loads(str(data["materials"]))
    return FaceModel(
        name="builtin",
        version=VERSION,
        licence=LICENCE,
        mean=_tensor((mean + mean[mirror] * np.array([-1, 1, 1])) / 2),
        identity_basis=_tensor(_carried(step, identity)),
        expression_names=NAMES,
        expression_basis=_scattered(data, "expression", len(mean)),
        expression_range=torch.tensor([[0.0, 1.0]]).repeat(len(NAMES), 1),
        albedo_mean=_tensor(data["albedo_mean"] / 65535.0),
        albedo_basis=_tensor(restored(data["albedo"], data["albedo_step"])),
        skin_weight=_tensor(data["skin_weight"] / 255.0),
        polygons=np.vstack([step.polygons, data["part_polygons"]]).astype(np.int32),
        uvs=_uvs(data),
        polygon_material=np.r_[np.repeat(data["cage_material"], 4), data["part_material"]].astype(np.int32),
        materials=tuple(Material(**{**m, "color": tuple(m["color"])}) for m in material_names),
        groups=_groups(data),
        mirror=mirror,
        landmarks={
            layout: LandmarkMap(
                torch.from_numpy(data[f"landmarks_{layout}"].astype(np.int64)),
                _tensor(data[f"landmarks_{layout}_weights"]),
            )
            for layout in ("478", "68")
        },
        joint_names=tuple(str(name) for name in data["joint_names"]),
        joint_parents=data["joint_parents"].astype(np.int32),
        joint_regressor=_regressor(data, "heads", len(mean)),
        tail_regressor=_regressor(data, "tails", len(mean)),
        joint_weights=_weights(data),
        lid_shapes=("eyeBlinkLeft", "eyeBlinkRight"),
        corrective_names=tuple(f"{NAMES[first]}_{NAMES[second]}" for first, second in pairs),
        corrective_pairs=pairs,
        corrective_smaller=data["corrective_smaller"].astype(np.int32),
        corrective_basis=_scattered(data, "corrective", len(mean)),
        semantic_names=tuple(str(name) for name in data.get("semantic_names", ())),
        semantic_directions=_tensor(data.get("semantic_directions", np.zeros((0, 0)))),
        albedo_relative=bool(data["albedo_relative"]),
        albedo_bend=_tensor(restored(data["albedo_bend"], data["albedo_bend_step"])[0]),
        albedo_names=tuple(str(name) for name in data["albedo_names"]),
        textures=_textures(data),
        maps=_maps(data),
    )


def _tensor(values: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))


def _carried(step: Subdivision, fields: np.ndarray) -> Floats:
    """Fields (K, N', 3) on all control vertices -> (K, V, 3): the cage subdivided, the parts as they are."""
    count = step.matrix.shape[1]
    flat = np.ascontiguousarray(fields[:, :count].transpose(1, 0, 2)).reshape(count, -1)
    skin = (step.matrix.astype(np.float32) @ flat.astype(np.float32)).reshape(step.matrix.shape[0], len(fields), 3)
    return np.concatenate([skin.transpose(1, 0, 2), fields[:, count:]], axis=1, dtype=np.float32)


def _scattered(data: Arrays, name: str, vertices: int) -> Tensor:
    """(K, V, 3) from the moved vertices of each row."""
    counts = data[f"{name}_counts"]
    basis = np.zeros((len(counts), vertices, 3), np.float32)
    row = np.repeat(np.arange(len(counts)), counts)
    basis[row, data[f"{name}_vertices"]] = data[name].astype(np.float32) * data[f"{name}_step"][row][:, None]
    return torch.from_numpy(basis)


def _uvs(data: Arrays) -> Floats:
    """(F, 4, 2): the cage's flat islands subdivided like the surface, then the parts' own."""
    step = catmull_clark(len(data["cage_uvs"]), data["cage_uv_faces"].astype(np.int64))
    skin = (step.matrix @ data["cage_uvs"].astype(np.float64))[step.polygons]
    return np.concatenate([skin, data["part_uvs"] / 65535.0]).astype(np.float32)


def _groups(data: Arrays) -> dict[str, np.ndarray]:
    ends = np.cumsum(data["group_counts"])[:-1]
    return dict(
        zip(map(str, data["group_names"]), np.split(data["group_vertices"].astype(np.int32), ends), strict=True)
    )


def _regressor(data: Arrays, name: str, vertices: int) -> Tensor:
    joints = len(data["joint_names"])
    parts = (data[f"{name}_weights"], data[f"{name}_columns"], data[f"{name}_starts"])
    return _tensor(sparse.csr_matrix(parts, shape=(joints, vertices)).toarray())


def _weights(data: Arrays) -> Tensor:
    weights = data["joint_weights"].astype(np.float64)
    return _tensor(weights / weights.sum(1, keepdims=True))


def _textures(data: Arrays) -> dict[str, Floats]:
    """Factors by material, stored with 128 as 1."""
    prefix = "texture_"
    return {k[len(prefix) :]: (v / 128.0).astype(np.float32) for k, v in data.items() if k.startswith(prefix)}


def _maps(data: Arrays) -> dict[str, Floats]:
    """Plain values in UV space, stored with 255 as 1."""
    prefix = "map_"
    return {k[len(prefix) :]: (v / 255.0).astype(np.float32) for k, v in data.items() if k.startswith(prefix)}
