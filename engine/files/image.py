"""Pixel arrays to encoded images and back."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8] | NDArray[np.uint16]
"""(H, W) grey, (H, W, 3) RGB or (H, W, 4) RGBA; 16 bits for grey only."""


def encode_png(pixels: Pixels, compression: int = 4) -> bytes:
    """A PNG file of ``pixels``; ``compression`` 0..9 trades time for size."""
    return _encode(pixels, "PNG", compress_level=compression)


def encode_jpeg(pixels: Pixels, quality: int = 92) -> bytes:
    """A JPEG file of ``pixels`` (8 bits, grey or RGB), with full-resolution colour."""
    return _encode(pixels, "JPEG", quality=quality, subsampling=0)


def decode_image(data: bytes) -> Pixels:
    """The pixels of an image that the engine encoded, in its own channels and depth.

    For photos from elsewhere use :func:`engine.files.photo.read_photo`. Raises ``OSError`` for damaged data.
    """
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image).copy()


def to_bytes(colors: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Values 0..1 of any shape as 0..255, rounded and clamped; not-a-number becomes 0."""
    return np.clip(np.nan_to_num(colors) * 255.0 + 0.5, 0, 255).astype(np.uint8)


def _encode(pixels: Pixels, kind: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, kind, **options)
    return buffer.getvalue()
