"""Heads in two formats of the Basel Face Model: one sheet over face and eyes, open round it and between the lips.

The eyes are painted on: the sheet runs over the lids, across the eyeball and on. ``BFM_model_front.mat`` is Deep3D's
cut of 2009 in decimetres; ``model2017-1_face12_nomouth.h5`` is statismo's of 2017 in millimetres.
"""

import json

import numpy as np
from scipy.io import savemat
from scipy.optimize import linear_sum_assignment

from engine.faces.formats import bfm_cuts as cuts
from engine.light.color import linear_to_srgb
from tests.engine.invented_heads import write_h5
from tests.engine.stand_ins import heads, sheets
from tests.engine.write_flame import waves
from tests.engine.write_statismo import NAMED

FACE12_VERTICES, FACE12_TRIANGLES = 28588, 56572
THROAT, BEHIND, FOREHEAD = 0.04, 0.1, 0.09
"""Metres that the sheet reaches below the chin, behind the outer corners of the eyes, above the bridge of the nose."""
LID = 0.0004
"""Metres over the eyeball within which skin is the inside of a lid."""
SKIN, LIPS, BROW = (0.48, 0.29, 0.21), (0.44, 0.19, 0.16), (0.16, 0.09, 0.06)
SCLERA, IRIS = (0.66, 0.63, 0.6), (0.07, 0.045, 0.03)
"""Linear RGB."""
SOFT = 0.002
"""Metres over which lips and brows fade into the skin."""


def sheet_of(head, vertices, triangles):
    """The sheet with exactly so many vertices and triangles."""
    face = sheets.cut(head, ("skin",), _in_front(head) & ~_inside_lids(head))
    eyes = [loop for loop in sheets.holes(face) if abs((face.weights[loop] @ head.mean).mean(0)[0]) > 0.01]
    for loop in eyes:
        side = "L" if (face.weights[loop] @ head.mean).mean(0)[0] > 0 else "R"
        face = sheets.filled(face, loop, rings=14, onto=heads.onto_eyeball(head, side))
    assert len(sheets.holes(face)) == 2
    # A sheet with two holes has 2 V - T edges on its border.
    return sheets.thinned(sheets.refined(face), head, vertices, 2 * vertices - triangles)


def _in_front(head):
    points = heads.landmarks(head)
    chin, corner, bridge = points[8], points[[36, 45]].mean(0), points[27]
    _, y, z = head.mean.T
    return (y > chin[1] - THROAT) & (z > corner[2] - BEHIND) & (y < bridge[1] + FOREHEAD)


def _inside_lids(head):
    """(S,) skin that lies on an eyeball or within it: the lids' insides, where a head has them."""
    inside = np.zeros(len(head.mean), bool)
    for side in "LR":
        centre, radius, _ = heads.ball_of(head, side)
        inside |= np.linalg.norm(head.mean - centre, axis=1) < radius + LID
    return inside


def keypoints_of(head, sheet):
    """(68,) vertices, all different, nearest to iBUG's points and facing as they do."""
    points, places = sheet.on(head.mean), heads.landmarks(head)
    gap = np.linalg.norm(points - places[:, None], axis=2)
    gap += 0.01 * ((sheets.normals(sheet, head) * heads.landmark_normals(head)[:, None]).sum(2) < 0.3)
    near = np.unique(np.argsort(gap, axis=1)[:, :30])
    return near[linear_sum_assignment(gap[:, near])[1]]


def colours_of(head, sheet):
    """(V, 3) linear RGB: skin, red lips and painted eyes."""
    points = sheet.on(head.mean)
    colours = np.tile(np.array(SKIN), (len(points), 1))
    ring = heads.landmarks(head)
    for side in "LR":
        centre, _, _ = heads.ball_of(head, side)
        own = np.zeros(len(head.mean))
        own[head.parts[f"eye_{side}"]] = 1
        on_ball, across = sheet.on(own) > 0.5, np.linalg.norm((points - centre)[:, :2], axis=1)
        colours[on_ball] = SCLERA
        colours[on_ball & (across < 0.0058)] = IRIS
        colours[on_ball & (across < 0.0022)] = 0.004
    for line, colour, thick in ((ring[48:60], LIPS, 0.0), (ring[17:22], BROW, 0.004), (ring[22:27], BROW, 0.004)):
        inside = (thick - _outside(points[:, :2], line[:, :2], closed=colour is LIPS)) / SOFT
        share = np.clip(0.5 + inside, 0, 1)[:, None] * (points[:, 2:] > ring[36, 2] - 0.01)
        colours = colours * (1 - share) + share * np.array(colour)
    return colours


def _outside(points, line, closed):
    """(V,) metres from points (V, 2) to a line (N, 2); negative inside it if it is closed."""
    ends = np.roll(line, -1, 0) if closed else line[1:]
    starts = line if closed else line[:-1]
    along = ends - starts
    arms = points[:, None] - starts
    share = np.clip((arms * along).sum(2) / (along**2).sum(1), 0, 1)
    gap = np.linalg.norm(arms - share[..., None] * along, axis=2).min(1)
    if not closed:
        return gap
    crossed = (starts[:, 1] > points[:, 1:]) != (ends[:, 1] > points[:, 1:])
    rise = np.where(along[:, 1] == 0, 1, along[:, 1])
    right = points[:, :1] < starts[:, 0] + (points[:, 1:] - starts[:, 1]) / rise * along[:, 0]
    return np.where((crossed & right).sum(1) % 2, -gap, gap)


