"""The mean head in every skin from the fairest to the darkest, under three lights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from engine.camera.camera import Camera
from engine.faces.model import FaceModel
from engine.light.color import luminance
from engine.preview.head import Head, Seen
from engine.preview.head import Image as Picture
from engine.preview.studio import backdrop, finish, lamp, shadow, view
from scripts.head.ita import ita, lab, skin_class

from .paper import sheet
from .sitter import Sitter
from .studio import portrait_camera, with_lashes

TILE = (262, 310)
TONES = 7
CHEEK = 205
"""A vertex on bare skin, where the tone is measured."""
SCATTER = (0.30, 0.12, 0.06)
"""How far past the terminator red, green and blue still scatter under skin."""
ENCLOSED = 0.52
"""Share of the light that reaches eyes and mouth between lids and lips."""
REACH = 2.5
"""Standard deviations of melanin at the ends."""


@dataclass(frozen=True)
class Lamp:
    """A distant lamp."""

    towards: tuple[float, float, float]
    """Direction to it, camera space."""
    color: tuple[float, float, float]
    """Linear RGB."""
    size: float
    """Added to the width of its highlight: 0 a bare bulb, 0.3 a large softbox."""
    wrap: float = 0.0
    """How far round the head it reaches."""
    casts: bool = True


@dataclass(frozen=True)
class Lights:
    """A set of lamps over even light."""

    name: str
    lamps: tuple[Lamp, ...]
    ambient: tuple[float, float, float]


LIGHTS = (
    Lights("soft front", (Lamp((-0.25, -0.45, -1), (0.92, 0.90, 0.87), 0.28, 0.35),), (0.40, 0.41, 0.42)),
    Lights("hard side", (Lamp((-0.95, -0.42, -0.45), (1.45, 1.42, 1.36), 0.0),), (0.075, 0.078, 0.085)),
    Lights(
        "warm and cool",
        (
            Lamp((-0.8, -0.35, -0.6), (1.25, 0.78, 0.46), 0.12),
            Lamp((0.95, -0.25, -0.1), (0.34, 0.58, 1.0), 0.12, 0.1, False),
        ),
        (0.09, 0.09, 0.11),
    ),
)


def skins(sitter: Sitter) -> Picture:
    """Fairest to darkest, left to right, a row for each set of lights."""
    tiles = []
    people = [tone(sitter.model, c) for c in np.linspace(REACH, -REACH, TONES)]
    for lights in LIGHTS:
        for coefficients in people:
            head = sitter.head(colouring=coefficients)
            angle = ita(_cheek(sitter.model, coefficients))
            label = f"{lights.name}, ITA {float(angle):.0f}°"
            tiles.append((label, draw(sitter, head, lights, portrait_camera(head, -14, TILE))))
    return sheet(tiles, TONES)


def tones_table(sitter: Sitter) -> str:
    """Markdown: colour of the cheek in each of the sheet's skins."""
    lines = ["| melanin, sd | ITA | class | L* | a* | b* |", "|---|---|---|---|---|---|"]
    for amount in np.linspace(REACH, -REACH, TONES):
        cheek = _cheek(sitter.model, tone(sitter.model, amount))
        angle, (light, red, yellow) = float(ita(cheek)), lab(cheek)
        lines.append(f"| {amount:+.1f} | {angle:.0f}° | {skin_class(angle)} | {light:.0f} | {red:.0f} | {yellow:.0f} |")
    return "\n".join(lines)


def tone(model: FaceModel, melanin: float) -> Tensor:
    """(A,) coefficients of a skin ``melanin`` standard deviations from the mean (positive is fair)."""
    coefficients = torch.zeros(len(model.albedo_basis))
    coefficients[0] = melanin
    return coefficients


def draw(sitter: Sitter, head: Head, lights: Lights, eye: Camera) -> Picture:
    """(H, W, 3) sRGB of the head under ``lights``."""
    seen = view(head, eye)
    turned = seen.normals @ seen.camera.rotation.T
    lit = torch.tensor(lights.ambient).expand_as(seen.albedo) * (0.8 - 0.2 * turned[:, 1:2])
    gloss = torch.zeros(len(turned), 1)
    for one in lights.lamps:
        towards = torch.nn.functional.normalize(torch.tensor(one.towards), dim=0)
        reach = shadow(head, seen, towards)[:, None] if one.casts else 1.0
        color = torch.tensor(one.color) * reach
        # A large source hides the terminator, where alone the scattered red is seen.
        scatter = torch.tensor(SCATTER) * (1 - one.size / 0.35) + one.wrap
        lit = lit + lamp(turned, towards, scatter) * color
        gloss = gloss + _gloss(seen, turned, towards, one.size) * color
    inside = 1 - (1 - ENCLOSED) * seen.inside[:, None]
    dark_hair = (luminance(seen.albedo) / 0.05).clamp(0.35, 1)[:, None]
    shine = 0.45 * gloss * (dark_hair * (1 - seen.inside[:, None]) + seen.inside[:, None])
    picture = finish(seen, seen.albedo.clamp_min(0) * lit * inside + shine, backdrop(eye.size))
    return with_lashes(sitter, head, seen, picture)


def _gloss(seen: Seen, normals: Tensor, towards: Tensor, size: float) -> Tensor:
    """(P, 1) highlight of one lamp: Blinn and Phong's lobe with Schlick's Fresnel term, index 1.4."""
    sight = torch.nn.functional.normalize(-(seen.points @ seen.camera.rotation.T + seen.camera.translation), dim=-1)
    half = torch.nn.functional.normalize(sight + towards, dim=-1)
    power = 2 / (seen.roughness.clamp(0.1, 1) ** 2 + size**2) ** 2 - 2
    fresnel = 0.028 + 0.972 * (1 - (half * sight).sum(-1)).clamp(0, 1) ** 5
    lobe = (power.clamp_min(1) + 2) / 8 * (normals * half).sum(-1).clamp(1e-4, 1) ** power.clamp_min(1)
    return (fresnel * lobe.clamp_max(60) * (normals @ towards).clamp(0, 1))[:, None]


def _cheek(model: FaceModel, coefficients: Tensor) -> np.ndarray:
    """(3,) linear RGB."""
    return model.albedo(coefficients)[CHEEK].numpy()
