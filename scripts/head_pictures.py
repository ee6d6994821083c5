"""Draw the built-in head and measure it: the pictures of ``docs/head`` and the tables of ``docs/head.md``.

``python scripts/head_pictures.py all`` makes everything again; ``python scripts/head_pictures.py people measures`` only
what is named. Tables are printed and written into the document; two of them need files that do not come with the
repository, ``--task`` and ``--ict``, and stay as they are without.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch
import tyro

from engine.faces.builtin import ASSET, load_builtin
from engine.preview.head import Image as Picture
from scripts.head.assembly import build_head
from scripts.head.statistics import measures_table
from scripts.sheets import anatomy, expressions, mouth, paper, people, skins, uv
from scripts.sheets.check_ict import agreement_table, compare
from scripts.sheets.check_scores import readings, scores_table
from scripts.sheets.check_surface import crossings_table
from scripts.sheets.sitter import Sitter

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Files:
    """Files that do not come with the repository."""

    task: Path | None
    ict: Path | None


def blender_characters(sitter: Sitter) -> Picture:
    """Three characters by Blender, which is loaded only for this."""
    from scripts.sheets import blender

    return blender.characters(sitter)


def blender_eyes(sitter: Sitter) -> Picture:
    """The eye by Blender."""
    from scripts.sheets import blender

    return blender.eyes(sitter)


def scores(sitter: Sitter, files: Files) -> str:
    """MediaPipe's scores, or nothing without its file."""
    return scores_table(readings(sitter, files.task)) if files.task else ""


def ict(sitter: Sitter, files: Files) -> str:
    """Agreement with ICT-FaceKit, or nothing without its shapes."""
    return agreement_table(compare(sitter.model, files.ict)) if files.ict else ""


PICTURES: dict[str, Callable[[Sitter], Picture]] = {
    "neutral": anatomy.neutral,
    "wireframe": anatomy.wireframe,
    "parts": anatomy.exploded,
    "uv": uv.uv,
    "mouth": mouth.mouth,
    "blink": expressions.blink,
    "people": people.people,
    "directions": people.directions,
    "skins": skins.skins,
    "shapes": expressions.shapes,
    "visemes": expressions.visemes,
    "emotions": expressions.emotions,
    "pairs": expressions.pairs,
    "turns": expressions.turns,
    "blender": blender_characters,
    "eye": blender_eyes,
}
TABLES: dict[str, Callable[[Sitter, Files], str]] = {
    "anatomy": lambda sitter, _: anatomy.parts_table(sitter),
    "measures": lambda sitter, _: measures_table(sitter.model, build_head()[0]),
    "found": lambda sitter, _: people.found(sitter),
    "tones": lambda sitter, _: skins.tones_table(sitter),
    "crossings": lambda sitter, _: crossings_table(sitter.model),
    "scores": scores,
    "ict": ict,
}


def main(
    what: Annotated[tuple[str, ...], tyro.conf.Positional],
    output: Path = ROOT / "docs" / "head",
    document: Path = ROOT / "docs" / "head.md",
    asset: Path = ASSET,
    task: Path | None = None,
    ict: Path | None = None,
) -> None:
    """Make pictures and tables.

    Args:
        what: ``all`` or names of pictures and tables.
        output: folder for the pictures.
        document: where the tables are written.
        asset: head to draw.
        task: MediaPipe's ``face_landmarker.task``, for the table ``scores``.
        ict: ICT-FaceKit's shapes as one archive (see ``scripts/sheets/check_ict.py``), for the table ``ict``.
    """
    unknown = set(what) - {"all", *PICTURES, *TABLES}
    if unknown:
        sys.exit(f"unknown: {', '.join(sorted(unknown))}; choose all or {', '.join((*PICTURES, *TABLES))}")
    torch.set_num_threads(1)
    sitter = Sitter(load_builtin(asset))
    for name in PICTURES:
        if name in what or "all" in what:
            start = time.perf_counter()
            paper.save(PICTURES[name](sitter), output / f"{name}.jpg")
            size = (output / f"{name}.jpg").stat().st_size / 1000
            print(f"{output / name}.jpg: {size:.0f} kB, {time.perf_counter() - start:.1f} s", flush=True)
    for name in TABLES:
        if name in what or "all" in what:
            text = TABLES[name](sitter, Files(task, ict))
            if text:
                print(f"\n{name}\n\n{text}", flush=True)
                paper.fill(document, name, text)


if __name__ == "__main__":
    with torch.no_grad():
        tyro.cli(main)
