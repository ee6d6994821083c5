"""The 52 shapes, visemes, emotions, pairs with correctives, a blink step by step, and turns of neck and head."""

from __future__ import annotations

from collections.abc import Iterable

from torch import Tensor

from engine.faces.arkit import NAMES
from engine.faces.combinations import EMOTIONS, VISEMES
from engine.preview.head import Image as Picture

from .paper import sheet
from .sitter import Shapes, Sitter, both, posed
from .studio import Place, Size, camera, draw, near_points

STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)
FACE_TALL, NOSE_TO_MIDDLE = 0.19, (0.0, -0.004, -0.07)
SMALL, MIDDLE = (182, 206), (236, 266)
PAIRS = (
    ("eyeBlink", "eyeLookDown"),
    ("eyeBlink", "eyeLookUp"),
    ("eyeBlink", "eyeSquint"),
    ("eyeLookIn", "eyeLookUp"),
    ("eyeLookOut", "eyeLookDown"),
    ("jawOpen", "mouthClose"),
    ("jawOpen", "mouthSmile"),
    ("jawOpen", "mouthFunnel"),
    ("jawOpen", "mouthPucker"),
    ("jawOpen", "tongueOut"),
    ("mouthSmile", "cheekSquint"),
    ("mouthRollLower", "mouthRollUpper"),
)
TURNS = {
    "yaw 45": {"neck": (0.0, 15.0, 0.0), "head": (0.0, 30.0, 0.0)},
    "pitch 30": {"neck": (12.0, 0.0, 0.0), "head": (18.0, 0.0, 0.0)},
    "pitch -30": {"neck": (-12.0, 0.0, 0.0), "head": (-18.0, 0.0, 0.0)},
    "roll 20": {"neck": (0.0, 0.0, 8.0), "head": (0.0, 0.0, 12.0)},
    "neck alone, yaw 45": {"neck": (0.0, 45.0, 0.0)},
    "jaw 17.5": {"jaw": (17.5, 0.0, 0.0)},
}
"""Degrees about x (down), y (to the left) and z of each joint."""


def shapes(sitter: Sitter) -> Picture:
    """All 52 at weight 1, from the front."""
    return _faces(sitter, ((name, {name: 1.0}) for name in NAMES), 9, SMALL, 0.0)


def visemes(sitter: Sitter) -> Picture:
    """Fifteen mouth shapes of speech."""
    return _faces(sitter, VISEMES.items(), 5, MIDDLE)


def emotions(sitter: Sitter) -> Picture:
    """Six basic emotions."""
    return _faces(sitter, EMOTIONS.items(), 6, MIDDLE)


def pairs(sitter: Sitter) -> Picture:
    """Both shapes of a pair at weight 1, with their corrective."""
    return _faces(sitter, ((" + ".join(pair), both(*pair)) for pair in PAIRS), 6, MIDDLE)


def blink(sitter: Sitter) -> Picture:
    """One eye closing, from the front and from the side, looking ahead and down."""
    place = near_points(sitter.model.mean[sitter.model.groups["eye_R"]])
    rows = (
        ("eyeBlink", both("eyeBlink"), 0.0),
        ("eyeBlink, 45°", both("eyeBlink"), 45.0),
        ("with eyeLookDown", both("eyeBlink", "eyeLookDown"), 0.0),
        ("with eyeLookDown, 45°", both("eyeBlink", "eyeLookDown"), 45.0),
    )
    tiles = []
    for label, mixture, yaw in rows:
        for step in STEPS:
            vertices = sitter.vertices({name: step * weight for name, weight in mixture.items()})
            tiles.append((f"{label}, {step:g}", close(sitter, vertices, place, 0.042, yaw, (290, 230))))
    return sheet(tiles, len(STEPS))


def turns(sitter: Sitter) -> Picture:
    """Joints turned, in clay, from the front, half from the side and from behind."""
    tiles = []
    for label, turned in TURNS.items():
        head = sitter.head(posed(sitter.model, sitter.model.mean, turned))
        for yaw, side in ((0.0, "front"), (-50.0, "side"), (140.0, "behind")):
            eye = camera((0.0, -0.04, 0.0), 0.36, yaw, (236, 270))
            tiles.append((f"{label}, {side}", draw(sitter, head, eye, clay=True)))
    return sheet(tiles, 6)


def close(sitter: Sitter, vertices: Tensor, place: Place, tall: float, yaw: float, size: Size) -> Picture:
    """A part of the face, ``tall`` metres high."""
    return draw(sitter, sitter.head(vertices), camera(place, tall, yaw, size))


def face(sitter: Sitter, mixture: Shapes, size: Size, yaw: float = -15.0) -> Picture:
    """The face with a mixture of shapes."""
    x, y, z = (float(a) + b for a, b in zip(sitter.model.mean[1], NOSE_TO_MIDDLE, strict=True))
    return close(sitter, sitter.vertices(mixture), (x, y, z), FACE_TALL, yaw, size)


def _faces(
    sitter: Sitter, mixtures: Iterable[tuple[str, Shapes]], columns: int, size: Size, yaw: float = -15.0
) -> Picture:
    return sheet([(name, face(sitter, mixture, size, yaw)) for name, mixture in mixtures], columns)
