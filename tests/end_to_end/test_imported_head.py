"""Coefficients of another tool to Blender: the evaluated mesh is the engine's, expressions beyond three sigma too."""

import bpy
import numpy as np
import pytest

from blender_addon.scene import build_head
from engine import importing
from engine.contract import FaceResult
from engine.posing import posed_vertices
from tests.engine import write_coefficients as make
from tests.engine import write_flame_beside
from tests.engine.flame_equations import flame as equations
from tests.engine.flame_equations import rodrigues
from tests.engine.write_flame import write_flame

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
CLOSE = 1e-4
"""Metres."""


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A models folder with a FLAME 2023 at full size; returns its arrays too."""
    folder = tmp_path_factory.mktemp("models")
    (folder / "FLAME2023").mkdir()
    arrays = write_flame(folder / "FLAME2023" / "flame2023.pkl")
    write_flame_beside.write_embedding(folder / "FLAME2023" / "landmark_embedding.npy")
    return folder, arrays


@pytest.fixture(scope="module")
def imported(models, tmp_path_factory):
    """The saved head of a VHAP sequence, all five joints turned, on the model as it is adopted."""
    place = tmp_path_factory.mktemp("coefficients")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECONSTRUCT_FACE_MODELS", str(models[0]))
        made = importing.import_file(make.write(place / "tracked.npz", make.vhap()), place / "out", texture_size=256)
        origin = np.array(importing.load_model("flame-2023-generic").origin)
    return FaceResult.load(made.folder), origin


def evaluated(mesh_object):
    """(V, 3) what Blender shows, in head space."""
    graph = bpy.context.evaluated_depsgraph_get()
    graph.update()
    mesh = mesh_object.evaluated_get(graph).to_mesh()
    points = np.empty(3 * len(mesh.vertices), np.float32)
    mesh.vertices.foreach_get("co", points)
    x, y, z = points.reshape(-1, 3).T
    return np.stack([x, z, -y], 1)


def test_blender_shows_the_tools_own_vertices(models, imported):
    result, origin = imported
    values, arrays = make.vhap(), models[1]
    assert np.abs(result.shape_keys.weights).max() > 3
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    seen = evaluated(build_head(result, name="Imported").mesh_object)
    turns = [rodrigues(values[name][0]) for name in ("rotation", "neck_pose", "jaw_pose")]
    turns += [rodrigues(values["eyes_pose"][0, :3]), rodrigues(values["eyes_pose"][0, 3:])]
    offsets = values["static_offset"][0, :5023].astype(np.float64)
    expected = equations(arrays, values["shape"], values["expr"][0], turns, offsets) - origin
    engine = posed_vertices(result)
    gaps = [np.linalg.norm(a - b, axis=1).max() for a, b in ((engine, expected), (seen, engine), (seen, expected))]
    print("metres: engine to tool, Blender to engine, Blender to tool:", *(f"{gap:.2e}" for gap in gaps))
    assert gaps[0] < 1e-6
    assert gaps[1] < CLOSE and gaps[2] < CLOSE
    assert np.linalg.norm(engine - result.mesh.vertices, axis=1).max() > 0.01


def test_another_expression_and_pose_set_by_hand_follow_too(imported):
    result, _ = imported
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    head = build_head(result, name="Imported", apply_expression=False)
    for bone in head.armature.pose.bones:
        bone.rotation_euler = 0, 0, 0
    keys = head.mesh_object.data.shape_keys.key_blocks
    weights = np.zeros_like(result.shape_keys.weights)
    for name, weight in (("expression_003", 2.5), ("jawOpen", 0.8)):
        keys[name].value = weight
        weights[result.shape_keys.names.index(name)] = weight
    expected = posed_vertices(result, weights, np.tile(np.eye(3), (5, 1, 1)))
    assert np.linalg.norm(evaluated(head.mesh_object) - expected, axis=1).max() < CLOSE
