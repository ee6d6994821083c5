"""Look at the built-in head's expressions and measure them: ``python scripts/head_expressions_check.py --output DIR``.

Writes sheets of the 52 shapes, the visemes and emotions, a blink step by step, pairs with their correctives and turns
of neck and head; prints what passes through itself, how a face landmarker reads each shape and how each compares with
another head's shape of the same name, as far as their files are named.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
import tyro

from engine.faces.arkit import NAMES
from engine.faces.builtin import ASSET, load_builtin
from engine.faces.combinations import EMOTIONS, VISEMES
from scripts.head.review_ict import compare
from scripts.head.review_pictures import Sitter, posed, sheet
from scripts.head.review_scores import readings, table
from scripts.head.review_surface import new_crossings

Shapes = dict[str, float]
STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)
PAIRS: tuple[tuple[str, ...], ...] = (
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
    "neck yaw 45": {"neck": (0.0, 45.0, 0.0)},
    "jaw 17.5": {"jaw": (17.5, 0.0, 0.0)},
}
"""Degrees about x (down), y (to the left) and z of each joint."""


def main(output: Path, asset: Path = ASSET, task: Path | None = None, ict: Path | None = None) -> None:
    """Make the pictures and print the tables.

    Args:
        output: folder for the pictures; made where it is missing.
        asset: the head.
        task: MediaPipe's ``face_landmarker.task``.
        ict: archive of ICT-FaceKit's shapes (see ``scripts/head/review_ict.py``).
    """
    torch.set_num_threads(1)
    output.mkdir(parents=True, exist_ok=True)
    sitter = Sitter(load_builtin(asset))
    pictures(sitter, output)
    print("\n".join(crossing_lines(sitter)))
    if task is not None:
        print(table(readings(sitter, task)))
    if ict is not None:
        for name, found in compare(sitter.model, ict).items():
            print(f"{name:20s} cosine {found.cosine:5.2f}  ratio {found.ratio:5.2f}")


def pictures(sitter: Sitter, output: Path) -> None:
    """Every sheet as a PNG in ``output``."""
    sheet({name: _face(sitter, {name: 1.0}, yaw=0) for name in NAMES}, 9).save(output / "shapes.png")
    mixtures = {**VISEMES, **EMOTIONS}
    sheet({name: _face(sitter, dict(mixture)) for name, mixture in mixtures.items()}, 7).save(output / "mixtures.png")
    sheet(_eyes(sitter), 5).save(output / "eyes.png")
    sheet({" + ".join(pair): _face(sitter, both(*pair)) for pair in PAIRS}, 6).save(output / "pairs.png")
    sheet(_turns(sitter), 6).save(output / "turns.png")


def both(*names: str) -> Shapes:
    """Weight 1 of each name; those with sides on both."""
    sided = [[name] if name in NAMES else [f"{name}Left", f"{name}Right"] for name in names]
    return {name: 1.0 for group in sided for name in group}


def crossing_lines(sitter: Sitter) -> list[str]:
    """How many pairs of skin triangles each shape makes cross that rest apart, and the deepest overlap."""
    lines = []
    for name in NAMES:
        depth = new_crossings(sitter.model, sitter.weights({name: 1.0}))
        lines.append(
            f"{name:20s} {int((depth > 0.3).sum()):4d} pairs over 0.3 mm, deepest {depth.max(initial=0):.2f} mm"
        )
    return lines


def _face(sitter: Sitter, shapes: Shapes, yaw: float = -15) -> np.ndarray:
    middle = sitter.model.mean[1].numpy() - [0, 0.005, 0]
    return sitter.close(sitter.vertices(shapes), middle, 0.19, yaw=yaw, side=230)


def _eyes(sitter: Sitter) -> dict[str, np.ndarray]:
    middle = sitter.model.mean[sitter.model.groups["eye_R"]].mean(0).numpy()
    rows = {"eyeBlink": both("eyeBlink"), "blink, looking down": both("eyeBlink", "eyeLookDown")}
    tiles = {}
    for label, shapes in rows.items():
        for step in STEPS:
            vertices = sitter.vertices({name: step * weight for name, weight in shapes.items()})
            tiles[f"{label} {step}"] = sitter.close(vertices, middle, 0.05, side=260)
    return tiles


def _turns(sitter: Sitter) -> dict[str, np.ndarray]:
    tiles = {}
    for label, turns in TURNS.items():
        vertices = posed(sitter.model, sitter.model.mean, turns)
        for yaw in (0.0, -50.0, 140.0):
            tiles[f"{label}, from {yaw:.0f}"] = sitter.bust(vertices, yaw)
    return tiles


if __name__ == "__main__":
    tyro.cli(main)
