"""The head as the arrays of ``engine/assets/builtin.npz``: metres, head space, quantised."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
from scipy import sparse

from engine.faces.arkit import NAMES
from engine.faces.builtin import quantised

from .albedo import AlbedoSpace
from .cage import Array, Head
from .expr_correctives import SMALLER
from .identity import IdentitySpace
from .landmarks import landmark_maps, skin_weight
from .measures import TRAGION
from .rig import JOINTS, PARENTS, build_rig
from .uv import CageLayout

Arrays = dict[str, Any]
SMALLEST = 2e-6
"""Metres: an expression's offsets below this are left out."""


def origin(head: Head) -> Array:
    """(3,) mm: midpoint of the tragions. The averaged points already stand in the Frankfurt plane."""
    return head.cage.vertices[[head.cage.groups[f"ear_2_{side}"][TRAGION] for side in "RL"]].mean(0)


def packed(
    head: Head,
    layout: CageLayout,
    identity: IdentitySpace,
    albedo: AlbedoSpace,
    expressions: dict[str, Array],
    correctives: dict[tuple[str, str], Array],
) -> Arrays:
    """Everything the loader needs.

    Args:
        head: the mesh in mm.
        layout: texture layout of its cage.
        identity: offsets of the control vertices in mm, and the directions with names.
        albedo: colour of the final vertices.
        expressions: (V, 3) mm offsets by ARKit name.
        correctives: (V, 3) mm offsets by the names of the two expressions that drive each.
    """
    return {
        **_mesh(head, layout),
        **_identity(identity),
        **_expressions(expressions, head),
        **_correctives(correctives),
        **_albedo(albedo, head),
        **_rig(head),
        **_landmarks(head, expressions["jawOpen"]),
    }


def _mesh(head: Head, layout: CageLayout) -> Arrays:
    cage = head.cage
    skin = 4 * len(cage.faces)
    detail, step = quantised(head.detail[None] / 1000)
    return {
        "cage_vertices": np.int64(len(cage.vertices)),
        "cage_faces": np.array(cage.faces, np.uint16),
        "cage_material": head.polygon_material[:skin:4].astype(np.uint8),
        "cage_uvs": layout.uvs.astype(np.float32),
        "cage_uv_faces": layout.faces.astype(np.uint16),
        "part_polygons": head.polygons[skin:].astype(np.uint16),
        "part_material": head.polygon_material[skin:].astype(np.uint8),
        "part_uvs": np.round(head.uvs[skin:] * 65535).astype(np.uint16),
        "controls": ((head.controls - origin(head)) / 1000).astype(np.float32),
        "detail": detail[0],
        "detail_step": step,
        "mirror": head.mirror.astype(np.uint16),
        "materials": json.dumps([dataclasses.asdict(material) for material in head.materials]),
        "group_names": np.array(list(head.groups)),
        "group_counts": np.array([len(g) for g in head.groups.values()]),
        "group_vertices": np.concatenate(list(head.groups.values())).astype(np.uint16),
    }


def _identity(identity: IdentitySpace) -> Arrays:
    integers, step = quantised(identity.modes / 1000)
    return {
        # The last four bits are below a thousandth of a millimetre; without them the file packs far better.
        "identity": (np.round(integers / 16) * 16).clip(-32752, 32752).astype(np.int16),
        "identity_step": step,
        "semantic_names": np.array(identity.names),
        "semantic_directions": identity.directions.astype(np.float32),
    }


def _expressions(expressions: dict[str, Array], head: Head) -> Arrays:
    offsets = np.stack([expressions.get(name, np.zeros_like(head.vertices)) for name in NAMES]) / 1000
    return _sparse("expression", offsets)


def _correctives(correctives: dict[tuple[str, str], Array]) -> Arrays:
    pairs = [(NAMES.index(first), NAMES.index(second)) for first, second in correctives]
    offsets = np.stack(list(correctives.values())) / 1000
    smaller = [row for row, pair in enumerate(correctives) if pair in SMALLER]
    return {
        "corrective_pairs": np.array(pairs, np.uint8),
        "corrective_smaller": np.array(smaller, np.uint8),
        **_sparse("corrective", offsets),
    }


def _sparse(name: str, offsets: Array) -> Arrays:
    """(K, V, 3) metres as how many vertices each row moves, which, and by how much."""
    moved = np.abs(offsets).max(2) > SMALLEST
    integers, step = quantised(offsets)
    integers = (np.round(integers / 8) * 8).clip(-32760, 32760).astype(np.int16)
    return {
        f"{name}_counts": moved.sum(1),
        f"{name}_vertices": np.nonzero(moved)[1].astype(np.uint16),
        name: integers[moved],
        f"{name}_step": step,
    }


def _albedo(albedo: AlbedoSpace, head: Head) -> Arrays:
    integers, step = quantised(albedo.basis)
    bend, bend_step = quantised(albedo.bend[None])
    textures = {f"texture_{name}": _factors(image) for name, image in albedo.textures.items()}
    maps = {f"map_{name}": np.round(np.clip(image, 0, 1) * 255).astype(np.uint8) for name, image in albedo.maps.items()}
    return {
        "albedo_mean": np.round(np.clip(albedo.mean, 0, 1) * 65535).astype(np.uint16),
        "albedo": (np.round(integers / 64) * 64).clip(-32704, 32704).astype(np.int16),
        "albedo_step": step,
        "albedo_relative": np.bool_(True),
        "albedo_bend": (np.round(bend / 64) * 64).clip(-32704, 32704).astype(np.int16),
        "albedo_bend_step": bend_step,
        "albedo_names": np.array(albedo.names),
        "skin_weight": np.round(skin_weight(head) * 255).astype(np.uint8),
        **textures,
        **maps,
    }


def _factors(image: Array) -> np.ndarray:
    return np.round(np.clip(image, 0, 255 / 128) * 128).astype(np.uint8)


def _rig(head: Head) -> Arrays:
    rig = build_rig(head)
    return {
        "joint_names": np.array(JOINTS),
        "joint_parents": np.array(PARENTS),
        "joint_weights": np.round(rig.weights * 65535).astype(np.uint16),
        **_csr("heads", rig.heads),
        **_csr("tails", rig.tails),
    }


def _csr(name: str, matrix: sparse.csr_matrix) -> Arrays:
    return {
        f"{name}_weights": matrix.data.astype(np.float32),
        f"{name}_columns": matrix.indices.astype(np.uint16),
        f"{name}_starts": matrix.indptr.astype(np.int32),
    }


def _landmarks(head: Head, jaw_open: Array) -> Arrays:
    arrays: Arrays = {}
    for layout, (vertices, weights) in landmark_maps(head, jaw_open).items():
        arrays[f"landmarks_{layout}"] = vertices.astype(np.uint16)
        arrays[f"landmarks_{layout}_weights"] = weights.astype(np.float32)
    return arrays
