"""How good one reconstruction is: figures for the report, and sentences about what to trust less."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from .contract import Floats
from .detect.detector import Detection
from .detect.layouts import to_68
from .evaluation.images import psnr, reprojection_percent
from .faces.model import FaceModel
from .fit.state import Fit
from .light.color import linear_to_srgb, srgb_to_linear
from .render.interpolate import interpolate, interpolate_corners
from .render.shading import Rendered, render, render_textured, sample_uv
from .texture.bake import COARSE, Baked, unwrap
from .texture.cover import face_regions
from .texture.layout import layout, skin_materials
from .texture.pixels import Image
from .texture.seen import head_view

SIDE = 640
"""Longer side in pixels of the picture that is compared with the photo, or less where the photo has less."""
SMALL = 120.0
"""Width of a face in pixels below which its fine detail is guessed."""
STRONG_TURN, STRONG_NOD = 30.0, 25.0
"""Degrees of yaw and pitch from which a good part of the face is hidden."""
COVERED = 0.25
"""Share of the visible inner face that may be covered by hair, hands or the like without a warning."""
LOOSE = 4.0
"""Reprojection error in percent of the outer-eye distance from which the fit is doubtful."""


def measure(model: FaceModel, fit: Fit, baked: Baked, photo: Image, detection: Detection) -> dict[str, Any]:
    """Figures and warnings for ``report.json``.

    ``reprojection_percent``: mean error of the 68 points in % of the outer-eye distance, also by region.
    The photo re-rendered through the recovered camera, over the uncovered skin of the inner face, in dB:
    ``psnr_textured`` with the photo's own colours unwrapped on the mesh, ``psnr_relit`` with the baked albedo times the
    spherical harmonics (what Blender shows), ``psnr_model`` with the statistical model's albedo times the same.
    ``seen_share``: how much of the face's skin, chin to hairline, the photo shows.
    """
    observed, fitted = fit.landmarks.cpu().numpy(), fit.landmarks_fitted.cpu().numpy()
    if fit.layout == "478":
        observed, fitted = to_68(observed), to_68(fitted)
    regions = reprojection_percent(fitted, observed)
    yaw, pitch, roll = head_angles(fit.camera.rotation.cpu().numpy())
    width = float(detection.box[2] - detection.box[0])
    covered = covered_share(model, baked)
    return {
        "reprojection_percent": regions["all"],
        "reprojection_percent_by_region": {name: value for name, value in regions.items() if name != "all"},
        **photo_errors(model, fit, baked, photo),
        "seen_share": baked.seen_share,
        "covered_share": covered,
        "head_degrees": {"yaw": yaw, "pitch": pitch, "roll": roll},
        "face_width_px": width,
        "warnings": warnings(yaw, pitch, width, covered, regions["all"]),
    }


def photo_errors(model: FaceModel, fit: Fit, baked: Baked, photo: Image) -> dict[str, float]:
    """PSNR in dB of the face re-rendered as :func:`measure` says."""
    vertices, light = fit.vertices(model).cpu(), fit.light.cpu()
    model = model if model.mean.device.type == "cpu" else model.to("cpu")
    close = head_view(fit.camera.to("cpu"), vertices, SIDE)
    scale = float(close.intrinsics[0, 0] / fit.camera.intrinsics[0, 0])
    if scale > 1:
        close = close.crop(0, 0, 1 / scale, (max(int(close.size[0] / scale), 1), max(int(close.size[1] / scale), 1)))
        scale = 1.0
    target = _cut(photo, fit, close, scale).astype(float)
    _, polygon, corners = model.split
    uvs = torch.from_numpy(model.uvs[polygon[:, None], corners])
    plain = render(close, vertices, model.triangles, model.albedo(fit.albedo.cpu()).clamp_min(0), light)

    def dressed(texture: Floats, shading: torch.Tensor | None) -> Rendered:
        image = torch.from_numpy(texture)
        return render_textured(close, vertices, model.triangles, uvs, image, shading, fragments=plain.fragments)

    albedo = srgb_to_linear(baked.albedo.astype(np.float32) / 255)
    pictures = {
        "psnr_textured": dressed(unwrap(model, fit, photo, min(len(albedo), COARSE)), None),
        "psnr_relit": dressed(albedo, light),
        "psnr_model": plain,
    }
    mask = _face_pixels(model, plain, uvs, model.polygon_material[polygon], baked).astype(float)
    return {name: psnr(_display(picture), target, mask) for name, picture in pictures.items()}


def _display(rendered: Rendered) -> NDArray[np.float64]:
    """(H, W, 3) sRGB 0..1."""
    return np.clip(linear_to_srgb(rendered.image.clamp_min(0)).numpy().astype(float), 0, 1)


def covered_share(model: FaceModel, baked: Baked) -> float:
    """Share 0..1 of the inner face's texels where the photo shows something else than skin."""
    texels = layout(model, min(baked.covered.shape[0], 512))
    inner = texels.texels(torch.from_numpy(face_regions(model)[:, :1]))[..., 0] > 0.5
    covered = cv2.resize(baked.covered, (texels.size, texels.size), interpolation=cv2.INTER_AREA)
    return float((covered[inner] > 127).mean()) if inner.any() else 0.0


