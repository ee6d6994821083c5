"""The result's image files as packed images, so that a .blend carries everything."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import bpy


def load_images(files: Mapping[str, bytes], names: Iterable[str], prefix: str) -> dict[str, bpy.types.Image]:
    """Packed sRGB images of the encoded ``files`` called ``names``; each data-block is named ``prefix`` + its name.

    Raises ``KeyError`` for a name that ``files`` lacks.
    """
    images = {}
    with tempfile.TemporaryDirectory(prefix="reconstruct_face_") as folder:
        for name in dict.fromkeys(names):
            path = Path(folder) / name
            path.write_bytes(files[name])
            image = bpy.data.images.load(str(path))
            image.name = f"{prefix} {Path(name).stem}"
            image.pack()
            image.filepath_raw = f"//textures/{name}"  # the temporary file goes; unpacking puts it beside the .blend
            images[name] = image
    return images
