"""The neutral head as a Blender mesh: polygons, corner UVs, material slots, vertex groups of the parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy
import numpy as np

from .. import compat
from .space import to_blender

if TYPE_CHECKING:
    from .types import Mesh

PART = "part_"
"""Prefix of the vertex groups that name parts; without it a part called like a bone would be moved by that bone."""
_QUADS = 0.8
"""Least share of quads in a mesh that is subdivided: Catmull and Clark's rule makes triangles lumpy."""


def build_mesh(mesh: Mesh, materials: list[bpy.types.Material], name: str) -> bpy.types.Mesh:
    """A smooth-shaded mesh in Blender's axes, one material slot for each of ``materials``, one UV map."""
    polygons = np.asarray(mesh.polygons)
    used = polygons >= 0
    totals = used.sum(1).astype(np.int32)
    starts = (np.cumsum(totals) - totals).astype(np.int32)

    data = bpy.data.meshes.new(name)
    data.vertices.add(len(mesh.vertices))
    data.vertices.foreach_set("co", to_blender(mesh.vertices).ravel())
    compat.fill_polygons(data, polygons[used].astype(np.int32), starts, totals)
    for material in materials:
        data.materials.append(material)
    data.polygons.foreach_set("material_index", np.asarray(mesh.polygon_material, np.int32))
    data.polygons.foreach_set("use_smooth", np.ones(len(polygons), bool))
    data.update(calc_edges=True)
    compat.fill_uvs(data.uv_layers.new(name="UVMap"), np.asarray(mesh.uvs, np.float32)[used].ravel())
    return data


def add_part_groups(mesh_object: bpy.types.Object, groups: dict[str, np.ndarray]) -> None:
    """One vertex group for each named part, weight 1."""
    for name, vertices in sorted(groups.items()):
        mesh_object.vertex_groups.new(name=PART + name).add(np.asarray(vertices).tolist(), 1.0, "REPLACE")


def smooth_in_renders(mesh_object: bpy.types.Object, mesh: Mesh) -> None:
    """Round outlines by subdividing once, in renders alone; triangle meshes are left as they are.

    UVs stay as baked (smoothed ones would pull the texture by up to a millimetre where its density changes) and
    vertices off the limit surface, which lies deeper. Comes after the armature, so that the pose is rounded as well.
    """
    if (np.asarray(mesh.polygons)[:, 3] >= 0).mean() < _QUADS:
        return
    modifier = mesh_object.modifiers.new("Smooth in Renders", "SUBSURF")
    modifier.levels, modifier.render_levels = 0, 1
    modifier.uv_smooth = "NONE"
    modifier.boundary_smooth = "PRESERVE_CORNERS"  # the corners of lashes
    modifier.use_limit_surface = False
