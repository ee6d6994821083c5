"""Basel Face Model files with the published names, keys, shapes, types, units and quirks, of invented heads.

Vertices lie on a smooth face (an ellipsoid with a nose) in a random order; the published key points, trimmed lists and
counts are honoured, so that every list of indices selects a face again. Bases are random unit columns.
"""

import functools

import numpy as np
from scipy.io import savemat

from engine.faces.formats import bfm_cuts as cuts
from tests.engine.invented_heads import columns, deviations, face, rising, triangles

EXPRESSION_DEVIATIONS = np.r_[
    453980.0, 257264.0, 263068.0, np.linspace(2e5, 700, 60), 619.866, np.linspace(600, 276.19, 15)
]
EXPRESSION_EV = np.array(
    [
        *(2.1487, 1.547, 1.5, 0.6301, 0.5334, 0.4456, 0.4309, 0.4057, 0.3788, 0.3506, 0.3187, 0.2828, 0.2754, 0.2709),
        *(0.2455, 0.2331, 0.2299, 0.2017, 0.2012, 0.1897, 0.1884, 0.1668, 0.1484, 0.1388, 0.1324, 0.127, 0.1246, 0.118),
        0.1121,
    ]
)


class Cuts:
    """Invented but consistent index lists of both cuts of the 2009 model."""

    def __init__(self):
        self.trimmed = rising(cuts.TRIMMED_VERTICES, cuts.BASEL_VERTICES, 1)
        self.front = rising(cuts.DEEP3D_VERTICES, 53153, 2)
        self.deep3d = self.trimmed[self.front]
        self.keypoints = self.deep3d[list(cuts.DEEP3D_KEYPOINTS)]
        self.to_trimmed = np.full(cuts.BASEL_VERTICES, -1)
        self.to_trimmed[self.trimmed] = np.arange(cuts.TRIMMED_VERTICES)
        allowed = self.trimmed[self.trimmed < 53472]
        rest = np.setdiff1d(allowed, self.keypoints)[: cuts.EXTREME_VERTICES - 68]
        self.extreme = np.sort(np.r_[self.keypoints, rest])
        self.outer = np.searchsorted(self.extreme, self.keypoints)
        self.basel = face(cuts.BASEL_VERTICES, 3, self.keypoints)


@functools.cache
def lists():
    return Cuts()


def write_basel(path):
    """``01_MorphableModel.mat``: micrometres, float32, unit columns, triangles turned inward, counted from 1."""
    head, rows = lists().basel, 3 * cuts.BASEL_VERTICES
    rng = np.random.default_rng(5)
    content = {
        "shapeMU": (head * 1e6).reshape(-1, 1).astype(np.float32),
        "shapePC": columns(rows, cuts.BASEL_MODES, 6),
        "shapeEV": deviations(cuts.BASEL_MODES, 8.8e5).reshape(-1, 1).astype(np.float32),
        "texMU": rng.uniform(60, 200, (rows, 1)).astype(np.float32),
        "texPC": columns(rows, cuts.BASEL_MODES, 7),
        "texEV": deviations(cuts.BASEL_MODES, 4e3).reshape(-1, 1).astype(np.float32),
        "tl": triangles(head, cuts.BASEL_TRIANGLES)[:, ::-1].astype(np.float64) + 1,
        "segbin": np.zeros((cuts.BASEL_VERTICES, 4), np.uint8),
    }
    savemat(path, content, do_compression=False)
    return content


def info():
    """``facemodel_info.mat``: everything counted from 1, in float32, lists as rows."""
    place = lists()
    faces = triangles(place.basel[place.deep3d], cuts.DEEP3D_TRIANGLES)
    small = rising(27660, cuts.DEEP3D_VERTICES, 8)
    skin = np.zeros((1, cuts.DEEP3D_VERTICES), np.float32)
    skin[0, rising(9642, cuts.DEEP3D_VERTICES, 9)] = 1
    return {
        "tri": (faces + 1).astype(np.float32),
        "point_buf": np.full((cuts.DEEP3D_VERTICES, 8), cuts.DEEP3D_TRIANGLES + 1, np.float32),
        "keypoints": np.float32([cuts.DEEP3D_KEYPOINTS]) + 1,
        "frontmask2_idx": (small + 1).astype(np.float32).reshape(-1, 1),
        "tri_mask2": np.ones((54681, 3), np.float32),
        "skinmask": skin,
    }


def write_deep3d_companions(folder):
    """The five small files beside the Basel model; returns Guo's basis (159645, 79)."""
    savemat(folder / "BFM_exp_idx.mat", {"trimIndex": (lists().trimmed + 1).astype(np.uint16).reshape(-1, 1)})
    savemat(folder / "BFM_front_idx.mat", {"idx": (lists().front + 1).astype(np.float32).reshape(-1, 1)})
    savemat(folder / "facemodel_info.mat", info())
    (folder / "std_exp.txt").write_text(" ".join(f"{value:g}" for value in EXPRESSION_DEVIATIONS))
    basis = columns(3 * cuts.TRIMMED_VERTICES, cuts.GUO_EXPRESSIONS, 10)
    with (folder / "Exp_Pca.bin").open("wb") as file:
        np.int32(cuts.GUO_EXPRESSIONS).tofile(file)
        np.zeros(3 * cuts.TRIMMED_VERTICES, np.float32).tofile(file)
        np.ascontiguousarray(basis.T).tofile(file)
    return basis


