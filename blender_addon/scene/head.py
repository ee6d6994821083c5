"""The whole head from one FaceResult."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import bpy

from . import camera, correctives, ledger, lighting, material, mesh, rig, shape_keys, textures
from .harmonics import world_light

if TYPE_CHECKING:
    from .types import FaceResult


@dataclass(frozen=True)
class HeadObjects:
    """What :func:`build_head` made."""

    mesh_object: bpy.types.Object
    armature: bpy.types.Object
    camera: bpy.types.Object | None
    """None where there was no photo."""
    materials: tuple[bpy.types.Material, ...]
    world: bpy.types.World
    """Lit by the photo's light; the scene's own world only where the scene had a plain one."""
    collection: bpy.types.Collection


def build_head(
    result: FaceResult,
    *,
    apply_expression: bool = True,
    relight: float = 0.0,
    collection: bpy.types.Collection | None = None,
    name: str | None = None,
    match_scene: bool = True,
) -> HeadObjects:
    """Build a rigged, textured head at the world's origin, facing -Y, seen by the photo's camera.

    Args:
        result: what the engine reconstructed; without a photo there is no camera.
        apply_expression: give the shape keys the photo's expression; otherwise all stay at 0.
        relight: 0 shows the photo's own light, 1 the scene's.
        collection: where the objects go; by default a new collection in the scene.
        name: what everything is called after; by default the photo's file name.
        match_scene: set the scene's camera, size and colours to the photo's, and its world where it had a plain one.
    """
    view = result.views[0] if result.views else None
    name = name or (Path(view.photo).stem if view else "") or "Face"
    scene = bpy.context.scene
    if collection is None:
        collection = bpy.data.collections.new(name)
        scene.collection.children.link(collection)

    images = textures.load_images(result.images, _image_names(result), name)
    group = lighting.build_light_group(world_light(result.light, view), f"{lighting.GROUP} {name}", relight=True)
    filmed = any(surface.name == material.FILM for surface in result.materials)
    materials = [material.build_material(surface, images, group, name, filmed) for surface in result.materials]
    mesh_object = bpy.data.objects.new(name, mesh.build_mesh(result.mesh, materials, name))
    collection.objects.link(mesh_object)
    weights = view.expression if view else result.shape_keys.weights
    shape_keys.add_shape_keys(mesh_object, result.shape_keys, result.mesh.vertices, weights)
    shape_keys.apply_expression(mesh_object, apply_expression)
    ledger.keep_licences(mesh_object, result.licences)
    turned = correctives.driving_joints(result.correctives)
    armature = rig.build_armature(result.rig, f"{name} Rig", collection, turned)
    rig.bind(mesh_object, armature, result.rig)
    mesh.smooth_in_renders(mesh_object, result.mesh)
    if result.correctives is not None:
        correctives.add_correctives(mesh_object, armature, result)
    mesh.add_part_groups(mesh_object, result.mesh.groups)
    material.set_relight(mesh_object, relight)

    eye = camera.build_camera(view, images.get(view.image), f"{name} Camera", collection) if view else None
    world = lighting.build_world(world_light(result.light, view, radiance=True), f"{name} Light")
    if match_scene:
        if eye is not None and view is not None:
            camera.match_render(scene, eye, view)
        if lighting.is_plain(scene.world):
            scene.world = world
    if scene.world != world:
        world.use_fake_user = True  # at hand in the world menu
    return HeadObjects(mesh_object, armature, eye, tuple(materials), world, collection)


def _image_names(result: FaceResult) -> list[str]:
    """Every image that a material or the camera shows."""
    of_materials = [(m.texture, m.roughness_texture, m.subsurface_texture) for m in result.materials]
    wanted = [name for names in of_materials for name in names] + [view.image for view in result.views[:1]]
    return [name for name in wanted if name]
