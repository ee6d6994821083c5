"""Every branch on Blender's version leads to the same thing."""

import sys

import bpy
import numpy as np
import pytest

from blender_addon import compat


@pytest.fixture
def tree():
    return compat.node_tree(bpy.data.materials.new("material"))


def test_a_tree_starts_empty_in_every_version(tree):
    assert len(tree.nodes) == 0
    assert len(compat.node_tree(bpy.data.worlds.new("world")).nodes) == 0


def test_principled_inputs_have_one_name(tree):
    node = tree.nodes.new("ShaderNodeBsdfPrincipled")
    for name in compat.PRINCIPLED:
        socket = compat.principled_input(node, name)
        assert (socket is None) == (name == "subsurface_color"), name
    assert compat.principled_input(node, "subsurface").name == "Subsurface Weight"


def test_group_sockets(tree):
    group = bpy.data.node_groups.new("group", "ShaderNodeTree")
    compat.group_socket(group, "Normal", output=False, kind="NodeSocketVector")
    compat.group_socket(group, "Light", output=True, kind="NodeSocketColor")
    node = tree.nodes.new("ShaderNodeGroup")
    node.node_tree = group
    assert [socket.name for socket in node.inputs] == ["Normal"]
    assert [socket.name for socket in node.outputs] == ["Light"]


def test_polygons_uvs_and_keys():
    mesh = bpy.data.meshes.new("mesh")
    mesh.vertices.add(5)
    mesh.vertices.foreach_set("co", np.float32([0, 0, 0, 1, 0, 0, 1, 1, 0, 0, 1, 0, 2, 0, 0]))
    compat.fill_polygons(mesh, np.int32([0, 1, 2, 3, 1, 4, 2]), np.int32([0, 4]), np.int32([4, 3]))
    mesh.update(calc_edges=True)
    assert [list(polygon.vertices) for polygon in mesh.polygons] == [[0, 1, 2, 3], [1, 4, 2]]
    layer = mesh.uv_layers.new()
    compat.fill_uvs(layer, np.arange(14, dtype=np.float32) / 14)
    assert tuple(layer.data[6].uv) == pytest.approx((12 / 14, 13 / 14))
    item = bpy.data.objects.new("item", mesh)
    key = item.shape_key_add(name="key")
    assert len(compat.key_points(key)) == 5


def test_eevee_is_found():
    compat.use_eevee(bpy.context.scene)
    assert "EEVEE" in bpy.context.scene.render.engine


def test_the_denoiser_is_used_where_there_is_one():
    compat.use_denoiser(bpy.context.scene)
    assert bpy.context.scene.cycles.use_denoising


def test_missing_formats():
    assert compat.missing_formats(["wm.obj_export", "export_scene.nothing"]) == ["export_scene.nothing"]


def test_keywords_drops_what_an_operator_does_not_know():
    got = compat.keywords(bpy.ops.wm.obj_export, filepath="x", export_dreams=True)
    assert got == {"filepath": "x"}


def test_missing_numpy_is_a_sentence(monkeypatch):
    monkeypatch.setattr(compat.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(compat.NumpyMissing, match="python3-numpy"):
        compat.require_numpy()


def test_the_panels_part_needs_no_numpy():
    """A Blender without numpy must still draw the panel: scene and compat import without it."""
    import subprocess

    code = (
        "import sys; sys.modules['numpy'] = None; import bpy; import blender_addon.scene, blender_addon.compat;"
        "assert sys.modules['numpy'] is None; print('drawn')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "drawn" in done.stdout, done.stderr
