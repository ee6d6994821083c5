"""Surfaces of the head: albedo times the photo's light, mixed by Relight with a Principled BSDF."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import bpy

from .. import compat
from .lighting import GROUP, MAIN_DIRECTION, RELIGHT
from .nodes import Nodes

if TYPE_CHECKING:
    from .types import Material

_SUBSURFACE_RADIUS = (1.0, 0.35, 0.2)
"""How far red, green and blue light travel in skin, relative to red."""
_SUBSURFACE_METRES = 0.004
_TISSUE_IOR = 1.4
FILM = "cornea"
"""Name of the clear film before the eyes."""
_BELOW_FILM = ("eye_R", "eye_L")
"""Surfaces that mirror nothing themselves where there is a film: it does, and a second, blurred reflection would
lie over the pupil as a grey veil."""
_LID_METRES, _MOUTH_METRES = 0.008, 0.035
"""How far away lids and lips still shade what lies behind them."""
_CATCHLIGHT = 0.8
"""Linear brightness of the reflected light in an eye."""
_CAPTURED_REFLECTION = 0.3
"""Share of the world that a film mirrors while the photo's light is shown: a photographer stands before it."""
_CATCHLIGHT_RADII = (9.0, 6.0)
"""Degrees from the main light's direction where its reflection starts, and where it is full."""


def build_material(
    surface: Material,
    images: Mapping[str, bpy.types.Image],
    light_group: bpy.types.NodeTree,
    prefix: str,
    filmed: bool = False,
) -> bpy.types.Material:
    """A material that Relight mixes from albedo x SH to a Principled BSDF; ``filmed`` if the head has corneas.

    With an alpha below 1 it lets through what lies behind it: wholly except for reflections (a cornea), as its
    texture's own alpha says (cards of lashes), or evenly (strands that are modelled, layers that only games need).
    """
    material = bpy.data.materials.new(f"{prefix} {surface.name}")
    material.diffuse_color = (*surface.color, surface.alpha)
    nodes = Nodes(compat.node_tree(material))
    principled = nodes.add("ShaderNodeBsdfPrincipled", 0, 0)
    _set_principled(principled, surface, filmed)
    picture = _albedo(nodes, surface, images)
    albedo = picture.outputs[0]
    for name in ("color", "subsurface_color"):
        socket = compat.principled_input(principled, name)
        if socket is not None:
            nodes.link(albedo, socket)
    _link_maps(nodes, surface, images, principled)
    normal = nodes.add("ShaderNodeNewGeometry", -600, 500)
    light = nodes.add("ShaderNodeGroup", -400, 400, GROUP)
    light.node_tree = light_group
    nodes.link(normal.outputs["Normal"], light.inputs[0])
    if surface.name == FILM:
        compat.blend_transparent(material)
        nodes.finish(_clear_coat(nodes, surface, light), principled.outputs[0])
        return material
    mix = nodes.add("ShaderNodeMixShader", 400, 100, RELIGHT)
    nodes.link(light.outputs[RELIGHT], mix.inputs[0])
    bare_eye = surface.name in _BELOW_FILM and not filmed
    nodes.link(_photo_lit(nodes, surface, albedo, light, bare_eye), mix.inputs[1])
    nodes.link(principled.outputs[0], mix.inputs[2])
    shown = mix.outputs[0]
    if surface.alpha < 1:
        compat.blend_transparent(material, dithered=True)
        if surface.texture:
            nodes.link(picture.outputs["Alpha"], compat.principled_input(principled, "alpha"))
        shown = _cut_out(nodes, picture.outputs["Alpha"] if surface.texture else surface.alpha, shown)
    nodes.finish(shown, principled.outputs[0])
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


def _set_principled(node: bpy.types.Node, surface: Material, filmed: bool) -> None:
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
    if filmed and surface.name in _BELOW_FILM:
        values["specular"] = 0.0
    for name, value in values.items():
        socket = compat.principled_input(node, name)
        if socket is not None:
            socket.default_value = value


def _albedo(nodes: Nodes, surface: Material, images: Mapping[str, bpy.types.Image]) -> bpy.types.Node:
    """The node whose first output is the surface's colour."""
    if surface.texture:
        node = nodes.add("ShaderNodeTexImage", -600, 0, "Albedo")
        node.image = images[surface.texture]
    else:
        node = nodes.add("ShaderNodeRGB", -600, 0, "Albedo")
        node.outputs[0].default_value = (*surface.color, 1.0)
    return node


