"""GNM Head's published equations in plain double precision; nothing of the engine is used."""

import numpy as np


def gnm(arrays, identity, expression, turns):
    """(17821, 3): ``arrays`` of a GNM file, coefficients, ``turns`` (4, 3, 3) of the joints against their parents."""
    doubles = {key: arrays[key].astype(np.float64) for key in ("vertex_identity_basis", "expression_basis")}
    bound = arrays["template_vertex_positions"] + np.tensordot(identity, doubles["vertex_identity_basis"], 1)
    bound = bound + np.tensordot(expression, doubles["expression_basis"], 1)
    feature = (np.array(turns) - np.eye(3)).reshape(-1)
    bound = bound + (feature @ arrays["pose_correctives_regressor"]).reshape(-1, 3)
    joints = arrays["template_joint_positions"] + np.tensordot(identity, arrays["joint_identity_basis"], 1)
    parents, world = arrays["joint_parent_indices"], [(turns[0], joints[0])]
    for joint in range(1, len(joints)):
        turned, placed = world[parents[joint]]
        world.append((turned @ turns[joint], placed + turned @ (joints[joint] - joints[parents[joint]])))
    moved = [
        arrays["skinning_weights"][joint][:, None] * ((bound - joints[joint]) @ turned.T + placed)
        for joint, (turned, placed) in enumerate(world)
    ]
    return sum(moved)
