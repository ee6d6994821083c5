"""Head pose: a first guess from point pairs, rotation updates, and the angles a detector's error depends on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ..camera.camera import Camera
from .basis import Array


@dataclass
class Pose:
    """A camera in solver form (float64)."""

    rotation: Array
    """(3, 3) head to camera."""
    translation: Array
    """(3,) metres."""
    focal: float
    """Pixels."""
    centre: Array
    """(2,) principal point, pixels."""

    @classmethod
    def of(cls, camera: Camera) -> Pose:
        """The solver form of a camera with square pixels."""
        k, rotation, translation = (
            v.detach().cpu().numpy().astype(np.float64)
            for v in (camera.intrinsics, camera.rotation, camera.translation)
        )
        return cls(rotation, translation, float(k[0, 0]), k[:2, 2])

    def camera(self, size: tuple[int, int], device: torch.device | str = "cpu") -> Camera:
        """The pose as a float32 camera for a picture of ``size`` (width, height)."""
        k = np.array([[self.focal, 0, self.centre[0]], [0, self.focal, self.centre[1]], [0, 0, 1]])
        tensors = (torch.from_numpy(np.ascontiguousarray(v)) for v in (k, self.rotation, self.translation))
        intrinsics, rotation, translation = (t.to(device, torch.float32) for t in tensors)
        return Camera(intrinsics, rotation, translation, size)

    def to_camera(self, points: Array) -> Array:
        """(L, 3) head-space points in camera space."""
        return points @ self.rotation.T + self.translation

    def project(self, points: Array) -> Array:
        """(L, 2) pixels."""
        camera = self.to_camera(points)
        return self.focal * camera[:, :2] / camera[:, 2:] + self.centre

    @property
    def scale(self) -> float:
        """Pixels per metre at the head's origin."""
        return self.focal / float(self.translation[2])


def rotation_of(vector: Array) -> Array:
    """(3, 3) rotation matrix of an axis-angle vector (3,), by Rodrigues' formula."""
    angle = float(np.linalg.norm(vector))
    if angle < 1e-12:
        return np.eye(3)
    x, y, z = vector / angle
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * (k @ k)


def initial_pose(points: Array, pixels: Array, weights: Array, focal: float, centre: Array) -> Pose:
    """Pose of points (L, 3) seen at pixels (L, 2): a scaled-orthographic camera, then its perspective equivalent.

    Weighted least squares for the 2x4 affine camera; the nearest rotation to its left part.
    """
    root = np.sqrt(weights)[:, None]
    design = np.c_[points, np.ones(len(points))]
    affine = np.linalg.lstsq(design * root, (pixels - centre) * root, rcond=None)[0].T
    scale = np.sqrt(np.linalg.norm(affine[0, :3]) * np.linalg.norm(affine[1, :3]))
    first, second = affine[0, :3], affine[1, :3]
    u, _, vt = np.linalg.svd(np.stack([first, second, np.cross(first, second) / max(scale, 1e-12)]))
    rotation = u @ np.diag([1, 1, np.linalg.det(u @ vt)]) @ vt
    depth = focal / scale
    return Pose(rotation, np.r_[affine[:, 3] / scale, depth], focal, centre)


def view_angles(pose: Pose) -> tuple[float, float, float]:
    """(yaw, pitch, roll) in radians of the head relative to the ray that reaches it, so that a face at the photo's
    edge is judged by the side it shows. Yaw is positive when the subject turns to their left, pitch when they look
    down, roll clockwise in the image.
    """
    ray = pose.translation / np.linalg.norm(pose.translation)
    axis = np.cross(ray, [0.0, 0.0, 1.0])
    sine = float(np.linalg.norm(axis))
    turn = rotation_of(axis / sine * np.arcsin(np.clip(sine, 0, 1))) if sine > 1e-9 else np.eye(3)
    rotation = turn @ pose.rotation
    up, forward = rotation[:, 1], rotation[:, 2]
    return (
        float(np.arctan2(*_unrolled(forward, up))),
        float(np.arcsin(np.clip(_unrolled_down(forward, up), -1, 1))),
        roll_of(up),
    )


def roll_of(up: Array) -> float:
    """Angle in radians of the head's up axis (camera space) from the image's up, clockwise positive."""
    return float(np.arctan2(up[0], -up[1]))


def _unrolled(forward: Array, up: Array) -> tuple[float, float]:
    roll = roll_of(up)
    return float(np.cos(roll) * forward[0] + np.sin(roll) * forward[1]), float(-forward[2])


def _unrolled_down(forward: Array, up: Array) -> float:
    roll = roll_of(up)
    return float(-np.sin(roll) * forward[0] + np.cos(roll) * forward[1])
