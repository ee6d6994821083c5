"""Binary PLY: the opaque triangles and one colour per vertex, for viewers that read no textures.

Quads are split because common readers of the binary form expect lists of one length.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..contract import FaceResult, Floats
from ..errors import OutputUnwritable
from .surface import expressed_vertices, split_polygons, vertex_uvs

_VERTEX = np.dtype([("position", "<f4", 3), ("color", "u1", 3)])
_TRIANGLE = np.dtype([("count", "u1"), ("index", "<i4", 3)])


def write_ply(result: FaceResult, path: Path, weights: Floats | None = None) -> Path:
    """Write the head as a binary little-endian PLY in head space, metres; return ``path``.

    ``weights`` (K,) are shape-key weights; ``None`` takes the result's own expression.
    Raises ``OutputUnwritable``.
    """
    positions = expressed_vertices(result, weights)
    vertices = np.zeros(len(positions), dtype=_VERTEX)
    vertices["position"], vertices["color"] = positions, vertex_colors(result)
    opaque = np.array([material.opaque for material in result.materials])[result.mesh.polygon_material]
    corners, _, _ = split_polygons(result.mesh.polygons[opaque])
    triangles = np.zeros(len(corners), dtype=_TRIANGLE)
    triangles["count"], triangles["index"] = 3, corners
    header = _header(result.model, len(vertices), len(triangles))
    try:
        path.write_bytes(header + vertices.tobytes() + triangles.tobytes())
    except OSError as error:
        raise OutputUnwritable(str(path), error.strerror or str(error)) from error
    return path


def vertex_colors(result: FaceResult) -> NDArray[np.uint8]:
    """(V, 3) sRGB: the texture at each vertex's UV, or the plain colour of materials without a texture."""
    mesh = result.mesh
    colors = np.zeros((len(mesh.vertices), 3), dtype=np.uint8)
    for index, material in enumerate(result.materials):
        polygons = mesh.polygons[mesh.polygon_material == index]
        members = np.unique(polygons[polygons >= 0])
        if material.texture in result.images:
            uv = vertex_uvs(polygons, mesh.uvs[mesh.polygon_material == index], len(colors))[members]
            colors[members] = _sample(result.images[material.texture], uv)
        else:
            linear = np.clip(np.array(material.color), 0, 1)
            encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
            colors[members] = np.rint(encoded * 255)
    return colors


def _sample(image: bytes, uv: Floats) -> NDArray[np.uint8]:
    """(N, 3) RGB of an encoded image at UVs (N, 2), bilinear; UV (0, 0) is the bottom-left corner."""
    pixels = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR)
    height, width = pixels.shape[:2]
    x = (uv[:, 0] * width - 0.5).astype(np.float32)
    y = ((1 - uv[:, 1]) * height - 0.5).astype(np.float32)
    found = np.empty((len(uv), 3), dtype=np.uint8)
    for start in range(0, len(uv), 32000):  # remap refuses images wider than a short integer
        part = slice(start, start + 32000)
        found[part] = cv2.remap(pixels, x[part], y[part], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[:, 0]
    return found[:, ::-1]


def _header(model: str, vertices: int, faces: int) -> bytes:
    lines = ["ply", "format binary_little_endian 1.0", f"comment {model}, head space, metres"]
    lines += [f"element vertex {vertices}", *(f"property float {axis}" for axis in "xyz")]
    lines += [f"property uchar {channel}" for channel in ("red", "green", "blue")]
    lines += [f"element face {faces}", "property list uchar int vertex_indices", "end_header"]
    return ("\n".join(lines) + "\n").encode("ascii", "replace")
