"""The control cage of the skin, grown feature by feature from the mean face."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from engine.faces.subdivision import catmull_clark

from . import ear, eyes, mouth, nose, skull
from .cage import Array, Cage, Indices, smoothstep
from .net import Net
from .points import MeanFace, mean_face
from .relief import normals, to_line
from .shell import Shell, above_face, build_shell, laplacian, symmetrised
from .uv import CageLayout, shell_layout

LIP_PRESS = 0.2
"""Millimetres that the control points of each lip's contact line move towards the other lip."""
POINTED = (1, 4, 5, 19, 44, 45, 274, 275)
"""Points of the nose tip that the surface only approaches: passing through them would make it sharp."""
TEAR_TROUGH = (243, 244, 128, 121, 120, 119)
"""The right side's groove from the inner canthus between lid and cheek."""
CANTHUS_HOLLOW = (243, 190, 189)
"""The right side's hollow above the inner canthus."""
FAIRING_STEPS = 140
FAIRING_LIMIT = 2.4
"""Most that fairing moves a control point, mm."""


def build_cage() -> tuple[Cage, CageLayout]:
    """The level-1 net with lids, mouth, ears and nostrils, and its texture layout."""
    face = mean_face()
    shell = build_shell(face)
    step = catmull_clark(len(shell.vertices), shell.faces)
    mirror = step.carry_mirror(shell.mirror, shell.faces)
    net = Net(step.matrix @ _through_points(shell, face), step.polygons, mirror)
    _onto_body(net, shell, step.matrix)
    layout = shell_layout(shell, step, net.vertices)
    _name_regions(net, shell, step.matrix)
    side = ear.add_ears(net, shell.grid, shell.faces)
    nose.add_nostrils(net, shell.faces)
    right_eye = eyes.add_lids(net, face.iris["R"])
    _fair_canthus(net)
    mouth.add_mouth(net)
    _press_lips(net)
    kept = net.drop_unused()
    ear.smooth_roots(net, side)
    ear.sharpen(net)
    eyes.fit_lids(net, right_eye)
    # Rounded so that another processor's last bits do not travel on.
    net.vertices = np.round(symmetrised(net.vertices, net.mirror), 6)
    cage = Cage(
        net.vertices,
        net.faces,
        net.mirror,
        {name: np.array(group, np.int64) for name, group in net.groups.items()},
        {"R": right_eye, "L": right_eye * [-1, 1, 1]},
    )
    return cage, layout.finished(cage, kept)


def _through_points(shell: Shell, face: MeanFace) -> Array:
    """Shell vertices whose subdivided surface passes through the averaged points."""
    step = catmull_clark(len(shell.vertices), shell.faces)
    count = len(face.points)
    weight = np.full((count, 1), 0.7)
    weight[list(POINTED)] *= 0.35
    vertices = shell.vertices.copy()
    for _ in range(3):
        vertices[:count] += weight * (shell.vertices[:count] - (step.matrix @ vertices)[:count])
    return vertices


def _onto_body(net: Net, shell: Shell, matrix: sparse.csr_matrix) -> None:
    """Push the skull and neck out until their *subdivided* surface lies on the body; near the face less and less."""
    share = np.zeros(len(shell.vertices))
    crown = above_face(shell.vertices[shell.grid[0]])
    for ring in range(1, len(shell.grid)):
        share[shell.grid[ring]] = np.maximum(smoothstep(np.array(float(ring)), 0.3, 2.6), crown)
    share[shell.grid[-2:]] = [[0.5], [0.0]]
    share = matrix @ share
    behind = np.flatnonzero(share > 0)
    step = catmull_clark(len(net.vertices), np.array(net.faces))
    for _ in range(5):
        now = (step.matrix @ net.vertices)[behind]
        net.vertices[behind] += 0.8 * share[behind, None] * (skull.project(now, 6) - now)


def _name_regions(net: Net, shell: Shell, matrix: sparse.csr_matrix) -> None:
    """Face, oval, skull, neck and collar, from the coarse grid."""
    of_face = np.asarray(matrix[:, : shell.grid[1, 0]].sum(1)).ravel()
    net.groups["face"] = [int(i) for i in np.flatnonzero(of_face > 0.6)]
    y, z = net.vertices[:, 1], net.vertices[:, 2]
    below = y < -70 + 0.35 * np.minimum(-40 - z, 130)
    net.groups["neck"] = [int(i) for i in np.flatnonzero((of_face <= 0.6) & below)]
    net.groups["skull"] = [int(i) for i in np.flatnonzero((of_face <= 0.6) & ~below)]
    net.groups["oval"] = _subdivided_loop(shell.grid[0], matrix)
    net.groups["collar"] = _subdivided_loop(shell.grid[-1], matrix)


def _subdivided_loop(loop: Indices, matrix: sparse.csr_matrix) -> list[int]:
    """The loop with the edge points between its vertices."""
    on_loop = np.zeros(matrix.shape[1])
    on_loop[loop] = 1
    support = matrix.tocsr()
    result = []
    for a, b in zip(loop, np.roll(loop, -1), strict=True):
        both = np.flatnonzero((support[:, [a]].toarray() * support[:, [b]].toarray()).ravel() > 0)
        weights = support[both][:, [a, b]].toarray().min(1)
        edge = [int(i) for i, w in zip(both, weights, strict=True) if i >= matrix.shape[1] and w > 0.3]
        result += [int(a), *edge]
    return result


def _fair_canthus(net: Net) -> None:
    """Turn the sharp bends round the inner canthus, where few points meet large turns, into soft hollows.

    Repeated averaging with the neighbours along the surface's normals, so that no point slides; the lids' edges stay.
    """
    faces, before = np.array(net.faces), net.vertices.copy()
    aside = np.column_stack([-np.abs(before[:, 0]), before[:, 1:]])
    share = np.zeros(len(before))
    for line, width in ((TEAR_TROUGH, 12.0), (CANTHUS_HOLLOW, 5.0)):
        share = np.maximum(share, np.exp(-((to_line(aside, before[list(line)], closed=False) / width) ** 2)))
    margin = before[net.groups["lid_margin_R"]]
    share *= smoothstep(to_line(aside, margin, closed=True), 0.2, 2.5)
    for name in ("inner", "back", "pocket", "rear"):
        share[net.groups[f"lid_{name}_R"]] = share[net.groups[f"lid_{name}_L"]] = 0
    operator = laplacian(len(before), faces)
    for _ in range(FAIRING_STEPS):
        normal = normals(net.vertices, faces)
        along = ((operator @ net.vertices) * normal).sum(1)
        net.vertices -= 0.5 * (share * along)[:, None] * normal
    shift = net.vertices - before
    length = np.linalg.norm(shift, axis=1, keepdims=True)
    net.vertices = before + shift * FAIRING_LIMIT * np.tanh(length / FAIRING_LIMIT) / np.maximum(length, 1e-9)


def _press_lips(net: Net) -> None:
    """Let the lips touch: subdivision opens a gap of 0.8 mm between contours that meet, and teeth would show."""
    for name, shift in (("lip_upper", -LIP_PRESS), ("lip_lower", LIP_PRESS)):
        net.vertices[net.groups[name][1:-1], 1] += shift
