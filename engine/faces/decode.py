"""A published model's own equation: coefficients and joint rotations to posed vertices, in one matrix product."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .formats.published import PublishedModel
from .skinning import joint_transforms, pose_features, skin


class Decoder:
    """Decodes batches of heads the way the model's authors do, in their frame.

    Identity, expressions and pose correctives lie in one (K, 3V) float32 matrix, so a batch is one product and, where
    the model has joints, a skinning.
    """

    def __init__(self, model: PublishedModel, device: torch.device | str = "cpu") -> None:
        self.joints = model.joints
        bases = [model.identity_basis, model.expression_basis]
        if self.joints is not None and self.joints.correctives is not None:
            bases.append(self.joints.correctives)
        self._mean = _tensor(model.mean, device).flatten()
        self._basis = torch.cat([_tensor(basis, device).flatten(1) for basis in bases])
        self._shapes = len(model.identity_basis), len(model.expression_basis)
        if self.joints is not None:
            self._parents = [int(parent) for parent in self.joints.parents]
            driven = self.joints.corrective_joints
            self._driven = [] if driven is None or self.joints.correctives is None else [int(joint) for joint in driven]
            self._weights = _tensor(self.joints.weights, device)
            self._heads = _tensor(self.joints.heads, device)
            moves = [_tensor(basis, device) for basis in (self.joints.identity_basis, self.joints.expression_basis)]
            self._moves = torch.cat(moves).flatten(1)

    def __call__(self, identity: Tensor, expression: Tensor, rotations: Tensor | None = None) -> Tensor:
        """Vertices (B, V, 3) in metres in the authors' frame.

        Args:
            identity: (B, <= I) standard deviations.
            expression: (B, <= E) weights.
            rotations: (B, J, 3, 3) of each joint against its parent; ``None`` leaves the head unposed.
        """
        shape = torch.cat([_padded(identity, self._shapes[0]), _padded(expression, self._shapes[1])], -1)
        if rotations is None or self.joints is None:
            return torch.addmm(self._mean, shape, self._basis[: shape.shape[-1]]).unflatten(-1, (-1, 3))
        features = torch.cat([shape, pose_features(rotations, self._driven)], -1) if self._driven else shape
        bound = torch.addmm(self._mean, features, self._basis).unflatten(-1, (-1, 3))
        joints = self._heads + (shape @ self._moves).unflatten(-1, (-1, 3))
        return skin(bound, joint_transforms(joints, rotations, self._parents), self._weights)


def _tensor(values: np.ndarray, device: torch.device | str) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, np.float32)).to(device)


def _padded(coefficients: Tensor, count: int) -> Tensor:
    return torch.nn.functional.pad(coefficients, (0, count - coefficients.shape[-1]))
