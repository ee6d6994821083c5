"""A character of the model as a FaceResult, as if a photo of it had been reconstructed; for Blender and for tests."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
from torch import Tensor

from engine.assemble import correctives_of, shape_keys
from engine.camera.camera import Camera
from engine.contract import FaceResult, Floats, Light, Material, Mesh, Rig, View
from engine.faces.model import FaceModel
from engine.texture.lashes import lash_texture
from engine.texture.layout import SKIN_TEXTURE
from engine.texture.materials import DRAWN, LASH_TEXTURE

from .sitter import Shapes, Sitter
from .studio import draw, portrait_camera

PHOTO = "photo.png"
SIZE = (640, 740)
EVEN_LIGHT = 0.8
"""Brightness of white under the result's own light, which has no direction."""


def character(sitter: Sitter, identity: Tensor, colouring: Tensor, mixture: Shapes, name: str) -> FaceResult:
    """A result with everything that Blender reads.

    Args:
        sitter: the model; its ``texels`` are the skin texture's side.
        identity: (<= I,) coefficients.
        colouring: (<= A,) coefficients of the albedo space.
        mixture: weights of the expression that the pretended photo shows.
        name: of the photo, and so of the head in Blender.
    """
    model = sitter.model
    vertices = sitter.vertices(identity=identity)
    weights = _numpy(sitter.weights(mixture))
    head = sitter.head(sitter.vertices(mixture, identity), colouring)
    eye = portrait_camera(head, -12.0, SIZE)
    textures = {texture: _png(pixels) for texture, pixels in head.textures.items()}
    maps = {f"{kind}.png": _png(np.rint(255 * values).astype(np.uint8)) for kind, values in model.maps.items()}
    return FaceResult(
        model=f"{model.name} {model.version}",
        mesh=Mesh(_numpy(vertices), model.polygons, model.uvs, model.polygon_material, dict(model.groups)),
        shape_keys=shape_keys(model, vertices, weights, {}),
        rig=Rig(
            model.joint_names,
            model.joint_parents,
            _numpy(model.joint_regressor @ vertices),
            _numpy(model.tail_regressor @ vertices),
            _numpy(model.joint_weights),
        ),
        materials=tuple(_dressed(material, model) for material in model.materials),
        views=(view_of(eye, weights, f"{name}.png"),),
        light=_even_light(),
        coefficients={"identity": _numpy(identity), "albedo": _numpy(colouring), "expression": weights},
        images={**textures, **maps, LASH_TEXTURE: _png(lash_texture()), PHOTO: _png(draw(sitter, head, eye))},
        correctives=correctives_of(model),
        licences=(model.licence,),
    )


def view_of(eye: Camera, weights: Floats, photo: str) -> View:
    """A photo taken by ``eye``, without landmarks."""
    none = np.zeros((0, 2), np.float32)
    pose = (_numpy(eye.intrinsics), _numpy(eye.rotation), _numpy(eye.translation))
    return View(photo, PHOTO, eye.size, *pose, "478", none, none, weights, "given")


def _dressed(material: Material, model: FaceModel) -> Material:
    if material.texture != SKIN_TEXTURE:
        return dataclasses.replace(material, texture=material.texture or DRAWN.get(material.name, ""))
    maps = {f"{kind}_texture": f"{kind}.png" for kind in model.maps}
    return dataclasses.replace(material, **maps)  # type: ignore[arg-type]


def _even_light() -> Light:
    """Light from everywhere: only the constant harmonic."""
    coefficients = np.zeros((9, 3), np.float32)
    coefficients[0] = EVEN_LIGHT * 2 * np.sqrt(np.pi)
    return Light(coefficients)


def _numpy(values: Tensor) -> Floats:
    return values.detach().numpy().astype(np.float32, copy=False)


def _png(pixels: np.ndarray) -> bytes:
    orders = {2: None, 3: [2, 1, 0], 4: [2, 1, 0, 3]}
    order = orders[pixels.shape[-1] if pixels.ndim == 3 else 2]
    ordered = pixels if order is None else pixels[..., order]
    return cv2.imencode(".png", np.ascontiguousarray(ordered), [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()
