"""The main job on a real photo that ships with an ordinary package: a .blend, a .glb and a preview picture.

``python scripts/demo.py astronaut`` (scikit-image's Eileen Collins) or ``hopper`` (matplotlib's Grace Hopper); both
photographs are in the public domain. Anything else is taken as the path of a photo.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def photo(name: str, folder: Path) -> Path:
    """The named sample as a file in ``folder``, or the path itself."""
    if name == "astronaut":
        import skimage

        source = Path(skimage.__file__).parent / "data" / "astronaut.png"
    elif name == "hopper":
        import matplotlib

        source = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    else:
        return Path(name)
    folder.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(source, folder / (name + source.suffix)))


def main() -> int:
    """Run ``scripts/batch.py`` on one photo; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", nargs="?", default="astronaut", help="astronaut, hopper, or a path")
    parser.add_argument("--output", type=Path, default=ROOT / "out" / "demo", help="folder for the results")
    arguments = parser.parse_args()
    source = photo(arguments.photo, arguments.output)
    command = [sys.executable, str(ROOT / "scripts" / "batch.py"), str(source), "-o", str(arguments.output)]
    code = subprocess.call([*command, "--format", "blend", "glb"])
    if code == 0:
        print(f"Done. Look at the preview picture and open the .blend in {arguments.output}.")
    return code


if __name__ == "__main__":
    sys.exit(main())