def write_2009(head, folder):
    """``BFM2009/BFM_model_front.mat`` below ``folder``, vertices in an order that honours the published key points."""
    place = folder / "BFM2009"
    place.mkdir(parents=True, exist_ok=True)
    count = cuts.DEEP3D_VERTICES
    sheet = sheet_of(head, count, cuts.DEEP3D_TRIANGLES)
    sheet = _ordered(sheet, keypoints_of(head, sheet), cuts.DEEP3D_KEYPOINTS)
    mean, colours = sheet.on(head.mean), linear_to_srgb(colours_of(head, sheet))
    front = mean[:, 2] > np.quantile(mean[:, 2], 0.3)
    content = {
        "meanshape": mean.reshape(1, -1) * 10,
        "idBase": _flat(_identities(head, sheet, cuts.DEEP3D_IDENTITY) * 10),
        "exBase": _flat(waves(mean, cuts.DEEP3D_EXPRESSION, 7, 0.002) * 10),
        "meantex": colours.reshape(1, -1) * 255,
        "texBase": _flat(waves(mean, cuts.DEEP3D_IDENTITY, 8, 3.0)),
        "tri": (sheet.triangles + 1).astype(np.float32),
        "point_buf": np.full((count, 8), cuts.DEEP3D_TRIANGLES + 1, np.float32),
        "tri_mask2": np.ones((54681, 3), np.float32),
        "keypoints": np.float32([cuts.DEEP3D_KEYPOINTS]) + 1,
        "frontmask2_idx": (np.argsort(-mean[:, 2])[:27660] + 1.0).astype(np.float32).reshape(-1, 1),
        "skinmask": front.astype(np.float32).reshape(1, -1),
    }
    savemat(place / "BFM_model_front.mat", content)
    return sheet


def write_2017(head, folder):
    """``BFM2017/model2017-1_face12_nomouth.h5`` below ``folder``."""
    place = folder / "BFM2017"
    place.mkdir(parents=True, exist_ok=True)
    sheet = sheet_of(head, FACE12_VERTICES, FACE12_TRIANGLES)
    mean, colours = sheet.on(head.mean), linear_to_srgb(colours_of(head, sheet))
    points = {name: (mean[keypoint] * 1000).tolist() for name, keypoint in _named(head, sheet).items()}
    shape = _flat(_identities(head, sheet, 199) * 1000)
    arrays = {
        "version/majorVersion": np.int32(0),
        "version/minorVersion": np.int32(9),
        "metadata/landmarks/json": json.dumps([{"id": k, "coordinates": v} for k, v in points.items()]),
        **_statismo("shape", mean * 1000, shape, sheet),
        **_statismo("color", colours, _flat(waves(mean, 199, 9, 0.01)), sheet),
        **_statismo("expression", waves(mean, 1, 10, 1.0)[:, :, 0], _flat(waves(mean, 100, 11, 2.0)), sheet),
    }
    write_h5(place / "model2017-1_face12_nomouth.h5", arrays)
    return sheet


def _named(head, sheet):
    keypoints = keypoints_of(head, sheet)
    return {name: keypoints[index] for name, index in NAMED.items()}


def _statismo(group, mean, basis, sheet):
    """Columns become unit columns and variances."""
    length = np.maximum(np.linalg.norm(basis, axis=0), 1e-6)
    return {
        f"{group}/model/mean": mean.reshape(-1).astype(np.float32),
        f"{group}/model/pcaBasis": (basis / length).astype(np.float32),
        f"{group}/model/pcaVariance": (length**2).astype(np.float32),
        f"{group}/model/noiseVariance": np.float32(0),
        f"{group}/representer/points": mean.T.astype(np.float32),
        f"{group}/representer/cells": sheet.triangles.T.astype(np.int32),
    }


def _identities(head, sheet, count):
    """(V, 3, count): the head's own modes as far as they go, small waves after them."""
    own = [sheet.on(mode) for mode in head.identity_basis[:count]]
    rest = waves(sheet.on(head.mean), count - len(own), 12, 0.0005)
    return np.concatenate([np.stack(own, -1), rest], -1)


def _flat(modes):
    """(V, 3, K) as (3V, K)."""
    return modes.reshape(-1, modes.shape[-1])


def _ordered(sheet, vertices, places):
    """The sheet renumbered so that ``vertices`` stand at ``places``."""
    count = sheet.weights.shape[0]
    order = np.full(count, -1)
    order[list(places)] = vertices
    order[order < 0] = np.setdiff1d(np.arange(count), vertices)
    renumbered = np.empty(count, int)
    renumbered[order] = np.arange(count)
    return sheets.Sheet(sheet.weights[order], renumbered[sheet.triangles])
