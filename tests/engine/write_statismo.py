"""Basel Face Model 2017 and 2019 files, statismo's HDF5, of invented heads."""

import json

import numpy as np

from engine.faces.formats.bfm2017 import NOMOUTH_POINTS
from tests.engine.invented_heads import columns, deviations, face, triangles

NAMED = {
    "center.nose.tip": 30,
    "center.chin.tip": 8,
    "right.eye.corner_outer": 36,
    "left.eye.corner_outer": 45,
    "left.lips.corner": 54,
}


def statismo(vertices, faces, modes=(199, 199, 100), scaled=False, seed=20):
    """BFM 2017/2019's layout: millimetres, colours 0..1, (3, V) points, (3, F) cells, a mean expression that is not 0.

    ``scaled`` makes it statismo 0.8: columns already multiplied by their deviations.
    """
    known = np.random.default_rng(seed).permutation(vertices)[:68]
    if vertices == 53149:
        known[list(NOMOUTH_POINTS)] = list(NOMOUTH_POINTS.values())
    head = face(vertices, seed, known)
    rng = np.random.default_rng(seed + 1)
    rows = 3 * vertices
    means = {
        "shape": (head * 1000).reshape(-1),
        "color": rng.uniform(0.2, 0.8, rows),
        "expression": rng.normal(0, 3, rows).clip(-16, 16),
    }
    first = {"shape": 900.0, "color": 15.0, "expression": 400.0}
    arrays = {
        "version/majorVersion": np.int32(0),
        "version/minorVersion": np.int32(8 if scaled else 9),
        "metadata/landmarks/json": json.dumps(
            [{"id": name, "coordinates": (head[known[k]] * 1000).tolist()} for name, k in NAMED.items()]
        ),
    }
    for k, group in enumerate(("shape", "color", "expression")):
        if modes[k]:
            deviation = deviations(modes[k], first[group])
            basis = columns(rows, modes[k], seed + 2 + k) * (deviation.astype(np.float32) if scaled else 1)
            arrays[f"{group}/model/mean"] = means[group].astype(np.float32)
            arrays[f"{group}/model/pcaBasis"] = basis.astype(np.float32)
            arrays[f"{group}/model/pcaVariance"] = (deviation**2).astype(np.float32)
            arrays[f"{group}/model/noiseVariance"] = np.float32(0)
            arrays[f"{group}/representer/points"] = head.T.astype(np.float32) * 1000
            arrays[f"{group}/representer/cells"] = triangles(head, faces).T.astype(np.int32)
    return arrays, known
