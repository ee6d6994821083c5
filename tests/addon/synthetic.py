"""A small but complete FaceResult made with numpy alone: an egg with a nose, two eyeballs, a row of teeth."""

from __future__ import annotations

import struct
import zlib

import numpy as np

from engine.contract import FaceResult, Licence, Light, Material, Mesh, Rig, ShapeKeys, View

_NAMES = """
    eyeBlinkLeft eyeLookDownLeft eyeLookInLeft eyeLookOutLeft eyeLookUpLeft eyeSquintLeft eyeWideLeft eyeBlinkRight
    eyeLookDownRight eyeLookInRight eyeLookOutRight eyeLookUpRight eyeSquintRight eyeWideRight jawForward jawLeft
    jawRight jawOpen mouthClose mouthFunnel mouthPucker mouthLeft mouthRight mouthSmileLeft mouthSmileRight
    mouthFrownLeft mouthFrownRight mouthDimpleLeft mouthDimpleRight mouthStretchLeft mouthStretchRight mouthRollLower
    mouthRollUpper mouthShrugLower mouthShrugUpper mouthPressLeft mouthPressRight mouthLowerDownLeft
    mouthLowerDownRight mouthUpperUpLeft mouthUpperUpRight browDownLeft browDownRight browInnerUp browOuterUpLeft
    browOuterUpRight cheekPuff cheekSquintLeft cheekSquintRight noseSneerLeft noseSneerRight tongueOut"""
ARKIT = tuple(_NAMES.split())
EYES = {"eye_L": (0.032, 0.035, 0.075), "eye_R": (-0.032, 0.035, 0.075)}
SIZE = (400, 500)


def png(pixels: np.ndarray) -> bytes:
    """An 8-bit RGB (H, W, 3) image as PNG."""
    height, width, _ = pixels.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)], 1).tobytes()

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def ball(rings: int, columns: int, radii: tuple[float, float, float], centre: tuple[float, float, float]):
    """Vertices, polygons (quads, triangles at the poles, outward) and corner UVs of an ellipsoid; poles on +-Y."""
    polar = np.pi * np.arange(1, rings) / rings
    around = 2 * np.pi * np.arange(columns) / columns
    sin, cos = np.sin(polar)[:, None], np.cos(polar)[:, None]
    grid = np.stack([sin * np.sin(around), cos + 0 * around, sin * np.cos(around)], -1).reshape(-1, 3)
    vertices = np.concatenate([grid, [[0, 1, 0], [0, -1, 0]]]) * radii + centre
    top, bottom = len(grid), len(grid) + 1
    polygons, uvs = [], []
    for c in range(columns):
        u0, u1, d = c / columns, (c + 1) / columns, (c + 1) % columns
        last = (rings - 2) * columns
        polygons += [(top, c, d, -1), (bottom, last + d, last + c, -1)]
        uvs += [
            ((u0, 1), (u0, 1 - 1 / rings), (u1, 1 - 1 / rings), (0, 0)),
            ((u0, 0), (u1, 1 / rings), (u0, 1 / rings), (0, 0)),
        ]
        for r in range(rings - 2):
            a, b, v0, v1 = r * columns, (r + 1) * columns, 1 - (r + 1) / rings, 1 - (r + 2) / rings
            polygons.append((a + c, b + c, b + d, a + d))
            uvs.append(((u0, v0), (u0, v1), (u1, v1), (u1, v0)))
    return vertices, np.array(polygons), np.array(uvs, float)


def mesh() -> Mesh:
    """Skin, two eyeballs and teeth as one mesh of four materials (the eyes share one)."""
    parts = {
        "skin": (ball(24, 32, (0.075, 0.11, 0.095), (0, 0, 0)), 0),
        "eye_L": (ball(8, 12, (0.012,) * 3, EYES["eye_L"]), 1),
        "eye_R": (ball(8, 12, (0.012,) * 3, EYES["eye_R"]), 1),
        "cornea_L": (ball(8, 12, (0.0125,) * 3, EYES["eye_L"]), 2),
        "teeth": (ball(6, 12, (0.02, 0.006, 0.01), (0, -0.05, 0.072)), 3),
    }
    vertices, polygons, uvs, materials, groups, count = [], [], [], [], {}, 0
    for name, ((v, p, t), material) in parts.items():
        groups[name] = np.arange(count, count + len(v), dtype=np.int32)
        vertices.append(v)
        polygons.append(np.where(p >= 0, p + count, -1))
        uvs.append(t)
        materials.append(np.full(len(p), material))
        count += len(v)
    skin = vertices[0]
    skin[:, 2] += 0.02 * np.exp(-((skin[:, 0] / 0.012) ** 2) - (skin[:, 1] / 0.02) ** 2) * (skin[:, 2] > 0)
    return Mesh(
        np.concatenate(vertices).astype(np.float32),
        np.concatenate(polygons).astype(np.int32),
        np.concatenate(uvs).astype(np.float32),
        np.concatenate(materials).astype(np.int32),
        groups,
    )


def shape_keys(vertices: np.ndarray) -> ShapeKeys:
    """52 bumps on the front; ``jawOpen`` lowers what lies below the nose."""
    generator = np.random.default_rng(7)
    offsets = np.zeros((len(ARKIT), len(vertices), 3), np.float32)
    for i, name in enumerate(ARKIT):
        centre = np.array([generator.uniform(-0.05, 0.05), generator.uniform(-0.08, 0.08), 0.09])
        near = np.exp(-(((vertices - centre) ** 2).sum(1)) / 0.02**2)
        offsets[i] = near[:, None] * generator.normal(0, 0.004, 3)
        if name == "jawOpen":
            offsets[i] = np.clip(-vertices[:, 1:2] - 0.03, 0, 0.03) * (0, -0.6, -0.2)
    weights = np.zeros(len(ARKIT), np.float32)
    weights[[ARKIT.index("jawOpen"), ARKIT.index("mouthSmileLeft")]] = 0.5, 0.8
    return ShapeKeys(ARKIT, offsets, weights, np.zeros(len(ARKIT), np.float32), np.ones(len(ARKIT), np.float32))


