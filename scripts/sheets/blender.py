"""Pictures by Blender's path tracer: wet eyes with corneas and lashes, and three characters in a studio."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import torch
from mathutils import Vector
from PIL import Image as Pictures

from blender_addon import scene
from blender_addon.scene.camera import build_camera, match_render
from engine.camera.camera import Camera
from engine.preview.head import Image as Picture

from .character import character, view_of
from .paper import sheet
from .people import random_people
from .sitter import Shapes, Sitter, both
from .studio import camera, near_points, portrait_camera

SAMPLES = 32
CHARACTERS = (5, 24)
"""Which of the fifty random people stand beside the mean head."""
SIZE, EYE_SIZE = (600, 680), (600, 440)
LAMPS = (
    ((-0.75, -1.05, 0.60), 0.60, 18.0, (1.0, 0.95, 0.88)),
    ((1.10, -0.75, 0.10), 0.90, 10.0, (0.82, 0.90, 1.0)),
    ((0.70, 0.85, 0.55), 0.50, 11.0, (0.90, 0.95, 1.0)),
)
"""Where each area lamp stands in Blender's space (m), its side (m), watts, colour: key, fill, rim."""
WALL = (0.030, 0.032, 0.037)
"""Linear RGB of the backdrop, and of the little light that comes from everywhere."""


def characters(sitter: Sitter) -> Picture:
    """The mean head and two random people, half from the side."""
    none = torch.zeros(1)
    people = random_people(sitter.model)
    cast = [("the mean head", none, none), *((f"random person {i + 1}", *people[i]) for i in CHARACTERS)]
    tiles = []
    for name, identity, colouring in cast:
        eye = portrait_camera(sitter.head(sitter.vertices(identity=identity)), -32.0, SIZE)
        tiles.append((name, _shots(character(sitter, identity, colouring, {}, name), [({}, eye)])[0]))
    return sheet(tiles, len(tiles))


def eyes(sitter: Sitter) -> Picture:
    """The mean head's right eye from the front and the side, half closed, closed, and both eyes."""
    none = torch.zeros(1)
    x, y, z = near_points(sitter.model.mean[sitter.model.groups["eye_R"]])
    front, side = (camera((x, y, z + 0.008), 0.036, yaw, EYE_SIZE) for yaw in (0.0, 45.0))
    shots: dict[str, tuple[Shapes, Camera]] = {
        "front": ({}, front),
        "45°": ({}, side),
        "half closed": ({name: 0.5 * w for name, w in both("eyeBlink").items()}, front),
        "closed": (both("eyeBlink"), front),
        "closed, 45°": (both("eyeBlink"), side),
        "both": ({}, camera((0.0, y, z + 0.008), 0.095, -14.0, EYE_SIZE)),
    }
    pictures = _shots(character(sitter, none, none, {}, "eyes"), list(shots.values()))
    return sheet(list(zip(shots, pictures, strict=True)), 3)


def _shots(result: Any, shots: list[tuple[Shapes, Camera]]) -> list[Picture]:
    """The head of ``result`` with each mixture of shapes from each camera, (H, W, 3) sRGB, in an empty Blender file."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    stage = bpy.context.scene
    head = scene.build_head(result, relight=1.0)
    _light(stage)
    pictures = []
    with tempfile.TemporaryDirectory() as folder:
        for number, (mixture, eye) in enumerate(shots):
            for key in head.mesh_object.data.shape_keys.key_blocks[1:]:
                if key.name in result.shape_keys.names:
                    key.value = mixture.get(key.name, 0.0)
            view: Any = view_of(eye, np.zeros(len(result.shape_keys.names), np.float32), "shot.png")
            match_render(stage, build_camera(view, None, f"Shot {number}", head.collection), view)
            pictures.append(_rendered(stage, Path(folder) / f"{number}.png"))
    return pictures


def _light(stage: bpy.types.Scene) -> None:
    """Three area lamps and a dark world."""
    for number, (place, side, watts, color) in enumerate(LAMPS):
        data = bpy.data.lights.new(f"Lamp {number}", "AREA")
        data.size, data.energy, data.color = side, watts, color
        lamp = bpy.data.objects.new(data.name, data)
        lamp.location = place
        lamp.rotation_euler = (Vector((0, 0, 0.02)) - Vector(place)).to_track_quat("-Z", "Y").to_euler()
        stage.collection.objects.link(lamp)
    world = bpy.data.worlds.new("Wall")
    world.use_nodes = True
    world.node_tree.nodes["Background"].inputs["Color"].default_value = (*WALL, 1.0)
    stage.world = world


def _rendered(stage: bpy.types.Scene, path: Path) -> Picture:
    stage.render.engine = "CYCLES"
    stage.cycles.device, stage.cycles.samples, stage.cycles.seed = "CPU", SAMPLES, 1
    stage.cycles.use_denoising, stage.cycles.denoiser = True, "OPENIMAGEDENOISE"
    stage.cycles.pixel_filter_type, stage.cycles.filter_width = "BLACKMAN_HARRIS", 1.5
    stage.render.film_transparent = False
    stage.view_settings.view_transform, stage.view_settings.look = "AgX", "AgX - Medium High Contrast"
    stage.render.image_settings.file_format, stage.render.filepath = "PNG", str(path)
    bpy.ops.render.render(write_still=True)
    return np.asarray(Pictures.open(path).convert("RGB"))
