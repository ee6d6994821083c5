"""The built-in expressions beside those of another free head, at the 68 landmarks: a check of direction and size."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.faces.arkit import NAMES
from engine.faces.model import FaceModel
from scripts.head.cage import Array


@dataclass(frozen=True)
class Agreement:
    """One shape of ours against the shape of the same name."""

    cosine: float
    """Between both motions of the 68 landmarks, as one long vector."""
    ratio: float
    """Of their lengths, ours over theirs."""


def compare(model: FaceModel, pack: Path) -> dict[str, Agreement]:
    """Agreement with the ICT-FaceKit shapes in ``pack`` (an archive of ``neutral``, ``expr``, ``expr_names`` and
    ``landmarks68``) of every ARKit shape it has; theirs is brought to our landmarks by the best similarity. Of
    ``mouthClose`` both are what it adds to ``jawOpen``.
    """
    with np.load(pack) as file:
        names = [str(n) for n in file["expr_names"]]
        rows = file["landmarks68"]
        neutral, motions = file["neutral"][rows].astype(float), file["expr"][:, rows].astype(float)
    landmarks = model.landmarks["68"]
    ours: Array = 1000.0 * landmarks.points(model.mean).numpy().astype(np.float64)
    turn = _similarity(neutral, ours)
    result, basis = {}, model.folded()
    for k, name in enumerate(NAMES):
        spelled = (
            name.replace("Left", "_L").replace("Right", "_R")
            if name not in ("jawLeft", "jawRight", "mouthLeft", "mouthRight")
            else name
        )
        same = [i for i, n in enumerate(names) if n == spelled or n in (f"{name}_L", f"{name}_R")]
        if not same:
            continue
        theirs = motions[same].sum(0) @ turn
        own = landmarks.points(basis[k]).numpy().astype(float) * 1000
        size = float(np.linalg.norm(own)), float(np.linalg.norm(theirs))
        result[name] = Agreement(
            float((own * theirs).sum()) / max(size[0] * size[1], 1e-9), size[0] / max(size[1], 1e-9)
        )
    return result


def agreement_table(found: dict[str, Agreement]) -> str:
    """Markdown: cosine and ratio of every shape, six numbers a row, then how many go the same way."""
    rows = [f"{name} | {a.cosine:.2f} | {a.ratio:.2f}" for name, a in found.items()]
    third = -(-len(rows) // 3)
    lines = ["| shape | cosine | ratio " * 3 + "|", "|---" * 9 + "|"]
    for i in range(third):
        cells = [rows[k] if k < len(rows) else " | | " for k in (i, i + third, i + 2 * third)]
        lines.append(f"| {' | '.join(cells)} |")
    cosines, ratios = (np.array([getattr(a, f) for a in found.values()]) for f in ("cosine", "ratio"))
    lines += [
        "",
        f"Cosine over 0.7 in {int((cosines > 0.7).sum())} of {len(found)}, lowest {cosines.min():.2f}; "
        f"ratio from {ratios.min():.2f} to {ratios.max():.2f}, median {np.median(ratios):.2f}.",
    ]
    return "\n".join(lines)


def _similarity(source: Array, target: Array) -> Array:
    """(3, 3) rotation times scale for row vectors that best brings ``source`` (P, 3) to ``target`` (Umeyama)."""
    a, b = source - source.mean(0), target - target.mean(0)
    u, values, vt = np.linalg.svd(a.T @ b)
    flip = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    return (u * flip) @ vt * float((values * flip).sum() / (a**2).sum())
