"""Draw the built-in head's people and print its table of measures.

``python scripts/head_pictures.py people --output people.png`` draws fifty random heads and says in how many a detector
finds a face; ``directions`` draws each semantic direction at both ends; ``table`` prints the measures beside those of
the surveys.
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cv2
import numpy as np
import torch
import tyro
from PIL import Image as Pictures
from PIL import ImageDraw, ImageFont
from torch import Tensor

from engine.detect.library import create_detector
from engine.faces.builtin import ASSET, load_builtin
from engine.faces.model import FaceModel, split_polygons
from engine.preview.head import CLEAR, Head
from engine.preview.head import Image as Picture
from engine.preview.studio import draw_studio, studio_camera, view
from engine.render.normals import vertex_normals
from engine.texture.eye import eye_texture
from engine.texture.layout import SKIN_TEXTURE, layout
from engine.texture.materials import DRAWN, EYE_TEXTURE
from engine.texture.pixels import encode
from scripts.head.assembly import build_head
from scripts.head.statistics import measures_table

TILE = (240, 280)
GAP, LABEL = 4, 20
TEXELS = 768
PAPER, INK = (24, 25, 28), (220, 220, 220)


class Sitter:
    """A model ready to be drawn with any identity and colouring."""

    def __init__(self, model: FaceModel, texels: int = TEXELS) -> None:
        self.model = model
        triangles, polygon, corners = split_polygons(model.polygons)
        material = model.polygon_material[polygon].astype(np.int64)
        shown = np.array([m.alpha >= CLEAR for m in model.materials])[material]
        self._all, self._triangles = torch.from_numpy(triangles), torch.from_numpy(triangles[shown])
        self._material = material[shown]
        self._uvs = torch.from_numpy(model.uvs[polygon[:, None], corners][shown])
        self._materials = tuple(
            m if m.texture else dataclasses.replace(m, texture=DRAWN.get(m.name, "")) for m in model.materials
        )
        self._layout = layout(model, texels)
        detail = model.textures.get("skin", np.ones((1, 1, 3), np.float32))
        self._detail = cv2.resize(detail, (texels, texels), interpolation=cv2.INTER_AREA)

    def head(self, identity: Tensor, colouring: Tensor | None = None) -> Head:
        """The head of coefficients ``identity`` (<= I,) and ``colouring`` (<= A,); no textures without the latter."""
        vertices = self.model.shape(identity)
        return Head(
            vertices=vertices,
            normals=vertex_normals(vertices, self._all),
            triangles=self._triangles,
            corner_uvs=self._uvs,
            material=self._material,
            materials=self._materials,
            textures={} if colouring is None else self.textures(colouring),
        )

    def textures(self, colouring: Tensor) -> dict[str, Picture]:
        """Skin and eyes in the colours of ``colouring`` (<= A,)."""
        albedo = self.model.albedo(colouring).clamp(0.004, 1)
        ring = self.model.groups["iris_L"][len(self.model.groups["iris_L"]) // 2]
        iris = albedo[ring].numpy()
        skin = self._layout.pad(self._layout.texels(albedo) * self._detail)
        return {SKIN_TEXTURE: encode(skin), EYE_TEXTURE: encode(eye_texture(iris))}


def portrait(head: Head, size: tuple[int, int] = TILE, yaw: float = -12.0, clay: bool = False) -> Picture:
    """(H, W, 3) sRGB in the preview's studio; positive ``yaw`` turns the head to its own left, in degrees."""
    return draw_studio(head, view(head, studio_camera(head, yaw, size)), clay=clay)


def random_people(model: FaceModel, count: int, seed: int) -> list[tuple[Tensor, Tensor]]:
    """Identity and colouring drawn from the model's own distribution, within 2.5 standard deviations a mode."""
    generator = torch.Generator().manual_seed(seed)
    sizes = (len(model.identity_basis), len(model.albedo_basis))
    return [tuple(torch.randn(s, generator=generator).clamp(-2.5, 2.5) for s in sizes) for _ in range(count)]  # type: ignore[misc]


def people(output: Path = Path("people.png"), asset: Path = ASSET, count: int = 50, seed: int = 11) -> None:
    """Draw random people, ten in a row, and count those in whom MediaPipe finds a face.

    Args:
        output: picture to write.
        asset: head to draw.
        count: how many.
        seed: of the draw.
    """
    model = load_builtin(asset)
    sitter, detector = Sitter(model), create_detector("mediapipe")
    tiles, missed = [], []
    for number, (identity, colouring) in enumerate(random_people(model, count, seed)):
        tiles.append(portrait(sitter.head(identity, colouring)))
        if len(detector.detect(tiles[-1])) != 1:
            missed.append(number)
    detector.close()
    _sheet(tiles, 10).save(output)
    print(f"wrote {output}; a face found in {count - len(missed)} of {count}; not in {missed}")


def directions(output: Path = Path("directions.png"), asset: Path = ASSET, reach: float = 2.0) -> None:
    """Draw every semantic direction at both ends, from the front and half from the side, in clay.

    Args:
        output: picture to write.
        asset: head to draw.
        reach: standard deviations at the ends.
    """
    model = load_builtin(asset)
    sitter = Sitter(model)
    tiles, labels = [], []
    for name, direction in zip(model.semantic_names, model.semantic_directions, strict=True):
        ends = [sitter.head(sign * reach * direction) for sign in (-1, 1)]
        for yaw in (0.0, -50.0):
            tiles += [portrait(head, TILE, yaw, clay=True) for head in ends]
        labels += [f"{name} {sign}{reach:g}" for sign in ("-", "+")] * 2
    _sheet(tiles, 8, labels).save(output)
    print(f"wrote {output}")


def table(asset: Path = ASSET) -> None:
    """Print the model's measures beside the surveys', as Markdown.

    Args:
        asset: head to measure.
    """
    print(measures_table(load_builtin(asset), build_head()[0]))


def _sheet(tiles: list[Picture], columns: int, labels: list[str] | None = None) -> Pictures.Image:
    height, width = tiles[0].shape[:2]
    height += LABEL if labels else 0
    rows = -(-len(tiles) // columns)
    paper = Pictures.new("RGB", (columns * (width + GAP) + GAP, rows * (height + GAP) + GAP), PAPER)
    pen, font = ImageDraw.Draw(paper), ImageFont.load_default(14)
    for index, tile in enumerate(tiles):
        x, y = GAP + index % columns * (width + GAP), GAP + index // columns * (height + GAP)
        paper.paste(Pictures.fromarray(tile), (x, y))
        if labels:
            pen.text((x + 4, y + height - LABEL + 1), labels[index], INK, font)
    return paper


if __name__ == "__main__":
    with torch.no_grad():
        tyro.extras.subcommand_cli_from_dict({"people": people, "directions": directions, "table": table})
