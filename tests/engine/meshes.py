"""Meshes and cameras that several render tests share."""

import numpy as np
import torch
import trimesh

from engine.camera.camera import Camera
from engine.camera.conventions import frontal_rotation


def sphere(subdivisions=3, radius=0.1, dtype=torch.float32, device="cpu"):
    """Vertices (V, 3) and triangles (T, 3), counter-clockwise seen from outside."""
    mesh = trimesh.creation.icosphere(subdivisions, radius)
    return torch.tensor(mesh.vertices, dtype=dtype, device=device), torch.tensor(mesh.faces, device=device)


def camera(size=(64, 48), focal=150.0, distance=0.6, dtype=torch.float32, device="cpu"):
    """Looks straight at the front of a head at the origin."""
    intrinsics = torch.tensor([[focal, 0, size[0] / 2], [0, focal, size[1] / 2], [0, 0, 1]])
    rotation = torch.from_numpy(frontal_rotation())
    return Camera(intrinsics, rotation, torch.tensor([0, 0, distance]), size).to(device, dtype)


def image_sphere(size=(64, 48), subdivisions=3, dtype=torch.float32, device="cpu"):
    """A sphere's projected points (V, 3) and its triangles."""
    vertices, triangles = sphere(subdivisions, dtype=dtype, device=device)
    view = camera(size, dtype=dtype, device=device)
    return view.to_image(view.to_camera(vertices)), triangles


def scattered(count=300, size=(61, 47), seed=0, dtype=torch.float32, device="cpu"):
    """Random overlapping triangles, many partly outside the picture: points (V, 3), triangles (T, 3)."""
    generator = np.random.default_rng(seed)
    middle = generator.uniform(-10, 70, (count, 1, 2))
    offset = generator.normal(0, generator.choice([0.5, 4, 30], (count, 1, 1)), (count, 3, 2))
    depth = generator.uniform(0.5, 2.0, (count, 3, 1))
    points = np.concatenate([middle + offset, depth], -1).reshape(-1, 3)
    return torch.tensor(points, dtype=dtype, device=device), torch.arange(3 * count, device=device).view(-1, 3)
