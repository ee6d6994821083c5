"""Pictures of the panel in a real Blender window: ``python scripts/screenshots.py PHOTO [--output docs]``.

Starts the ``blender`` program on a virtual screen (xvfb), enables the add-on from this clone, presses the tab "Face"
and the button as a user would, and saves ``panel_start.png``, ``panel_running.png`` and ``panel.png`` (with the head).
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SIZE = (1280, 1100)
TAB_BELOW_TOP = 100
"""Where the add-on's tab begins, in pixels below the sidebar's top, in a factory-fresh Blender."""


def main() -> int:
    """Start Blender on a virtual screen with this file as its script; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", type=Path, help="photo to reconstruct")
    parser.add_argument("--output", type=Path, default=ROOT / "docs", help="folder for the pictures")
    parser.add_argument("--blender", default="blender", help="the program")
    parser.add_argument("--quality", default="standard", help="draft, standard or high")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        addons = Path(folder) / "addons"
        addons.mkdir()
        (addons / "reconstruct_face").symlink_to(ROOT)
        environment = {"RECONSTRUCT_FACE_PYTHON": sys.executable, **os.environ, "BLENDER_USER_SCRIPTS": folder}
        screen = ["xvfb-run", "-a", "-s", f"-screen 0 {SIZE[0]}x{SIZE[1]}x24"]
        window = ["--window-geometry", "0", "0", *map(str, SIZE)]
        program = [arguments.blender, "--factory-startup", "--enable-event-simulate", *window, "-P", __file__]
        photo = shutil.copy(arguments.photo, folder)  # so that the picture shows nobody's own folders
        values = [photo, str(arguments.output.resolve()), arguments.quality]
        return subprocess.call([*screen, *program, "--", *values], env=environment, timeout=600)


class Visit:
    """The steps inside Blender; each ``yield`` is how many seconds to wait before the next."""

    def __init__(self, photo: str, output: Path, quality: str) -> None:
        self.photo = photo
        self.output = output
        self.quality = quality

    def steps(self) -> Iterator[float]:
        """Open the tab, choose a photo, reconstruct, look at the head."""
        import addon_utils
        import bpy

        bpy.context.preferences.view.show_splash = False
        bpy.context.preferences.view.show_tooltips = False
        if addon_utils.enable("reconstruct_face") is None:
            raise RuntimeError("the add-on could not be enabled")
        bpy.data.objects.remove(bpy.data.objects["Cube"])
        self._view().spaces.active.show_region_ui = True
        yield 2.0
        yield from self._press_tab()
        choices = bpy.context.scene.reconstruct_face
        bpy.ops.wm.save_as_mainfile(filepath=str(Path(self.photo).with_name("portrait.blend")))
        choices.photo, choices.quality = "//" + Path(self.photo).name, self.quality
        yield 3.0
        self._save("panel_start.png")
        yield 0.5
        yield from self._reconstruct()
        yield from self._look()
        self._save("panel.png")
        yield 1.0

    def _reconstruct(self) -> Iterator[float]:
        import bpy
        from reconstruct_face.blender_addon.job import jobs

        with bpy.context.temp_override(**self._override()):
            bpy.ops.reconstruct_face.reconstruct("INVOKE_DEFAULT")
        shown = False
        while jobs.running:
            yield 0.2
            if not shown and jobs.current.fraction > 0.3:
                self._save("panel_running.png")
                shown = True
        yield 1.0

    def _look(self) -> Iterator[float]:
        """Fill the view with the head, in colours, seen a little from the side."""
        import math

        import bpy
        from mathutils import Euler

        space = self._view().spaces.active
        space.shading.type = "MATERIAL"
        space.overlay.show_overlays = False
        space.lens = 85  # a portrait lens: the default, much wider one swells noses
        with bpy.context.temp_override(**self._override()):
            bpy.ops.view3d.view_selected()
        region = space.region_3d
        region.view_rotation = Euler((math.radians(85), 0, math.radians(18))).to_quaternion()
        region.view_perspective = "PERSP"
        yield 1.0
        region.view_distance *= 0.85
        yield 25.0  # the first shaders are slow without a graphics card

    def _press_tab(self) -> Iterator[float]:
        region = self._region()
        x, y = region.x + region.width - 10, region.y + region.height - TAB_BELOW_TOP
        clicks = [("MOUSEMOVE", "NOTHING"), ("LEFTMOUSE", "PRESS"), ("LEFTMOUSE", "RELEASE")]
        for kind, value in clicks * 2:  # a busy machine may not have drawn the tabs before the first
            self._event(kind, value, x, y)
            yield 0.5
        self._event("MOUSEMOVE", "NOTHING", 300, 300)
        yield 0.5

    def _event(self, kind: str, value: str, x: int, y: int) -> None:
        self._window().event_simulate(type=kind, value=value, x=int(x), y=int(y))

    def _window(self) -> Any:
        import bpy

        return bpy.context.window_manager.windows[0]

    def _view(self) -> Any:
        return next(area for area in self._window().screen.areas if area.type == "VIEW_3D")

    def _region(self, kind: str = "UI") -> Any:
        return next(region for region in self._view().regions if region.type == kind)

    def _override(self) -> dict[str, Any]:
        return {"window": self._window(), "area": self._view(), "region": self._region("WINDOW")}

    def _save(self, name: str) -> None:
        import bpy

        self.output.mkdir(parents=True, exist_ok=True)
        with bpy.context.temp_override(window=self._window()):
            bpy.ops.screen.screenshot(filepath=str(self.output / name))


def inside_blender(arguments: list[str]) -> None:
    """Take the steps one by one from Blender's own loop, then quit."""
    import bpy

    photo, output, quality = arguments
    steps = Visit(photo, Path(output), quality).steps()

    def go_on() -> float | None:
        try:
            return next(steps)
        except StopIteration:
            bpy.ops.wm.quit_blender()
        except Exception:
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        return None

    bpy.app.timers.register(go_on, first_interval=1.0)


if __name__ == "__main__":
    if "bpy" in sys.modules or Path(sys.argv[0]).name.startswith("blender"):
        inside_blender(sys.argv[sys.argv.index("--") + 1 :])
    else:
        sys.exit(main())
