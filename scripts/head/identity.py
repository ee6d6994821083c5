"""The identity space: how heads differ, as a mirror-symmetric Gaussian process plus known directions.

Nobody's scans go into it. Smooth random variation comes from a multi-scale Gaussian process, the construction of
Luethi et al., "Gaussian Process Morphable Models" (PAMI 2018), which Gerig et al. (FG 2018) use as the prior of the
Basel face model; directions that are known to matter come from ``identity_traits``. Amplitudes are set so that nine
calliper distances vary as in the NIOSH head-and-face survey of 3997 US adults (CDC RD-10130-2020-0, 2003).
"""

from __future__ import annotations

import numpy as np

from .cage import Array, Head, Indices
from .identity_traits import amplitude, trait_fields

MODES = 80
SCALES = ((90.0, 3.7), (45.0, 2.15), (22.0, 1.05))
"""(sigma, s) in mm of the kernels s^2 exp(-d^2 / sigma^2), per coordinate: proportions, features, forms."""
SYMMETRY = 0.85
"""Share of the variance that both halves of the face have in common."""
NODES = 210
"""Points on the right half that carry the process (Nystroem)."""
NODE_RANK = 110
"""Eigenfunctions kept per coordinate."""
LID_NEAR, LID_FAR = 14.6, 23.0
"""mm from the eyeball's centre: lids inside the first keep their distance to it, skin outside the second is free."""
PART_PREFIXES = ("eye_", "teeth_", "gums_", "tongue")


def build_identity(head: Head) -> Array:
    """Identity modes on the control vertices.

    Every mode is symmetric or antisymmetric under mirroring. Rigid motion of the face is taken out of each mode,
    size is not. Lids slide on their eyeball; eyeballs, teeth, gums and tongue move rigidly.

    Returns:
        (80, N', 3) mm offset of one standard deviation, ordered by variance over the skin; N' counts
        ``head.controls``: the cage's vertices, then the parts' control vertices.
    """
    cage = head.cage
    mouth = mouth_centre(head)
    points = np.vstack([cage.vertices, cage.eye_centres["R"], cage.eye_centres["L"], mouth])
    count = len(cage.vertices)
    mirror = np.r_[cage.mirror, count + 1, count, count + 2]
    factor = np.concatenate([_process(points, head), trait_fields(points, head)])
    weight = np.r_[_vertex_areas(head), 0, 0, 0]
    factor = _without_rigid_motion(factor, points, weight * _face_weight(points))
    factor[:, :count] = _lids_on_eyes(factor, head)
    modes = _principal(factor, mirror, weight * (0.25 + 0.75 * _face_weight(points)))
    return _with_parts(modes, head)


