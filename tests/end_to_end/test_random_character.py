"""A random character of the built-in head, saved, built in Blender, exported to .glb and read back: the same head."""

import subprocess
import sys
from pathlib import Path

import bpy
import numpy as np
import pytest

from blender_addon import scene
from engine.contract import FaceResult
from engine.faces.arkit import NAMES

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ROOT = Path(__file__).resolve().parents[2]
MIXTURE = {"mouthSmileLeft": 0.6, "browInnerUp": 0.8}
MAKE = f"""
import sys, torch
from engine.faces.builtin import load_builtin
from scripts.sheets.character import character
from scripts.sheets.people import random_people
from scripts.sheets.sitter import Sitter
torch.set_grad_enabled(False)
sitter = Sitter(load_builtin(), 512)
character(sitter, *random_people(sitter.model, 1, 3)[0], {MIXTURE!r}, "somebody").save(sys.argv[1])
"""
TOLERANCE = 1e-5
"""Metres."""


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    """Made in a process of its own, as the engine always is."""
    folder = tmp_path_factory.mktemp("somebody") / "face"
    done = subprocess.run([sys.executable, "-c", MAKE, str(folder)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return FaceResult.load(folder)


@pytest.fixture(scope="module")
def back(result, tmp_path_factory):
    """The mesh object that the .glb gives in an empty file."""
    path = tmp_path_factory.mktemp("glb") / "somebody.glb"
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene.export_head(scene.build_head(result).mesh_object, path)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.import_scene.gltf(filepath=str(path), merge_vertices=True)
    return max((o for o in bpy.data.objects if o.type == "MESH"), key=lambda o: len(o.data.vertices))


def numbers(collection, name, width):
    values = np.empty(len(collection) * width, np.float32)
    collection.foreach_get(name, values)
    return values.reshape(-1, width)


def in_blender(points):
    """Head space to Blender's."""
    return np.stack([points[..., 0], -points[..., 2], points[..., 1]], -1)


def written(result):
    """Name -> (V, 3) metres of the keys in the file: a corrective by the smaller weight is inside its second key, one
    of a key with itself inside that key.
    """
    correctives = result.correctives
    wanted = dict(zip(result.shape_keys.names, result.shape_keys.offsets, strict=True))
    for row, (name, offsets) in enumerate(zip(correctives.names, correctives.offsets, strict=True)):
        if row in correctives.smaller or correctives.pairs[row, 0] == correctives.pairs[row, 1]:
            second = result.shape_keys.names[correctives.pairs[row, 1]]
            wanted[second] = wanted[second] + offsets
        else:
            wanted[name] = offsets
    return wanted


@pytest.fixture(scope="module")
def order(result, back):
    """(V,) the vertex of the result that each vertex of ``back`` is: nearest at rest and in every shape together."""
    weights = np.random.default_rng(0).normal(size=len(NAMES)).astype(np.float32)
    ours = in_blender(result.mesh.vertices + np.tensordot(weights, list(written(result).values())[: len(NAMES)], 1))
    keys = {key.name: numbers(key.data, "co", 3) for key in back.data.shape_keys.key_blocks}
    rest = keys["Basis"]
    theirs = rest + sum(w * (keys[n] - rest) for w, n in zip(weights, NAMES, strict=True))
    found = np.empty(len(theirs), np.int64)
    for start in range(0, len(theirs), 500):
        part = slice(start, start + 500)
        gaps = ((theirs[part, None] - ours[None]) ** 2).sum(-1)
        gaps += ((rest[part, None] - in_blender(result.mesh.vertices)[None]) ** 2).sum(-1)
        found[part] = gaps.argmin(1)
    return found


def test_it_is_a_full_character(result):
    assert len(result.coefficients["identity"]) == 80
    assert np.abs(result.coefficients["identity"]).max() > 1 and np.abs(result.coefficients["albedo"]).max() > 1
    weights = dict(zip(result.shape_keys.names, result.shape_keys.weights.tolist(), strict=True))
    assert {name: round(weight, 6) for name, weight in weights.items() if weight} == MIXTURE


def test_every_vertex_comes_back_where_it_was(result, back, order):
    assert len(back.data.vertices) == len(result.mesh.vertices)
    assert len(set(order.tolist())) == len(order), "no two are one"
    gap = numbers(back.data.shape_keys.key_blocks["Basis"].data, "co", 3)
    assert np.abs(gap - in_blender(result.mesh.vertices)[order]).max() < TOLERANCE


def test_the_keys_come_back(result, back, order):
    blocks = back.data.shape_keys.key_blocks
    wanted = written(result)
    assert len(wanted) == 52 + len(result.correctives.names) - 2
    assert tuple(key.name for key in blocks[1:]) == tuple(wanted) and tuple(wanted)[:52] == NAMES
    rest = numbers(blocks["Basis"].data, "co", 3)
    for name, offsets in wanted.items():
        moved = numbers(blocks[name].data, "co", 3) - rest
        assert np.abs(moved - in_blender(offsets)[order]).max() < TOLERANCE, name
    assert {key.name: key.value for key in blocks[1:] if key.value} == pytest.approx(MIXTURE, abs=1e-4)


def test_uvs_and_materials_come_back(result, back, order):
    """Each triangle has its three vertices, their UVs and its material."""
    corners = np.empty(len(back.data.loops), np.int32)
    back.data.loops.foreach_get("vertex_index", corners)
    triangles = order[corners].reshape(-1, 3)
    uvs = numbers(back.data.uv_layers[0].uv, "vector", 2).reshape(-1, 3, 2)
    slots = np.empty(len(back.data.polygons), np.int32)
    back.data.polygons.foreach_get("material_index", slots)
    names = [slot.material.name.removeprefix("somebody ") for slot in back.material_slots]
    assert set(names) == {material.name for material in result.materials}
    wanted = {}
    for polygon, uv, material in zip(
        result.mesh.polygons.tolist(), result.mesh.uvs, result.mesh.polygon_material.tolist(), strict=True
    ):
        for vertex, place in zip(polygon, uv, strict=True):
            wanted.setdefault((vertex, result.materials[material].name), []).append(place)
    assert len(triangles) == 2 * len(result.mesh.polygons)
    for vertices, places, slot in zip(triangles.tolist(), uvs, slots.tolist(), strict=True):
        for vertex, place in zip(vertices, places, strict=True):
            ours = wanted[vertex, names[slot]]
            assert min(np.abs(place - other).max() for other in ours) < 1e-5, (vertex, names[slot])


def test_the_joints_come_back(result, back):
    bones = {bone.name: bone for bone in back.parent.data.bones}
    assert set(bones) == set(result.rig.names)
    for name, parent, head in zip(result.rig.names, result.rig.parents.tolist(), result.rig.heads, strict=True):
        place = np.array(back.parent.matrix_world @ bones[name].head_local)
        assert np.abs(place - in_blender(head)).max() < TOLERANCE, name
        assert (bones[name].parent.name if bones[name].parent else None) == (
            result.rig.names[parent] if parent >= 0 else None
        )
    influences = {group.name for group in back.vertex_groups}
    assert set(result.rig.names) <= influences