def write_front(path, basel, guo):
    """``BFM_model_front.mat`` as Deep3D's own preparation makes it: decimetres, means as rows, exBase in doubles."""
    place = lists()

    def rows(values, which):
        return values.reshape(len(values) // 3, 3, -1)[which].reshape(3 * len(which), -1)

    content = {
        "meanshape": rows(basel["shapeMU"] / 1e5, place.deep3d).reshape(1, -1),
        "idBase": rows(basel["shapePC"][:, :80] * (basel["shapeEV"][:80].T / 1e5), place.deep3d),
        "exBase": rows(guo[:, :64] * (EXPRESSION_DEVIATIONS[:64] / 1e5), place.front),
        "meantex": rows(basel["texMU"], place.deep3d).reshape(1, -1),
        "texBase": rows(basel["texPC"][:, :80] * basel["texEV"][:80].T, place.deep3d),
        **info(),
    }
    savemat(path, content)
    return content


def structure():
    """``mod_struct``: counts from 1; -1 where a vertex has no expression."""
    place = lists()
    vertices = place.basel[place.extreme]
    reference = np.where(place.to_trimmed < 0, -1, place.to_trimmed + 1).astype(np.float64)
    faces = triangles(vertices, 93962) + 1.0
    return {
        "tx": 0.231,
        "vertex_indices": (place.extreme + 1.0).reshape(-1, 1),
        "vertex_expr_ref": reference.reshape(-1, 1),
        "innerLandmarkIndex": (place.outer + 1.0).reshape(-1, 1),
        "outerLandmarkIndex": (place.outer + 1.0).reshape(-1, 1),
        "faces": faces[: cuts.EXTREME_TRIANGLES],
        "faces_fill": faces,
        "pair": np.arange(cuts.EXTREME_VERTICES, 0, -1.0).reshape(-1, 1).clip(1, 46989),
        "expEV": EXPRESSION_EV.reshape(-1, 1),
    }


def write_extreme_companions(folder):
    """``mod_struct_expr.mat`` and 3DDFA's ``Model_Expression.mat``."""
    savemat(folder / "mod_struct_expr.mat", {"mod_struct": structure()}, do_compression=True)
    rows = 3 * cuts.TRIMMED_VERTICES
    expression = {
        "mu_exp": np.random.default_rng(11).normal(0, 500, (rows, 1)),
        "w_exp": columns(rows, cuts.EXTREME_EXPRESSIONS, 12, np.float64) * 1e6,
    }
    savemat(folder / "Model_Expression.mat", expression)
    return expression


def packed(basel, expression):
    """What ``trimBaselFace.py`` saves: millimetres, columns unscaled."""
    made, which = structure(), lists().extreme
    rows = (3 * which[:, None] + np.arange(3)).reshape(-1)
    ref = made["vertex_expr_ref"].reshape(-1)[which].astype(int) - 1
    expression_rows = (3 * ref[:, None] + np.arange(3)).reshape(-1)
    mean = basel["shapeMU"][rows].astype(np.float64) / 1000
    mean[::3] += made["tx"]
    return {
        "shapeMU": mean,
        "shapePC": basel["shapePC"][rows, :99].astype(np.float64),
        "shapeEV": basel["shapeEV"][:99].astype(np.float64) / 1000,
        "texMU": basel["texMU"][rows].astype(np.float64),
        "texPC": basel["texPC"][rows, :99].astype(np.float64),
        "texEV": basel["texEV"][:99].astype(np.float64),
        "expMU": expression["mu_exp"][expression_rows] / 1000,
        "expPC": expression["w_exp"][expression_rows] / 1000,
        **{
            key: made[key]
            for key in ("faces", "faces_fill", "pair", "expEV", "innerLandmarkIndex", "outerLandmarkIndex")
        },
    }


def mgcnet(front):
    """MGCNet's groups: micrometres, deviations where the name says variance, triangles from 1, landmarks from 0."""
    rng = np.random.default_rng(13)
    lengths = {
        name: np.sqrt(np.einsum("ij,ij->j", front[name], front[name])) for name in ("idBase", "exBase", "texBase")
    }
    scale = {"idBase": 1e5, "exBase": 1e5, "texBase": 1.0}
    parts = {name: (front[name] / lengths[name], lengths[name] * scale[name]) for name in lengths}
    arrays = {
        "shape/model/mean": front["meanshape"].reshape(-1) * 1e5,
        "shape/representer/tri": front["tri"].reshape(-1).astype(np.int32),
        "shape/representer/idx_lm68": np.array(cuts.DEEP3D_KEYPOINTS),
        "shape/representer/idx_sub": front["frontmask2_idx"].reshape(-1).astype(np.int32) - 1,
        "color/model/mean": front["meantex"].reshape(-1),
        "color/model/uv": rng.random((cuts.DEEP3D_VERTICES, 2)).astype(np.float32),
    }
    for group, name in (("shape", "idBase"), ("expression", "exBase"), ("color", "texBase")):
        arrays[f"{group}/model/pcaBasis"] = parts[name][0].astype(np.float32)
        arrays[f"{group}/model/pcaVariance"] = parts[name][1].astype(np.float32)
    return arrays
