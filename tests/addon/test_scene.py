"""The head's data-blocks hold what the FaceResult says."""

import dataclasses

import bpy
import numpy as np
import pytest
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Vector

from blender_addon import scene
from blender_addon.scene import lighting, material, rig
from blender_addon.scene.harmonics import world_light
from tests.addon import synthetic


def coordinates(owner, count, name="co"):
    values = np.empty(count * 3, np.float32)
    owner.foreach_get(name, values)
    return values.reshape(-1, 3)


def to_head(points):
    """Blender's axes back to head space, written out."""
    return np.stack([points[:, 0], points[:, 2], -points[:, 1]], 1)


def evaluated(mesh_object):
    bpy.context.view_layer.update()
    mesh = mesh_object.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    return to_head(coordinates(mesh.vertices, len(mesh.vertices)))


def test_mesh_is_the_neutral_head(head, face_result):
    mesh = head.mesh_object.data
    assert np.abs(to_head(coordinates(mesh.vertices, len(mesh.vertices))) - face_result.mesh.vertices).max() < 1e-7
    assert not mesh.validate()
    polygons = [[v for v in polygon if v >= 0] for polygon in face_result.mesh.polygons.tolist()]
    assert [list(polygon.vertices) for polygon in mesh.polygons] == polygons
    assert [polygon.material_index for polygon in mesh.polygons] == face_result.mesh.polygon_material.tolist()
    assert all(polygon.use_smooth for polygon in mesh.polygons)
    assert [m.name.split()[-1] for m in mesh.materials] == ["skin", "eye", "cornea", "teeth"]


def test_polygons_face_outward_and_the_head_looks_along_minus_y(head, face_result):
    mesh = head.mesh_object.data
    skin = [p for p in mesh.polygons if p.material_index == 0]
    assert all(Vector(p.normal).dot(Vector(p.center)) > 0 for p in skin)
    nose = face_result.mesh.vertices[:, 2].argmax()
    assert mesh.vertices[int(nose)].co.y < -0.1


def test_uvs_lie_on_the_corners(head, face_result):
    mesh = head.mesh_object.data
    used = face_result.mesh.polygons >= 0
    assert np.allclose([tuple(d.uv) for d in mesh.uv_layers.active.data], face_result.mesh.uvs[used], atol=1e-6)


def test_keys_are_arkits_and_carry_the_photos_expression(head, face_result):
    keys = head.mesh_object.data.shape_keys.key_blocks
    assert [key.name for key in keys] == ["Basis", *synthetic.ARKIT]
    assert np.allclose([key.value for key in keys[1:]], face_result.views[0].expression)
    assert (keys["jawOpen"].slider_min, keys["jawOpen"].slider_max) == (0.0, 1.0)
    moved = face_result.mesh.vertices + np.tensordot(face_result.views[0].expression, face_result.shape_keys.offsets, 1)
    assert np.abs(evaluated(head.mesh_object) - moved).max() < 1e-6


def test_expression_can_be_left_out_and_taken_back(face_result):
    head = scene.build_head(face_result, apply_expression=False)
    assert np.abs(evaluated(head.mesh_object) - face_result.mesh.vertices).max() < 1e-6
    scene.apply_expression(head.mesh_object, True)
    assert head.mesh_object.data.shape_keys.key_blocks["jawOpen"].value == pytest.approx(0.5)
    scene.apply_expression(head.mesh_object, False)
    assert all(key.value == 0 for key in head.mesh_object.data.shape_keys.key_blocks[1:])


def test_bones_stand_on_the_joints(head, face_result):
    bones = head.armature.data.bones
    assert [bone.name for bone in bones] == list(face_result.rig.names)
    for i, bone in enumerate(bones):
        assert np.allclose(to_head(np.array([bone.head_local]))[0], face_result.rig.heads[i], atol=1e-6)
        assert np.allclose(to_head(np.array([bone.tail_local]))[0], face_result.rig.tails[i], atol=1e-6)
        parent = face_result.rig.parents[i]
        assert bone.parent == (bones[face_result.rig.names[parent]] if parent >= 0 else None)
        assert Vector(bone.x_axis if bone.parent is None else bone.matrix_local.col[0][:3]).dot((1, 0, 0)) > 0.99


def test_a_bone_that_points_sideways_keeps_its_correctives_right(face_result):
    """Its own X axis cannot point to the left; its roll is then Z's, and its axes still lie along head space's."""
    sideways = np.array(face_result.rig.heads) + np.float32([-0.02, 0.001, 0.002])
    posed = dataclasses.replace(face_result, rig=dataclasses.replace(face_result.rig, tails=sideways))
    armature = rig.build_armature(posed.rig, "Sideways", bpy.context.scene.collection, aligned={0, 2})
    for name in ("neck", "jaw"):
        axes = np.abs(np.array(armature.data.bones[name].matrix_local.to_3x3()))
        assert np.allclose(axes.max(0), 1, atol=1e-6) and np.allclose(axes.max(1), 1, atol=1e-6)