def head_angles(rotation: Floats) -> tuple[float, float, float]:
    """Yaw, pitch and roll in degrees of a head-to-camera rotation; 0, 0, 0 looks into the camera.

    Positive yaw turns the face to the subject's left, positive pitch looks up, positive roll tilts the head towards
    the subject's left shoulder.
    """
    forward, up = rotation[:, 2], rotation[:, 1]
    yaw = math.degrees(math.atan2(forward[0], -forward[2]))
    pitch = math.degrees(math.asin(float(np.clip(-forward[1], -1, 1))))
    roll = math.degrees(math.atan2(up[0], -up[1]))
    return yaw, pitch, roll


def warnings(yaw: float, pitch: float, width: float, covered: float, error: float) -> list[str]:
    """Sentences about what to trust less."""
    found = []
    if abs(yaw) > STRONG_TURN:
        hidden = "left" if yaw > 0 else "right"
        found.append(f"Strong profile ({abs(yaw):.0f}°): the {hidden} side is guessed.")
    if abs(pitch) > STRONG_NOD:
        part = "forehead" if pitch > 0 else "chin and neck"
        found.append(f"The head looks far {'up' if pitch > 0 else 'down'} ({abs(pitch):.0f}°): the {part} is guessed.")
    if width < SMALL:
        found.append(f"The face is small ({width:.0f} px): fine detail is guessed.")
    if covered > COVERED:
        found.append("A large part of the face is covered: its shape and colour there are guessed.")
    if error > LOOSE:
        found.append("The landmarks fit loosely: check the head against the photo.")
    return found


def _cut(photo: Image, fit: Fit, close: Any, scale: float) -> Floats:
    """(H, W, 3) 0..1 the part of the photo that ``close`` shows."""
    left = float(fit.camera.intrinsics[0, 2] - close.intrinsics[0, 2] / scale)
    top = float(fit.camera.intrinsics[1, 2] - close.intrinsics[1, 2] / scale)
    matrix = np.array([[scale, 0, (0.5 - left) * scale - 0.5], [0, scale, (0.5 - top) * scale - 0.5]])
    if scale < 1:
        photo = cv2.GaussianBlur(photo, (0, 0), 0.4 / scale).astype(np.uint8)
    cut = cv2.warpAffine(photo, matrix, close.size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return cut.astype(np.float32) / 255


def _face_pixels(model: FaceModel, seen: Rendered, uvs: torch.Tensor, material: np.ndarray, baked: Baked) -> Floats:
    """(H, W) bool: pixels that show skin of the inner face, uncovered."""
    weights = torch.from_numpy(face_regions(model)[:, 0]) * model.skin_weight
    inner = interpolate(weights[:, None], model.triangles, seen.fragments)[..., 0].numpy() > 0.5
    is_skin = np.isin(material[seen.fragments.triangle.clamp_min(0).numpy()], skin_materials(model))
    uv = interpolate_corners(uvs, seen.fragments)
    covered = sample_uv(torch.from_numpy(baked.covered.astype(np.float32))[..., None], uv.view(-1, 2))
    return inner & is_skin & seen.mask.numpy() & (covered.view(inner.shape).numpy() < 128)
