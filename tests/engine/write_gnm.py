"""A ``gnm_head.npz`` with the published keys, shapes and types; the head in it is made up."""

import numpy as np
from scipy.spatial import Delaunay

from .write_flame import waves
from .write_flame_beside import ibug_places

VERTICES, QUADS, JOINTS = 17821, 17662, 4
EYE, TEETH, GUMS, TONGUE, SOCK = 1500, 600, 300, 400, 800
SKIN = VERTICES - 2 * EYE - 2 * (TEETH + GUMS) - TONGUE - SOCK
PREFIXES = (
    ("left_eye_region_", 100),
    ("right_eye_region_", 100),
    ("lower_face_region_", 150),
    ("tongue_", 32),
    ("pupils_", 1),
)
OLD = {
    "left_eye_region_": "left_eye_",
    "right_eye_region_": "right_eye_",
    "lower_face_region_": "mouth_",
    "pupils_": "eyeballs_",
}


def expression_names(old=False):
    names = [
        f"{OLD.get(prefix, prefix) if old else prefix}{index}" for prefix, count in PREFIXES for index in range(count)
    ]
    names[350] = "tongue_mean"
    return names


def gnm_head():
    """Vertices (V, 3) in metres, rows of quads (Q, 4), start of each group."""
    index = np.arange(SKIN) + 0.5
    tilt, around = np.sqrt(index / SKIN) * 2.5, index * np.pi * (3 - np.sqrt(5))
    skin = np.stack([np.sin(tilt) * np.sin(around), np.cos(tilt), np.sin(tilt) * np.cos(around)], 1) * [0.08, 0.16, 0.1]
    skin[:, 2] += 0.025 * np.exp(-((skin[:, 0] / 0.012) ** 2) - ((skin[:, 1] / 0.02) ** 2)) * (skin[:, 2] > 0)
    random = np.random.default_rng(0)

    def cloud(count, centre, radius):
        points = random.normal(size=(count, 3))
        return points / np.linalg.norm(points, axis=1, keepdims=True) * radius + centre

    pieces = [skin, cloud(EYE, [0.031, 0.024, 0.06], 0.012), cloud(EYE, [-0.031, 0.024, 0.06], 0.012)]
    pieces += [cloud(TEETH + GUMS, [0, -0.03, 0.07], 0.02), cloud(TEETH + GUMS, [0, -0.045, 0.07], 0.02)]
    pieces += [cloud(TONGUE, [0, -0.04, 0.06], 0.015), cloud(SOCK, [0, -0.04, 0.05], 0.03)]
    return np.concatenate(pieces) + np.array([0, 1.6, 0.02])