def test_the_jaw_bone_moves_the_chin_and_an_eye_bone_its_eye_alone(head, face_result):
    scene.apply_expression(head.mesh_object, False)
    rest = evaluated(head.mesh_object)
    head.armature.pose.bones["jaw"].rotation_euler.x = np.radians(15)
    moved = np.linalg.norm(evaluated(head.mesh_object) - rest, axis=1)
    jaw = face_result.rig.weights[:, face_result.rig.names.index("jaw")]
    assert moved[jaw > 0.9].min() > 0.003
    assert moved[jaw == 0].max() < 1e-6
    chin = int(np.argmax((jaw > 0.9) * face_result.mesh.vertices[:, 2]))
    assert evaluated(head.mesh_object)[chin, 1] < rest[chin, 1], "a positive turn about X opens the jaw"

    head.armature.pose.bones["jaw"].rotation_euler.x = 0
    head.armature.pose.bones["eye_L"].rotation_euler.z = np.radians(20)
    moved = np.linalg.norm(evaluated(head.mesh_object) - rest, axis=1)
    groups = face_result.mesh.groups
    assert moved[groups["eye_L"]].max() > 0.003
    assert moved[np.r_[groups["eye_R"], groups["skin"]]].max() < 1e-6


def test_outlines_are_rounded_in_renders_alone(head, face_result):
    """After the armature, without moving much, the texture where it was; the egg's cells are three times a head's."""
    rig, smooth = head.mesh_object.modifiers
    assert (rig.type, smooth.type) == ("ARMATURE", "SUBSURF")
    before, uvs = evaluated(head.mesh_object), corner_uvs(head.mesh_object)
    assert len(before) == len(face_result.mesh.vertices)
    smooth.levels = smooth.render_levels
    after = evaluated(head.mesh_object)
    corners = np.asarray(face_result.mesh.polygons) >= 0
    mesh = head.mesh_object.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    assert len(mesh.polygons) == corners.sum()
    moved = np.linalg.norm(after[: len(before)] - before, axis=1)
    assert 0 < np.median(moved) < 5e-4
    found = {tuple(uv) for uv in corner_uvs(head.mesh_object).round(5)}
    assert {tuple(uv) for uv in uvs.round(5)} <= found


def test_triangle_meshes_are_not_subdivided(face_result):
    quads = np.asarray(face_result.mesh.polygons)
    halves = dataclasses.replace(
        face_result.mesh,
        polygons=np.where(np.arange(4) < 3, quads, -1).astype(np.int32),
        uvs=np.where(np.arange(4)[:, None] < 3, face_result.mesh.uvs, 0).astype(np.float32),
    )
    head = scene.build_head(dataclasses.replace(face_result, mesh=halves))
    assert [modifier.type for modifier in head.mesh_object.modifiers] == ["ARMATURE"]


def corner_uvs(mesh_object):
    mesh = mesh_object.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    values = np.empty(2 * len(mesh.loops), np.float32)
    mesh.uv_layers[0].data.foreach_get("uv", values)
    return values.reshape(-1, 2)


def test_skin_weights_survive_within_a_step(head, face_result):
    for joint, name in enumerate(face_result.rig.names):
        group = head.mesh_object.vertex_groups[name].index
        got = np.zeros(len(face_result.mesh.vertices))
        for vertex in head.mesh_object.data.vertices:
            got[vertex.index] = sum(g.weight for g in vertex.groups if g.group == group)
        assert np.abs(got - face_result.rig.weights[:, joint]).max() <= 0.51 / 255


def test_parts_are_groups_that_no_bone_moves(head, face_result):
    names = {group.name for group in head.mesh_object.vertex_groups}
    assert {f"part_{name}" for name in face_result.mesh.groups} <= names
    part = head.mesh_object.vertex_groups["part_teeth"].index
    members = [v.index for v in head.mesh_object.data.vertices if any(g.group == part for g in v.groups)]
    assert members == face_result.mesh.groups["teeth"].tolist()


def test_camera_sees_every_vertex_where_the_photo_did(head, face_result):
    bpy.context.view_layer.update()
    view = face_result.views[0]
    expected = synthetic.project(face_result.mesh.vertices.astype(float), view)
    for vertex, pixel in zip(head.mesh_object.data.vertices, expected, strict=True):
        x, y, _ = world_to_camera_view(bpy.context.scene, head.camera, vertex.co)
        assert abs(x * view.size[0] - pixel[0]) < 0.05
        assert abs((1 - y) * view.size[1] - pixel[1]) < 0.05


