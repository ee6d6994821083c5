"""Wavefront OBJ with MTL: quads, per-corner UVs, one material per part, textures beside the file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..contract import FaceResult, Floats, Material
from ..errors import OutputUnwritable
from .surface import corners, expressed_vertices


def write_obj(result: FaceResult, path: Path, weights: Floats | None = None) -> list[Path]:
    """Write ``path`` (.obj), its .mtl and the textures its materials use; return every file written.

    Args:
        result: the head. Vertices are written in metres in head space, Y up, as the format expects.
        path: the .obj; its folder must exist. Textures get its stem as a prefix.
        weights: (K,) shape-key weights; ``None`` takes the result's own expression, zeros write the neutral head.

    Raises ``OutputUnwritable``.
    """
    library = path.with_suffix(".mtl")
    textures = {m.texture: f"{path.stem}_{m.texture}" for m in result.materials if m.texture in result.images}
    files = [path, library, *(path.with_name(name) for name in textures.values())]
    try:
        library.write_text("\n".join(_library(result.materials, textures)) + "\n", encoding="utf-8")
        for name, copy in textures.items():
            path.with_name(copy).write_bytes(result.images[name])
        path.write_text("\n".join(_geometry(result, library.name, weights)) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputUnwritable(str(path), error.strerror or str(error)) from error
    return files


def _geometry(result: FaceResult, library: str, weights: Floats | None) -> Iterator[str]:
    """Lines of the .obj; indices count from 1, identical UVs are written once."""
    mesh = result.mesh
    used = mesh.polygons >= 0
    table, inverse = np.unique(mesh.uvs[used], axis=0, return_inverse=True)
    uv_index = np.zeros(mesh.polygons.shape, dtype=np.int64)
    uv_index[used] = inverse.reshape(-1) + 1
    yield f"# {result.model}, head space, metres"
    yield f"mtllib {library}"
    yield "o head"
    yield from (f"v {x:.7f} {y:.7f} {z:.7f}" for x, y, z in expressed_vertices(result, weights).tolist())
    yield from (f"vt {u:.7f} {v:.7f}" for u, v in table.tolist())
    polygons, uv_rows = corners(mesh.polygons), uv_index.tolist()
    for index, material in enumerate(result.materials):
        members = np.flatnonzero(mesh.polygon_material == index).tolist()
        if members:
            yield f"usemtl {_word(material.name)}"
        for face in members:
            yield "f " + " ".join(f"{v + 1}/{t}" for v, t in zip(polygons[face], uv_rows[face], strict=False))


def _library(materials: tuple[Material, ...], textures: dict[str, str]) -> Iterator[str]:
    """Lines of the .mtl; Blender and most readers take Pr as roughness."""
    for material in materials:
        yield f"newmtl {_word(material.name)}"
        yield "Kd " + " ".join(f"{channel:.5f}" for channel in material.color)
        yield f"Pr {material.roughness:.4f}"
        textured = material.texture in textures
        yield f"d {1.0 if textured else material.alpha:.4f}"
        if textured:
            yield f"map_Kd {textures[material.texture]}"
            if material.alpha < 1:
                yield f"map_d {textures[material.texture]}"


def _word(name: str) -> str:
    """A material name without the spaces that would end it."""
    return "_".join(name.split())
