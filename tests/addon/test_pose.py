"""Bones and correctives give the vertices of linear blend skinning with pose correctives, to 0.1 mm."""

import dataclasses

import bpy
import numpy as np
import pytest
from mathutils import Euler

from blender_addon.scene import build_head
from engine.contract import Correctives

from .synthetic import face_result

JOINTS = (0, 2, 3)


def turn(degrees: tuple[float, float, float]) -> np.ndarray:
    return np.array(Euler(np.radians(degrees)).to_matrix())


@pytest.fixture
def posed():
    """A head without photo, its joints turned, with correctives on three of them, one by the product of two keys and
    one by the smaller of two.
    """
    random = np.random.default_rng(3)
    result = face_result()
    vertices = result.mesh.vertices
    elements = [(joint, row, column) for joint in JOINTS for row in range(3) for column in range(3)]
    correctives = Correctives(
        ("both", "smaller", *(f"{j} {r}{c}" for j, r, c in elements)),
        random.normal(0, 0.002, (len(elements) + 2, len(vertices), 3)).astype(np.float32),
        np.vstack([[(17, 23), (5, 23)], np.full((len(elements), 2), -1)]).astype(np.int32),
        np.vstack([[(-1, -1, -1)] * 2, elements]).astype(np.int32),
        np.array([1], np.int32),
    )
    turns = [turn(d) for d in ((5, 30, -8), (12, -20, 10), (28, 4, 3), (-15, 25, 0), (0, 0, 0))]
    weights = result.shape_keys.weights.copy()
    weights[5] = 4.5  # beyond what the slider would allow
    return dataclasses.replace(
        result,
        views=(),
        correctives=correctives,
        shape_keys=dataclasses.replace(result.shape_keys, weights=weights),
        rig=dataclasses.replace(result.rig, pose=np.array(turns, np.float32)),
    )


def skinned(result) -> np.ndarray:
    """(V, 3) by the equations, in head space."""
    keys, rig, correctives = result.shape_keys, result.rig, result.correctives
    shaped = result.mesh.vertices + np.tensordot(keys.weights, keys.offsets, 1)
    for i, offset in enumerate(correctives.offsets):
        joint, row, column = correctives.elements[i]
        a, b = correctives.pairs[i]
        turned = (rig.pose[joint] - np.eye(3))[row, column]
        pair = max(keys.weights[a], 0), max(keys.weights[b], 0)
        by_keys = min(pair) if i in correctives.smaller else pair[0] * pair[1]
        shaped = shaped + offset * (by_keys if joint < 0 else turned)
    world = []
    for joint, parent in enumerate(rig.parents):
        local = np.eye(4)
        local[:3, :3] = rig.pose[joint]
        local[:3, 3] = rig.heads[joint] - (rig.heads[parent] if parent >= 0 else 0)
        world.append(local if parent < 0 else world[parent] @ local)
    out = np.zeros_like(shaped)
    for joint, transform in enumerate(world):
        moved = (shaped - rig.heads[joint]) @ transform[:3, :3].T + transform[:3, 3]
        out += rig.weights[:, joint : joint + 1] * moved
    return out


def evaluated(mesh_object) -> np.ndarray:
    """(V, 3) what Blender shows, in head space."""
    graph = bpy.context.evaluated_depsgraph_get()
    graph.update()
    mesh = mesh_object.evaluated_get(graph).to_mesh()
    points = np.empty(3 * len(mesh.vertices), np.float32)
    mesh.vertices.foreach_get("co", points)
    x, y, z = points.reshape(-1, 3).T
    return np.stack([x, z, -y], 1)


def test_bones_and_correctives_follow_the_equations(posed):
    head = build_head(posed, name="Posed")
    assert head.camera is None
    gap = np.linalg.norm(evaluated(head.mesh_object) - skinned(posed), axis=1)
    assert gap.max() < 1e-4
    rest = dataclasses.replace(posed, rig=dataclasses.replace(posed.rig, pose=np.array([np.eye(3)] * 5)))
    assert np.linalg.norm(skinned(posed) - skinned(rest), axis=1).max() > 0.01


@pytest.mark.parametrize(("first", "second"), [(0.8, 0.3), (0.2, 0.9), (-0.5, 0.9)])
def test_a_corrective_by_the_smaller_weight_follows_its_keys(posed, first, second):
    head = build_head(posed, name="Posed")
    weights = posed.shape_keys.weights.copy()
    for row, weight in ((5, first), (23, second)):
        weights[row] = weight
        key = head.mesh_object.data.shape_keys.key_blocks[posed.shape_keys.names[row]]
        key.slider_min, key.value = -1.0, weight
    moved = dataclasses.replace(posed, shape_keys=dataclasses.replace(posed.shape_keys, weights=weights))
    assert np.linalg.norm(evaluated(head.mesh_object) - skinned(moved), axis=1).max() < 1e-4


def test_turning_a_bone_by_hand_moves_its_correctives(posed):
    head = build_head(posed, name="Posed")
    head.armature.pose.bones["jaw"].rotation_euler = (0, 0, 0)
    pose = posed.rig.pose.copy()
    pose[2] = np.eye(3)
    closed = dataclasses.replace(posed, rig=dataclasses.replace(posed.rig, pose=pose))
    assert np.linalg.norm(evaluated(head.mesh_object) - skinned(closed), axis=1).max() < 1e-4


def test_drivers_need_no_python(posed):
    head = build_head(posed, name="Posed")
    curves = head.mesh_object.data.shape_keys.animation_data.drivers
    assert len(curves) == 2 + 9 * len(JOINTS)
    assert all(curve.driver.is_simple_expression for curve in curves)
    assert all(len(curve.driver.expression) < 256 for curve in curves)
