"""Surfaces of the head: albedo times the photo's light, mixed by Relight with a Principled BSDF."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import bpy

from .. import compat
from .lighting import GROUP, MAIN_DIRECTION, RELIGHT

if TYPE_CHECKING:
    from .types import Material

_SUBSURFACE_RADIUS = (1.0, 0.35, 0.2)
"""How far red, green and blue light travel in skin, relative to red."""
_SUBSURFACE_METRES = 0.004
_TISSUE_IOR = 1.4
_FROM_PHOTO = "albedo.png"
"""The texture baked from the photo."""
_OCCLUSION_METRES = 0.008
_CATCHLIGHT = 0.8
"""Linear brightness of the reflected light in an eye."""
_CATCHLIGHT_RADII = (9.0, 6.0)
"""Degrees from the main light's direction where its reflection starts, and where it is full."""


def build_material(
    surface: Material,
    images: Mapping[str, bpy.types.Image],
    light_group: bpy.types.NodeTree,
    prefix: str,
) -> bpy.types.Material:
    """A material that Relight mixes from albedo x SH to a Principled BSDF; a film (alpha below 1) only reflects."""
    material = bpy.data.materials.new(f"{prefix} {surface.name}")
    material.diffuse_color = (*surface.color, surface.alpha)
    nodes = _Nodes(compat.node_tree(material))
    principled = nodes.add("ShaderNodeBsdfPrincipled", 0, 0)
    _set_principled(principled, surface)
    albedo = _albedo(nodes, surface, images)
    for name in ("color", "subsurface_color"):
        socket = compat.principled_input(principled, name)
        if socket is not None:
            nodes.link(albedo, socket)
    if surface.alpha < 1:
        compat.blend_transparent(material)
        nodes.finish(_clear_coat(nodes, surface), principled.outputs[0])
        return material
    normal = nodes.add("ShaderNodeNewGeometry", -600, 500)
    light = nodes.add("ShaderNodeGroup", -400, 400, GROUP)
    light.node_tree = light_group
    nodes.link(normal.outputs["Normal"], light.inputs[0])
    mix = nodes.add("ShaderNodeMixShader", 400, 100, RELIGHT)
    nodes.link(light.outputs[RELIGHT], mix.inputs[0])
    nodes.link(_photo_lit(nodes, surface, albedo, light), mix.inputs[1])
    nodes.link(principled.outputs[0], mix.inputs[2])
    nodes.finish(mix.outputs[0], principled.outputs[0])
    return material


def set_relight(mesh_object: bpy.types.Object, value: float) -> None:
    """Set the one Relight value of a head: 0 the photo's light as captured, 1 lit by the scene."""
    for socket in _relight_sockets(mesh_object):
        socket.default_value = value


def get_relight(mesh_object: bpy.types.Object) -> float:
    """The head's Relight value; 0 for an object without one."""
    return next((socket.default_value for socket in _relight_sockets(mesh_object)), 0.0)


def _relight_sockets(mesh_object: bpy.types.Object) -> Iterator[bpy.types.NodeSocket]:
    """The value that every material of a head shares (once, though many materials use the group)."""
    trees = {
        node.node_tree.name: node.node_tree
        for material in mesh_object.data.materials
        if material and material.node_tree
        for node in material.node_tree.nodes
        if node.type == "GROUP" and node.node_tree and RELIGHT in node.node_tree.nodes
    }
    for tree in trees.values():
        yield tree.nodes[RELIGHT].outputs[0]


class _Nodes:
    """Adds and links the nodes of one tree."""

    def __init__(self, tree: bpy.types.NodeTree) -> None:
        self._tree = tree

    def add(self, kind: str, x: float, y: float, name: str = "") -> bpy.types.Node:
        node = self._tree.nodes.new(kind)
        node.location = (x, y)
        if name:
            node.name = node.label = name
        return node

    def vector_math(
        self, operation: str, x: float, y: float, first: bpy.types.NodeSocket, second: bpy.types.NodeSocket
    ) -> bpy.types.NodeSocket:
        node = self.add("ShaderNodeVectorMath", x, y)
        node.operation = operation
        self.link(first, node.inputs[0])
        self.link(second, node.inputs[1])
        return node.outputs["Value" if operation == "DOT_PRODUCT" else "Vector"]

    def link(self, source: bpy.types.NodeSocket, target: bpy.types.NodeSocket) -> None:
        self._tree.links.new(source, target)

    def finish(self, shown: bpy.types.NodeSocket, exported: bpy.types.NodeSocket) -> None:
        """Cycles and EEVEE show ``shown``; the active output, which exporters and other engines read, ``exported``."""
        for y, target, shader in ((0, "ALL", exported), (250, "CYCLES", shown), (450, "EEVEE", shown)):
            output = self.add("ShaderNodeOutputMaterial", 650, y)
            output.label = {"ALL": "Export"}.get(target, target.title())
            output.target = target
            output.is_active_output = target == "ALL"
            self.link(shader, output.inputs["Surface"])


