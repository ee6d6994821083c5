"""Materials and texture coordinates of an adopted model, so that one texture layout serves its whole skin."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...contract import Floats, Ints, Material
from ..formats.published import PublishedModel
from ..model import FaceModel
from .nearest import Array
from .parts import EYES, eyeball
from .unwrap import unwrapped

MATERIAL_OF = {
    "skin": "skin",
    "eye_L": "eye_L",
    "eye_R": "eye_R",
    "teeth_upper": "teeth",
    "teeth_lower": "teeth",
    "gums": "gums",
    "tongue": "tongue",
    "mouth_bag": "mouth",
    "eye_socket_L": "mouth",
    "eye_socket_R": "mouth",
    "lashes": "lashes",
}
"""Material of each part; any other is a clear film before the eye."""
FILM = Material("film", (0.8, 0.8, 0.8), roughness=0.05, alpha=0.0, lit_by_sh=False)
FACE_TILE = 0.72
"""Share of the texture's side for the face's tile where authors spread the skin over several."""
EYE_SCALE, EYE_EXPONENT = 0.49, 0.55
"""The eyeball's layout, see :mod:`engine.texture.eye`."""


def dressed(
    published: PublishedModel, builtin: FaceModel, parts: NDArray[np.str_]
) -> tuple[tuple[Material, ...], Ints]:
    """Materials, those of the built-in head first, and each polygon's (F,)."""
    names = np.array([MATERIAL_OF.get(str(part), FILM.name) for part in parts])
    corners = np.where(published.polygons >= 0, published.polygons, published.polygons[:, :1])
    of_polygon = names[corners[:, 0]]
    # A polygon between the face and an inner part belongs to the face.
    of_polygon[(names[corners] == "skin").any(1)] = "skin"
    known = (*builtin.materials, FILM)
    used = tuple(material for material in known if material.name in set(of_polygon))
    order = {material.name: index for index, material in enumerate(used)}
    return used, np.array([order[name] for name in of_polygon], np.int32)


def texture_coordinates(
    published: PublishedModel, materials: tuple[Material, ...], polygon_material: Ints, frontal: Array
) -> Floats:
    """(F, 4, 2) with the whole skin in the unit square and eyeballs unrolled the house's way.

    Args:
        published: its own coordinates are kept as far as they do that.
        materials: of the adopted model.
        polygon_material: (F,).
        frontal: (3,) the middle of the head on the authors' axes, for unwrapping round it.
    """
    skin = polygon_material == _index(materials, "skin")
    if published.uvs is None:
        uvs = np.zeros((*published.polygons.shape, 2), np.float32)
        uvs[skin] = unwrapped(published.mean, published.polygons[skin], frontal)
    else:
        uvs = published.uvs.astype(np.float32).copy()
        uvs[skin] = _one_tile(uvs[skin], published.polygons[skin], published.mean)
    for eye in EYES:
        chosen = polygon_material == _index(materials, eye)
        if chosen.any():
            uvs[chosen] = _eye_uvs(published, published.polygons[chosen])
    uvs[published.polygons < 0] = 0
    return uvs


def _index(materials: tuple[Material, ...], name: str) -> int:
    return next((i for i, material in enumerate(materials) if material.name == name), -1)


def _one_tile(uvs: Floats, polygons: Ints, vertices: Floats) -> Floats:
    """Tiles beyond the unit square packed beside the one with the foremost skin, which stays largest."""
    used = polygons >= 0
    middle = (uvs * used[..., None]).sum(1) / used.sum(1, keepdims=True)
    tile = np.floor(middle).astype(np.int64)
    tiles, of_polygon = np.unique(tile, axis=0, return_inverse=True)
    of_polygon = of_polygon.reshape(-1)
    if len(tiles) == 1:
        return np.clip(uvs - tiles[0].astype(np.float32), 0, 1)
    depth = np.bincount(of_polygon, vertices[polygons[:, 0], 2]) / np.bincount(of_polygon)
    order = np.argsort(-depth)
    packed = np.zeros_like(uvs)
    small = min(1 - FACE_TILE, 1 / (len(tiles) - 1))
    for place, index in enumerate(order):
        chosen = of_polygon == index
        local = np.clip(uvs[chosen] - tiles[index], 0, 1)
        packed[chosen] = local * FACE_TILE if place == 0 else local * small + [FACE_TILE, (place - 1) * small]
    return packed


def _eye_uvs(published: PublishedModel, polygons: Ints) -> Floats:
    """Polar about the gaze (+Z): a point at the angle ``a`` lies ``0.49 (a / pi)^0.7`` from the middle."""
    own = published.mean[np.unique(polygons[polygons >= 0])].astype(np.float64)
    centre, _ = eyeball(own)
    arms = published.mean[np.maximum(polygons, 0)].astype(np.float64) - centre
    depth = np.arccos(np.clip(arms[..., 2] / np.maximum(np.linalg.norm(arms, axis=-1), 1e-9), -1, 1)) / np.pi
    turn = np.arctan2(arms[..., 1], arms[..., 0])
    radius = EYE_SCALE * depth**EYE_EXPONENT
    return np.stack([0.5 + radius * np.cos(turn), 0.5 + radius * np.sin(turn)], -1).astype(np.float32)
