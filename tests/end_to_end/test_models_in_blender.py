"""Published models at full size in Blender: keys beyond three sigma and bones turned by hand, in any rotation mode,
give the vertices of the models' own equations."""

import bpy
import numpy as np
import pytest
import torch
from mathutils import Euler, Matrix

from blender_addon.scene import build_head
from engine.assemble import correctives_of, shape_keys, to_numpy
from engine.contract import FaceResult, Light, Material, Mesh, Rig
from engine.faces.formats import bfm2009, bfm2017, flame, gnm
from tests.engine import write_bfm
from tests.engine.bare_model import bare_model
from tests.engine.flame_equations import flame as flame_equations
from tests.engine.gnm_equations import gnm as gnm_equations
from tests.engine.invented_heads import write_h5
from tests.engine.write_flame import write_flame
from tests.engine.write_gnm import write_gnm
from tests.engine.write_statismo import statismo

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
CLOSE = 1e-4
"""Metres."""
TO_BLENDER = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
MODES = ("XYZ", "QUATERNION", "ZYX", "AXIS_ANGLE", "YXZ")
TURNS = {
    "jaw": {"jaw": (24, 5, -3)},
    "jaw and an eye": {"jaw": (18, -8, 4), "eye_L": (12, -25, 6)},
    "neck, head and both eyes": {"neck": (-14, 20, 9), "head": (8, 15, -6), "eye_L": (9, 21, 0), "eye_R": (-11, 18, 7)},
    "all": {
        name: (10 + 3 * k, 17 - 5 * k, 4 * k - 9) for k, name in enumerate(("neck", "head", "jaw", "eye_L", "eye_R"))
    },
}
"""Degrees about head space's axes, by joint; a model turns those that it has."""


def sums(mean, *pairs):
    """(V, 3) mean and columns of bases (3V, K) times their coefficients."""
    flat = mean.reshape(-1).astype(np.float64)
    return (flat + sum(basis[:, : len(c)].astype(np.float64) @ c for basis, c in pairs)).reshape(-1, 3)


def a_flame(folder):
    arrays = write_flame(folder / "generic_model.pkl")
    return flame.load(folder / "generic_model.pkl"), lambda i, e, turns: flame_equations(arrays, i, e, turns)


def a_gnm(folder):
    arrays = write_gnm(folder / "gnm_head.npz")
    pad = [(253, 0), (383, 0)]
    return gnm.load(folder / "gnm_head.npz"), lambda i, e, turns: gnm_equations(
        arrays, *(np.pad(c, (0, size - len(c))) for c, (size, _) in zip((i, e), pad, strict=True)), turns
    )


def a_deep3d(folder):
    basel = write_bfm.write_basel(folder / "01_MorphableModel.mat")
    front = write_bfm.write_front(folder / "BFM_model_front.mat", basel, write_bfm.write_deep3d_companions(folder))
    middle = front["meanshape"].reshape(-1, 3).astype(np.float64).mean(0)
    (folder / "01_MorphableModel.mat").unlink()
    return bfm2009.load(
        folder / "BFM_model_front.mat"
    ), lambda i, e, _: (sums(front["meanshape"], (front["idBase"], i), (front["exBase"], e)) - middle) / 10


def a_bfm2017(folder):
    arrays, _ = statismo(53149, 105694)
    write_h5(folder / "model2017-1_bfm_nomouth.h5", arrays)
    bases = [arrays[f"{g}/model/pcaBasis"] * np.sqrt(arrays[f"{g}/model/pcaVariance"]) for g in ("shape", "expression")]
    return bfm2017.load(
        folder / "model2017-1_bfm_nomouth.h5"
    ), lambda i, e, _: sums(arrays["shape/model/mean"], (bases[0], i), (bases[1], e)) / 1000


MODELS = {"FLAME": a_flame, "GNM": a_gnm, "BFM 2009, Deep3D's cut": a_deep3d, "BFM 2017": a_bfm2017}


