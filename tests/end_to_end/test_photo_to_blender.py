"""From a real photo to Blender files, by the command a user types; checked by rendering the .blend and comparing."""

import json
import subprocess
import sys
from pathlib import Path

import bpy
import numpy as np
import pytest
import skimage
from scipy.spatial import Delaunay

from engine.contract import FaceResult
from engine.faces.arkit import NAMES

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

ROOT = Path(__file__).resolve().parents[2]
PHOTO = Path(skimage.__file__).parent / "data" / "astronaut.png"
LEAST_PIXELS = 4000
LEAST_PSNR = 30.0
"""dB; the run that set it measured 34.8."""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder of the astronaut's head."""
    output = tmp_path_factory.mktemp("batch")
    command = [sys.executable, str(ROOT / "scripts" / "batch.py"), str(PHOTO), "-o", str(output)]
    done = subprocess.run([*command, "--format", "blend", "glb"], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    (entry,) = json.loads((output / "batch_report.json").read_text(encoding="utf-8"))["photos"]
    assert entry["status"] == "done"
    assert all((output / name).is_file() for name in entry["outputs"])
    return output / "astronaut"


def pixels_of(path):
    """(H, W, 4) as stored, rows from the top."""
    image = bpy.data.images.load(str(path))
    values = np.empty(image.size[0] * image.size[1] * 4, np.float32)
    image.pixels.foreach_get(values)
    return values.reshape(image.size[1], image.size[0], 4)[::-1]


def render(path):
    scene = bpy.context.scene
    scene.render.engine, scene.cycles.samples, scene.cycles.device = "CYCLES", 16, "CPU"
    scene.cycles.use_denoising = False
    scene.render.image_settings.color_mode = "RGBA"
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
    return pixels_of(path)


def show(material, image):
    """Make ``material`` glow with ``image``'s numbers, or be black."""
    nodes, links = material.node_tree.nodes, material.node_tree.links
    nodes.clear()
    glow, output = nodes.new("ShaderNodeEmission"), nodes.new("ShaderNodeOutputMaterial")
    links.new(glow.outputs[0], output.inputs[0])
    glow.inputs["Color"].default_value = 0, 0, 0, 1
    if image is not None:
        texture = nodes.new("ShaderNodeTexImage")
        texture.image = image
        links.new(texture.outputs[0], glow.inputs["Color"])


def seen_skin(folder, path):
    """(H, W) bool: where the open file's camera sees skin whose texture came from the photo."""
    confidence = bpy.data.images.load(str(folder / "confidence.png"))
    confidence.colorspace_settings.name = "Non-Color"
    for material in bpy.data.materials:
        show(material, confidence if material.name.endswith("skin") else None)
    bpy.context.scene.view_settings.view_transform = "Raw"
    return render(path)[..., 0] > 0.9


def test_the_render_through_the_recovered_camera_is_the_photo(made, tmp_path):
    """Where skin is seen; hair, eyes and teeth are not the texture's."""
    bpy.ops.wm.open_mainfile(filepath=str(made / "astronaut.blend"))
    photo, picture = pixels_of(PHOTO), render(tmp_path / "render.png")
    assert photo.shape == picture.shape
    seen = seen_skin(made / "face", tmp_path / "seen.png")
    error = ((photo - picture)[..., :3][seen] ** 2).mean()
    psnr = -10 * np.log10(error)
    print(f"{seen.sum()} pixels of seen skin, PSNR of the render against the photo {psnr:.2f} dB")
    assert seen.sum() > LEAST_PIXELS
    assert psnr > LEAST_PSNR


def test_looking_through_the_camera_the_head_covers_the_face(made, tmp_path):
    bpy.ops.wm.open_mainfile(filepath=str(made / "astronaut.blend"))
    alpha = render(tmp_path / "render.png")[..., 3]
    height, width = alpha.shape
    centres = np.stack(np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5), -1).reshape(-1, 2)
    landmarks = FaceResult.load(made / "face").views[0].landmarks
    face = (Delaunay(landmarks).find_simplex(centres) >= 0).reshape(height, width)
    assert alpha[face].mean() > 0.99


def test_the_blend_is_whole(made):
    bpy.ops.wm.open_mainfile(filepath=str(made / "astronaut.blend"))
    head = bpy.data.objects["astronaut"]
    keys = head.data.shape_keys
    correctives = FaceResult.load(made / "face").correctives.names
    assert [key.name for key in keys.key_blocks[1:]] == [*NAMES, *correctives]
    assert len(keys.animation_data.drivers) == len(correctives) > 20
    assert {bone.name for bone in head.parent.data.bones} == {"chest", "neck", "head", "jaw", "eye_L", "eye_R"}
    assert all(image.packed_file for image in bpy.data.images if image.type == "IMAGE" and image.users)
    assert bpy.context.scene.camera.data.background_images[0].image.packed_file


def test_the_glb_comes_back(made):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.import_scene.gltf(filepath=str(made / "astronaut.glb"), merge_vertices=True)
    head = max((o for o in bpy.data.objects if o.type == "MESH"), key=lambda o: len(o.data.vertices))
    result = FaceResult.load(made / "face")
    kept = [name for name in result.correctives.names if name not in ("jawOpen_mouthClose", "tongueOut_tongueOut")]
    assert [key.name for key in head.data.shape_keys.key_blocks[1:]] == [*NAMES, *kept]
    assert len(head.data.vertices) == len(result.mesh.vertices)
    weights = [key.value for key in head.data.shape_keys.key_blocks[1 : 1 + len(NAMES)]]
    assert np.allclose(weights, np.clip(result.views[0].expression, 0, 1), atol=1e-3)
