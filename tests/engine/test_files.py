"""OBJ and PLY read back by another program's reader."""

import dataclasses

import numpy as np
import pytest
import trimesh

from engine.errors import OutputUnwritable
from engine.files.obj import write_obj
from engine.files.ply import vertex_colors, write_ply
from engine.files.surface import expressed_vertices
from tests.engine.samples import tiny_result


def triangle_list(positions, uvs):
    """Triangles (T, 3, .) as a list that does not depend on the order of triangles or the first corner."""
    values = np.round(np.concatenate([positions, uvs], -1), 5).tolist()
    return sorted(sorted(corners) for corners in values)


def expected_triangles(result, material):
    rows = [(p, u) for p, u, m in zip(result.mesh.polygons, result.mesh.uvs, result.mesh.polygon_material, strict=True)]
    rows = [r for r, m in zip(rows, result.mesh.polygon_material, strict=True) if m == material]
    found = []
    for polygon, uv in rows:
        for corners in [(0, 1, 2), (0, 2, 3)][: 1 if polygon[3] < 0 else 2]:
            found.append((polygon[list(corners)], uv[list(corners)]))
    return np.array([p for p, _ in found]), np.array([u for _, u in found])


def test_obj_reads_back_with_uvs_and_materials(tmp_path):
    result = tiny_result()
    files = write_obj(result, tmp_path / "my face.obj")
    assert all(f.exists() for f in files)
    scene = trimesh.load(tmp_path / "my face.obj", process=False)
    skin = scene.geometry["skin"] if "skin" in scene.geometry else next(iter(scene.geometry.values()))
    polygons, uvs = expected_triangles(result, 0)
    expected = triangle_list(expressed_vertices(result)[polygons], uvs)
    got = triangle_list(skin.vertices[skin.faces], skin.visual.uv[skin.faces])
    np.testing.assert_allclose(got, expected, atol=2e-5)
    assert len(scene.geometry) == 2


def test_obj_material_points_at_a_texture_that_is_there(tmp_path):
    write_obj(tiny_result(), tmp_path / "face.obj")
    text = (tmp_path / "face.mtl").read_text()
    assert "map_Kd face_albedo.png" in text
    assert (tmp_path / "face_albedo.png").read_bytes() == tiny_result().images["albedo.png"]
    assert "newmtl upper_teeth" in text


def test_obj_keeps_quads(tmp_path):
    write_obj(tiny_result(), tmp_path / "face.obj")
    faces = [line.split()[1:] for line in (tmp_path / "face.obj").read_text().splitlines() if line.startswith("f ")]
    assert sorted(len(f) for f in faces) == [3, 4, 4]


def test_ply_reads_back_equal(tmp_path):
    result = tiny_result()
    mesh = trimesh.load(write_ply(result, tmp_path / "face.ply"), process=False, maintain_order=True)
    np.testing.assert_allclose(mesh.vertices, expressed_vertices(result), atol=1e-7)
    expected = np.concatenate([expected_triangles(result, m)[0] for m in (0, 1)])
    assert sorted(map(sorted, mesh.faces.tolist())) == sorted(map(sorted, expected.tolist()))
    np.testing.assert_array_equal(mesh.visual.vertex_colors[:, :3], vertex_colors(result))


def test_ply_colours_come_from_the_texture():
    colors = vertex_colors(tiny_result())
    assert colors[6].tolist() == [231, 218, 203]  # linear .8 .7 .6 as sRGB
    result = tiny_result()
    plain = dataclasses.replace(result, mesh=dataclasses.replace(result.mesh, polygons=result.mesh.polygons[:1]))
    plain = dataclasses.replace(
        plain, mesh=dataclasses.replace(plain.mesh, uvs=result.mesh.uvs[:1], polygon_material=np.zeros(1, np.int32))
    )
    assert vertex_colors(plain)[2].tolist() == [200, 10, 10]  # v = 0.75: the upper half
    assert vertex_colors(plain)[0].tolist() == [10, 10, 200]


def test_weights_choose_the_expression(tmp_path):
    result = tiny_result()
    path = write_ply(result, tmp_path / "neutral.ply", weights=np.zeros(2, np.float32))
    np.testing.assert_allclose(trimesh.load(path, process=False).vertices, result.mesh.vertices, atol=1e-7)
    moved = expressed_vertices(result) - result.mesh.vertices
    np.testing.assert_allclose(moved, 0.5 * result.shape_keys.offsets[0], atol=1e-7)


@pytest.mark.parametrize("write", [write_obj, write_ply])
def test_unwritable_place_is_a_sentence(tmp_path, write):
    with pytest.raises(OutputUnwritable, match="choose another output folder"):
        write(tiny_result(), tmp_path / "no such folder" / "face.obj")
