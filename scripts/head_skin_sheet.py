"""Draw the built-in head's skins: fairest to darkest under three lights, and random people.

``python scripts/head_skin_sheet.py --output skins.png`` draws the seven tones; ``--people 12`` adds a row or more of
random albedos.
"""

from __future__ import annotations

import dataclasses
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cv2
import numpy as np
import torch
import tyro
from PIL import Image as Pictures
from PIL import ImageDraw, ImageFont
from torch import Tensor

from engine.camera.camera import Camera
from engine.faces.builtin import ASSET, load_builtin
from engine.faces.model import FaceModel, split_polygons
from engine.light.color import luminance
from engine.preview.head import CLEAR, Head, Seen
from engine.preview.head import Image as Picture
from engine.preview.studio import backdrop, finish, lamp, shadow, studio_camera, view
from engine.render.normals import vertex_normals
from engine.texture.eye import eye_texture
from engine.texture.layout import SKIN_TEXTURE, layout
from engine.texture.materials import DRAWN, EYE_TEXTURE
from engine.texture.pixels import encode
from scripts.head.ita import ita, lab, skin_class

TILE = (300, 350)
GAP, LABEL = 6, 24
ROUGHNESS = "roughness.png"
CHEEK = 205
"""A vertex on bare skin, where the tone is measured."""
SCATTER = (0.30, 0.12, 0.06)
"""How far past the terminator red, green and blue still scatter under skin."""
ENCLOSED = 0.52
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


class Sitter:
    """The mean head of a model, ready to be drawn in any colouring."""

    def __init__(self, model: FaceModel, texels: int = 1024) -> None:
        self.model = model
        triangles, polygon, corners = split_polygons(model.polygons)
        material = model.polygon_material[polygon].astype(np.int64)
        shown = np.array([m.alpha >= CLEAR for m in model.materials])[material]
        self._triangles = torch.from_numpy(triangles)
        self._normals = vertex_normals(model.mean, self._triangles)
        self._shown, self._material = torch.from_numpy(shown), material[shown]
        self._uvs = torch.from_numpy(model.uvs[polygon[:, None], corners])[self._shown]
        self._layout = layout(model, texels)
        self._maps = {ROUGHNESS: np.rint(255 * model.maps["roughness"]).astype(np.uint8)[..., None].repeat(3, -1)}
        detail = model.textures.get("skin", np.ones((1, 1, 3), np.float32))
        self._detail = cv2.resize(detail, (texels, texels), interpolation=cv2.INTER_AREA)

    def head(self, coefficients: Tensor) -> Head:
        """The mean shape in the colours of ``coefficients`` (<= A,)."""
        albedo = self.model.albedo(coefficients)
        skin = self._layout.pad(self._layout.texels(albedo) * self._detail)
        ring = np.setdiff1d(self.model.groups["iris_L"], self.model.groups["pupil_L"])
        iris = albedo[ring].quantile(0.75, 0).numpy()
        materials = tuple(
            dataclasses.replace(m, roughness_texture=ROUGHNESS)
            if m.texture == SKIN_TEXTURE
            else dataclasses.replace(m, texture=DRAWN.get(m.name, ""))
            for m in self.model.materials
        )
        return Head(
            vertices=self.model.mean,
            normals=self._normals,
            triangles=self._triangles[self._shown],
            corner_uvs=self._uvs,
            material=self._material,
            materials=materials,
            textures={SKIN_TEXTURE: encode(skin), EYE_TEXTURE: encode(eye_texture(iris)), **self._maps},
        )

    def draw(self, head: Head, lights: Lights, camera: Camera) -> Picture:
        """(H, W, 3) sRGB."""
        seen = view(head, camera)
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
        return finish(seen, seen.albedo.clamp_min(0) * lit * inside + shine, backdrop(camera.size))


def tone(model: FaceModel, melanin: float) -> Tensor:
    """(A,) coefficients of a skin ``melanin`` standard deviations from the mean (positive is fair)."""
    coefficients = torch.zeros(len(model.albedo_basis))
    coefficients[0] = melanin
    return coefficients


