"""Model, fit and textures become a FaceResult: everything Blender needs, with figures that say how good it is."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
import numpy as np
import torch

from .config import Settings
from .contract import Correctives, FaceResult, Floats, Light, Material, Mesh, Rig, ShapeKeys, View
from .detect.detector import Detection
from .faces.blink import expressions_for
from .faces.model import FaceModel
from .files.photo import Photo
from .fit.state import Fit
from .quality import measure
from .texture.bake import Baked
from .texture.layout import SKIN_TEXTURE
from .texture.materials import dress

PHOTO = "photo.jpg"
PHOTO_QUALITY = 92
IDENTITY_RANGE = 3.0
"""Standard deviations that an identity key reaches to either side."""


def assemble(
    model: FaceModel,
    fit: Fit,
    baked: Baked,
    photo: Photo,
    detection: Detection,
    settings: Settings,
    seconds: dict[str, float],
    device: torch.device,
) -> FaceResult:
    """The result of one face in one photo.

    Args:
        model: the face model that was fitted, on the CPU.
        fit: on the CPU; its camera refers to ``photo.pixels``.
        baked: the skin's textures.
        photo: its ``scale`` leads from the original photo's pixels to ``photo.pixels``; the result's camera and
            landmarks are in the original's.
        detection: of the face in ``photo.pixels``.
        settings: as the user chose them; kept in the report.
        seconds: by stage so far.
        device: where the fit was computed.
    """
    vertices = model.shape(fit.identity)
    with ThreadPoolExecutor() as pool:  # images are encoded while the figures are worked out
        encoding = {
            SKIN_TEXTURE: pool.submit(encode_png, baked.albedo),
            "confidence.png": pool.submit(encode_png, baked.confidence),
            PHOTO: pool.submit(_jpeg, photo.pixels),
        }
        materials, images = dress(model, fit, photo.pixels)
        report = _report(model, fit, baked, photo, detection, settings, seconds, device)
        images |= map_images(model)
        images |= {name: encoded.result() for name, encoded in encoding.items()}
    materials = with_maps(materials, model)
    persons = person_keys(model, settings)
    expression = np.r_[to_numpy(fit.expression), np.zeros(len(persons), np.float32)]
    return FaceResult(
        model=f"{model.name} {model.version}",
        mesh=Mesh(to_numpy(vertices), model.polygons, model.uvs, model.polygon_material, dict(model.groups)),
        shape_keys=shape_keys(model, vertices, expression * settings.apply_expression, persons),
        rig=Rig(
            names=model.joint_names,
            parents=model.joint_parents,
            heads=to_numpy(model.joint_regressor @ vertices),
            tails=to_numpy(model.tail_regressor @ vertices),
            weights=to_numpy(model.joint_weights),
        ),
        materials=materials,
        views=(_view(fit, photo, settings, expression),),
        light=Light(to_numpy(fit.light), "head"),
        coefficients={name: to_numpy(getattr(fit, name)) for name in ("identity", "albedo", "expression")},
        images=images,
        report=report,
        licences=model.licences,
        correctives=correctives_of(model),
    )


def shape_keys(model: FaceModel, neutral: torch.Tensor, weights: Floats, persons: dict[str, Floats]) -> ShapeKeys:
    """The model's expressions as this person makes them, then keys that change the person.

    Args:
        model: any face model.
        neutral: (V, 3) the person.
        weights: (E + len(persons),) of the keys; those of the person are at 0, since the mesh is the person already.
        persons: from :func:`person_keys`.
    """
    span = np.full(len(persons), IDENTITY_RANGE, np.float32)
    offsets = [to_numpy(expressions_for(model, neutral)), *(offset[None] for offset in persons.values())]
    return ShapeKeys(
        names=(*model.expression_names, *persons),
        offsets=np.concatenate(offsets),
        weights=weights,
        minimum=np.r_[to_numpy(model.expression_range[:, 0]), -span],
        maximum=np.r_[to_numpy(model.expression_range[:, 1]), span],
    )


def person_keys(model: FaceModel, settings: Settings) -> dict[str, Floats]:
    """Offsets (V, 3) of one standard deviation by key name: identity components and named directions, as wanted.

    A direction is the sum of identity components that its coefficients say (``FaceModel.semantic_directions``).
    """
    components = model.identity_basis[: settings.identity_keys]
    keys = {f"identity_{number:03d}": to_numpy(offset) for number, offset in enumerate(components)}
    if settings.shape_sliders and model.semantic_names:
        offsets = torch.einsum("si,ivd->svd", model.semantic_directions, model.identity_basis)
        keys |= {f"shape_{name}": to_numpy(offset) for name, offset in zip(model.semantic_names, offsets, strict=True)}
    return keys


def with_maps(materials: tuple[Material, ...], model: FaceModel) -> tuple[Material, ...]:
    """The skin's materials with the names of the model's maps."""
    roughness, subsurface = (_map_name(name) if name in model.maps else "" for name in ("roughness", "subsurface"))
    return tuple(
        dataclasses.replace(m, roughness_texture=roughness, subsurface_texture=subsurface)
        if m.texture == SKIN_TEXTURE
        else m
        for m in materials
    )


def map_images(model: FaceModel) -> dict[str, bytes]:
    """The model's maps as encoded images, by the names that :func:`with_maps` gives them."""
    return {_map_name(name): encode_png(np.rint(255 * values).astype(np.uint8)) for name, values in model.maps.items()}