def test_scene_is_set_to_the_photo(head, face_result):
    used = bpy.context.scene
    assert used.camera == head.camera
    assert (used.render.resolution_x, used.render.resolution_y) == face_result.views[0].size
    assert used.world == head.world
    background = head.camera.data.background_images[0]
    assert background.image.packed_file is not None
    assert tuple(background.image.size) == face_result.views[0].size


def test_a_made_world_and_a_given_scene_are_kept(face_result):
    mine = bpy.data.worlds.new("Mine")
    mine.use_nodes = True
    mine.node_tree.nodes.new("ShaderNodeTexEnvironment")
    bpy.context.scene.world = mine
    head = scene.build_head(face_result)
    assert bpy.context.scene.world == mine
    assert head.world.use_fake_user

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    before = bpy.context.scene.render.resolution_x
    scene.build_head(face_result, match_scene=False)
    assert bpy.context.scene.camera is None
    assert bpy.context.scene.render.resolution_x == before


def test_images_are_packed_and_survive_saving(head, tmp_path):
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "head.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "head.blend"))
    image = next(image for image in bpy.data.images if image.name.endswith("albedo"))
    assert image.packed_file is not None
    assert image.colorspace_settings.name == "sRGB"
    top_left = np.array(image.pixels[4 * 128 * 127 : 4 * 128 * 127 + 3])
    assert np.allclose(top_left * 255, synthetic.albedo()[0, 0], atol=0.6)


def test_two_heads_are_two_heads(face_result):
    first, second = scene.build_head(face_result, name="A"), scene.build_head(face_result, name="B", relight=1.0)
    assert scene.get_relight(first.mesh_object) == 0
    assert scene.get_relight(second.mesh_object) == 1
    assert not {m.name for m in first.materials} & {m.name for m in second.materials}
    assert first.mesh_object.data.materials[0].node_tree != second.mesh_object.data.materials[0].node_tree


def test_building_keeps_the_users_selection_and_collection(face_result):
    mine = bpy.data.collections.new("Mine")
    bpy.context.scene.collection.children.link(mine)
    empty = bpy.data.objects.new("Empty", None)
    mine.objects.link(empty)
    bpy.context.view_layer.objects.active = empty
    head = scene.build_head(face_result, collection=mine)
    assert set(mine.objects) == {empty, head.mesh_object, head.armature, head.camera}
    assert bpy.context.view_layer.objects.active == empty
    assert bpy.context.mode == "OBJECT"


def test_lashes_are_cut_out_by_their_textures_alpha(face_result):
    image = bpy.data.images.new("lashes", 4, 4, alpha=True)
    made = _material(face_result, "lashes.png", {"lashes.png": image}, alpha=0.4)
    nodes = made.node_tree.nodes
    alpha = next(n for n in nodes if n.type == "TEX_IMAGE").outputs["Alpha"]
    targets = {link.to_node.type for link in made.node_tree.links if link.from_socket == alpha}
    assert targets == {"BSDF_PRINCIPLED", "MIX_SHADER"}, "in what exporters read and in what is shown"


def test_a_film_dims_and_glints_only_in_the_photos_light(face_result):
    made = _material(face_result, "", {}, name="cornea", alpha=0.05, lit_by_sh=False)
    by_type = {n.type: n for n in made.node_tree.nodes}
    shade = by_type["BSDF_TRANSPARENT"].inputs["Color"].links[0].from_node
    strength = by_type["EMISSION"].inputs["Strength"].links[0].from_node
    for node, operation in ((shade, "MAXIMUM"), (strength, "SUBTRACT")):
        assert node.operation == operation
        assert node.inputs[1].links[0].from_socket.name == lighting.RELIGHT


def test_a_layer_without_a_texture_lets_through_what_its_alpha_says(face_result):
    """Strands of lashes stay dark, and a layer that only games need is not seen: neither is a wet film."""
    for alpha in (0.0, 0.35):
        made = _material(face_result, "", {}, alpha=alpha, lit_by_sh=False)
        output = next(n for n in made.node_tree.nodes if n.type == "OUTPUT_MATERIAL" and n.target == "CYCLES")
        mix = output.inputs["Surface"].links[0].from_node
        assert mix.inputs[0].default_value == pytest.approx(alpha)
        assert mix.inputs[1].links[0].from_node.type == "BSDF_TRANSPARENT"
        assert "Catchlight" not in made.node_tree.nodes


@pytest.mark.parametrize("filmed", [True, False])
def test_the_catchlight_is_on_the_eye_where_no_film_bears_it(face_result, filmed):
    made = _material(face_result, "", {}, filmed, name="eye_L")
    assert ("Catchlight" in made.node_tree.nodes) == (not filmed)


def _material(face_result, texture, images, filmed=False, name="part", **values):
    light = world_light(face_result.light, face_result.views[0])
    group = lighting.build_light_group(light, "light", relight=True)
    surface = synthetic.Material(name, (0.1, 0.1, 0.1), texture, **values)
    return material.build_material(surface, images, group, "test", filmed)
