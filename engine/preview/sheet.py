"""The sheet's layout: eight labelled pictures and a line of figures, from a FaceResult alone."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import torch
from PIL import Image as Pictures
from PIL import ImageDraw, ImageFont

from ..camera.camera import Camera
from ..contract import FaceResult, View
from ..fit.threads import one_torch_thread
from .head import Head, Image, decode, decode_textures, head_of
from .studio import backdrop, draw_flat, draw_in_photo, draw_studio, studio_camera
from .studio import view as look_through

PREVIEW = "preview.png"
TILE = (420, 490)
"""Width and height of one picture."""
GAP, MARGIN, LABEL, FOOT = 14, 28, 40, 52
PAPER, INK, FAINT, ACCENT = (24, 25, 28), (232, 233, 236), (146, 150, 158), (84, 214, 190)
TURN = 40.0
"""Degrees."""
COLLAR = -0.112
"""Metres, head space Y: what lies below, neck and shoulders, may be cut off."""


def with_preview(result: FaceResult) -> FaceResult:
    """``result`` with its sheet as the image ``preview.png``."""
    encoded = cv2.imencode(".png", preview_sheet(result)[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 4])[1].tobytes()
    return dataclasses.replace(result, images={**result.images, PREVIEW: encoded})


@torch.no_grad()
def preview_sheet(result: FaceResult) -> Image:
    """(H, W, 3) sRGB: photo, landmarks, geometry, albedo, relit in the photo, and the neutral head turned.

    Everything comes from the result and its images, so a saved folder gives the same sheet again.
    """
    view = result.views[0]
    photo = decode(result.images[view.image])
    textures = decode_textures(result)
    posed = head_of(result, view.expression, textures)
    neutral = head_of(result, np.zeros_like(view.expression), textures)
    close = face_crop(result, view, posed)
    cut = crop_photo(photo, view, close)
    seen = look_through(posed, close)
    light = torch.from_numpy(result.light.coefficients)
    tiles: dict[str, Callable[[], Image]] = {
        "Photo": lambda: cut,
        "Landmarks": lambda: draw_landmarks(cut, view, close),
        "Geometry": lambda: draw_studio(posed, seen, clay=True),
        "Albedo": lambda: draw_flat(seen),
        "Relit, in the photo": lambda: draw_in_photo(seen, light, result.light.frame == "camera", cut),
        "Turned right": lambda: _turned(neutral, -TURN),
        "Neutral, studio light": lambda: _turned(neutral, 0),
        "Turned left": lambda: _turned(neutral, TURN),
    }
    # Numpy, OpenCV and the rasteriser let other threads work; no more of them than cores, for each takes memory.
    with one_torch_thread(), ThreadPoolExecutor(min(len(tiles), os.cpu_count() or 1)) as pool:
        pictures = pool.map(lambda draw: draw(), tiles.values())
        return _arrange(dict(zip(tiles, pictures, strict=True)), result)


def _turned(head: Head, yaw: float) -> Image:
    return draw_studio(head, look_through(head, studio_camera(head, yaw, TILE)))


def face_crop(result: FaceResult, view: View, head: Head) -> Camera:
    """The photo's camera cut to the head, in the tiles' shape."""
    camera = Camera(
        torch.from_numpy(view.intrinsics).float(),
        torch.from_numpy(view.rotation).float(),
        torch.from_numpy(view.translation).float(),
        view.size,
    )
    above_collar = head.vertices[head.vertices[:, 1] > COLLAR]
    points = camera.project(above_collar)
    low, high = points.amin(0), points.amax(0)
    middle = (low + high) / 2
    height = 1.16 * float(max(high[1] - low[1], (high[0] - low[0]) * TILE[1] / TILE[0]))
    width = height * TILE[0] / TILE[1]
    return camera.crop(float(middle[0]) - width / 2, float(middle[1]) - height / 2, TILE[1] / height, TILE)


def crop_photo(photo: Image, view: View, close: Camera) -> Image:
    """(H, W, 3) the part of the photo that ``close`` shows; the backdrop where the photo ends."""
    scale = float(close.intrinsics[0, 0] / view.intrinsics[0, 0])
    left = float(view.intrinsics[0, 2] - close.intrinsics[0, 2] / scale)
    top = float(view.intrinsics[1, 2] - close.intrinsics[1, 2] / scale)
    stored = photo.shape[1] / view.size[0]
    # Shrink first by averaging where the photo is much larger than the tile, then place to a fraction of a pixel.
    reduce = min(1.0, scale / stored * 1.5)
    if reduce < 1:
        photo = cv2.resize(photo, None, fx=reduce, fy=reduce, interpolation=cv2.INTER_AREA).astype(np.uint8)
        stored = photo.shape[1] / view.size[0]
    y, x = np.mgrid[0 : TILE[1], 0 : TILE[0]].astype(np.float32) + np.float32(0.5)
    x, y = (x / scale + left) * stored - 0.5, (y / scale + top) * stored - 0.5
    cut = cv2.remap(photo, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    outside = (x < -0.5) | (y < -0.5) | (x > photo.shape[1] - 0.5) | (y > photo.shape[0] - 0.5)
    return np.where(outside[..., None], backdrop(TILE), cut).astype(np.uint8)


def draw_landmarks(cut: Image, view: View, close: Camera) -> Image:
    """Observed points (dots) and the model's (rings) over the dimmed photo."""
    scale = close.intrinsics[0, 0] / view.intrinsics[0, 0]
    shift = close.intrinsics[:2, 2] - torch.from_numpy(view.intrinsics[:2, 2]) * scale
    large = Pictures.fromarray((cut * 0.72).astype(np.uint8)).resize(
        (TILE[0] * 2, TILE[1] * 2), Pictures.Resampling.BICUBIC
    )
    pen = ImageDraw.Draw(large)
    radius = 5 if view.landmark_layout == "68" else 2.6
    for x, y in ((torch.from_numpy(view.landmarks) * scale + shift) * 2).tolist():
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=ACCENT)
    return np.asarray(large.resize(TILE, Pictures.Resampling.LANCZOS))