def _map_name(name: str) -> str:
    return f"{name}.png"


def correctives_of(model: FaceModel) -> Correctives | None:
    """The model's correctives: those of two expressions first, then elements of joint rotations."""
    pairs = model.corrective_pairs
    elements = [(joint, *divmod(k, 3)) for joint in model.pose_joints for k in range(9)]
    if not len(pairs) and not elements:
        return None
    shape = (-1, *model.mean.shape)
    poses = [f"{model.joint_names[joint]} {row}{column}" for joint, row, column in elements]
    return Correctives(
        names=(*model.corrective_names, *poses),
        offsets=np.concatenate(
            [to_numpy(model.corrective_basis).reshape(shape), to_numpy(model.pose_basis).reshape(shape)]
        ),
        pairs=np.vstack([pairs, np.full((len(elements), 2), -1)]).astype(np.int32),
        elements=np.vstack([np.full((len(pairs), 3), -1), np.reshape(elements, (-1, 3))]).astype(np.int32),
        smaller=model.corrective_smaller,
    )


def _view(fit: Fit, photo: Photo, settings: Settings, expression: Floats) -> View:
    """The camera and landmarks in pixels of the original photo."""
    to_original = 1 / photo.scale
    intrinsics = to_numpy(fit.camera.intrinsics).copy()
    intrinsics[:2] *= to_original
    return View(
        photo=str(photo.path),
        image=PHOTO,
        size=photo.size,
        intrinsics=intrinsics,
        rotation=to_numpy(fit.camera.rotation),
        translation=to_numpy(fit.camera.translation),
        landmark_layout=fit.layout,
        landmarks=to_numpy(fit.landmarks) * np.float32(to_original),
        landmarks_fitted=to_numpy(fit.landmarks_fitted) * np.float32(to_original),
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
    device: torch.device,
) -> dict[str, Any]:
    quality = measure(model, fit, baked, photo.pixels, detection)
    return {
        **quality,
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
        "device": str(device),
        "torch": torch.__version__,
        "settings": settings.to_dict(),
    }


def to_numpy(values: torch.Tensor) -> Floats:
    """The values as float32 on the CPU."""
    return values.detach().cpu().numpy().astype(np.float32, copy=False)


def encode_png(pixels: np.ndarray) -> bytes:
    """PNG with little effort: a 2048 px texture in a quarter of a second."""
    ordered = pixels[..., ::-1] if pixels.ndim == 3 else pixels
    return cv2.imencode(".png", ordered, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()


def _jpeg(pixels: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, PHOTO_QUALITY])[1].tobytes()
