"""Published models to adopt: the built-in head itself, and a closed face shell of another topology without extras."""

import numpy as np
import torch

from engine.contract import Licence
from engine.faces.adoption.correspondence import Correspondence
from engine.faces.formats.published import PublishedAlbedo, PublishedJoints, PublishedModel
from engine.faces.model import FaceModel
from engine.render.rasterizer import rasterize

LICENCE = Licence("test head", "CC0-1.0", True)
ROWS, COLUMNS = 110, 130
AXIS = 0.02
"""Metres, z of the upright axis that the shell is seen from."""
NO_SHAPES = ((), np.zeros((0, 2), np.float32))


def published_builtin(builtin: FaceModel) -> PublishedModel:
    """The built-in head as if its authors had published mean, identity, UVs, parts and 68 landmarks only."""
    g = builtin.groups
    parts = {name: g[name] for name in ("mouth_bag", "eye_L", "eye_R", "teeth_upper", "teeth_lower", "tongue")}
    parts["skin"] = np.setdiff1d(g["skin"], g["mouth_bag"])
    parts["gums"] = np.r_[g["gums_upper"], g["gums_lower"]]
    for side in "LR":
        parts[f"eye_{side}"] = np.setdiff1d(g[f"eye_{side}"], g[f"cornea_{side}"])
    parts["cornea"] = np.r_[g["cornea_R"], g["cornea_L"]]
    parts["lashes"] = np.r_[g["lashes_R"], g["lashes_L"]]
    parts["lacrimal"] = np.r_[g["tears_R"], g["tears_L"], g["caruncle_R"], g["caruncle_L"]]
    points = builtin.landmarks["68"]
    names, bounds = NO_SHAPES
    return PublishedModel(
        family="ict",
        name="twin",
        version="1",
        licence=LICENCE,
        mean=builtin.mean.numpy(),
        identity_basis=builtin.identity_basis.numpy(),
        expression_names=names,
        expression_basis=np.zeros((0, len(builtin.mean), 3), np.float32),
        expression_range=bounds,
        polygons=builtin.polygons,
        uvs=builtin.uvs,
        parts=parts,
        landmarks_68=(points.vertices.numpy().astype(np.int32), points.weights.numpy()),
    )


def at_the_lids(builtin: FaceModel) -> np.ndarray:
    """(V,) which vertices are lashes, films and caruncles, which follow the lids: no other head has their like."""
    names = [f"{name}_{side}" for name in ("lashes", "tears", "caruncle", "cornea") for side in "RL"]
    return np.isin(np.arange(len(builtin.mean)), np.concatenate([builtin.groups[name] for name in names]))


def face_shell(builtin: FaceModel, shift: tuple[float, float, float] = (0.0, 0.03, -0.05)) -> PublishedModel:
    """One closed sheet over face and ears, as Basel's: eyes and lips are painted on, no parts, no UVs, PCA expressions.

    Sampled from the built-in mean in cylinder coordinates, so that no vertex is one of its own; the origin is moved.
    """
    angles = np.radians(np.linspace(-100, 100, COLUMNS))
    heights = np.linspace(0.105, -0.115, ROWS)
    modes = torch.cat([builtin.mean[None], builtin.identity_basis[:4], builtin.expression_basis[[17, 23]]])
    vertex, weights = _outermost(builtin, angles, heights)
    fields = (modes[:, vertex] * weights[None, ..., None]).sum(-2).numpy()
    albedo = (builtin.albedo_mean[vertex] * weights[..., None]).sum(-2).numpy()
    grid = np.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS)
    a, b, c, d = grid[1:, :-1], grid[1:, 1:], grid[:-1, 1:], grid[:-1, :-1]
    quads = np.stack([a, b, c, d], -1).reshape(-1, 4)
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    points = builtin.landmarks["68"].points(builtin.mean).numpy()
    nearest = np.linalg.norm(points[:, None] - fields[0][None], axis=-1).argmin(1)
    return PublishedModel(
        family="bfm2009",
        name="shell",
        version="1",
        licence=LICENCE,
        mean=(fields[0] + np.array(shift)).astype(np.float32),
        identity_basis=fields[1:5].astype(np.float32),
        expression_names=("expression_000", "expression_001"),
        expression_basis=fields[5:].astype(np.float32),
        expression_range=np.tile(np.array([[-3.0, 3.0]], np.float32), (2, 1)),
        polygons=np.c_[triangles, np.full(len(triangles), -1)].astype(np.int32),
        albedo=PublishedAlbedo(albedo.astype(np.float32), np.zeros((0, *albedo.shape), np.float32)),
        landmarks_68=(
            np.tile(nearest[:, None], (1, 3)).astype(np.int32),
            np.tile(np.array([[1, 0, 0]], np.float32), (68, 1)),
        ),
    )


def with_joints(published: PublishedModel) -> PublishedModel:
    """The model with FLAME's five joints and their names, moved by identity, and correctives for the jaw."""
    joints, modes, count = 5, len(published.identity_basis), len(published.mean)
    random = np.random.default_rng(3)
    weights = np.zeros((count, joints), np.float32)
    weights[:, 1] = 1
    return PublishedModel(
        **{
            **vars(published),
            "joints": PublishedJoints(
                names=("global", "neck", "jaw", "left_eye", "right_eye"),
                parents=np.array([-1, 0, 1, 1, 1], np.int32),
                heads=random.normal(0, 0.05, (joints, 3)).astype(np.float32),
                identity_basis=random.normal(0, 0.002, (modes, joints, 3)).astype(np.float32),
                expression_basis=np.zeros((len(published.expression_names), joints, 3), np.float32),
                weights=weights,
                correctives=random.normal(0, 1e-4, (9, count, 3)).astype(np.float32),
                corrective_joints=np.array([2], np.int32),
            ),
        }
    )


def exact(builtin: FaceModel) -> Correspondence:
    """The correspondence of :func:`published_builtin`: every vertex is itself."""
    triangles = builtin.triangles.numpy()
    count = len(builtin.mean)
    triangle, corner = np.zeros(count, np.int32), np.zeros(count, np.int64)
    for k in range(3):
        triangle[triangles[:, k]], corner[triangles[:, k]] = np.arange(len(triangles)), k
    points = {
        layout: (p.vertices.numpy().astype(np.int32), p.weights.numpy()) for layout, p in builtin.landmarks.items()
    }
    weights = np.eye(3, dtype=np.float32)[corner]
    return Correspondence(builtin.mean.numpy(), 1.0, triangle, weights, np.ones(count, np.float32), points)


def _outermost(builtin: FaceModel, angles: np.ndarray, heights: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """Vertices (N, 3) and weights (N, 3) of the built-in mean's outermost surface over a grid of angle and height."""
    mean = builtin.mean.double()
    x, y, z = mean[:, 0], mean[:, 1], mean[:, 2] - AXIS
    step_a, step_h = angles[1] - angles[0], heights[1] - heights[0]
    columns = (torch.atan2(x, z) - angles[0]) / step_a + 0.5
    rows = (y - heights[0]) / step_h + 0.5
    depth = 1 - torch.hypot(x, z)
    triangles = builtin.triangles
    whole = (columns[triangles].amax(1) - columns[triangles].amin(1)) < COLUMNS / 2
    image = torch.stack([columns, rows, depth], -1)
    found = rasterize(image, triangles[whole], (COLUMNS, ROWS), cull=False)
    assert found.mask.all()
    return triangles[whole][found.triangle.reshape(-1)], found.barycentric.reshape(-1, 3).float()