def mouth_centre(head: Head) -> Array:
    """(3,) mm; the point behind the lips with which teeth, gums and tongue move."""
    lips = head.cage.vertices[head.cage.groups["lip_upper"]]
    middle = lips[len(lips) // 2]
    return middle + np.array([0, 0, -10.0])


def part_controls(head: Head) -> dict[str, Indices]:
    """Control vertices of every separate part by the part's group name."""
    parts = {}
    for name, vertices in head.groups.items():
        if name.startswith(PART_PREFIXES):
            used = np.unique(head.subdivision[vertices].indices)
            parts[name] = used[used >= len(head.cage.vertices)]
    return parts


def _process(points: Array, head: Head) -> Array:
    """(K, P, 3) factor of the Gaussian process' covariance: the covariance is the sum of the K outer products.

    With k_sym(x, y) = I k(x, y) + diag(-1, 1, 1) k(x, mirror of y) the coordinates are independent of each other,
    so each is a scalar process of its own.
    """
    nodes = _spread(head.cage.vertices, head.cage.mirror)
    scale, node_scale = amplitude(points, head), amplitude(nodes, head)
    columns = []
    for axis in range(3):
        sign = -1.0 if axis == 0 else 1.0
        kernel = _kernel(nodes, nodes, sign) * np.outer(node_scale[:, axis], node_scale[:, axis])
        values, vectors = np.linalg.eigh(kernel)
        keep = np.argsort(values)[::-1][:NODE_RANK]
        cross = _kernel(points, nodes, sign) * np.outer(scale[:, axis], node_scale[:, axis])
        part = np.zeros((NODE_RANK, len(points), 3))
        part[:, :, axis] = (cross @ (vectors[:, keep] / np.sqrt(values[keep]))).T
        columns.append(part)
    return np.concatenate(columns)


def _kernel(first: Array, second: Array, sign: float) -> Array:
    """(P, Q) covariance of one coordinate; ``sign`` is -1 for x."""
    half = SYMMETRY / 2
    return (1 - half) * _radial(first, second) + sign * half * _radial(first, second * [-1, 1, 1])


def _radial(first: Array, second: Array) -> Array:
    squared = ((first[:, None] - second[None]) ** 2).sum(-1)
    return np.sum([s**2 * np.exp(-squared / sigma**2) for sigma, s in SCALES], axis=0)


def _spread(vertices: Array, mirror: Indices) -> Array:
    """(Q, 3) farthest-point sample of the right half together with its mirror image."""
    right = np.flatnonzero((vertices[:, 0] < -0.5) & (np.arange(len(vertices)) < mirror.max() + 1))
    chosen = [int(right[0])]
    distance = np.full(len(right), np.inf)
    for _ in range(NODES - 1):
        distance = np.minimum(distance, np.linalg.norm(vertices[right] - vertices[chosen[-1]], axis=1))
        chosen.append(int(right[distance.argmax()]))
    return np.vstack([vertices[chosen], vertices[mirror[chosen]]])


def _vertex_areas(head: Head) -> Array:
    """(N,) mm^2 of cage surface that belongs to each vertex."""
    faces = np.array(head.cage.faces)
    corner = head.cage.vertices[faces]
    area = np.linalg.norm(np.cross(corner[:, 2] - corner[:, 0], corner[:, 3] - corner[:, 1]), axis=1) / 2
    areas = np.bincount(faces.ravel(), np.repeat(area / 4, 4), minlength=len(head.cage.vertices))
    return np.asarray(areas, np.float64)


def _face_weight(points: Array) -> Array:
    """(P,) 1 on the face, 0 on the back of the head and the neck."""
    front = np.clip((points[:, 2] + 75) / 40, 0, 1)
    return np.asarray(front * np.clip((points[:, 1] + 105) / 30, 0, 1), np.float64)


def _without_rigid_motion(factor: Array, points: Array, weight: Array) -> Array:
    """Subtract from each field its weighted least-squares translation and small rotation."""
    centre = np.average(points, axis=0, weights=weight)
    relative = points - centre
    turns = [np.cross(axis, relative) for axis in np.eye(3)]
    moves = [np.broadcast_to(axis, points.shape) for axis in np.eye(3)]
    basis = np.stack([*turns, *moves]).reshape(6, -1)
    weights = np.repeat(weight, 3)
    flat = factor.reshape(len(factor), -1)
    amount = np.linalg.solve((basis * weights) @ basis.T, (basis * weights) @ flat.T)
    return (flat - amount.T @ basis).reshape(factor.shape)


def _lids_on_eyes(factor: Array, head: Head) -> Array:
    """Fields on the cage alone, with the motion of the lids relative to the eyeball made tangential to it."""
    vertices, count = head.cage.vertices, len(head.cage.vertices)
    fields = factor[:, :count].copy()
    for column, side in ((count, "R"), (count + 1, "L")):
        arm = vertices - head.cage.eye_centres[side]
        distance = np.linalg.norm(arm, axis=1)
        near = 1 - np.clip((distance - LID_NEAR) / (LID_FAR - LID_NEAR), 0, 1)
        near = near**2 * (3 - 2 * near)
        direction = arm / distance[:, None]
        relative = fields - factor[:, column : column + 1]
        radial = np.einsum("kvc,vc->kv", relative, direction)
        fields -= (near * radial)[..., None] * direction
        for ring in ("back", "pocket", "rear"):
            fields[:, head.cage.groups[f"lid_{ring}_{side}"]] = factor[:, column : column + 1]
    return fields


def _principal(factor: Array, mirror: Indices, weight: Array) -> Array:
    """(MODES, P, 3) principal components of the process under ``weight``, each symmetric or antisymmetric."""
    columns = factor.shape[1]
    image = factor[:, mirror] * [-1, 1, 1]
    root = np.sqrt(np.repeat(np.r_[weight, np.zeros(columns - len(weight))], 3))
    modes, sizes = [], []
    for sign in (1, -1):
        half = ((factor + sign * image) / 2).reshape(len(factor), -1)
        values, vectors = np.linalg.eigh((half * root) @ (half * root).T)
        modes.append(vectors.T @ half)
        sizes.append(values)
    order = np.argsort(np.concatenate(sizes))[::-1][:MODES]
    chosen = np.concatenate(modes)[order]
    largest = np.take_along_axis(chosen, np.abs(chosen).argmax(1)[:, None], 1)
    return (chosen * np.sign(largest)).reshape(MODES, columns, 3)


def _with_parts(modes: Array, head: Head) -> Array:
    """Modes on the cage, the two eye centres and the mouth's centre spread to all control vertices."""
    count = len(head.cage.vertices)
    full = np.zeros((len(modes), len(head.controls), 3))
    full[:, :count] = modes[:, :count]
    source = {"eye_R": count, "eye_L": count + 1}
    for name, vertices in part_controls(head).items():
        column = source.get(name, count + 2)
        full[:, vertices] = modes[:, column : column + 1]
    return full
