"""Model, fit and textures become a FaceResult: everything Blender needs, with figures that say how good it is."""

from __future__ import annotations

import dataclasses
from typing import Any

import cv2
import numpy as np
import torch

from .config import Settings
from .contract import Correctives, FaceResult, Floats, Light, Material, Mesh, Rig, ShapeKeys, View
from .detect.detector import Detection
from .faces.model import FaceModel
from .files.photo import Photo
from .fit.state import Fit
from .quality import measure
from .texture.bake import Baked
from .texture.layout import SKIN_TEXTURE
from .texture.materials import dress

PHOTO = "photo.jpg"
PHOTO_QUALITY = 92


def assemble(
    model: FaceModel,
    fit: Fit,
    baked: Baked,
    photo: Photo,
    detection: Detection,
    settings: Settings,
    seconds: dict[str, float],
) -> FaceResult:
    """The result of one face in one photo.

    Args:
        model: the face model that was fitted.
        fit: its camera refers to ``photo.pixels``.
        baked: the skin's textures.
        photo: its ``scale`` leads from the original photo's pixels to ``photo.pixels``; the result's camera and
            landmarks are in the original's.
        detection: of the face in ``photo.pixels``.
        settings: as the user chose them; kept in the report.
        seconds: by stage so far.
    """
    vertices = model.shape(fit.identity)
    materials, images = dress(model, fit, photo.pixels)
    materials = _with_maps(materials, model)
    images |= {_map_name(name): _png(np.rint(255 * values).astype(np.uint8)) for name, values in model.maps.items()}
    images |= {SKIN_TEXTURE: _png(baked.albedo), "confidence.png": _png(baked.confidence), PHOTO: _jpeg(photo.pixels)}
    expression = _numpy(fit.expression)
    return FaceResult(
        model=f"{model.name} {model.version}",
        mesh=Mesh(_numpy(vertices), model.polygons, model.uvs, model.polygon_material, dict(model.groups)),
        shape_keys=ShapeKeys(
            names=model.expression_names,
            offsets=_numpy(model.expression_basis),
            weights=expression if settings.apply_expression else np.zeros_like(expression),
            minimum=_numpy(model.expression_range[:, 0]),
            maximum=_numpy(model.expression_range[:, 1]),
        ),
        rig=Rig(
            names=model.joint_names,
            parents=model.joint_parents,
            heads=_numpy(model.joint_regressor @ vertices),
            tails=_numpy(model.tail_regressor @ vertices),
            weights=_numpy(model.joint_weights),
        ),
        materials=materials,
        views=(_view(fit, photo, settings, expression),),
        light=Light(_numpy(fit.light), "head"),
        coefficients={name: _numpy(getattr(fit, name)) for name in ("identity", "albedo", "expression")},
        images=images,
        report=_report(model, fit, baked, photo, detection, settings, seconds),
        licences=(model.licence,),
        correctives=_correctives(model),
    )


def _with_maps(materials: tuple[Material, ...], model: FaceModel) -> tuple[Material, ...]:
    """The skin's materials with the names of the model's maps."""
    roughness, subsurface = (_map_name(name) if name in model.maps else "" for name in ("roughness", "subsurface"))
    return tuple(
        dataclasses.replace(m, roughness_texture=roughness, subsurface_texture=subsurface)
        if m.texture == SKIN_TEXTURE
        else m
        for m in materials
    )


def _map_name(name: str) -> str:
    return f"{name}.png"


def _correctives(model: FaceModel) -> Correctives | None:
    """The model's correctives: products of expressions first, then elements of joint rotations."""
    pairs = model.corrective_pairs
    elements = [(joint, *divmod(k, 3)) for joint in model.pose_joints for k in range(9)]
    if not len(pairs) and not elements:
        return None
    shape = (-1, *model.mean.shape)
    poses = [f"{model.joint_names[joint]} {row}{column}" for joint, row, column in elements]
    return Correctives(
        names=(*model.corrective_names, *poses),
        offsets=np.concatenate(
            [_numpy(model.corrective_basis).reshape(shape), _numpy(model.pose_basis).reshape(shape)]
        ),
        pairs=np.vstack([pairs, np.full((len(elements), 2), -1)]).astype(np.int32),
        elements=np.vstack([np.full((len(pairs), 3), -1), np.reshape(elements, (-1, 3))]).astype(np.int32),
    )


def _view(fit: Fit, photo: Photo, settings: Settings, expression: Floats) -> View:
    """The camera and landmarks in pixels of the original photo."""
    to_original = 1 / photo.scale
    intrinsics = _numpy(fit.camera.intrinsics).copy()
    intrinsics[:2] *= to_original
    return View(
        photo=str(photo.path),
        image=PHOTO,
        size=photo.size,
        intrinsics=intrinsics,
        rotation=_numpy(fit.camera.rotation),
        translation=_numpy(fit.camera.translation),
        landmark_layout=fit.layout,
        landmarks=_numpy(fit.landmarks) * np.float32(to_original),
        landmarks_fitted=_numpy(fit.landmarks_fitted) * np.float32(to_original),
        expression=expression,
        focal_source="given" if settings.focal_px else "exif" if fit.focal_known else "estimated",
    )


def _report(
    model: FaceModel,
    fit: Fit,
    baked: Baked,
    photo: Photo,
    detection: Detection,
    settings: Settings,
    seconds: dict[str, float],
) -> dict[str, Any]:
    quality = measure(model, fit, baked, photo.pixels, detection)
    return {
        **quality,
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
        "device": str(model.mean.device),
        "torch": torch.__version__,
        "settings": settings.to_dict(),
    }


def _numpy(values: torch.Tensor) -> Floats:
    return values.detach().cpu().numpy().astype(np.float32, copy=False)


def _png(pixels: np.ndarray) -> bytes:
    """PNG with little effort: a 2048 px texture in a quarter of a second."""
    ordered = pixels[..., ::-1] if pixels.ndim == 3 else pixels
    return cv2.imencode(".png", ordered, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()


def _jpeg(pixels: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, PHOTO_QUALITY])[1].tobytes()
