"""A result's surface with everything that moves it: shape keys, correctives, joints. What Blender shows, without it."""

from __future__ import annotations

import numpy as np
import torch

from .contract import FaceResult, Floats
from .faces.skinning import joint_transforms, skin


@torch.no_grad()
def posed_vertices(result: FaceResult, weights: Floats | None = None, pose: Floats | None = None) -> Floats:
    """(V, 3) metres, head space.

    Shape keys and the correctives that they and the joints drive are added to the neutral mesh, then linear blend
    skinning turns it (SMPL's equations, :mod:`engine.faces.skinning`), in double precision.

    Args:
        result: any head.
        weights: (K,) of its shape keys; ``None`` takes its own.
        pose: (J, 3, 3) turns of its joints; ``None`` takes its own, which may be that all rest.
    """
    keys, rig, correctives = result.shape_keys, result.rig, result.correctives
    used = (keys.weights if weights is None else weights).astype(np.float64)
    joints = len(rig.names)
    turned = rig.pose if pose is None else pose
    turns = np.tile(np.eye(3), (joints, 1, 1)) if turned is None else turned.astype(np.float64)
    shaped = result.mesh.vertices.astype(np.float64) + np.tensordot(used, keys.offsets.astype(np.float64), 1)
    if correctives is not None:
        first, second = used.clip(min=0)[correctives.pairs.T]
        by_keys = first * second
        by_keys[correctives.smaller] = np.minimum(first, second)[correctives.smaller]
        joint, row, column = correctives.elements.T
        by_joint = (turns - np.eye(3))[joint, row, column]
        amounts = np.where(joint < 0, by_keys, by_joint)
        shaped = shaped + np.tensordot(amounts, correctives.offsets.astype(np.float64), 1)
    heads = torch.from_numpy(rig.heads.astype(np.float64))[None]
    transforms = joint_transforms(heads, torch.from_numpy(turns)[None], rig.parents.tolist())
    weighted = torch.from_numpy(rig.weights.astype(np.float64))
    return np.asarray(skin(torch.from_numpy(shaped)[None], transforms, weighted)[0].numpy(), np.float32)
