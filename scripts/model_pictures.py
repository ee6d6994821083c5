"""A sheet of published face models with telling expressions: ``python scripts/model_pictures.py ict [NAME ...]``.

For each model (by its name in ``scripts/models.py list``) three lines with the shapes that Blender gets; where some are
the authors' own, three more in which every shape was carried over from the built-in head. ``docs/models.jpg`` shows
ICT-FaceKit. ``docs/models_flame.jpg``, ``_bfm`` and ``_gnm`` show stand-ins (``python -m tests.engine.stand_ins``): the
models themselves are not given out freely; pictures of them are for whoever has them.
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Annotated

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cv2
import numpy as np
import torch
import tyro

from engine.contract import Material
from engine.faces.adoption.adopt import adopt
from engine.faces.arkit import NAMES
from engine.faces.builtin import load_builtin
from engine.faces.formats.published import PublishedModel
from engine.faces.library import load_model
from engine.faces.model import FaceModel, split_polygons
from engine.faces.shelf import look
from engine.files.places import engine_models_dir
from engine.preview.head import CLEAR, Head, decode
from engine.preview.head import Image as Picture
from engine.preview.studio import draw_studio, view
from engine.render.normals import vertex_normals
from engine.texture.layout import SKIN_TEXTURE, layout
from engine.texture.materials import dress_with
from engine.texture.pixels import encode
from scripts.sheets.paper import save, sheet, stacked
from scripts.sheets.studio import camera, near_points

SHEET = Path(__file__).resolve().parent.parent / "docs" / "models.jpg"
TILE = (200, 220)
TEXELS = 1024
YAW, TALL = -14.0, 0.2
"""Degrees that the head is turned, and metres from the top of a tile to its foot."""
EXPRESSIONS: dict[str, tuple[str, ...]] = {
    "neutral": (),
    "jawOpen": ("jawOpen",),
    "eyeBlink": ("eyeBlinkLeft", "eyeBlinkRight"),
    "eyeWide": ("eyeWideLeft", "eyeWideRight"),
    "browInnerUp": ("browInnerUp",),
    "browDown": ("browDownLeft", "browDownRight"),
    "noseSneer": ("noseSneerLeft", "noseSneerRight"),
    "mouthSmile": ("mouthSmileLeft", "mouthSmileRight"),
    "mouthFrown": ("mouthFrownLeft", "mouthFrownRight"),
    "mouthPucker": ("mouthPucker",),
    "mouthLeft": ("mouthLeft",),
    "cheekPuff": ("cheekPuff",),
    "eyeLookUp": ("eyeLookUpLeft", "eyeLookUpRight"),
    "eyeLookDown": ("eyeLookDownLeft", "eyeLookDownRight"),
    "eyeSquint": ("eyeSquintLeft", "eyeSquintRight"),
    "mouthFunnel": ("mouthFunnel",),
    "mouthUpperUp": ("mouthUpperUpLeft", "mouthUpperUpRight"),
    "mouthLowerDown": ("mouthLowerDownLeft", "mouthLowerDownRight"),
}


def main(
    names: Annotated[tuple[str, ...], tyro.conf.Positional],
    output: Path = SHEET,
) -> None:
    """Draw the models ``names`` and write the sheet to ``output``."""
    found = {model.name: model for model in look(engine_models_dir())}
    rows = []
    for name in names:
        rows.append(row(load_model(name), name))
        published = found[name].load()
        if set(NAMES) & set(published.expression_names):
            rows.append(row(carried_over(published), f"{name}, carried over"))
    save(stacked(rows), output)
    print(output)


def carried_over(published: PublishedModel) -> FaceModel:
    """The model as if its authors had no expressions."""
    count = len(published.mean)
    without = dataclasses.replace(
        published,
        expression_names=(),
        expression_basis=np.zeros((0, count, 3), np.float32),
        expression_range=np.zeros((0, 2), np.float32),
    )
    return adopt(without, load_builtin())


@torch.no_grad()
def row(model: FaceModel, title: str) -> Picture:
    """Every expression of :data:`EXPRESSIONS` on the mean person, the neutral one over ``title``, six in a line."""
    materials, textures = dressed(model)
    eye = camera(near_points(model.landmarks["68"].points(model.mean)), TALL, YAW, TILE)
    tiles = []
    for label, shapes in EXPRESSIONS.items():
        weights = torch.zeros(len(model.expression_names))
        weights[[model.expression_names.index(shape) for shape in shapes]] = 1.0
        head = head_of(model, model.shape(torch.zeros(1), weights), materials, textures)
        tiles.append((label if shapes else title, draw_studio(head, view(head, eye))))
    return sheet(tiles, 6)


def dressed(model: FaceModel) -> tuple[tuple[Material, ...], dict[str, Picture]]:
    """Materials and their textures in the mean person's colours."""
    materials, images = dress_with(model)
    texels = layout(model, TEXELS)
    skin = encode(texels.pad(texels.texels(model.albedo_mean.clamp(0.004, 1))))
    return materials, {name: decode(data) for name, data in images.items()} | {SKIN_TEXTURE: skin}


def head_of(
    model: FaceModel, vertices: torch.Tensor, materials: tuple[Material, ...], textures: dict[str, Picture]
) -> Head:
    """The model with its surface at ``vertices`` (V, 3), as the preview draws it: clear films and lashes left out."""
    triangles, polygon, corners = split_polygons(model.polygons)
    material = model.polygon_material[polygon].astype(np.int64)
    opaque = np.array([m.alpha >= CLEAR for m in materials])[material]
    chosen, every = torch.from_numpy(opaque), torch.from_numpy(triangles)
    return Head(
        vertices=vertices,
        normals=vertex_normals(vertices, every),
        triangles=every[chosen],
        corner_uvs=torch.from_numpy(model.uvs[polygon[:, None], corners])[chosen],
        material=material[opaque],
        materials=materials,
        textures=textures,
    )


if __name__ == "__main__":
    cv2.setNumThreads(1)
    tyro.cli(main, description=__doc__)
