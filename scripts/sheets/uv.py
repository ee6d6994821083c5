"""The texture layout: a checker on the head, the skin's islands, and the parts' own squares."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np

from engine.contract import Floats
from engine.preview.head import Image as Picture

from .paper import PAPER, sheet, stacked
from .sitter import Sitter
from .studio import camera, draw

CHECKER = "checker.png"
FIELDS, SIDE = 48, 1536
"""Fields along each side of the checker, and its pixels."""
HEAD_TILE, SKIN_SIDE, PART_SIDE = (550, 520), 1100, 266
TINTS = {
    "neck": (58, 66, 84),
    "face": (104, 88, 70),
    "scalp": (62, 80, 72),
    "ears": (112, 72, 72),
    "lids": (70, 104, 110),
    "lips": (132, 66, 78),
    "nostrils": (96, 60, 100),
}
"""Colours of the skin's groups, later ones over earlier ones."""
LINE = (206, 208, 212)


def uv(sitter: Sitter) -> Picture:
    """The checker on the head from three sides, the skin's layout beside the parts' layouts."""
    views = (("front", 0.0), ("45°", -45.0), ("side", -90.0))
    heads = [(f"checker, {name}", _checkered(sitter, yaw)) for name, yaw in views]
    names = [m.name for m in sitter.model.materials if m.name not in ("skin", "eye_L")]
    parts = [(name, islands(sitter, name, PART_SIDE)) for name in names]
    skin = sheet([("skin", islands(sitter, "skin", SKIN_SIDE))], 1)
    below = _beside(skin, sheet(parts, 2))
    return stacked([sheet(heads, 3), below])


def islands(sitter: Sitter, material: str, side: int) -> Picture:
    """(side, side, 3) the polygons of one material in UV space, the skin's in the colours of its groups."""
    model = sitter.model
    index = [m.name for m in model.materials].index(material)
    rows = np.flatnonzero(model.polygon_material == index)
    corners = np.where(np.arange(4) < (model.polygons[rows] >= 0).sum(1)[:, None], np.arange(4), 0)
    places = np.take_along_axis(model.uvs[rows], corners[..., None], 1)
    picture = np.empty((side, side, 3), np.uint8)
    picture[:] = PAPER
    points = _fixed(places, side)
    tints = np.full((len(rows), 3), TINTS["neck"])
    for name, tint in TINTS.items():
        tints[np.isin(model.polygons[rows], model.groups[name]).any(1)] = tint
    for polygon, tint in zip(points, tints.tolist(), strict=True):
        cv2.fillPoly(picture, [polygon], tint, cv2.LINE_8, 4)
    lines = picture.copy()
    cv2.polylines(lines, list(points), True, LINE, 1, cv2.LINE_AA, 4)
    return np.asarray(cv2.addWeighted(lines, 0.55, picture, 0.45, 0))


def checker() -> Picture:
    """(SIDE, SIDE, 3) fields whose hue follows u and whose second colour follows v, so that a place can be told."""
    at = (np.arange(SIDE) + 0.5) / SIDE
    u, v = np.meshgrid(at, at[::-1])
    odd = (np.floor(u * FIELDS) + np.floor(v * FIELDS)) % 2
    hue, value = np.floor(u * FIELDS / 4) * 4 / FIELDS * 170, 120 + 110 * np.floor(v * FIELDS / 4) * 4 / FIELDS
    hsv = np.stack([hue, np.full_like(hue, 120), value], -1).astype(np.uint8)
    color = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
    return np.where(odd[..., None] > 0, color, 225).astype(np.uint8)


def _checkered(sitter: Sitter, yaw: float) -> Picture:
    head = sitter.head()
    materials = tuple(dataclasses.replace(m, texture=CHECKER, roughness=0.6) for m in head.materials)
    dressed = dataclasses.replace(head, materials=materials, textures={CHECKER: checker()})
    return draw(sitter, dressed, camera((0.0, -0.014, 0.01), 0.30, yaw, HEAD_TILE))


def _beside(left: Picture, right: Picture) -> Picture:
    """Two pictures side by side, tops level."""
    height = max(left.shape[0], right.shape[0])
    paper = np.empty((height, left.shape[1] + right.shape[1], 3), np.uint8)
    paper[:] = PAPER
    paper[: left.shape[0], : left.shape[1]] = left
    paper[: right.shape[0], left.shape[1] :] = right
    return paper


def _fixed(places: Floats, side: int) -> np.ndarray:
    """(F, 4, 2) int32 pixels times 16, as OpenCV draws them."""
    pixels = np.stack([places[..., 0] * side, side - places[..., 1] * side], -1) - 0.5
    return np.rint(pixels * 16).astype(np.int32)
