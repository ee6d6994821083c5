"""Tiles put together on one kind of paper, saved as JPEG, and tables written into a document between markers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image as Pictures
from PIL import ImageDraw, ImageFont

from engine.preview.head import Image as Picture

PAPER, INK = (24, 25, 28), (222, 222, 222)
GAP, MARGIN, LABEL = 6, 12, 24
FONT = 15
QUALITY = 86
LARGEST = 400_000
"""Bytes of one picture."""


def sheet(tiles: Sequence[tuple[str, Picture]], columns: int, label: int = LABEL) -> Picture:
    """(H, W, 3): tiles of one size in rows of ``columns``, each over its label; ``label`` 0 for none."""
    height, width = tiles[0][1].shape[:2]
    rows = -(-len(tiles) // columns)
    size = (2 * MARGIN + columns * (width + GAP) - GAP, 2 * MARGIN + rows * (height + label + GAP) - GAP)
    paper = Pictures.new("RGB", size, PAPER)
    pen, font = ImageDraw.Draw(paper), ImageFont.load_default(FONT)
    for index, (name, tile) in enumerate(tiles):
        x = MARGIN + index % columns * (width + GAP)
        y = MARGIN + index // columns * (height + label + GAP)
        paper.paste(Pictures.fromarray(tile), (x, y))
        if label:
            pen.text((x + 3, y + height + 2), name, INK, font)
    return np.asarray(paper)


def stacked(sheets: Sequence[Picture]) -> Picture:
    """Sheets below one another, in the middle of the widest one's width."""
    width = max(part.shape[1] for part in sheets)
    height = sum(part.shape[0] - MARGIN for part in sheets) + MARGIN
    paper = np.empty((height, width, 3), np.uint8)
    paper[:] = PAPER
    top = 0
    for part in sheets:
        left = (width - part.shape[1]) // 2
        paper[top : top + part.shape[0], left : left + part.shape[1]] = part
        top += part.shape[0] - MARGIN
    return paper


def save(picture: Picture, path: Path) -> None:
    """Write a JPEG of at most ``LARGEST`` bytes, in the best quality up to ``QUALITY`` that allows it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for quality in range(QUALITY, 40, -4):
        Pictures.fromarray(picture).save(path, quality=quality, optimize=True, subsampling="4:2:0")
        if path.stat().st_size <= LARGEST:
            break


def fill(document: Path, name: str, text: str) -> None:
    """Replace what stands between ``<!-- table:name -->`` and the next ``<!-- end -->`` of ``document``.

    Raises:
        ValueError: the document has no such place.
    """
    old = document.read_text(encoding="utf-8")
    place = re.compile(rf"(<!-- table:{re.escape(name)} -->\n).*?(<!-- end -->)", re.DOTALL)
    if not place.search(old):
        raise ValueError(f"{document} has no place for the table {name!r}")
    document.write_text(place.sub(lambda m: f"{m[1]}{text}\n{m[2]}", old), encoding="utf-8")
