"""Run in a Blender of its own: install the zip, enable it, reconstruct, disable and enable again; print the facts.

``python inside_blender.py ZIP PHOTO OUTPUT``; the engine's Python comes from ``RECONSTRUCT_FACE_PYTHON``.
"""

import json
import sys
from importlib import import_module

import bpy

addon_utils = import_module("addon_utils")  # bpy puts it within reach

NAME = "bl_ext.user_default.reconstruct_face"


def main(zip_file: str, photo: str, output: str) -> None:
    bpy.ops.extensions.package_install_files(filepath=zip_file, repo="user_default", enable_on_install=True)
    facts = {"enabled": NAME in bpy.context.preferences.addons}
    addon_utils.disable(NAME)
    facts["gone"] = not hasattr(bpy.types.Scene, "reconstruct_face")
    addon_utils.enable(NAME)
    door = import_module(f"{NAME}.blender_addon.door")
    session = import_module(f"{NAME}.blender_addon.session")
    facts["package"] = door.ROOT_PACKAGE
    facts["data"] = str(session.data_folder())
    choices = bpy.context.scene.reconstruct_face
    choices.photo, choices.output, choices.quality, choices.texture_size = photo, output, "draft", "512"
    bpy.ops.reconstruct_face.reconstruct()
    head = bpy.context.object
    facts["head"] = head.name
    facts["keys"] = len(head.data.shape_keys.key_blocks)
    facts["torch"] = "torch" in sys.modules
    facts["engine"] = str(door.engine_root())
    addon_utils.disable(NAME)
    print("FACTS " + json.dumps(facts), flush=True)


main(*sys.argv[1:])
