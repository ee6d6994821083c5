"""Build the zip that Blender 4.2 and later install: ``python scripts/build_extension.py [--output FOLDER]``.

Blender's own tool validates and packs it; the tool comes with the bpy wheel, and a Blender program will do as well.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_TOOL = "*/scripts/addons_core/bl_pkg/cli/blender_ext.py"


def extension_tool(python: str = sys.executable, blender: str | None = None) -> list[str]:
    """The command of Blender's extension tool: a Blender program's, else the one in this Python's bpy wheel."""
    if blender is not None:
        return [blender, "--command", "extension"]
    spec = importlib.util.find_spec("bpy")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("Blender's extension tool was not found; install the bpy wheel or give --blender.")
    return [python, str(next(Path(spec.submodule_search_locations[0]).glob(_TOOL)))]


def build(output: Path, blender: str | None = None) -> Path:
    """Validate the repository, write the zip to the folder ``output``, validate the zip; return its path."""
    manifest = tomllib.loads((ROOT / "blender_manifest.toml").read_text("utf-8"))
    target = output / f"{manifest['id']}-{manifest['version']}.zip"
    output.mkdir(parents=True, exist_ok=True)
    tool = extension_tool(blender=blender)
    subprocess.run([*tool, "validate", str(ROOT)], check=True)
    subprocess.run([*tool, "build", "--source-dir", str(ROOT), "--output-filepath", str(target)], check=True)
    subprocess.run([*tool, "validate", str(target)], check=True)
    return target


def main() -> None:
    """Build and say where it lies and how large it is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=ROOT / "dist", help="folder for the zip")
    parser.add_argument("--blender", help="a Blender program (4.2 or later) whose tool is used")
    arguments = parser.parse_args()
    target = build(arguments.output, arguments.blender)
    print(f"{target} ({target.stat().st_size / 1e6:.1f} MB)")


if __name__ == "__main__":
    main()
