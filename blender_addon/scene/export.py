"""Files for other programs: glTF, FBX, USD and OBJ."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import bpy

from .. import compat
from .ledger import licences_of, write_beside


class FormatMissing(RuntimeError):
    """Blender was built without an exporter for the format, or the format is unknown."""

    def __init__(self, suffix: str) -> None:
        super().__init__(
            f"This Blender ({bpy.app.version_string}) cannot write {suffix} files; choose another format or use "
            "Blender 4.2 or newer."
        )


def export_head(mesh_object: bpy.types.Object, path: str | Path) -> None:
    """Write one head, its armature, shape keys and textures to ``path`` (.glb, .fbx, .usdz or .obj).

    The photo's light is left out, since other programs know only the Principled BSDF's values; the base colour is
    the albedo. Correctives have no drivers there, so what a key would miss without is inside it (:func:`folded`). The
    licences of the models that touched the head go along: in the glTF's copyright, in a text file beside other
    formats. Raises :class:`FormatMissing`, also for an unknown suffix.
    """
    from .correctives import folded  # needs numpy, which the panel must do without

    path = Path(path)
    suffix = path.suffix.lower()
    check_format(suffix)
    with _selected(mesh_object), nullcontext() if suffix == ".obj" else folded(mesh_object):
        _WRITERS[suffix][1](mesh_object, path)
    if suffix != ".glb":
        write_beside(mesh_object, path)


def check_format(suffix: str) -> None:
    """Raise :class:`FormatMissing` unless :func:`export_head` can write files with ``suffix``, such as ``.glb``."""
    if suffix not in _WRITERS or compat.missing_formats([_WRITERS[suffix][0]]):
        raise FormatMissing(suffix)


def _write_glb(mesh_object: bpy.types.Object, path: Path) -> None:
    export = bpy.ops.export_scene.gltf
    export(
        **compat.keywords(
            export,
            filepath=str(path),
            export_format="GLB",
            export_copyright=licences_of(mesh_object).replace("\n", "; "),
            use_selection=True,
            export_skins=True,
            export_morph=True,
            export_morph_normal=False,  # doubles the file for a difference nobody sees
            export_animations=False,
            export_cameras=False,
            export_lights=False,
        )
    )


def _write_fbx(_: bpy.types.Object, path: Path) -> None:
    bpy.ops.export_scene.fbx(
        filepath=str(path),
        use_selection=True,
        object_types={"ARMATURE", "MESH"},
        add_leaf_bones=False,
        bake_anim=False,
        use_mesh_modifiers=False,  # applying them would drop the shape keys
        path_mode="COPY",
        embed_textures=True,
    )


def _write_usd(_: bpy.types.Object, path: Path) -> None:
    export = bpy.ops.wm.usd_export
    export(
        **compat.keywords(
            export,
            filepath=str(path),
            selected_objects_only=True,
            export_armatures=True,
            export_shapekeys=True,
            export_textures=True,
            export_textures_mode="NEW",
            export_animation=False,
            evaluation_mode="VIEWPORT",  # in renders the mesh has four times the faces
        )
    )


def _write_obj(mesh_object: bpy.types.Object, path: Path) -> None:
    with _images_beside(mesh_object, path):
        bpy.ops.wm.obj_export(
            filepath=str(path), export_selected_objects=True, export_materials=True, path_mode="STRIP"
        )


_WRITERS: dict[str, tuple[str, Callable[[bpy.types.Object, Path], None]]] = {
    ".glb": ("export_scene.gltf", _write_glb),
    ".fbx": ("export_scene.fbx", _write_fbx),
    ".usdz": ("wm.usd_export", _write_usd),
    ".obj": ("wm.obj_export", _write_obj),
}


@contextmanager
def _selected(mesh_object: bpy.types.Object) -> Iterator[None]:
    """Only the head and its armature selected; the user's selection is put back."""
    layer = bpy.context.view_layer
    before, active = [o for o in layer.objects if o.select_get()], layer.objects.active
    if active is not None and active.mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")
    for item in before:
        item.select_set(False)
    parts = [part for part in (mesh_object, mesh_object.parent) if part is not None]
    try:
        for part in parts:
            part.select_set(True)
        layer.objects.active = mesh_object
        yield
    finally:
        for part in parts:
            part.select_set(False)
        for item in before:
            item.select_set(True)
        layer.objects.active = active


@contextmanager
def _images_beside(mesh_object: bpy.types.Object, path: Path) -> Iterator[None]:
    """The materials' packed images as files beside ``path``, named after it, while only their names are written."""
    moved = []
    try:
        for image in _images(mesh_object):
            moved.append((image, image.filepath_raw))
            target = path.with_name(f"{path.stem}_{Path(image.filepath_raw.replace('//', '')).name}")
            target.write_bytes(image.packed_file.data)
            image.filepath_raw = str(target)
        yield
    finally:
        for image, before in moved:
            image.filepath_raw = before


def _images(mesh_object: bpy.types.Object) -> list[bpy.types.Image]:
    nodes = (n for m in mesh_object.data.materials if m and m.node_tree for n in m.node_tree.nodes)
    images = {n.image.name: n.image for n in nodes if n.type == "TEX_IMAGE" and n.image and n.image.packed_file}
    return list(images.values())