def rig(vertices: np.ndarray, groups: dict[str, np.ndarray]) -> Rig:
    """Neck, head, jaw and eyes."""
    names = ("neck", "head", "jaw", "eye_L", "eye_R")
    heads = np.array([(0, -0.13, -0.03), (0, -0.02, -0.02), (0, -0.01, 0), EYES["eye_L"], EYES["eye_R"]])
    tails = np.array([(0, -0.02, -0.02), (0, 0.11, 0), (0, -0.09, 0.08), (0.032, 0.035, 0.1), (-0.032, 0.035, 0.1)])
    weights = np.zeros((len(vertices), 5), np.float32)
    jaw = np.clip((-vertices[:, 1] - 0.02) / 0.06, 0, 1) * (vertices[:, 2] > 0)
    weights[:, 2], weights[:, 1] = jaw, 1 - jaw
    for part, joint in (("eye_L", 3), ("cornea_L", 3), ("eye_R", 4)):
        weights[groups[part]] = np.eye(5)[joint]
    parents = np.array([-1, 0, 1, 1, 1], np.int32)
    return Rig(names, parents, heads.astype(np.float32), tails.astype(np.float32), weights)


def light() -> Light:
    """A warm key from the subject's upper left over cool fill; nowhere negative."""
    coefficients = np.zeros((9, 3))
    coefficients[0] = 2.3, 2.2, 2.2
    coefficients[1:4] = [(0.3, 0.25, 0.2), (0.55, 0.5, 0.45), (0.5, 0.4, 0.3)]
    coefficients[4:] = np.linspace(-0.12, 0.15, 15).reshape(5, 3)
    return Light(coefficients.astype(np.float32), "head")


def view(keys: ShapeKeys) -> View:
    """A camera 0.7 m away that looks at a turned, tilted head, with its axis off the middle and fx != fy."""
    yaw, roll = np.radians(18), np.radians(-7)
    turn = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    tilt = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    rotation = np.diag([1.0, -1, -1]) @ tilt @ turn
    k = np.array([[980.0, 0, 191], [0, 1010.0, 268], [0, 0, 1]])
    none = np.zeros((0, 2), np.float32)
    return View(
        photo="/photos/egg.jpg",
        image="photo.png",
        size=SIZE,
        intrinsics=k.astype(np.float32),
        rotation=rotation.astype(np.float32),
        translation=np.array([0.01, -0.015, 0.7], np.float32),
        landmark_layout="478",
        landmarks=none,
        landmarks_fitted=none,
        expression=keys.weights,
        focal_source="given",
    )


def project(points: np.ndarray, shown: View) -> np.ndarray:
    """Pixels (N, 2) of head-space points, written out: the oracle of the camera's tests."""
    x, y, z = (points @ np.asarray(shown.rotation, float).T + shown.translation).T
    k = np.asarray(shown.intrinsics, float)
    return np.stack([x / z * k[0, 0] + k[0, 2], y / z * k[1, 1] + k[1, 2]], 1)


def albedo(size: int = 128) -> np.ndarray:
    """Checked skin, so that a turned or mirrored UV shows."""
    y, x = np.mgrid[:size, :size] / size
    check = ((np.floor(x * 16) + np.floor(y * 16)) % 2)[..., None]
    skin = np.array([205, 150, 125]) * (0.85 + 0.15 * check) + np.stack([30 * x, 0 * x, 40 * y], -1)
    return np.clip(skin, 0, 255).astype(np.uint8)


def photo(vertices: np.ndarray, shown: View) -> np.ndarray:
    """A grey picture with a green dot on every vertex that the camera sees from the front."""
    pixels = np.full((shown.size[1], shown.size[0], 3), 90, np.uint8)
    dots = np.floor(project(vertices[vertices[:, 2] > 0.03], shown)).astype(int)
    inside = ((dots >= 0) & (dots < shown.size)).all(1)
    pixels[dots[inside, 1], dots[inside, 0]] = 40, 220, 60
    return pixels


def face_result() -> FaceResult:
    """Everything above as one result."""
    head = mesh()
    keys = shape_keys(head.vertices)
    shown = view(keys)
    return FaceResult(
        model="synthetic 1.0",
        mesh=head,
        shape_keys=keys,
        rig=rig(head.vertices, head.groups),
        materials=(
            Material("skin", (0.6, 0.35, 0.25), texture="albedo.png", roughness=0.5, subsurface=0.2),
            Material("eye", (0.8, 0.8, 0.8), roughness=0.2),
            Material("cornea", (1.0, 1.0, 1.0), roughness=0.05, alpha=0.1, lit_by_sh=False),
            Material("teeth", (0.75, 0.7, 0.6), roughness=0.3),
        ),
        views=(shown,),
        light=light(),
        images={
            "albedo.png": png(albedo()),
            "confidence.png": png(np.full((16, 16, 3), 255, np.uint8)),
            "photo.png": png(photo(head.vertices, shown)),
        },
        report={
            "reprojection_percent": 1.9,
            "warnings": ["synthetic: nobody looks like an egg"],
            "seconds": {"fit": 0.1},
        },
        licences=(Licence("synthetic", "GPL-3.0-or-later", True),),
    )
