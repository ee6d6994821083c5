"""A result's head, ready to be drawn: its surface, and what each pixel of a camera sees of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..camera.camera import Camera
from ..contract import FaceResult, Floats, Material
from ..files.surface import expressed_vertices, split_polygons
from ..light.color import srgb_to_linear
from ..render.fragments import Fragments
from ..render.interpolate import gather
from ..render.normals import vertex_normals
from ..render.rasterizer import rasterize
from ..texture.pixels import look_up

Image = NDArray[np.uint8]
SKIN, CONFIDENCE = "albedo.png", "confidence.png"
CLEAR = 0.5
"""Materials with less alpha (corneas) are not drawn: what lies behind them is."""
_TO_LINEAR: Floats = srgb_to_linear(np.arange(256, dtype=np.float32) / 255)


@dataclass(frozen=True)
class Head:
    """Everything on the CPU."""

    vertices: Tensor
    """(V, 3) metres, head space."""
    normals: Tensor
    """(V, 3) unit."""
    triangles: Tensor
    """(T, 3) int64; clear materials left out."""
    corner_uvs: Tensor
    """(T, 3, 2)."""
    material: NDArray[np.int64]
    """(T,) index into ``materials``."""
    materials: tuple[Material, ...]
    textures: dict[str, Image]
    """By name: sRGB colours, and ``CONFIDENCE``, how far the photo shows each texel of the skin."""


@dataclass(frozen=True)
class Seen:
    """What a camera sees, at the P pixels that see anything."""

    camera: Camera
    fragments: Fragments
    points: Tensor
    """(P, 3) head space."""
    normals: Tensor
    """(P, 3) unit, head space."""
    albedo: Tensor
    """(P, 3) linear RGB."""
    roughness: Tensor
    """(P,)."""
    shown: Tensor
    """(P,) 0..1: how far the photo showed this; 1 on parts without a confidence map (eyes, teeth)."""
    inside: Tensor
    """(P,) 1 on parts that lie between lids or lips, 0 on skin."""


def decode_textures(result: FaceResult) -> dict[str, Image]:
    """The images that the materials use and the confidence map, by name, as far as the result has them."""
    names = {name for m in result.materials for name in (m.texture, m.roughness_texture)} | {CONFIDENCE}
    found = sorted(names & set(result.images))
    with ThreadPoolExecutor(max(len(found), 1)) as pool:
        return dict(zip(found, pool.map(lambda name: decode(result.images[name]), found), strict=True))


def head_of(result: FaceResult, weights: Floats | None = None, textures: dict[str, Image] | None = None) -> Head:
    """The head of ``result`` at shape-key ``weights`` (K,); ``None`` takes the result's own expression.

    ``textures`` are those of :func:`decode_textures`, where they are at hand already.
    """
    mesh = result.mesh
    vertices = torch.from_numpy(expressed_vertices(result, weights))
    triangles, polygon, corners = split_polygons(mesh.polygons)
    material = mesh.polygon_material[polygon].astype(np.int64)
    opaque = np.array([m.alpha >= CLEAR for m in result.materials])[material]
    all_triangles = torch.from_numpy(triangles)
    return Head(
        vertices=vertices,
        normals=vertex_normals(vertices, all_triangles),
        triangles=all_triangles[torch.from_numpy(opaque)],
        corner_uvs=torch.from_numpy(mesh.uvs[polygon[:, None], corners])[torch.from_numpy(opaque)],
        material=material[opaque],
        materials=result.materials,
        textures=decode_textures(result) if textures is None else textures,
    )


def look(head: Head, camera: Camera) -> Seen:
    """Rasterise ``head`` and gather what shading needs. Textures are sampled bilinearly."""
    fragments = rasterize(camera.to_image(camera.to_camera(head.vertices)), head.triangles, camera.size)
    weights = fragments.barycentric.reshape(-1, 3)[fragments.pixels]
    both = gather(torch.cat([head.vertices, head.normals], -1), head.triangles, fragments)
    points, normals = (both * weights[..., None]).sum(1).split(3, -1)
    surface = _surface(head, fragments, weights)
    return Seen(camera, fragments, points, torch.nn.functional.normalize(normals, dim=-1), *surface)


def _surface(head: Head, fragments: Fragments, weights: Tensor) -> tuple[Tensor, ...]:
    """Albedo (P, 3), roughness (P,), how far the photo showed it (P,) and whether it lies inside (P,), by material."""
    material = head.material[fragments.pixel_triangles.numpy()]
    uv = (head.corner_uvs[fragments.pixel_triangles] * weights[..., None]).sum(1).numpy()
    albedo = np.array([m.color for m in head.materials], np.float32)[material]
    roughness = np.array([m.roughness for m in head.materials], np.float32)[material]
    for index, surface in enumerate(head.materials):
        chosen = np.flatnonzero(material == index)
        if surface.texture in head.textures and len(chosen):
            albedo[chosen] = sample(head.textures[surface.texture], uv[chosen])
        if surface.roughness_texture in head.textures and len(chosen):
            roughness[chosen] = sample(head.textures[surface.roughness_texture], uv[chosen], linear=True)[:, 0]
    shown = np.ones(len(albedo), dtype=np.float32)
    is_skin = np.array([m.texture == SKIN for m in head.materials])[material]
    if CONFIDENCE in head.textures:
        skin = np.flatnonzero(is_skin)
        shown[skin] = sample(head.textures[CONFIDENCE], uv[skin], linear=True)[:, 0]
    inside = (~is_skin).astype(np.float32)
    return tuple(torch.from_numpy(values) for values in (albedo, roughness, shown, inside))


def sample(texture: Image, uv: Floats, linear: bool = False) -> Floats:
    """(N, 3) linear RGB of a texture at UVs (N, 2); ``linear`` says that it is no colour but plain values."""
    height, width = texture.shape[:2]
    rows = -(-len(uv) // 4096)  # remap refuses maps longer than a short integer
    places = np.full((rows * 4096, 2), -0.5, dtype=np.float32)
    places[: len(uv)] = uv * [width, -height] + [-0.5, height - 0.5]
    found = look_up(texture, places.reshape(rows, 4096, 2), border=cv2.BORDER_REPLICATE)
    values = found.reshape(-1, 3)[: len(uv)]
    return values.astype(np.float32) / 255 if linear else _TO_LINEAR[values]


def decode(data: bytes) -> Image:
    """(H, W, 3) RGB of an encoded image."""
    return np.ascontiguousarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1])
