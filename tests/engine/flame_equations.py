"""FLAME's published equations in plain double precision, vertex sums written out; nothing of the engine is used."""

import numpy as np


def rodrigues(vector):
    angle = np.linalg.norm(vector)
    if angle < 1e-12:
        return np.eye(3)
    x, y, z = vector / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def flame(arrays, shape, expression, turns, offsets=0.0):
    """(5023, 3): ``arrays`` of a FLAME file, coefficients, ``turns`` five rotations, offsets before posing."""
    directions = np.concatenate([arrays["shapedirs"][:, :, : len(shape)], _expressions(arrays, expression)], 2)
    shaped = arrays["v_template"] + directions @ np.concatenate([shape, expression]).astype(np.float64) + offsets
    regressor = arrays["J_regressor"]
    joints = regressor @ shaped
    feature = np.concatenate([(turn - np.eye(3)).ravel() for turn in turns[1:]])
    bound = shaped + arrays["posedirs"] @ feature
    parents = [-1, *(int(p) for p in arrays["kintree_table"][0][1:])]
    chain = []
    for joint, parent in enumerate(parents):
        local = np.eye(4)
        local[:3, :3] = turns[joint]
        local[:3, 3] = joints[joint] - (joints[parent] if parent >= 0 else 0)
        chain.append(local if parent < 0 else chain[parent] @ local)
    posed = np.zeros_like(bound)
    for joint, transform in enumerate(chain):
        moved = (bound - joints[joint]) @ transform[:3, :3].T + transform[:3, 3]
        posed += arrays["weights"][:, joint : joint + 1] * moved
    return posed


def _expressions(arrays, expression):
    return arrays["shapedirs"][:, :, 300 : 300 + len(expression)]
