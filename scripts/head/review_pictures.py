"""Pictures of a face model's expressions: the textured head in the preview's studio, put together in sheets."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image as Pictures
from PIL import ImageDraw
from scipy.spatial.transform import Rotation

from engine.camera.camera import Camera
from engine.contract import Floats
from engine.faces.model import FaceModel, split_polygons
from engine.preview.head import CLEAR, Head
from engine.preview.studio import draw_studio, studio_camera, view
from engine.render.normals import vertex_normals
from engine.texture.eye import eye_texture
from engine.texture.layout import SKIN_TEXTURE, layout
from engine.texture.materials import DRAWN, EYE_TEXTURE
from engine.texture.pixels import encode

Image = NDArray[np.uint8]
IRIS = (0.16, 0.12, 0.07)
"""Linear RGB."""
LABEL = 18


class Sitter:
    """The mean person of a model, ready to be drawn with any expression and pose."""

    def __init__(self, model: FaceModel, texels: int = 1024) -> None:
        self.model = model
        self.textures = {SKIN_TEXTURE: _skin(model, texels), EYE_TEXTURE: encode(eye_texture(IRIS))}
        self.triangles, self._polygon, corners = split_polygons(model.polygons)
        material = model.polygon_material[self._polygon].astype(np.int64)
        self._shown = np.array([m.alpha >= CLEAR for m in model.materials])[material]
        self._uvs = model.uvs[self._polygon[:, None], corners]
        self._material = material

    def weights(self, shapes: Mapping[str, float]) -> torch.Tensor:
        """(E,) weights from names; raises ``ValueError`` for a name that the model lacks."""
        result = torch.zeros(len(self.model.expression_names))
        for name, weight in shapes.items():
            result[self.model.expression_names.index(name)] = weight
        return result

    def vertices(self, shapes: Mapping[str, float], identity: torch.Tensor | None = None) -> torch.Tensor:
        """(V, 3) metres with correctives."""
        return self.model.shape(torch.zeros(1) if identity is None else identity, self.weights(shapes))

    def head(self, vertices: torch.Tensor) -> Head:
        """The head with these vertices, dressed for the studio."""
        materials = tuple(
            dataclasses.replace(m, texture=m.texture or DRAWN.get(m.name, "")) for m in self.model.materials
        )
        triangles = torch.from_numpy(self.triangles)
        shown = torch.from_numpy(self._shown)
        return Head(
            vertices=vertices,
            normals=vertex_normals(vertices, triangles),
            triangles=triangles[shown],
            corner_uvs=torch.from_numpy(self._uvs)[shown],
            material=self._material[self._shown],
            materials=materials,
            textures=self.textures,
        )

    def portrait(self, vertices: torch.Tensor, yaw: float = 0, size: tuple[int, int] = (300, 340)) -> Image:
        """Head and shoulders, (H, W, 3) sRGB."""
        head = self.head(vertices)
        return draw_studio(head, view(head, studio_camera(head, yaw, size)))

    def bust(self, vertices: torch.Tensor, yaw: float, size: tuple[int, int] = (230, 260)) -> Image:
        """Clay, with room round the resting head, so that a posed one stays in the picture."""
        camera = studio_camera(self.head(self.model.mean), yaw, size)
        intrinsics = camera.intrinsics.clone()
        intrinsics[:2, :2] *= 0.8
        intrinsics[1, 2] -= 0.07 * size[1]
        head = self.head(vertices)
        seen = view(head, Camera(intrinsics, camera.rotation, camera.translation, size))
        return draw_studio(head, seen, clay=True)

    def close(self, vertices: torch.Tensor, place: Floats, width: float, yaw: float = 0, side: int = 260) -> Image:
        """A square picture ``width`` metres wide round ``place`` (3,)."""
        head = self.head(vertices)
        camera = studio_camera(head, yaw, (side, side))
        scale = 2 * 0.142 / width
        middle = camera.to_image(camera.to_camera(torch.as_tensor(place, dtype=torch.float32)[None]))[0, :2]
        intrinsics = camera.intrinsics.clone()
        intrinsics[:2] *= scale
        intrinsics[:2, 2] += side / 2 - middle * scale
        seen = Camera(intrinsics, camera.rotation, camera.translation, (side, side))
        return draw_studio(head, view(head, seen))


def posed(model: FaceModel, vertices: torch.Tensor, turns: Mapping[str, tuple[float, float, float]]) -> torch.Tensor:
    """Linear blend skinning: (V, 3) with joints turned by degrees (pitch down, yaw to the left, roll to the right)."""
    heads = model.joint_regressor @ vertices
    count = len(model.joint_names)
    rotation = torch.eye(3).repeat(count, 1, 1)
    shift = torch.zeros(count, 3)
    for j, name in enumerate(model.joint_names):
        pitch, yaw, roll = turns.get(name, (0.0, 0.0, 0.0))
        local = torch.from_numpy(Rotation.from_euler("YXZ", [yaw, pitch, roll], True).as_matrix()).float()
        parent = int(model.joint_parents[j])
        above = rotation[parent] if parent >= 0 else torch.eye(3)
        offset = shift[parent] if parent >= 0 else torch.zeros(3)
        rotation[j] = above @ local
        shift[j] = above @ heads[j] + offset - rotation[j] @ heads[j]
    moved = torch.einsum("jab,vb->vja", rotation, vertices) + shift
    return (model.joint_weights[..., None] * moved).sum(1)


def sheet(tiles: Mapping[str, Image], columns: int) -> Pictures.Image:
    """Labelled pictures of one size in rows of ``columns``."""
    height, width = next(iter(tiles.values())).shape[:2]
    rows = -(-len(tiles) // columns)
    paper = Pictures.new("RGB", (columns * width, rows * (height + LABEL)), (20, 20, 22))
    draw = ImageDraw.Draw(paper)
    for k, (name, tile) in enumerate(tiles.items()):
        x, y = k % columns * width, k // columns * (height + LABEL)
        paper.paste(Pictures.fromarray(tile), (x, y + LABEL))
        draw.text((x + 4, y + 3), name, fill=(230, 230, 230))
    return paper


def _skin(model: FaceModel, texels: int) -> Image:
    """(S, S, 3) sRGB: the mean albedo with the model's own detail."""
    skin = layout(model, texels)
    image = skin.texels(model.albedo_mean)
    if "skin" in model.textures:
        image = image * cv2.resize(model.textures["skin"], (texels, texels), interpolation=cv2.INTER_AREA)
    return encode(skin.pad(image))
