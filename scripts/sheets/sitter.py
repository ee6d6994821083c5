"""A face model that sits for its portrait: any identity, colouring, expression and pose, dressed for the studio."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation
from torch import Tensor

from engine.faces.arkit import NAMES
from engine.faces.model import FaceModel, split_polygons
from engine.preview.head import CLEAR, Head
from engine.preview.head import Image as Picture
from engine.render.normals import vertex_normals
from engine.texture.eye import eye_texture
from engine.texture.layout import SKIN_TEXTURE, layout
from engine.texture.materials import DRAWN, EYE_TEXTURE
from engine.texture.pixels import encode

TEXELS = 1024
ROUGHNESS = "roughness.png"
IRIS_SHARE = 0.75
"""Which of the iris' vertices, from dark to bright, has the colour that its texture takes: those near the pupil and
the limbus are darkened already."""

Shapes = Mapping[str, float]
Turns = Mapping[str, tuple[float, float, float]]


class Sitter:
    """A model ready to be drawn."""

    def __init__(self, model: FaceModel, texels: int = TEXELS) -> None:
        self.model = model
        self.triangles, self.polygon, corners = split_polygons(model.polygons)
        self.material = model.polygon_material[self.polygon].astype(np.int64)
        self.uvs = torch.from_numpy(model.uvs[self.polygon[:, None], corners])
        self.clear = np.array([m.alpha < CLEAR for m in model.materials])[self.material]
        self._materials = tuple(
            dataclasses.replace(m, roughness_texture=ROUGHNESS)
            if m.texture == SKIN_TEXTURE
            else dataclasses.replace(m, texture=m.texture or DRAWN.get(m.name, ""))
            for m in model.materials
        )
        self._layout = layout(model, texels)
        detail = model.textures.get("skin", np.ones((1, 1, 3), np.float32))
        self._detail = cv2.resize(detail, (texels, texels), interpolation=cv2.INTER_AREA)
        gloss = np.rint(255 * model.maps["roughness"]).astype(np.uint8)
        self._gloss = gloss[..., None].repeat(3, -1)
        self._worn = self.textures(torch.zeros(1))

    def vertices(self, shapes: Shapes | None = None, identity: Tensor | None = None) -> Tensor:
        """(V, 3) metres with correctives, of the mean person where ``identity`` (<= I,) is left out."""
        return self.model.shape(torch.zeros(1) if identity is None else identity, self.weights(shapes or {}))

    def weights(self, shapes: Shapes) -> Tensor:
        """(E,) weights from names; raises ``ValueError`` for a name that the model lacks."""
        result = torch.zeros(len(self.model.expression_names))
        for name, weight in shapes.items():
            result[self.model.expression_names.index(name)] = weight
        return result

    def head(
        self,
        vertices: Tensor | None = None,
        colouring: Tensor | None = None,
        kept: NDArray[np.bool_] | None = None,
    ) -> Head:
        """The head dressed for the studio.

        Args:
            vertices: (V, 3); the mean's where left out.
            colouring: (<= A,) coefficients of the albedo space; the mean's where left out.
            kept: (T,) which of ``triangles`` to draw; all but clear films and cards where left out.
        """
        vertices = self.model.mean if vertices is None else vertices
        triangles, shown = torch.from_numpy(self.triangles), ~self.clear if kept is None else kept
        chosen = torch.from_numpy(shown)
        return Head(
            vertices=vertices,
            normals=vertex_normals(vertices, triangles),
            triangles=triangles[chosen],
            corner_uvs=self.uvs[chosen],
            material=self.material[shown],
            materials=self._materials,
            textures=self._worn if colouring is None else self.textures(colouring),
        )

    def textures(self, colouring: Tensor) -> dict[str, Picture]:
        """Skin, eyes and the skin's roughness in the colours of ``colouring`` (<= A,)."""
        albedo = self.model.albedo(colouring).clamp(0.004, 1)
        skin = self._layout.pad(self._layout.texels(albedo) * self._detail)
        groups = self.model.groups
        ring = np.setdiff1d(groups["iris_L"], groups["pupil_L"])
        iris = albedo[ring].quantile(IRIS_SHARE, 0).numpy()
        return {SKIN_TEXTURE: encode(skin), EYE_TEXTURE: encode(eye_texture(iris)), ROUGHNESS: self._gloss}


def both(*names: str) -> dict[str, float]:
    """Weight 1 of each name; those that have sides get both."""
    sided = [[name] if name in NAMES else [f"{name}Left", f"{name}Right"] for name in names]
    return {name: 1.0 for group in sided for name in group}


def posed(model: FaceModel, vertices: Tensor, turns: Turns) -> Tensor:
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
