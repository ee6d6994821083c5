"""The add-on's tests: an empty file for each, the engine's packages out of reach, registered once."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib.abc import MetaPathFinder

import bpy
import pytest

from tests.addon import synthetic

BLOCKED = ("torch", "cv2", "mediapipe", "scipy", "face_alignment", "numba")


class _Blocker(MetaPathFinder):
    """Makes the engine's packages unimportable, as they are in a user's Blender."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname.partition(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"{fullname} is blocked in the add-on's tests", name=fullname)


sys.meta_path.insert(0, _Blocker())


def pytest_sessionfinish(session, exitstatus):
    session.config.exit_status = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    """After a glTF export the bpy module of 4.2 crashes as Python ends, and would take the verdict with it."""
    if bpy.app.version < (4, 3, 0) and hasattr(config, "exit_status"):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(config.exit_status)


@pytest.fixture(scope="session", autouse=True)
def registered() -> Iterator[None]:
    """Registered classes at interpreter exit make Blender 4.2 crash and 4.5 hang."""
    import blender_addon

    blender_addon.register()
    yield
    blender_addon.unregister()


@pytest.fixture(autouse=True)
def empty_file(registered: None) -> None:
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)


@pytest.fixture(scope="session")
def face_result():
    return synthetic.face_result()


@pytest.fixture
def head(face_result, empty_file):
    from blender_addon import scene

    return scene.build_head(face_result)
