"""The real worker with an engine that needs no torch: what it does is the name of the photo."""

import os
import shutil
import sys
import time
import types
from pathlib import Path

sys.path.insert(0, os.getcwd())  # the engine's root, as with ``python -m engine.worker``

from engine import worker
from engine.contract import Progress
from engine.errors import Cancelled, FaceNotFound


def reconstruct(request, progress, cancelled):
    name = Path(request.photos[0]).stem
    print("this must not reach Blender")
    os.write(1, b"nor must this\n")
    progress(Progress("detect", 0.25, "Looking for faces"))
    if name == "no_face":
        raise FaceNotFound(request.photos[0])
    if name == "bug":
        raise ValueError("a bug")
    if name == "die":
        os.abort()
    if name in ("slow", "deaf"):
        wait(name, cancelled)
    progress(Progress("save", 0.9, "Writing"))
    folder = Path(request.output) / name
    if "FAKE_RESULT" in os.environ:
        shutil.copytree(os.environ["FAKE_RESULT"], folder)
    return [types.SimpleNamespace(folder=folder)]


def import_file(path, output, model, progress, cancelled):
    made = reconstruct(types.SimpleNamespace(photos=[path], output=output), progress, cancelled)
    return made[0]


def wait(name, cancelled):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if name == "slow" and cancelled():
            raise Cancelled
        time.sleep(0.01)


def preload(settings):
    if "--broken" in sys.argv:
        raise ModuleNotFoundError("No module named 'torch'")


pipeline = types.ModuleType("engine.pipeline")
pipeline.reconstruct, pipeline.preload = reconstruct, preload
sys.modules["engine.pipeline"] = pipeline
importing = types.ModuleType("engine.importing")
importing.import_file = import_file
sys.modules["engine.importing"] = importing

if __name__ == "__main__":
    worker.main()
