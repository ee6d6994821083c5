"""The pictures of the docs, made again: ``python scripts/pictures.py``.

``docs/astronaut.jpg`` and ``docs/hopper.jpg`` are the preview sheets of the two sample photos; ``docs/panel.png`` comes
from ``scripts/screenshots.py``, which needs Debian's Blender and Xvfb.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from engine.contract import Request  # noqa: E402
from engine.pipeline import reconstruct  # noqa: E402
from scripts.demo import photo  # noqa: E402


def main() -> None:
    """Reconstruct both samples and save their sheets."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("astronaut", "hopper"):
            source = photo(name, Path(folder))
            (result,) = reconstruct(Request((str(source),), folder, {}))
            sheet = Image.open(io.BytesIO(result.images["preview.png"])).convert("RGB")
            sheet.save(ROOT / "docs" / f"{name}.jpg", quality=88, optimize=True)
            print(f"docs/{name}.jpg: {result.report['reprojection_percent']:.1f} % reprojection")


if __name__ == "__main__":
    main()