def _set_principled(node: bpy.types.Node, surface: Material) -> None:
    in_metres = compat.principled_input(node, "subsurface_scale") is None  # older versions scale the radius itself
    radius = [channel * (_SUBSURFACE_METRES if in_metres else 1.0) for channel in _SUBSURFACE_RADIUS]
    values: dict[str, Any] = {
        "color": (*surface.color, 1.0),  # hidden by the link, but what an OBJ gets
        "roughness": surface.roughness,
        "ior": _TISSUE_IOR,
        "alpha": surface.alpha,
        "subsurface": surface.subsurface,
        "subsurface_radius": radius,
        "subsurface_scale": _SUBSURFACE_METRES,
    }
    for name, value in values.items():
        socket = compat.principled_input(node, name)
        if socket is not None:
            socket.default_value = value


def _albedo(nodes: _Nodes, surface: Material, images: Mapping[str, bpy.types.Image]) -> bpy.types.NodeSocket:
    if surface.texture:
        node = nodes.add("ShaderNodeTexImage", -600, 0, "Albedo")
        node.image = images[surface.texture]
    else:
        node = nodes.add("ShaderNodeRGB", -600, 0, "Albedo")
        node.outputs[0].default_value = (*surface.color, 1.0)
    return node.outputs[0]


def _photo_lit(
    nodes: _Nodes, surface: Material, albedo: bpy.types.NodeSocket, light: bpy.types.Node
) -> bpy.types.NodeSocket:
    """Emission(albedo x SH(world normal)); shaded where lids and lips cover it, with a catchlight where it is wet.

    The skin's texture needs neither, since it was taken from the photo with its creases and highlights.
    """
    colour = nodes.vector_math("MULTIPLY", -200, 300, albedo, light.outputs["Light"])
    if surface.texture != _FROM_PHOTO:
        covered = nodes.add("ShaderNodeAmbientOcclusion", -400, 650)
        covered.inputs["Distance"].default_value = _OCCLUSION_METRES
        colour = nodes.vector_math("MULTIPLY", -50, 400, colour, covered.outputs["AO"])
    if not surface.lit_by_sh:
        colour = nodes.vector_math("ADD", 50, 500, colour, _catchlight(nodes, light))
    emission = nodes.add("ShaderNodeEmission", 200, 300)
    nodes.link(colour, emission.inputs["Color"])
    return emission.outputs[0]


def _catchlight(nodes: _Nodes, light: bpy.types.Node) -> bpy.types.NodeSocket:
    """The main light's reflection: bright where the mirrored line of sight comes within a few degrees of it."""
    mirrored = nodes.add("ShaderNodeTexCoord", -800, 900)
    along = nodes.vector_math("DOT_PRODUCT", -600, 900, mirrored.outputs["Reflection"], light.outputs[MAIN_DIRECTION])
    bright = nodes.add("ShaderNodeMapRange", -400, 900, "Catchlight")
    bright.interpolation_type = "SMOOTHSTEP"
    outer, inner = _CATCHLIGHT_RADII
    bright.inputs["From Min"].default_value = math.cos(math.radians(outer))
    bright.inputs["From Max"].default_value = math.cos(math.radians(inner))
    bright.inputs["To Max"].default_value = _CATCHLIGHT
    nodes.link(along, bright.inputs["Value"])
    return bright.outputs["Result"]


def _clear_coat(nodes: _Nodes, surface: Material) -> bpy.types.NodeSocket:
    """A clear film (cornea, tears): transparent, with reflections that grow towards the rim."""
    fresnel = nodes.add("ShaderNodeFresnel", 0, 500)
    fresnel.inputs["IOR"].default_value = _TISSUE_IOR
    clear = nodes.add("ShaderNodeBsdfTransparent", 0, 350)
    gloss = nodes.add("ShaderNodeBsdfGlossy", 0, 200)
    gloss.inputs["Roughness"].default_value = surface.roughness
    mix = nodes.add("ShaderNodeMixShader", 400, 300)
    nodes.link(fresnel.outputs[0], mix.inputs[0])
    nodes.link(clear.outputs[0], mix.inputs[1])
    nodes.link(gloss.outputs[0], mix.inputs[2])
    return mix.outputs[0]
