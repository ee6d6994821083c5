"""What lies beside a FLAME file as it is published: landmark embeddings, UVs, masks, eyelids, albedo spaces."""

import io
from functools import cache

import numpy as np
import torch

from .python2 import Python2Pickler
from .write_flame import EYE, SKIN, VERTICES, flame_mesh


def ibug_places():
    """(68, 2) x and y in metres of an average face's landmarks, from the tip of the nose."""
    turn = np.radians(np.linspace(-85, 85, 17))
    ring = np.radians([180, 120, 60, 0, -60, -120])
    lips, inner = np.radians(180 - 30 * np.arange(12)), np.radians(180 - 45 * np.arange(8))
    brow = np.stack([np.linspace(-55, -15, 5), [34, 39, 41, 40, 37]], 1)
    eye = np.stack([14 * np.cos(ring), 5 * np.sin(ring)], 1)
    places = [
        np.stack([66 * np.sin(turn), 10 - 85 * np.cos(turn)], 1),
        brow,
        brow[::-1] * [-1, 1],
        np.stack([np.zeros(4), [24, 16, 8, 0]], 1),
        np.stack([np.linspace(-12, 12, 5), [-10, -12, -13, -12, -10]], 1),
        np.array([-31, 24]) + eye,
        np.array([31, 24]) + eye,
        np.stack([25 * np.cos(lips), 9 * np.sin(lips) - 35], 1),
        np.stack([19 * np.cos(inner), 3 * np.sin(inner) - 35], 1),
    ]
    return np.concatenate(places) / 1000


def embedding(seed=0, extra=0):
    """DECA's ``landmark_embedding.npy``: numpy and torch entries; points lie on the front of the skin."""
    vertices, faces, _ = flame_mesh()
    random = np.random.default_rng(seed)
    middles = vertices[faces].mean(1)
    front = np.flatnonzero((middles[:, 2] > 0) & (faces < SKIN).all(1))
    nose = vertices[vertices[:, 2].argmax()]
    distance = np.linalg.norm(middles[front, None, :2] - nose[:2] - ibug_places(), axis=2)
    full = np.concatenate([front[distance.argmin(0)], random.choice(front, extra)])
    weights = random.dirichlet([4, 4, 4], 68 + extra)
    return {
        "static_lmk_faces_idx": full[17:].astype(np.int64),
        "static_lmk_bary_coords": weights[17:].astype(np.float64),
        "dynamic_lmk_faces_idx": torch.from_numpy(np.tile(full[:17], (79, 1)).astype(np.int64)),
        "dynamic_lmk_bary_coords": torch.from_numpy(np.tile(weights[:17], (79, 1, 1)).astype(np.float32)),
        "full_lmk_faces_idx": full[None].astype(np.int64),
        "full_lmk_bary_coords": weights[None].astype(np.float32),
    }


def write_embedding(path, seed=0, extra=0):
    """DECA's (or, with ``extra=2``, VHAP's) landmark file; returns its dictionary."""
    data = embedding(seed, extra)
    np.save(path, data, allow_pickle=True)
    return data


def write_embedding_pair(folder, seed=0):
    """RingNet's two files of the same points; returns the dictionary of DECA's."""
    data = embedding(seed)
    static = {
        "lmk_face_idx": data["static_lmk_faces_idx"].astype(np.uint32),
        "lmk_b_coords": data["static_lmk_bary_coords"],
    }
    buffer = io.BytesIO()
    Python2Pickler(buffer, 2).dump(static)
    (folder / "flame_static_embedding.pkl").write_bytes(buffer.getvalue())
    dynamic = {
        "lmk_face_idx": data["dynamic_lmk_faces_idx"].numpy(),
        "lmk_b_coords": data["dynamic_lmk_bary_coords"].numpy().astype(np.float64),
    }
    np.save(folder / "flame_dynamic_embedding.npy", dynamic, allow_pickle=True)
    return data


def write_mediapipe(path, seed=0):
    """The 105 points of ``mediapipe_landmark_embedding.npz``; returns the arrays."""
    random = np.random.default_rng(seed)
    data = {
        "lmk_face_idx": random.integers(0, 7000, 105).astype(np.uint32),
        "lmk_b_coords": random.dirichlet([2, 2, 2], 105),
        "landmark_indices": random.permutation(468)[:105].astype(np.int64),
    }
    np.savez(path, **data)
    return data


