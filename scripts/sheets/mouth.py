"""The open mouth from inside: from the front, through a window in the cheek, and from the throat looking out."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from torch import Tensor

from engine.preview.head import Head
from engine.preview.head import Image as Picture
from engine.preview.studio import draw_studio, view

from .paper import sheet
from .sitter import Sitter
from .studio import Place, camera, draw, near_points

TILE = (600, 520)
SHAPES = {"jawOpen": 0.85}
WINDOW = (0.014, 0.030)
"""The cheek is cut away where it lies further to the left than this (m) and nearer to the mouth's middle than this."""
INSIDE = 0.050
"""Metres behind the lips from where the camera looks out."""


def mouth(sitter: Sitter) -> Picture:
    """Three views of the same open mouth."""
    vertices = sitter.vertices(SHAPES)
    lips = near_points(vertices[sitter.model.groups["lips"]])
    cheek = lips[0], lips[1], near_points(vertices[sitter.model.groups["tongue"]])[2] + 0.012
    views = (
        ("from the front", sitter.head(vertices), camera(lips, 0.075, -10.0, TILE)),
        ("through the cheek", _cut(sitter, vertices, cheek), camera(cheek, 0.085, -68.0, TILE, 4.0)),
    )
    tiles = [(name, draw(sitter, head, eye)) for name, head, eye in views]
    return sheet([*tiles, ("from inside, looking out", _from_inside(sitter, vertices, lips))], 3)


def _cut(sitter: Sitter, vertices: Tensor, middle: Place) -> Head:
    """The head without the left cheek's inner and outer skin."""
    walls = np.isin(sitter.material, _indices(sitter, "skin", "mouth"))
    centres = vertices.numpy()[sitter.model.polygons].mean(1)[sitter.polygon]
    near = np.linalg.norm(centres[:, 1:] - middle[1:], axis=1) < WINDOW[1]
    return sitter.head(vertices, kept=~sitter.clear & ~(walls & near & (centres[:, 0] > WINDOW[0])))


def _from_inside(sitter: Sitter, vertices: Tensor, lips: Place) -> Picture:
    """What a camera above the tongue sees; only the teeth cast shadows, or it would be dark."""
    head = sitter.head(vertices)
    eye = camera((lips[0], lips[1] - 0.002, lips[2]), 0.085, 180.0, TILE, distance=INSIDE)
    teeth = torch.from_numpy(np.isin(head.material, _indices(sitter, "teeth")))
    return draw_studio(dataclasses.replace(head, triangles=head.triangles[teeth]), view(head, eye))


def _indices(sitter: Sitter, *names: str) -> list[int]:
    return [i for i, m in enumerate(sitter.model.materials) if m.name in names]
