"""ICT-FaceKit's folder as its authors publish it, written again from the repacked copy in the shared test data."""

import shutil
from pathlib import Path

import numpy as np

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "ict_facekit"


def write_folder(folder):
    """All 158 OBJ files in the format of the original ones; the repacked numbers are their offsets in centimetres."""
    packed = np.load(DATA / "ict_packed.npz")
    original = (DATA / "generic_neutral_mesh.obj").read_bytes()
    start, end = original.index(b"\nv ") + 1, original.index(b"\nvt ") + 1
    folder.mkdir(parents=True, exist_ok=True)
    meshes = {f"identity{k:03d}": row for k, row in enumerate(packed["identity"])}
    meshes |= dict(zip(packed["expr_names"].tolist(), packed["expr"], strict=True))
    for name, offsets in meshes.items():
        text = vertex_lines(packed["neutral"].astype(np.float64) + offsets)
        (folder / f"{name}.obj").write_bytes(original[:start] + text + original[end:])
    for name in ("generic_neutral_mesh.obj", "vertex_indices.json"):
        shutil.copy(DATA / name, folder / name)
        (folder / name).chmod(0o644)
    return packed


def vertex_lines(vertices):
    return ("v %.6g %.6g %.6g\n" * len(vertices) % tuple(vertices.reshape(-1).tolist())).encode()
