"""Every branch on Blender's version: 3.4 and 4.2 to 5.0 are spoken here, the rest of the add-on knows one Blender."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from typing import Any

import bpy

PRINCIPLED: dict[str, tuple[str, ...]] = {
    "color": ("Base Color",),
    "roughness": ("Roughness",),
    "ior": ("IOR",),
    "alpha": ("Alpha",),
    "subsurface": ("Subsurface Weight", "Subsurface"),
    "subsurface_radius": ("Subsurface Radius",),
    "subsurface_scale": ("Subsurface Scale",),
    "subsurface_color": ("Subsurface Color",),
    "specular": ("Specular IOR Level", "Specular"),
    "coat": ("Coat Weight", "Clearcoat"),
    "coat_roughness": ("Coat Roughness", "Clearcoat Roughness"),
    "transmission": ("Transmission Weight", "Transmission"),
}
"""Our name of a Principled BSDF input -> its names in Blender, the newest first."""

_EEVEE = ("BLENDER_EEVEE_NEXT", "BLENDER_EEVEE")


class NumpyMissing(RuntimeError):
    """Blender's Python has no numpy, which only some distributions' packages leave out."""

    def __init__(self) -> None:
        super().__init__(
            "Blender's Python has no numpy; install it (on Debian and Ubuntu: sudo apt install python3-numpy) "
            "and start Blender again."
        )


def require_numpy() -> None:
    """Raise :class:`NumpyMissing` where numpy cannot be imported."""
    if importlib.util.find_spec("numpy") is None:
        raise NumpyMissing


def principled_input(node: bpy.types.Node, name: str) -> bpy.types.NodeSocket | None:
    """The input of a Principled BSDF by our name (a key of :data:`PRINCIPLED`); None where this Blender lacks it."""
    return next((node.inputs[n] for n in PRINCIPLED[name] if n in node.inputs), None)


def node_tree(owner: bpy.types.Material | bpy.types.World) -> bpy.types.NodeTree:
    """The emptied node tree of a material or world. Blender 5.0 makes it at once and deprecates ``use_nodes``."""
    if owner.node_tree is None or bpy.app.version < (5, 0, 0):
        owner.use_nodes = True
    owner.node_tree.nodes.clear()
    return owner.node_tree


def group_socket(tree: bpy.types.NodeTree, name: str, *, output: bool, kind: str) -> None:
    """Add a socket to a node group's interface; ``kind`` is a socket class such as ``"NodeSocketColor"``."""
    if hasattr(tree, "interface"):
        tree.interface.new_socket(name, in_out="OUTPUT" if output else "INPUT", socket_type=kind)
    else:
        (tree.outputs if output else tree.inputs).new(kind, name)


def fill_polygons(mesh: bpy.types.Mesh, corners: Any, starts: Any, totals: Any) -> None:
    """Add polygons from int32 arrays: vertex by corner; first corner and number of corners by polygon."""
    mesh.loops.add(len(corners))
    mesh.loops.foreach_set("vertex_index", corners)
    mesh.polygons.add(len(starts))
    mesh.polygons.foreach_set("loop_start", starts)
    if bpy.app.version < (4, 0, 0):  # later versions derive it
        mesh.polygons.foreach_set("loop_total", totals)


def fill_uvs(layer: bpy.types.MeshUVLoopLayer, values: Any) -> None:
    """Set every corner's UV from a flat float32 array of 2 x corners."""
    if hasattr(layer, "uv"):
        layer.uv.foreach_set("vector", values)
    else:
        layer.data.foreach_set("uv", values)


def key_points(key: bpy.types.ShapeKey) -> Any:
    """The coordinates of a shape key, for ``foreach_get`` and ``foreach_set`` of ``co``."""
    return key.points if hasattr(key, "points") else key.data


def colour_bone(bone: bpy.types.Bone, palette: str) -> None:
    """Give a bone a theme colour such as ``"THEME03"`` (4.0 and later; earlier ones colour whole groups)."""
    if hasattr(bone, "color"):
        bone.color.palette = palette


def use_eevee(scene: bpy.types.Scene) -> None:
    """Render with EEVEE, whose name has changed twice; the list of names is dynamic, so it is tried."""
    for name in _EEVEE:
        try:
            scene.render.engine = name
            return
        except TypeError:
            continue


def use_denoiser(scene: bpy.types.Scene) -> None:
    """Denoise Cycles' renders where this Blender was built with a denoiser (Debian's was not)."""
    try:
        scene.cycles.denoiser = "OPENIMAGEDENOISE"
    except TypeError:
        scene.cycles.use_denoising = False
    else:
        scene.cycles.use_denoising = True


def blend_transparent(material: bpy.types.Material, *, dithered: bool = False) -> None:
    """Let a material's alpha show in EEVEE; ``dithered`` needs no sorting, for cards that overlap each other."""
    if hasattr(material, "surface_render_method"):
        material.surface_render_method = "DITHERED" if dithered else "BLENDED"
    else:
        material.blend_method = "HASHED" if dithered else "BLEND"


def progress(layout: bpy.types.UILayout, fraction: float, text: str = "") -> None:
    """Draw a progress bar with words or the percentage on it; before 4.0 both as words."""
    if hasattr(layout, "progress"):
        layout.progress(factor=fraction, text=text or f"{fraction:.0%}", type="BAR")
    else:
        layout.label(text=f"{fraction:.0%} {text}".strip())


def missing_formats(names: Iterable[str]) -> list[str]:
    """Which of the operators ``"module.name"`` this Blender was built without."""
    return [name for name in names if name.split(".")[1] not in dir(getattr(bpy.ops, name.split(".")[0]))]


def keywords(operator: Any, **values: Any) -> dict[str, Any]:
    """Only those of ``values`` that an operator of this version knows."""
    known = operator.get_rna_type().properties
    return {name: value for name, value in values.items() if name in known}