def _link_maps(
    nodes: Nodes, surface: Material, images: Mapping[str, bpy.types.Image], principled: bpy.types.Node
) -> None:
    """Images of plain values for roughness and subsurface, as far as the surface has them."""
    maps = {"roughness": surface.roughness_texture, "subsurface": surface.subsurface_texture}
    for row, (name, texture) in enumerate(maps.items()):
        socket = compat.principled_input(principled, name)
        if texture and socket is not None:
            node = nodes.add("ShaderNodeTexImage", -600, -300 * (row + 1), name.title())
            node.image = images[texture]
            node.image.colorspace_settings.name = "Non-Color"
            nodes.link(node.outputs[0], socket)


def _photo_lit(
    nodes: Nodes, surface: Material, albedo: bpy.types.NodeSocket, light: bpy.types.Node, wet: bool
) -> bpy.types.NodeSocket:
    """Emission(albedo x SH(world normal)); shaded where lips cover it, with a catchlight where it is wet.

    Textures need no such shade: the skin's was taken from the photo with its creases, the eyes' lies under a film.
    """
    colour = nodes.vector_math("MULTIPLY", -200, 300, albedo, light.outputs["Light"])
    if not surface.texture:
        colour = nodes.vector_math("MULTIPLY", -50, 400, colour, _uncovered(nodes, _MOUTH_METRES))
    if wet:
        colour = nodes.vector_math("ADD", 50, 500, colour, _catchlight(nodes, light))
    emission = nodes.add("ShaderNodeEmission", 200, 300)
    nodes.link(colour, emission.inputs["Color"])
    return emission.outputs[0]


def _uncovered(nodes: Nodes, metres: float) -> bpy.types.NodeSocket:
    """0..1: how little of what lies within ``metres`` covers a point."""
    node = nodes.add("ShaderNodeAmbientOcclusion", -400, 650)
    node.inputs["Distance"].default_value = metres
    return node.outputs["AO"]


def _catchlight(nodes: Nodes, light: bpy.types.Node) -> bpy.types.NodeSocket:
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


def _clear_coat(nodes: Nodes, surface: Material, light: bpy.types.Node) -> bpy.types.NodeSocket:
    """A clear film (cornea, tears): transparent, with reflections that grow towards the rim.

    As far as the photo's light is shown, the film also stands for what lamps would do: it dims what lies under it
    where lids cover it, and shows the main light's reflection.
    """
    fresnel = nodes.add("ShaderNodeFresnel", 0, 500)
    fresnel.inputs["IOR"].default_value = _TISSUE_IOR
    clear = nodes.add("ShaderNodeBsdfTransparent", 0, 350)
    gloss = nodes.add("ShaderNodeBsdfGlossy", 0, 200)
    gloss.inputs["Roughness"].default_value = surface.roughness
    mix = nodes.add("ShaderNodeMixShader", 200, 300)
    nodes.link(clear.outputs[0], mix.inputs[1])
    nodes.link(gloss.outputs[0], mix.inputs[2])
    strength = nodes.math("MAXIMUM", 0, 850, _CAPTURED_REFLECTION, light.outputs[RELIGHT])
    nodes.link(nodes.math("MULTIPLY", 150, 800, fresnel.outputs[0], strength), mix.inputs[0])
    shade = nodes.math("MAXIMUM", -200, 350, _uncovered(nodes, _LID_METRES), light.outputs[RELIGHT])
    nodes.link(shade, clear.inputs["Color"])
    spot = nodes.add("ShaderNodeEmission", 200, 600)
    nodes.link(_catchlight(nodes, light), spot.inputs["Color"])
    nodes.link(nodes.math("SUBTRACT", 0, 700, 1.0, light.outputs[RELIGHT]), spot.inputs["Strength"])
    both = nodes.add("ShaderNodeAddShader", 400, 400)
    nodes.link(mix.outputs[0], both.inputs[0])
    nodes.link(spot.outputs[0], both.inputs[1])
    return both.outputs[0]


def _cut_out(nodes: Nodes, alpha: bpy.types.NodeSocket | float, shader: bpy.types.NodeSocket) -> bpy.types.NodeSocket:
    """``shader`` where ``alpha`` is 1, nothing where it is 0."""
    clear = nodes.add("ShaderNodeBsdfTransparent", 400, 250)
    mix = nodes.add("ShaderNodeMixShader", 500, 200)
    if isinstance(alpha, float):
        mix.inputs[0].default_value = alpha
    else:
        nodes.link(alpha, mix.inputs[0])
    for source, target in zip((clear.outputs[0], shader), mix.inputs[1:], strict=True):
        nodes.link(source, target)
    return mix.outputs[0]
