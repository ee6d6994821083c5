"""What MediaPipe's face landmarker reads in pictures of each expression."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from engine.detect.mediapipe_task import FaceLandmarker
from engine.faces.arkit import NAMES

from .sitter import Sitter
from .studio import portrait

SIZE = (384, 384)
UNANSWERED = ("cheekPuff", "cheekSquint", "jawForward", "mouthDimple", "noseSneer", "tongueOut")
"""Shapes to which the landmarker's scores hardly answer on people either."""
UNDER = {"mouthClose": "jawOpen"}
"""Shapes that people only make on top of another: that one is at weight 1 in both pictures."""


@dataclass(frozen=True)
class Reading:
    """How one shape at weight 1, on both sides where it has sides, is read."""

    neutral: float
    full: float
    """Score, the smaller one of both sides."""
    rank: int
    """1 where no other shape's score grows more."""
    strongest: str
    """The shape, without its side, whose score grows most."""
    alone: tuple[float, ...]
    """Scores of the left and the right shape, each moved alone; empty where there are no sides."""


def readings(sitter: Sitter, task: Path) -> dict[str, Reading]:
    """Every ARKit shape by its name without a side (``jawLeft`` and its like keep theirs).

    Raises:
        DetectorUnavailable: without MediaPipe or its file.
    """
    landmarker = FaceLandmarker(task)

    def scores(*names: str) -> dict[str, float]:
        """Of the shapes by these names together."""
        vertices = sitter.vertices(dict.fromkeys(names, 1.0))
        return landmarker(portrait(sitter, sitter.head(vertices), SIZE, 0.0)).expression or {}

    try:
        rest = scores()
        found = {}
        for name, names in stems().items():
            if name in UNDER:
                under = UNDER[name]
                found[name] = _reading(name, names, scores(under), lambda *own, under=under: scores(under, *own))
            else:
                found[name] = _reading(name, names, rest, scores)
        return found
    finally:
        landmarker.close()


def stems() -> dict[str, tuple[str, ...]]:
    """The shapes that are one motion, by name without side."""
    found: dict[str, tuple[str, ...]] = {}
    for name in NAMES:
        found[stem(name)] = (*found.get(stem(name), ()), name)
    return found


def stem(name: str) -> str:
    """The name without its side; ``jawLeft``, ``mouthLeft`` and their mirror images are motions of their own."""
    whole = name.startswith(("jaw", "mouthLeft", "mouthRight"))
    return name if whole else name.removesuffix("Left").removesuffix("Right")


def _reading(
    name: str, names: tuple[str, ...], rest: dict[str, float], scores: Callable[..., dict[str, float]]
) -> Reading:
    seen = scores(*names)
    gains: dict[str, float] = {}
    for score in seen:
        gains[stem(score)] = max(gains.get(stem(score), -1.0), seen[score] - rest[score])
    order = sorted(gains, key=lambda n: -gains[n])
    rank = order.index(name) + 1 if name in order else len(order) + 1
    alone = tuple(scores(n).get(n, 0.0) for n in names) if len(names) > 1 else ()
    return Reading(min(rest.get(n, 0.0) for n in names), min(seen.get(n, 0.0) for n in names), rank, order[0], alone)


def scores_table(found: dict[str, Reading]) -> str:
    """Markdown: score at rest and at 1, rank of its gain, what gains most where that is another, each side alone."""
    lines = [
        "| Shape | Neutral | At 1 | Rank | Strongest | Left alone | Right alone |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, r in found.items():
        other = "" if r.rank == 1 else r.strongest
        star = " *" if name in UNANSWERED else ""
        sides = " | ".join(f"{score:.2f}" for score in r.alone) or " | "
        lines.append(f"| {name}{star} | {r.neutral:.2f} | {r.full:.2f} | {r.rank} | {other} | {sides} |")
    firsts = sum(r.rank == 1 for r in found.values())
    lines += ["", f"First in rank: {firsts} of {len(found)}. With * : hardly answered on people either."]
    return "\n".join(lines)
