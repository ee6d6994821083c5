"""Random people, the artist's directions, and in how many of the people a detector finds a face."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

from engine.detect.library import create_detector
from engine.faces.model import FaceModel
from engine.preview.head import Image as Picture

from .paper import sheet
from .sitter import Sitter
from .studio import portrait

COUNT, SEED = 50, 11
LIMIT = 2.5
"""Standard deviations of a mode beyond which no random person goes."""
ALONG = {3: 0.55, 20: 0.6}
"""Correlation of hair colour and iris pigment, by mode, with dark skin; the first mode is positive for fair skin."""
TILE, SIDE_TILE = (210, 250), (150, 178)
REACH = 2.0
"""Standard deviations at both ends of a direction."""

Person = tuple[Tensor, Tensor]


def random_people(model: FaceModel, count: int = COUNT, seed: int = SEED) -> list[Person]:
    """Identity (I,) and colouring (A,) of people drawn from the model's own distribution."""
    generator = torch.Generator().manual_seed(seed)

    def some(size: int) -> Tensor:
        return torch.randn(size, generator=generator).clamp(-LIMIT, LIMIT)

    return [(some(len(model.identity_basis)), _gone_along(some(len(model.albedo_basis)))) for _ in range(count)]


def _gone_along(colouring: Tensor) -> Tensor:
    """Colouring (A,) whose eyes and hair go with the skin's melanin, as they do in people and not in the model."""
    for place, share in ALONG.items():
        colouring[place] = share * -colouring[0] + (1 - share**2) ** 0.5 * colouring[place]
    return colouring.clamp(-LIMIT, LIMIT)


def people(sitter: Sitter) -> Picture:
    """Fifty random people, ten in a row."""
    return sheet([("", tile) for tile in _portraits(sitter)], 10, 0)


def found(sitter: Sitter) -> str:
    """One line: in how many of the portraits MediaPipe finds one face."""
    detector = create_detector("mediapipe")
    try:
        count = sum(len(detector.detect(tile)) == 1 for tile in _portraits(sitter))
    finally:
        detector.close()
    return f"MediaPipe finds one face in {count} of these {COUNT} portraits."


def directions(sitter: Sitter) -> Picture:
    """Every semantic direction at both ends, from the front and half from the side, in clay."""
    tiles = []
    for name, direction in zip(sitter.model.semantic_names, sitter.model.semantic_directions, strict=True):
        for yaw in (0.0, -50.0):
            for sign, mark in ((-1, "-"), (1, "+")):
                head = sitter.head(sitter.vertices(identity=sign * REACH * direction))
                label = f"{mark}{REACH:g}" if yaw else f"{name} {mark}{REACH:g}"
                tiles.append((label, portrait(sitter, head, SIDE_TILE, yaw, clay=True)))
    return sheet(tiles, 12)


@cache
def _portraits(sitter: Sitter) -> list[Picture]:
    heads = (sitter.head(sitter.vertices(identity=i), c) for i, c in random_people(sitter.model))
    return [portrait(sitter, head, TILE) for head in heads]
