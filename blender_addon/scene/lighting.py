"""The photo's light: a node group that evaluates its spherical harmonics, and a world that shines them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy

from .. import compat

if TYPE_CHECKING:
    from .harmonics import Quadratic

GROUP = "Face SH Light"
RELIGHT = "Relight"
"""Name of the value node, inside the group, that one slider sets for every material of a head."""

MAIN_DIRECTION = "Main Direction"
"""The group's output that points to where most light comes from."""

_IMPORTANCE_MAP = 32
"""Height in pixels of the world's importance map in Cycles."""


def build_light_group(light: Quadratic, name: str, *, relight: bool) -> bpy.types.NodeTree:
    """A node group from Normal (world space) to Light, ``max(0, n.A.n + b.n + c)`` in linear RGB.

    Each of its nine multiply-add nodes holds the colour of one monomial of the normal. With ``relight`` it also has
    the outputs Relight, one value that every material using the group shares, and Main Direction.
    """
    tree = bpy.data.node_groups.new(name, "ShaderNodeTree")
    compat.group_socket(tree, "Normal", output=False, kind="NodeSocketVector")
    compat.group_socket(tree, "Light", output=True, kind="NodeSocketColor")
    start, end = _node(tree, "NodeGroupInput", -1400, 0), _node(tree, "NodeGroupOutput", 1200, 0)
    total = None
    for column, (label, socket, colour) in enumerate(_terms(tree, start.outputs[0], light)):
        term = _vector_math(tree, "MULTIPLY_ADD", -500 + 160 * column, 0, label)
        tree.links.new(socket, term.inputs[0])
        term.inputs[1].default_value = colour
        if total is None:
            term.inputs[2].default_value = light.constant.tolist()
        else:
            tree.links.new(total, term.inputs[2])
        total = term.outputs[0]
    positive = _vector_math(tree, "MAXIMUM", 1000, 0, "not below 0")
    tree.links.new(total, positive.inputs[0])
    tree.links.new(positive.outputs[0], end.inputs[0])
    if relight:
        compat.group_socket(tree, RELIGHT, output=True, kind="NodeSocketFloat")
        compat.group_socket(tree, MAIN_DIRECTION, output=True, kind="NodeSocketVector")
        value = _node(tree, "ShaderNodeValue", 1000, -200, RELIGHT)
        value.outputs[0].default_value = 0.0
        tree.links.new(value.outputs[0], end.inputs[1])
        direction = _node(tree, "ShaderNodeCombineXYZ", 1000, -350, MAIN_DIRECTION)
        for socket, component in zip(direction.inputs, light.main_direction.tolist(), strict=True):
            socket.default_value = component
        tree.links.new(direction.outputs[0], end.inputs[2])
    return tree


def build_world(light: Quadratic, name: str) -> bpy.types.World:
    """A world whose radiance is ``light`` (a form over directions); it lights other objects as the photo was lit."""
    world = bpy.data.worlds.new(name)
    tree = compat.node_tree(world)
    direction = _node(tree, "ShaderNodeTexCoord", -400, 0)
    group = _node(tree, "ShaderNodeGroup", -200, 0, GROUP)
    group.node_tree = build_light_group(light, f"{name} Radiance", relight=False)
    background = _node(tree, "ShaderNodeBackground", 0, 0)
    output = _node(tree, "ShaderNodeOutputWorld", 200, 0)
    tree.links.new(direction.outputs["Generated"], group.inputs[0])
    tree.links.new(group.outputs[0], background.inputs["Color"])
    tree.links.new(background.outputs[0], output.inputs["Surface"])
    if hasattr(world, "cycles"):  # so smooth a light needs no large importance map, which costs seconds per render
        world.cycles.sampling_method = "MANUAL"
        world.cycles.sample_map_resolution = _IMPORTANCE_MAP
    return world


def is_plain(world: bpy.types.World | None) -> bool:
    """Whether a world is absent or a single colour, so that nobody's work is lost when another takes its place."""
    if world is None or world.node_tree is None:
        return True
    return {node.type for node in world.node_tree.nodes} <= {"BACKGROUND", "OUTPUT_WORLD"}


def _terms(
    tree: bpy.types.NodeTree, normal: bpy.types.NodeSocket, light: Quadratic
) -> list[tuple[str, bpy.types.NodeSocket, list[float]]]:
    """(label, socket of the monomial, its RGB coefficient) of the nine monomials of the normal."""
    linear = _separate(tree, normal, -800, 300)
    squares = _vector_math(tree, "MULTIPLY", -1000, 0, "xx yy zz")
    turned = _node(tree, "ShaderNodeCombineXYZ", -1150, -400)
    products = _vector_math(tree, "MULTIPLY", -1000, -300, "xy yz zx")
    for axis, source in enumerate((1, 2, 0)):
        tree.links.new(linear[source], turned.inputs[axis])
    for node, other in ((squares, normal), (products, turned.outputs[0])):
        tree.links.new(normal, node.inputs[0])
        tree.links.new(other, node.inputs[1])
    square = _separate(tree, squares.outputs[0], -800, 0)
    product = _separate(tree, products.outputs[0], -800, -300)
    a, b = light.matrix, light.vector
    return (
        [("xyz"[i], linear[i], b[:, i].tolist()) for i in range(3)]
        + [("xyz"[i] * 2, square[i], a[:, i, i].tolist()) for i in range(3)]
        + [(f"{'xyz'[i]}{'xyz'[j]}", product[i], (2 * a[:, i, j]).tolist()) for i, j in ((0, 1), (1, 2), (2, 0))]
    )


def _separate(tree: bpy.types.NodeTree, vector: bpy.types.NodeSocket, x: float, y: float) -> list[bpy.types.NodeSocket]:
    node = _node(tree, "ShaderNodeSeparateXYZ", x, y)
    tree.links.new(vector, node.inputs[0])
    return list(node.outputs)


def _vector_math(tree: bpy.types.NodeTree, operation: str, x: float, y: float, label: str) -> bpy.types.Node:
    node = _node(tree, "ShaderNodeVectorMath", x, y, label)
    node.operation = operation
    return node


def _node(tree: bpy.types.NodeTree, kind: str, x: float, y: float, name: str = "") -> bpy.types.Node:
    node = tree.nodes.new(kind)
    node.location = (x, y)
    if name:
        node.name = node.label = name
    return node
