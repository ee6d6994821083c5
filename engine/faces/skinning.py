"""Linear blend skinning with pose correctives, as SMPL and its kin define it, for batches and with gradients.

Shapes: B heads, V vertices, J joints, C joints that drive correctives. Rotations turn a joint against its parent, in
the head's axes.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def rodrigues(axis_angle: Tensor) -> Tensor:
    """Rotation matrices (..., 3, 3) of axis-angle vectors (..., 3) in radians; smooth at zero.

    ``R = I + sin(t)/t K + (1 - cos t)/t^2 K^2`` with ``t`` the length and ``K`` the cross-product matrix of the vector
    (Rodrigues); below 0.01 rad both factors are their power series, whose next term is under 1e-16.
    """
    square = (axis_angle * axis_angle).sum(-1)
    small = square < 1e-4
    angle = torch.where(small, 1.0, square).sqrt()
    sine = torch.where(small, 1 - square / 6 + square * square / 120, angle.sin() / angle)
    half = (angle / 2).sin() / angle
    cosine = torch.where(small, 0.5 - square / 24 + square * square / 720, 2 * half * half)
    x, y, z = axis_angle.unbind(-1)
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).unflatten(-1, (3, 3))
    unit = torch.eye(3, dtype=axis_angle.dtype, device=axis_angle.device)
    return unit + sine[..., None, None] * cross + cosine[..., None, None] * (cross @ cross)


def pose_features(rotations: Tensor, joints: Sequence[int]) -> Tensor:
    """What drives the pose correctives: (B, 9C) elements of ``R_j - I``, row-major, joint by joint."""
    chosen = rotations[:, list(joints)]
    return (chosen - torch.eye(3, dtype=chosen.dtype, device=chosen.device)).flatten(1)


def joint_transforms(joints: Tensor, rotations: Tensor, parents: Sequence[int]) -> Tensor:
    """What each joint does to the points bound to it: (B, J, 3, 4), rotation and translation.

    The chain ``T_j = T_parent [R_j | J_j - J_parent]``, then ``A_j = T_j`` with ``T_j [J_j; 0]`` taken from its
    translation (the SMPL paper's equation 3).

    Args:
        joints: (B, J, 3) in the bind pose.
        rotations: (B, J, 3, 3).
        parents: J indices, -1 for a root; a parent comes before its children.
    """
    turned: list[Tensor] = []
    placed: list[Tensor] = []
    for joint, parent in enumerate(parents):
        if parent < 0:
            turned.append(rotations[:, joint])
            placed.append(joints[:, joint])
        else:
            offset = joints[:, joint] - joints[:, parent]
            turned.append(turned[parent] @ rotations[:, joint])
            placed.append(placed[parent] + (turned[parent] @ offset[..., None])[..., 0])
    rotation = torch.stack(turned, 1)
    moved = torch.stack(placed, 1) - (rotation @ joints[..., None])[..., 0]
    return torch.cat([rotation, moved[..., None]], -1)


def skin(vertices: Tensor, transforms: Tensor, weights: Tensor) -> Tensor:
    """``v_i = (sum_j w_ij A_j) [v_i; 1]``: posed vertices (B, V, 3).

    Args:
        vertices: (B, V, 3) in the bind pose, correctives included.
        transforms: (B, J, 3, 4) of :func:`joint_transforms`.
        weights: (V, J), rows sum to 1.
    """
    blended = (weights @ transforms.flatten(2)).unflatten(-1, (3, 4))
    return (blended[..., :3] @ vertices[..., None])[..., 0] + blended[..., 3]


def pose_mesh(
    bind_vertices: Tensor,
    joints: Tensor,
    rotations: Tensor,
    parents: Sequence[int],
    weights: Tensor,
    correctives: Tensor | None = None,
    corrective_joints: Sequence[int] = (),
) -> Tensor:
    """Posed vertices (B, V, 3): correctives added, then skinned.

    Args:
        bind_vertices: (B, V, 3) head with identity and expression, unposed.
        joints: (B, J, 3) of that head.
        rotations: (B, J, 3, 3).
        parents: J indices, -1 for a root; a parent comes before its children.
        weights: (V, J), rows sum to 1.
        correctives: (9C, V, 3) offsets per element of ``flatten(R_j - I)``.
        corrective_joints: the C joints that drive them, in that order.
    """
    if correctives is not None:
        features = pose_features(rotations, corrective_joints)
        bind_vertices = bind_vertices + (features @ correctives.flatten(1)).unflatten(-1, (-1, 3))
    return skin(bind_vertices, joint_transforms(joints, rotations, parents), weights)