def _arrange(tiles: dict[str, Image], result: FaceResult) -> Image:
    columns, rows = 4, 2
    width = 2 * MARGIN + columns * TILE[0] + (columns - 1) * GAP
    height = MARGIN + rows * (TILE[1] + LABEL) + GAP + FOOT
    sheet = Pictures.new("RGB", (width, height), PAPER)
    pen = ImageDraw.Draw(sheet)
    mask = _rounded()
    for index, (label, picture) in enumerate(tiles.items()):
        x = MARGIN + (index % columns) * (TILE[0] + GAP)
        y = MARGIN + (index // columns) * (TILE[1] + LABEL + GAP)
        sheet.paste(Pictures.fromarray(picture), (x, y), mask)
        pen.text((x + 4, y + TILE[1] + 8), label, INK, ImageFont.load_default(20))
    pen.text((MARGIN + 4, height - FOOT + 6), _figures(result), FAINT, ImageFont.load_default(17))
    return np.asarray(sheet)


def _rounded() -> Pictures.Image:
    """A mask with round corners, drawn large and reduced."""
    mask = Pictures.new("L", (TILE[0] * 4, TILE[1] * 4), 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, TILE[0] * 4 - 1, TILE[1] * 4 - 1), radius=40, fill=255)
    return mask.resize(TILE, Pictures.Resampling.LANCZOS)


def _figures(result: FaceResult) -> str:
    """One line: the model and the quality figures that the report has."""
    report = result.report
    parts = [result.model]
    if "reprojection_percent" in report:
        parts.append(f"landmarks within {report['reprojection_percent']:.1f} % of the eye distance")
    for key, words in (("psnr_textured", "textured"), ("psnr_relit", "relit")):
        if key in report:
            parts.append(f"{words} {report[key]:.1f} dB")
    if "seen_share" in report:
        parts.append(f"{100 * report['seen_share']:.0f} % of the face's skin seen, the rest mirrored or guessed")
    return "   ·   ".join(parts)
