"""Surfaces of the head: albedo times the photo's light, mixed by Relight with a Principled BSDF."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import bpy

from .. import compat
from .lighting import GROUP, RELIGHT

if TYPE_CHECKING:
    from .types import Material

_SUBSURFACE_RADIUS = (1.0, 0.35, 0.2)
"""How far red, green and blue light travel in skin, relative to red."""
_SUBSURFACE_METRES = 0.004
_TISSUE_IOR = 1.4


def build_material(
    surface: Material,
    images: Mapping[str, bpy.types.Image],
    light_group: bpy.types.NodeTree,
    prefix: str,
) -> bpy.types.Material:
    """A material with a Principled BSDF and, where the surface is lit by SH, Emission(albedo x SH) mixed with it."""
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
    shader = principled.outputs[0]
    if surface.lit_by_sh:
        shader = _mix_with_photo_light(nodes, albedo, shader, light_group)
    elif surface.alpha < 1:
        shader = _clear_coat(nodes, surface)
        compat.blend_transparent(material)
    output = nodes.add("ShaderNodeOutputMaterial", 600, 0)
    nodes.link(shader, output.inputs["Surface"])
    return material


def set_relight(mesh_object: bpy.types.Object, value: float) -> None:
    """Set the one Relight value of a head: 0 the photo's light as captured, 1 lit by the scene."""
    for socket in _relight_sockets(mesh_object):
        socket.default_value = value


def get_relight(mesh_object: bpy.types.Object) -> float:
    """The head's Relight value; 0 for an object without one."""
    return next((socket.default_value for socket in _relight_sockets(mesh_object)), 0.0)


def principled_of(material: bpy.types.Material) -> bpy.types.Node | None:
    """The material's Principled BSDF."""
    return next((n for n in material.node_tree.nodes if n.type == "BSDF_PRINCIPLED"), None)


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

    def link(self, source: bpy.types.NodeSocket, target: bpy.types.NodeSocket) -> None:
        self._tree.links.new(source, target)


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


def _mix_with_photo_light(
    nodes: _Nodes, albedo: bpy.types.NodeSocket, lit: bpy.types.NodeSocket, light_group: bpy.types.NodeTree
) -> bpy.types.NodeSocket:
    """Mix(Relight, Emission(albedo x SH(world normal)), ``lit``)."""
    normal = nodes.add("ShaderNodeNewGeometry", -600, 500)
    group = nodes.add("ShaderNodeGroup", -400, 400, GROUP)
    group.node_tree = light_group
    product = nodes.add("ShaderNodeVectorMath", -200, 300)
    product.operation = "MULTIPLY"
    emission = nodes.add("ShaderNodeEmission", 0, 300)
    mix = nodes.add("ShaderNodeMixShader", 400, 100, RELIGHT)
    nodes.link(normal.outputs["Normal"], group.inputs[0])
    nodes.link(albedo, product.inputs[0])
    nodes.link(group.outputs["Light"], product.inputs[1])
    nodes.link(product.outputs[0], emission.inputs["Color"])
    nodes.link(group.outputs[RELIGHT], mix.inputs[0])
    nodes.link(emission.outputs[0], mix.inputs[1])
    nodes.link(lit, mix.inputs[2])
    return mix.outputs[0]


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