def skin_sheet(model: FaceModel, tones: int = 7, size: tuple[int, int] = TILE) -> Pictures.Image:
    """Fairest to darkest, left to right, a row for each of the three lights; ITA and CIELAB of the cheek below."""
    people = [tone(model, float(c)) for c in np.linspace(REACH, -REACH, tones)]
    return people_sheet(model, people, LIGHTS, size)


def people_sheet(
    model: FaceModel, people: list[Tensor], rows: tuple[Lights, ...], size: tuple[int, int]
) -> Pictures.Image:
    """One column for each colouring (A,), a row for each set of lights, its tone below."""
    sitter = Sitter(model)
    width, height = len(people) * (size[0] + GAP) + GAP, len(rows) * (size[1] + GAP) + GAP + LABEL
    paper = Pictures.new("RGB", (width, height), (24, 25, 28))
    pen, font = ImageDraw.Draw(paper), ImageFont.load_default(14)
    for column, coefficients in enumerate(people):
        head = sitter.head(coefficients)
        camera = studio_camera(head, -14, size)
        x = GAP + column * (size[0] + GAP)
        for row, lights in enumerate(rows):
            paper.paste(Pictures.fromarray(sitter.draw(head, lights, camera)), (x, GAP + row * (size[1] + GAP)))
        cheek = model.albedo(coefficients)[CHEEK].numpy()
        light, red, yellow = lab(cheek)
        text = f"ITA {ita(cheek):.0f} {skin_class(float(ita(cheek)))}   L {light:.0f} a {red:.0f} b {yellow:.0f}"
        pen.text((x + 4, height - LABEL + 1), text, (220, 220, 220), font)
    return paper


def random_people(model: FaceModel, count: int, seed: int = 5) -> list[Tensor]:
    """Draws from the model's albedo space."""
    generator = torch.Generator().manual_seed(seed)
    return list(torch.randn(count, len(model.albedo_basis), generator=generator))


def _widened(picture: Pictures.Image, width: int) -> Picture:
    """The picture as an array, black up to ``width``."""
    pixels = np.asarray(picture)
    return np.pad(pixels, ((0, 0), (0, width - pixels.shape[1]), (0, 0)))


def _gloss(seen: Seen, normals: Tensor, towards: Tensor, size: float) -> Tensor:
    """(P, 1) highlight of one lamp: Blinn and Phong's lobe with Schlick's Fresnel term, index 1.4."""
    sight = torch.nn.functional.normalize(-(seen.points @ seen.camera.rotation.T + seen.camera.translation), dim=-1)
    half = torch.nn.functional.normalize(sight + towards, dim=-1)
    power = 2 / (seen.roughness.clamp(0.1, 1) ** 2 + size**2) ** 2 - 2
    fresnel = 0.028 + 0.972 * (1 - (half * sight).sum(-1)).clamp(0, 1) ** 5
    lobe = (power.clamp_min(1) + 2) / 8 * (normals * half).sum(-1).clamp(1e-4, 1) ** power.clamp_min(1)
    return (fresnel * lobe.clamp_max(60) * (normals @ towards).clamp(0, 1))[:, None]


def main(output: Path = Path("skins.png"), asset: Path = ASSET, people: int = 0, seed: int = 5) -> None:
    """Draw the sheet.

    Args:
        output: picture to write.
        asset: head to draw.
        people: draw this many random colourings instead of the seven tones.
        seed: of the random colourings.
    """
    model = load_builtin(asset)
    with torch.no_grad():
        if people:
            drawn = random_people(model, people, seed)
            lines = [people_sheet(model, drawn[k : k + 6], LIGHTS[:1], TILE) for k in range(0, people, 6)]
            Pictures.fromarray(np.vstack([_widened(line, lines[0].width) for line in lines])).save(output)
        else:
            skin_sheet(model).save(output)
    print(f"wrote {output}")


if __name__ == "__main__":
    tyro.cli(main)
