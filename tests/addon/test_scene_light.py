"""The node groups against the same harmonics written out in numpy."""

import bpy
import numpy as np
import pytest

from blender_addon import compat, scene
from blender_addon.scene import lighting
from blender_addon.scene.harmonics import world_light
from tests.addon import synthetic


def bands(n):
    """The nine real harmonics (N, 9) of unit normals (N, 3), from their definitions."""
    x, y, z = n.T
    pi = np.pi
    one = np.sqrt(1 / (4 * pi)) * np.ones_like(x)
    first = [np.sqrt(3 / (4 * pi)) * v for v in (y, z, x)]
    half = 0.5 * np.sqrt(15 / pi)
    second = [
        half * x * y,
        half * y * z,
        0.25 * np.sqrt(5 / pi) * (3 * z * z - 1),
        half * x * z,
        half / 2 * (x * x - y * y),
    ]
    return np.stack([one, *first, *second], 1)


def directions(count=400):
    n = np.random.default_rng(0).normal(size=(count, 3))
    return n / np.linalg.norm(n, axis=1, keepdims=True)


def to_blender(n):
    return np.stack([n[:, 0], -n[:, 2], n[:, 1]], 1)


def test_the_quadratic_form_is_the_harmonics(face_result):
    n, light = directions(), face_result.light
    form = world_light(light, face_result.views[0])
    assert np.allclose(form(to_blender(n)), bands(n) @ light.coefficients, atol=1e-6)


def test_light_given_in_camera_space_is_turned(face_result):
    from dataclasses import replace

    n, view = directions(), face_result.views[0]
    light = replace(face_result.light, frame="camera")
    expected = bands(n @ np.asarray(view.rotation, float).T) @ light.coefficients
    assert np.allclose(world_light(light, view)(to_blender(n)), expected, atol=1e-6)


def test_radiance_convolved_with_the_cosine_is_the_shading(face_result):
    sky = directions(200_000)
    radiance = world_light(face_result.light, face_result.views[0], radiance=True)(sky)
    shading = world_light(face_result.light, face_result.views[0])
    for normal in directions(5):
        cosine = np.clip(sky @ normal, 0, None)[:, None]
        assert np.allclose(4 * (radiance * cosine).mean(0), shading(normal[None])[0], atol=0.01)


def render(tmp_path, size, engine="CYCLES"):
    used = bpy.context.scene
    if engine == "CYCLES":
        used.render.engine, used.cycles.samples, used.cycles.device = "CYCLES", 1, "CPU"
        used.cycles.use_denoising = False
    else:
        compat.use_eevee(used)
    used.render.filter_size = 0.01
    used.render.resolution_x, used.render.resolution_y = size
    used.render.image_settings.file_format = "OPEN_EXR"
    used.render.image_settings.color_depth = "32"
    used.render.filepath = str(tmp_path / "light.exr")
    bpy.ops.render.render(write_still=True)
    image = bpy.data.images.load(used.render.filepath)
    pixels = np.empty(size[0] * size[1] * 4, np.float32)
    image.pixels.foreach_get(pixels)
    return pixels.reshape(size[1], size[0], 4)


@pytest.mark.parametrize(
    ("engine", "turned"), [("CYCLES", False), ("CYCLES", True), pytest.param("EEVEE", True, marks=pytest.mark.slow)]
)
def test_the_material_shows_albedo_times_light(face_result, tmp_path, engine, turned):
    """A ball with the head's eye material, seen from in front; turning it leaves the light where it was."""
    head = scene.build_head(face_result)
    material = head.mesh_object.data.materials[1]
    head.mesh_object.hide_render = True
    bpy.ops.mesh.primitive_uv_sphere_add(segments=128, ring_count=64)
    ball = bpy.context.object
    ball.data.polygons.foreach_set("use_smooth", [True] * len(ball.data.polygons))
    ball.data.materials.append(material)
    if turned:
        ball.rotation_euler = 0.7, 0.3, 1.9
    camera = bpy.data.cameras.new("ortho")
    camera.type, camera.ortho_scale = "ORTHO", 2.0
    eye = bpy.data.objects.new("ortho", camera)
    eye.location, eye.rotation_euler = (0, -4, 0), (np.pi / 2, 0, 0)
    bpy.context.collection.objects.link(eye)
    bpy.context.scene.camera = eye
    bpy.context.scene.render.pixel_aspect_x = bpy.context.scene.render.pixel_aspect_y = 1

    side = 64
    picture = render(tmp_path, (side, side), engine)
    at = (np.arange(side) + 0.5) / side * 2 - 1
    x, up = np.meshgrid(at, at)
    inside = x**2 + up**2 < 0.95
    n = np.stack([x[inside], up[inside], np.sqrt(1 - x[inside] ** 2 - up[inside] ** 2)], 1)
    expected = 0.8 * np.clip(bands(n) @ face_result.light.coefficients, 0, None)
    error = np.abs(picture[inside][:, :3] - expected)
    assert error.mean() < 0.005


def test_the_world_shines_what_the_photo_light_would(face_result, tmp_path):
    """Looked at straight, the world has the radiance of the light (clamped to what light can be)."""
    world = lighting.build_world(world_light(face_result.light, face_result.views[0], radiance=True), "Light")
    bpy.context.scene.world = world
    camera = bpy.data.cameras.new("panorama")
    camera.type = "PANO"
    (camera if hasattr(camera, "panorama_type") else camera.cycles).panorama_type = "EQUIRECTANGULAR"
    eye = bpy.data.objects.new("panorama", camera)
    eye.rotation_euler = np.pi / 2, 0, 0
    bpy.context.collection.objects.link(eye)
    bpy.context.scene.camera = eye
    width, height = 64, 32
    picture = render(tmp_path, (width, height))
    azimuth = -np.pi * ((np.arange(width) + 0.5) / width * 2 - 1)
    elevation = np.pi / 2 * ((np.arange(height) + 0.5) / height * 2 - 1)
    azimuth, elevation = np.meshgrid(azimuth, elevation)
    # Blender looks along +Y, its right is +X; head space is (X, Z, -Y).
    n = np.stack(
        [-np.sin(azimuth) * np.cos(elevation), np.sin(elevation), -np.cos(azimuth) * np.cos(elevation)], -1
    ).reshape(-1, 3)
    gain = np.repeat([1, 1.5, 4], [1, 3, 5])[:, None]
    expected = np.clip(bands(n) @ (face_result.light.coefficients * gain), 0, None)
    assert np.abs(picture[..., :3].reshape(-1, 3) - expected).mean() < 0.01


def test_relight_is_one_value_for_all_materials(head):
    assert scene.get_relight(head.mesh_object) == 0
    scene.set_relight(head.mesh_object, 0.25)
    groups = {
        node.node_tree.name for material in head.materials for node in material.node_tree.nodes if node.type == "GROUP"
    }
    assert len(groups) == 1
    assert scene.get_relight(head.mesh_object) == pytest.approx(0.25)


def test_an_object_without_the_material_has_no_relight():
    bpy.ops.mesh.primitive_cube_add()
    scene.set_relight(bpy.context.object, 1.0)
    assert scene.get_relight(bpy.context.object) == 0


def test_synthetic_photo_shows_the_head(face_result):
    """The background picture and the camera belong together: every front vertex has a dot."""
    pixels = synthetic.photo(face_result.mesh.vertices, face_result.views[0])
    assert (pixels[..., 1] == 220).sum() > 200