@cache
def template_uvs():
    """UVs (5118, 2) and their indices per corner (9976, 3): 31 vertices of the skin, 32 of each eye lie on seams."""
    vertices, faces, plane = flame_mesh()
    uvs = np.concatenate(
        [
            0.5 + plane[:SKIN] * 0.45,
            [0.925, 0.915] + plane[SKIN : SKIN + EYE] * 0.2,
            [0.074, 0.915] + plane[SKIN + EYE :] * 0.2,
        ]
    )
    corners, more = faces.astype(np.int64).copy(), []
    for start, count in ((0, 31), (SKIN, 32), (SKIN + EYE, 32)):
        for vertex in start + np.arange(count) * 3:
            face, corner = np.argwhere(faces == vertex)[0]
            corners[face, corner] = len(vertices) + len(more)
            more.append(uvs[vertex] + 0.001)
    return np.concatenate([uvs, more]), corners


def write_template(path):
    """DECA's ``head_template.obj``: a shifted head, UVs, no normals; returns UVs per corner (9976, 3, 2)."""
    vertices, faces, _ = flame_mesh()
    uvs, corners = template_uvs()
    lines = ["# new uv map", "mtllib template.mtl"]
    lines += [f"v {x:.6f} {y + 1.503:.6f} {z + 0.0165:.6f}" for x, y, z in vertices]
    lines += [f"vt {u:.6f} {v:.6f}" for u, v in uvs]
    lines += [
        " ".join(["f"] + [f"{v + 1}/{t + 1}" for v, t in zip(face, corner, strict=True)])
        for face, corner in zip(faces, corners, strict=True)
    ]
    path.write_text("\n".join(lines) + "\n")
    return uvs[corners]


def write_masks(path):
    """``FLAME_masks.pkl``: vertex numbers by region."""
    vertices, _, _ = flame_mesh()
    regions = {
        "face": np.flatnonzero(vertices[:SKIN, 2] > 0.03)[:1787],
        "left_eyeball": np.arange(SKIN, SKIN + EYE),
        "right_eyeball": np.arange(SKIN + EYE, VERTICES),
        "scalp": np.flatnonzero(vertices[:SKIN, 1] > 0.1)[:489],
    }
    buffer = io.BytesIO()
    Python2Pickler(buffer, 2).dump(regions)
    path.write_bytes(buffer.getvalue())
    return regions


def write_eyelids(folder):
    """``l_eyelid.npy`` and ``r_eyelid.npy`` (5023, 3): 409 and 460 vertices move, 9.25 mm at most."""
    vertices, _, _ = flame_mesh()
    offsets = {}
    for name, x, count in (("l_eyelid", 0.0317, 409), ("r_eyelid", -0.0315, 460)):
        near = np.argsort(np.linalg.norm(vertices[:SKIN] - [x, 0.03, 0.08], axis=1))[:count]
        offset = np.zeros((VERTICES, 3))
        offset[near, 1] = -0.00925 * np.linspace(1, 0.05, count)
        np.save(folder / f"{name}.npy", offset)
        offsets[name] = offset
    return offsets


SKIN_COLOUR = np.array([0.75, 0.55, 0.45])
"""sRGB."""


def albedo_arrays(size=512, count=4, seed=0):
    """A mean (H, W, 3) and basis (H, W, 3, count) in sRGB, RGB order; each texel its own colour."""
    random = np.random.default_rng(seed)
    v, u = np.mgrid[0:size, 0:size] / size
    mean = SKIN_COLOUR + 0.1 * np.stack([np.sin(7 * u), np.sin(5 * v), np.sin(3 * u * v)], 2)
    basis = 0.02 * np.sin(6 * u[:, :, None, None] * random.normal(size=(3, count)) + 4 * v[:, :, None, None])
    return mean, basis


def write_albedo(path, kind, count=4, compressed=False):
    """``"bfm"``, ``"mpi"`` or ``"mm"`` (AlbedoMM); returns mean and basis as :func:`albedo_arrays` gives them."""
    mean, basis = albedo_arrays(count=count)
    uvs, corners = template_uvs()
    blue, blue_basis = mean[:, :, ::-1], basis[:, :, ::-1]
    tables = {"vt": uvs, "ft": corners.astype(np.uint32)}
    if kind == "bfm":
        data = {"MU": blue.reshape(-1), "PC": blue_basis.reshape(-1, count)}
    elif kind == "mpi":
        data = {"mean": blue * 255, "tex_dir": blue_basis * 255, **tables}
    else:
        spec = np.full(mean.size, 0.04)
        data = {
            "MU": blue.reshape(-1),
            "PC": blue_basis.reshape(-1, count),
            "specMU": spec,
            "specPC": np.zeros((mean.size, 1)),
            **tables,
        }
    (np.savez_compressed if compressed else np.savez)(path, **data)
    return mean, basis