def gnm_arrays(seed=0, old=False):
    random = np.random.default_rng(seed)
    vertices = gnm_head()
    quads = random.integers(0, VERTICES, (QUADS, 4)).astype(np.int32)
    triangles = quads[:, [0, 1, 2, 0, 2, 3]].reshape(-1, 3)
    uvs = random.random((QUADS, 4, 2)).astype(np.float32)
    heads = np.array([[0, 1.5, 0], [0, 1.58, 0.01], [0.031, 1.624, 0.08], [-0.031, 1.624, 0.08]])
    weights = np.exp(-np.linalg.norm(vertices - heads[:, None], axis=2)[:2] / 0.05)
    weights = np.concatenate([weights / weights.sum(0), np.zeros((2, VERTICES))])
    regressor = np.zeros((JOINTS, VERTICES))
    for joint in (0, 1):
        near = np.argsort(np.linalg.norm(vertices - heads[joint], axis=1))[:200]
        regressor[joint, near] = 1 / len(near)
    groups = groups_of()
    for joint, name in ((2, "left_eye"), (3, "right_eye")):
        weights[:, groups[name]] = np.eye(JOINTS)[joint][:, None]
        regressor[joint, groups[name]] = 1 / groups[name].sum()
    identity = waves(vertices, 253, seed + 1).transpose(2, 0, 1).astype(np.float32)
    return {
        "version": np.array("3.0"),
        "variant": np.array("head"),
        "template_vertex_positions": vertices.astype(np.float32),
        "template_joint_positions": (regressor @ vertices).astype(np.float32),
        "vertex_identity_basis": identity,
        "joint_identity_basis": np.einsum("jv,ivc->ijc", regressor, identity, optimize=True).astype(np.float32),
        "expression_basis": waves(vertices, 383, seed + 2).transpose(2, 0, 1).astype(np.float32),
        "identity_names": np.array(
            [f"head_{k}" for k in range(170)] + [f"eyes_{k}" for k in range(3)] + [f"teeth_{k}" for k in range(80)]
        ),
        "joint_names": np.array(["neck", "head", "left_eye", "right_eye"]),
        "expression_names": np.array(expression_names(old)),
        "joint_parent_indices": np.array([0, 0, 1, 1], np.int32),
        "skinning_weights": weights.astype(np.float32),
        "quads": quads,
        "triangles": triangles,
        "quad_uvs": uvs,
        "triangle_uvs": uvs[:, [0, 1, 2, 0, 2, 3]].reshape(-1, 3, 2),
        "mesh_component_names": np.array(
            ["skin", "left_eye", "right_eye", "upper_teeth_and_gums", "lower_teeth_and_gums", "tongue"]
        ),
        "mirror_indices": np.arange(VERTICES, dtype=np.int32),
        "joint_regressor": regressor.astype(np.float32),
        "pose_correctives_regressor": waves(vertices, 36, seed + 3, 0.001)
        .transpose(2, 0, 1)
        .reshape(36, -1)
        .astype(np.float32),
        "bone_aligned_template_joint_orientations": np.tile(np.eye(3, dtype=np.float32), (4, 1, 1)),
        "vertex_groups": np.stack(list(groups.values())).astype(np.float32),
        "vertex_group_names": np.array(list(groups)),
    }


def groups_of():
    """Vertex groups by name, (V,) bool."""
    sizes = (SKIN, EYE, EYE, TEETH, GUMS, TEETH, GUMS, TONGUE, SOCK)
    names = ("skin", "left_eye", "right_eye", "teeth_u", "gums_u", "teeth_l", "gums_l", "tongue", "mouth_sock")
    label = np.repeat(np.arange(len(sizes)), sizes)
    masks = {name: label == row for row, name in enumerate(names)}
    return {
        "skin": masks["skin"] | masks["mouth_sock"],
        "left_eye": masks["left_eye"],
        "right_eye": masks["right_eye"],
        "upper_teeth_and_gums": masks["teeth_u"] | masks["gums_u"],
        "lower_teeth_and_gums": masks["teeth_l"] | masks["gums_l"],
        "gums": masks["gums_u"] | masks["gums_l"],
        "teeth": masks["teeth_u"] | masks["teeth_l"],
        "tongue": masks["tongue"],
        "mouth_sock": masks["mouth_sock"],
    }


def write_gnm(path, old=False, **changes):
    """The npz; returns its arrays. A change to ``None`` leaves the key out."""
    arrays = {key: value for key, value in (gnm_arrays(old=old) | changes).items() if value is not None}
    np.savez(path, **arrays)
    return arrays


def write_landmarks(path):
    """``head_sparse_68.txt`` with its contour out of order; returns vertices and weights in iBUG order."""
    vertices = gnm_head()
    front = np.flatnonzero((np.arange(VERTICES) < SKIN) & (vertices[:, 2] > 0.03))
    mesh = front[Delaunay(vertices[front, :2]).simplices]
    places = ibug_places() + vertices[vertices[:, 2].argmax(), :2]
    middles = vertices[mesh].mean(1)[:, :2]
    corners = mesh[np.linalg.norm(middles[:, None] - places, axis=2).argmin(0)]
    weights = np.random.default_rng(1).dirichlet([4, 4, 4], 68)
    order = np.arange(68)
    order[2:7] = [6, 5, 4, 3, 2]
    table = np.stack([corners[order], weights[order]], 2).reshape(68, 6)
    np.savetxt(path, table, fmt="%.9g")
    return corners, weights
