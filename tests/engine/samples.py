"""A small, complete FaceResult for tests: a textured cube face with a triangle, two materials, two shape keys."""

import cv2
import numpy as np

from engine.contract import FaceResult, Licence, Light, Material, Mesh, Rig, ShapeKeys, View


def png(pixels):
    return cv2.imencode(".png", pixels[..., ::-1])[1].tobytes()


def tiny_result(seed=0):
    rng = np.random.default_rng(seed)
    vertices = np.array(
        [[0, 0, 0], [0.1, 0, 0], [0.1, 0.1, 0], [0, 0.1, 0], [0.05, 0.2, 0.01], [0, 0, 0.1], [0.1, 0, 0.1]],
        np.float32,
    )
    polygons = np.array([[0, 1, 2, 3], [3, 2, 4, -1], [0, 5, 6, 1]], np.int32)
    uvs = rng.random((3, 4, 2)).astype(np.float32)
    uvs[0] = [[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]]
    uvs[1, 3] = 0
    albedo = np.zeros((16, 16, 3), np.uint8)
    albedo[:8], albedo[8:] = (200, 10, 10), (10, 10, 200)
    keys = ShapeKeys(
        names=("jawOpen", "mouthSmileLeft"),
        offsets=rng.normal(0, 0.01, (2, 7, 3)).astype(np.float32),
        weights=np.array([0.5, 0.0], np.float32),
        minimum=np.zeros(2, np.float32),
        maximum=np.ones(2, np.float32),
    )
    weights = rng.random((7, 2)).astype(np.float32)
    rig = Rig(
        names=("neck", "head"),
        parents=np.array([-1, 0], np.int32),
        heads=rng.random((2, 3)).astype(np.float32),
        tails=rng.random((2, 3)).astype(np.float32),
        weights=weights / weights.sum(1, keepdims=True),
    )
    view = View(
        photo="/photos/Großmutter 1.jpg",
        image="photo.png",
        size=(40, 30),
        intrinsics=np.array([[50, 0, 20], [0, 50, 15], [0, 0, 1]], np.float32),
        rotation=np.diag([1, -1, -1]).astype(np.float32),
        translation=np.array([0, 0, 1], np.float32),
        landmark_layout="68",
        landmarks=rng.random((68, 2)).astype(np.float32),
        landmarks_fitted=rng.random((68, 2)).astype(np.float32),
        expression=keys.weights,
        focal_source="exif",
    )
    return FaceResult(
        model="builtin 1.0",
        mesh=Mesh(vertices, polygons, uvs, np.array([0, 0, 1], np.int32), {"lips": np.array([1, 2], np.int32)}),
        shape_keys=keys,
        rig=rig,
        materials=(Material("skin", (1, 1, 1), "albedo.png"), Material("upper teeth", (0.8, 0.7, 0.6))),
        views=(view,),
        light=Light(rng.random((9, 3)).astype(np.float32), "head"),
        coefficients={"identity": rng.normal(size=5).astype(np.float32), "albedo": np.zeros(3, np.float32)},
        images={
            "albedo.png": png(albedo),
            "confidence.png": png(np.full((16, 16, 3), 255, np.uint8)),
            "photo.png": png(rng.integers(0, 255, (30, 40, 3), np.uint8)),
        },
        report={"warnings": ["Links ist geraten: ¾."], "psnr_textured": 31.5, "seconds": {"fit": 0.1}},
        licences=(
            Licence("builtin head 1.0", "GPL-3.0-or-later", True),
            Licence("some network", "research only", False, "https://example.org"),
        ),
    )
