"""The pictures of the docs, made again: ``python scripts/pictures.py [--model ict]``.

``docs/astronaut.jpg`` and ``docs/hopper.jpg`` are the preview sheets of the two sample photos; of any other model both
go below each other into ``docs/<model>.jpg``. ``docs/panel.png`` comes from ``scripts/screenshots.py``, which needs
Debian's Blender and Xvfb.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

import numpy as np
import tyro
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from engine.contract import Request  # noqa: E402
from engine.pipeline import reconstruct  # noqa: E402
from scripts.demo import photo  # noqa: E402
from scripts.sheets.paper import save, stacked  # noqa: E402

WIDE = 1340
"""Pixels across a sheet that stands below another."""


def main(model: str = "builtin") -> None:
    """Reconstruct both samples with ``model`` and save their sheets."""
    sheets = []
    with tempfile.TemporaryDirectory() as folder:
        for name in ("astronaut", "hopper"):
            source = photo(name, Path(folder))
            (result,) = reconstruct(Request((str(source),), folder, {"model": model}))
            sheet = Image.open(io.BytesIO(result.images["preview.png"])).convert("RGB")
            print(f"{name}: {result.report['reprojection_percent']:.1f} % reprojection")
            if model == "builtin":
                sheet.save(ROOT / "docs" / f"{name}.jpg", quality=88, optimize=True)
            sheets.append(np.asarray(sheet.resize((WIDE, round(WIDE * sheet.height / sheet.width)))))
    if model != "builtin":
        save(stacked(sheets), ROOT / "docs" / f"{model}.jpg")


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)
