"""Files for other programs keep the keys, the rig and the texture."""

import dataclasses
import json

import bpy
import numpy as np
import pytest

from blender_addon import scene
from engine.contract import Correctives
from tests.addon import synthetic


def back(importer, path, **options):
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    importer(filepath=str(path), **options)
    return max((o for o in bpy.data.objects if o.type == "MESH"), key=lambda o: len(o.data.vertices))


def base_images(mesh_object):
    return [
        node.image.name
        for slot in mesh_object.material_slots
        for node in slot.material.node_tree.nodes
        if node.type == "TEX_IMAGE" and node.image
    ]


def key_names(mesh_object):
    return [key.name for key in mesh_object.data.shape_keys.key_blocks[1:]]


def test_glb_round_trip(head, face_result, tmp_path):
    path = tmp_path / "head.glb"
    scene.export_head(head.mesh_object, path)
    got = back(bpy.ops.import_scene.gltf, path, merge_vertices=True)
    assert key_names(got) == list(synthetic.ARKIT)
    assert len(got.data.vertices) == len(face_result.mesh.vertices)
    assert got.data.shape_keys.key_blocks["jawOpen"].value == pytest.approx(0.5, abs=1e-4)
    skin = next(slot.material for slot in got.material_slots if "skin" in slot.material.name)
    principled = next(node for node in skin.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    assert principled.inputs["Base Color"].links[0].from_node.type == "TEX_IMAGE"
    eye = next(slot.material for slot in got.material_slots if "eye" in slot.material.name)
    principled = next(node for node in eye.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    assert np.allclose(principled.inputs["Base Color"].default_value[:3], 0.8, atol=0.01)
    armature = next(o for o in bpy.data.objects if o.type == "ARMATURE")
    assert {bone.name for bone in armature.data.bones} >= set(face_result.rig.names)


def test_blenders_own_export_menu_writes_the_same_materials(head, tmp_path):
    """Somebody who exports by hand must not get a head that glows."""
    bpy.ops.export_scene.gltf(filepath=str(tmp_path / "menu.glb"))
    scene.export_head(head.mesh_object, tmp_path / "ours.glb")
    assert materials_of(tmp_path / "menu.glb") == materials_of(tmp_path / "ours.glb")
    assert not any("emissiveFactor" in material for material in materials_of(tmp_path / "ours.glb"))


def materials_of(path):
    data = path.read_bytes()
    return json.loads(data[20 : 20 + int.from_bytes(data[12:16], "little")])["materials"]


def test_fbx_round_trip(head, face_result, tmp_path):
    path = tmp_path / "head.fbx"
    scene.export_head(head.mesh_object, path)
    got = back(bpy.ops.import_scene.fbx, path)
    assert key_names(got) == list(synthetic.ARKIT)
    assert len(got.data.vertices) == len(face_result.mesh.vertices)
    assert base_images(got)


def test_usd_round_trip(head, face_result, tmp_path):
    path = tmp_path / "head.usdz"
    scene.export_head(head.mesh_object, path)
    got = back(bpy.ops.wm.usd_import, path)
    assert set(key_names(got)) == set(synthetic.ARKIT)
    assert len(got.data.vertices) == len(face_result.mesh.vertices)


@pytest.fixture
def closing(face_result):
    """A head on which jawOpen and mouthClose have a corrective by the smaller weight."""
    random = np.random.default_rng(4)
    pair = [[synthetic.ARKIT.index("jawOpen"), synthetic.ARKIT.index("mouthClose")]]
    correctives = Correctives(
        ("jawOpen_mouthClose",),
        random.normal(0, 0.004, (1, *face_result.mesh.vertices.shape)).astype(np.float32),
        np.array(pair, np.int32),
        np.full((1, 3), -1, np.int32),
        np.zeros(1, np.int32),
    )
    return dataclasses.replace(face_result, correctives=correctives)


def moved(mesh_object, name):
    """(V,) metres that each vertex moves by one key, ascending: files may reorder vertices."""
    blocks = mesh_object.data.shape_keys.key_blocks
    points = np.empty((2, 3 * len(mesh_object.data.vertices)), np.float32)
    for row, key in zip(points, (blocks[0], blocks[name]), strict=True):
        key.data.foreach_get("co", row)
    scale = mesh_object.matrix_world.to_scale()[0]
    return np.sort(scale * np.linalg.norm((points[1] - points[0]).reshape(-1, 3), axis=1))


@pytest.mark.parametrize("suffix", [".glb", ".fbx", ".usdz"])
def test_a_corrective_by_the_smaller_weight_goes_into_its_second_key(closing, suffix, tmp_path):
    head = scene.build_head(closing).mesh_object
    before = {key.name: (moved(head, key.name), key.mute) for key in head.data.shape_keys.key_blocks[1:]}
    path = tmp_path / f"head{suffix}"
    scene.export_head(head, path)
    for key in head.data.shape_keys.key_blocks[1:]:
        assert np.array_equal(moved(head, key.name), before[key.name][0]) and key.mute == before[key.name][1]
    importers = {".glb": bpy.ops.import_scene.gltf, ".fbx": bpy.ops.import_scene.fbx, ".usdz": bpy.ops.wm.usd_import}
    got = back(importers[suffix], path, **({"merge_vertices": True} if suffix == ".glb" else {}))
    own = closing.shape_keys.offsets[closing.correctives.pairs[0, 1]]
    wanted = np.sort(np.linalg.norm(own + closing.correctives.offsets[0], axis=1))
    assert np.abs(moved(got, "mouthClose") - wanted).max() < 1e-5
    assert np.abs(moved(got, "jawOpen") - before["jawOpen"][0]).max() < 1e-5
    if "jawOpen_mouthClose" in key_names(got):
        assert moved(got, "jawOpen_mouthClose").max() < 1e-6
    assert ("jawOpen_mouthClose" in key_names(got)) == (suffix != ".glb")


def test_an_export_that_fails_leaves_the_keys_as_they_were(closing, tmp_path):
    head = scene.build_head(closing).mesh_object
    before = {key.name: moved(head, key.name) for key in head.data.shape_keys.key_blocks[1:]}
    with pytest.raises((RuntimeError, OSError)):
        scene.export_head(head, tmp_path / "nowhere" / "deep" / "head.fbx")
    for key in head.data.shape_keys.key_blocks[1:]:
        assert np.array_equal(moved(head, key.name), before[key.name]) and not key.mute


def test_obj_has_its_texture_beside_it(head, face_result, tmp_path):
    path = tmp_path / "head.obj"
    scene.export_head(head.mesh_object, path)
    assert (tmp_path / "head_albedo.png").read_bytes() == face_result.images["albedo.png"]
    lines = (tmp_path / "head.mtl").read_text().splitlines()
    assert "map_Kd head_albedo.png" in lines
    assert "Kd 0.750000 0.700000 0.600000" in lines, "the teeth's colour"
    got = back(bpy.ops.wm.obj_import, path)
    assert len(got.data.vertices) == len(face_result.mesh.vertices)
    assert base_images(got)


def test_exporting_changes_nothing_in_the_scene(head, tmp_path):
    def state():
        links = {
            m.name: sorted((link.from_node.name, link.to_node.name, link.to_socket.name) for link in m.node_tree.links)
            for m in head.materials
        }
        chosen = sorted(o.name for o in bpy.context.view_layer.objects if o.select_get())
        return links, chosen, bpy.context.view_layer.objects.active, [image.filepath for image in bpy.data.images]

    head.camera.select_set(True)
    bpy.context.view_layer.objects.active = head.camera
    before = state()
    scene.export_head(head.mesh_object, tmp_path / "head.glb")
    scene.export_head(head.mesh_object, tmp_path / "head.obj")
    assert state() == before


def test_an_unknown_format_is_a_sentence(head, tmp_path):
    with pytest.raises(scene.FormatMissing, match=r"cannot write \.stl files"):
        scene.export_head(head.mesh_object, tmp_path / "head.stl")


def test_licences_go_with_every_export(face_result, tmp_path):
    import dataclasses

    from engine.contract import Licence

    research = Licence("Some Model 2020", "research only", False)
    licensed = dataclasses.replace(face_result, licences=(*face_result.licences, research))
    mesh_object = scene.build_head(licensed).mesh_object
    for suffix in (".glb", ".fbx"):
        scene.export_head(mesh_object, tmp_path / f"head{suffix}")
    header = (tmp_path / "head.glb").read_bytes()[:2_000_000]
    assert b"Some Model 2020: research only; Commercial use: not allowed" in header
    assert "Commercial use: not allowed" in (tmp_path / "head_licences.txt").read_text("utf-8")
