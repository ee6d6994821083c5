"""A result's surface with keys, correctives and joints is the model's own, and turns as a body where all turn alike."""

import dataclasses

import numpy as np
import torch

from engine.assemble import correctives_of, to_numpy
from engine.contract import FaceResult, Light, Mesh, Rig, ShapeKeys
from engine.faces.library import load_model
from engine.posing import posed_vertices


def built_in(weights):
    model = load_model("builtin")
    model = dataclasses.replace(
        model,
        corrective_names=("both", "other"),
        corrective_pairs=np.array([[17, 23], [3, 4]], np.int32),
        corrective_smaller=np.zeros(1, np.int32),
        corrective_basis=torch.randn(2, *model.mean.shape, generator=torch.Generator().manual_seed(1)) * 0.002,
    )
    heads = to_numpy(model.joint_regressor @ model.mean)
    parts = {
        "mesh": Mesh(to_numpy(model.mean), model.polygons, model.uvs, model.polygon_material),
        "shape_keys": ShapeKeys(
            model.expression_names, to_numpy(model.expression_basis), weights, 0 * weights, 0 * weights
        ),
        "rig": Rig(model.joint_names, model.joint_parents, heads, heads, to_numpy(model.joint_weights)),
        "light": Light(np.zeros((9, 3), np.float32)),
    }
    return model, FaceResult("builtin", materials=(), views=(), correctives=correctives_of(model), **parts)


def test_at_rest_it_is_the_models_shape_with_its_correctives():
    names = load_model("builtin").expression_names
    weights = np.random.default_rng(2).uniform(0.3, 1, len(names)).astype(np.float32)
    weights[3] = -0.5  # a corrective never answers to a negative weight
    model, result = built_in(weights)
    expected = model.shape(torch.zeros(1), torch.from_numpy(weights)).numpy()
    assert np.abs(posed_vertices(result) - expected).max() < 1e-6
    assert np.abs(posed_vertices(result, 0 * weights) - model.mean.numpy()).max() < 1e-7


def test_a_corrective_follows_the_product_of_two_weights_or_the_smaller():
    weights = np.zeros(len(load_model("builtin").expression_names), np.float32)
    weights[[17, 23, 3, 4]] = 0.3, 0.9, 0.5, 0.6
    model, result = built_in(weights)
    expected = model.mean + torch.tensordot(torch.from_numpy(weights), model.expression_basis, 1)
    expected = (expected + 0.3 * model.corrective_basis[0] + 0.5 * 0.6 * model.corrective_basis[1]).numpy()
    assert np.abs(posed_vertices(result) - expected).max() < 1e-6
    assert np.abs(model.shape(torch.zeros(1), torch.from_numpy(weights)).numpy() - expected).max() < 1e-6


def test_a_turned_root_turns_the_head_about_it():
    model, result = built_in(np.zeros(len(load_model("builtin").expression_names), np.float32))
    pose = np.tile(np.eye(3, dtype=np.float32), (len(model.joint_names), 1, 1))
    roots = [joint for joint, parent in enumerate(model.joint_parents) if parent < 0]
    turn = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]], np.float32)
    pose[roots] = turn
    assert len(roots) == 1
    head = result.rig.heads[roots[0]]
    expected = (result.mesh.vertices - head) @ turn.T + head
    assert np.abs(posed_vertices(result, pose=pose) - expected).max() < 1e-6
