"""Adding and linking a material's nodes."""

from __future__ import annotations

import bpy


class Nodes:
    """Adds and links the nodes of one tree."""

    def __init__(self, tree: bpy.types.NodeTree) -> None:
        self._tree = tree

    def add(self, kind: str, x: float, y: float, name: str = "") -> bpy.types.Node:
        """A new node of a class at a place in the editor."""
        node = self._tree.nodes.new(kind)
        node.location = (x, y)
        if name:
            node.name = node.label = name
        return node

    def vector_math(
        self, operation: str, x: float, y: float, first: bpy.types.NodeSocket, second: bpy.types.NodeSocket
    ) -> bpy.types.NodeSocket:
        """The result of a vector operation on two sockets."""
        node = self.add("ShaderNodeVectorMath", x, y)
        node.operation = operation
        self.link(first, node.inputs[0])
        self.link(second, node.inputs[1])
        return node.outputs["Value" if operation == "DOT_PRODUCT" else "Vector"]

    def math(
        self, operation: str, x: float, y: float, first: bpy.types.NodeSocket | float, second: bpy.types.NodeSocket
    ) -> bpy.types.NodeSocket:
        """The result of an operation on a number or socket and a socket."""
        node = self.add("ShaderNodeMath", x, y)
        node.operation = operation
        if isinstance(first, float):
            node.inputs[0].default_value = first
        else:
            self.link(first, node.inputs[0])
        self.link(second, node.inputs[1])
        return node.outputs[0]

    def link(self, source: bpy.types.NodeSocket, target: bpy.types.NodeSocket) -> None:
        """Let ``source`` feed ``target``."""
        self._tree.links.new(source, target)

    def finish(self, shown: bpy.types.NodeSocket, exported: bpy.types.NodeSocket) -> None:
        """Cycles and EEVEE show ``shown``; the active output, which exporters and other engines read, ``exported``."""
        for y, target, shader in ((0, "ALL", exported), (250, "CYCLES", shown), (450, "EEVEE", shown)):
            output = self.add("ShaderNodeOutputMaterial", 650, y)
            output.label = {"ALL": "Export"}.get(target, target.title())
            output.target = target
            output.is_active_output = target == "ALL"
            self.link(shader, output.inputs["Surface"])