@pytest.fixture(scope="module", params=MODELS, ids=lambda name: name.split(",")[0])
def made(request, tmp_path_factory):
    """A random person with an expression of up to five sigma: the result, the model, its equations, coefficients."""
    published, equations = MODELS[request.param](tmp_path_factory.mktemp("model"))
    model, random = bare_model(published), np.random.default_rng(7)
    identity = random.normal(0, 1, 30)
    expression = random.normal(0, 1, 20)
    expression[[0, 3]] = 5.0, -4.5
    own = model.expression_names.index(published.expression_names[0])
    weights = np.zeros(len(model.expression_names), np.float32)
    weights[own : own + 20] = expression
    return result_of(model, identity, weights, published.family == "flame"), model, equations, identity, expression


def result_of(model, identity, weights, moved_by_expression):
    """A FaceResult without a photo; FLAME's joints lie where the expression takes them."""
    neutral = model.shape(torch.from_numpy(np.float32(identity)))
    shaped = model.shape(torch.from_numpy(np.float32(identity)), torch.from_numpy(weights))
    placed = shaped if moved_by_expression else neutral
    heads = to_numpy(model.joint_regressor @ placed)
    tails = heads + to_numpy((model.tail_regressor - model.joint_regressor) @ neutral)
    if len(model.joint_names) == 1:  # a Basel model here: one bone, which rests
        tails = heads + np.float32([0, 0, 0.1])
    return FaceResult(
        model=model.name,
        mesh=Mesh(to_numpy(neutral), model.polygons, model.uvs, model.polygon_material),
        shape_keys=shape_keys(model, neutral, weights, {}),
        rig=Rig(model.joint_names, model.joint_parents, heads, tails, to_numpy(model.joint_weights)),
        materials=(Material("skin", (0.4, 0.4, 0.4)),),
        views=(),
        light=Light(np.full((9, 3), 0.1, np.float32)),
        correctives=correctives_of(model),
    )


def turn_bone(armature, name, turn, mode):
    """Turn a bone by ``turn`` (3, 3) in head-space axes, with the bone's rotation mode set to ``mode``."""
    bone, rest = armature.pose.bones[name], np.array(armature.data.bones[name].matrix_local.to_3x3())
    own = Matrix((rest.T @ TO_BLENDER @ turn @ TO_BLENDER.T @ rest).tolist())
    bone.rotation_mode = mode
    if mode == "QUATERNION":
        bone.rotation_quaternion = own.to_quaternion()
    elif mode == "AXIS_ANGLE":
        axis, angle = own.to_quaternion().to_axis_angle()
        bone.rotation_axis_angle = angle, *axis
    else:
        bone.rotation_euler = own.to_euler(mode)


def evaluated(mesh_object):
    """(V, 3) what Blender shows, in head space."""
    graph = bpy.context.evaluated_depsgraph_get()
    graph.update()
    mesh = mesh_object.evaluated_get(graph).to_mesh()
    points = np.empty(3 * len(mesh.vertices), np.float32)
    mesh.vertices.foreach_get("co", points)
    return points.reshape(-1, 3) @ TO_BLENDER


def test_keys_and_bones_give_the_models_own_vertices(made):
    result, model, equations, identity, expression = made
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    head, gaps = build_head(result, name="Published"), []
    poses = TURNS if len(model.joint_names) > 1 else {}
    for words, degrees in {"nothing": {}, **poses}.items():
        turns = [np.eye(3)] * len(model.joint_names)
        for joint, name in enumerate(model.joint_names if degrees else ()):
            turns[joint] = np.array(Euler(np.radians(degrees.get(name, (0, 0, 0)))).to_matrix())
            turn_bone(head.armature, name, turns[joint], MODES[joint % len(MODES)])
        gap = evaluated(head.mesh_object) + model.origin - equations(identity, expression, turns)
        print(f"{model.name}, {words}: {np.linalg.norm(gap, axis=1).max() * 1000:.4f} mm")
        gaps.append(np.linalg.norm(gap, axis=1).max())
    assert max(gaps) < CLOSE
