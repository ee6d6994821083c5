"""A head in FLAME's format: 3931 vertices of skin, open at the neck and between the lips, and two eyeballs of 546."""

from functools import partial

import numpy as np
import torch
from scipy import sparse

from engine.faces.adoption.parts import eyeball
from tests.engine.stand_ins import heads, sheets
from tests.engine.write_flame import EYE, SKIN, TRIANGLES, VERTICES, waves, write_flame

BORDER = 62
"""Edges round neck and mouth: with two holes they make the published number of triangles."""
AROUND, RINGS = 32, 17
IDENTITIES, EXPRESSIONS = 300, 100


def sheet_of(head):
    """The whole mesh, eyes after the skin, left eye first."""
    skin = sheets.cut(head, ("skin", "eye_socket_L", "eye_socket_R"))
    for loop in sheets.holes(skin):
        if abs((skin.weights[loop] @ head.mean).mean(0)[0]) > 0.01:
            skin = sheets.filled(skin, loop)
    skin = sheets.thinned(skin, head, SKIN, BORDER, partial(heads.importance, head))
    balls = [heads.eyeball_sheet(head, side, AROUND, RINGS) for side in "LR"]
    whole = sheets.joined(skin, *balls)
    assert len(whole.triangles) == TRIANGLES and whole.weights.shape[0] == VERTICES == SKIN + 2 * EYE
    return whole


def write(head, folder):
    """``FLAME2020/generic_model.pkl`` and ``landmark_embedding.npy`` below ``folder``; returns the sheet."""
    place = folder / "FLAME2020"
    place.mkdir(parents=True, exist_ok=True)
    sheet = sheet_of(head)
    mean = sheet.on(head.mean)
    shift = mean.mean(0)
    vertices = mean - shift
    shapes = np.zeros((VERTICES, 3, IDENTITIES + EXPRESSIONS))
    own = min(len(head.identity_basis), IDENTITIES)
    shapes[:, :, :own] = np.stack([sheet.on(mode) for mode in head.identity_basis[:own]], -1)
    shapes[:, :, IDENTITIES:] = waves(vertices, EXPRESSIONS, 5, 0.002)
    weights, regressor = _joints(vertices, heads.landmarks(head) - shift)
    write_flame(
        place / "generic_model.pkl",
        v_template=vertices,
        shapedirs=shapes,
        posedirs=waves(vertices, 36, 6, 0.0005),
        J_regressor=sparse.csc_matrix(regressor),
        weights=weights,
        f=sheet.triangles.astype(np.uint32),
    )
    skin = sheets.Sheet(sheet.weights, sheet.triangles[: TRIANGLES - 4 * (EYE - 2)])
    triangle, shares = heads.nearest_points(head, skin)
    np.save(place / "landmark_embedding.npy", _embedding(triangle, shares), allow_pickle=True)
    return sheet


def _joints(vertices, points):
    """Skinning weights (V, 5) and a regressor (5, V): base, neck, jaw and eyes."""
    ear = np.array([0, points[36:48, 1].mean() - 0.02, points[27, 2] - 0.09])
    eyes = [eyeball(vertices[SKIN + k * EYE : SKIN + (k + 1) * EYE])[0] for k in (0, 1)]
    heads_at = [ear - [0, 0.16, 0.02], ear - [0, 0.08, 0.02], ear - [0, 0.01, 0], *eyes]
    regressor = np.zeros((5, VERTICES))
    for joint, place in enumerate(heads_at):
        near = np.argsort(np.linalg.norm(vertices - place, axis=1))[:120]
        if joint > 2:
            near = SKIN + (joint - 3) * EYE + np.arange(EYE)
        regressor[joint, near] = 1 / len(near)
    rise = 1 / (1 + np.exp(-(vertices[:, 1] - heads_at[1][1]) / 0.015))
    lips = points[[51, 57], 1].mean() - 0.25 * (points[51, 2] - vertices[:, 2])
    jaw = rise / (1 + np.exp((vertices[:, 1] - lips) / 0.006)) / (1 + np.exp(-(vertices[:, 2] - ear[2]) / 0.01))
    weights = np.stack([1 - rise, rise - jaw, jaw, 0 * rise, 0 * rise], 1)
    for eye in (0, 1):
        weights[SKIN + eye * EYE : SKIN + (eye + 1) * EYE] = np.eye(5)[3 + eye]
    return weights, regressor


def _embedding(triangle, shares):
    """DECA's dictionary; the contour is the same for every turn of the head."""
    return {
        "static_lmk_faces_idx": triangle[17:].astype(np.int64),
        "static_lmk_bary_coords": shares[17:],
        "dynamic_lmk_faces_idx": torch.from_numpy(np.tile(triangle[:17], (79, 1)).astype(np.int64)),
        "dynamic_lmk_bary_coords": torch.from_numpy(np.tile(shares[:17], (79, 1, 1)).astype(np.float32)),
        "full_lmk_faces_idx": triangle[None].astype(np.int64),
        "full_lmk_bary_coords": shares[None].astype(np.float32),
    }
