"""How the identity space compares with the surveys, on heads drawn from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.faces.model import FaceModel

from .cage import Array, Head
from .measures import measures
from .semantics import BY_MEASURE
from .surveys import NAMES, SURVEY, half_differences, within_correlations, within_deviations


@dataclass(frozen=True)
class Statistics:
    """Measures of heads drawn from a model, in mm, in the order of ``surveys.NAMES``."""

    mean: Array
    deviation: Array
    correlation: Array
    """(m, m) over both sexes."""
    men: Array
    women: Array
    """(m,) at one unit of "sex_like" to either side of the mean."""


def sampled(model: FaceModel, head: Head, count: int = 2000, seed: int = 0) -> Statistics:
    """Statistics of ``count`` random heads, each measured as it stands and not linearised.

    Args:
        model: the model.
        head: the head as built, for its vertex groups; its vertices are the model's.
        count: heads to draw.
        seed: of the draw.
    """
    found = measures(head)
    needed = np.unique(np.concatenate([part for m in found for pair in m.ends for part in pair]))
    place = np.zeros(len(head.vertices), np.int64)
    place[needed] = np.arange(len(needed))
    basis = model.identity_basis[:, needed].double().numpy() * 1000
    rest = model.mean[needed].double().numpy() * 1000
    placed = [m.on(place) for m in found]

    def lengths(coefficients: Array) -> Array:
        heads: Array = rest + np.einsum("nk,kvc->nvc", coefficients, basis)
        return np.stack([m.length(heads) for m in placed], -1)

    values = lengths(np.random.default_rng(seed).normal(size=(count, len(basis))))
    sex = model.semantic_directions[model.semantic_names.index("sex_like")].double().numpy()
    men, women = lengths(np.stack([sex, -sex]))
    return Statistics(values.mean(0), values.std(0), np.corrcoef(values.T), men, women)


def pooled_correlations() -> dict[tuple[int, int], float]:
    """The published correlations over as many women as men: within the sexes and between them."""
    within, half = within_deviations(), half_differences()
    whole = np.hypot(within, half)
    pairs = within_correlations().items()
    return {(i, j): (r * within[i] * within[j] + half[i] * half[j]) / (whole[i] * whole[j]) for (i, j), r in pairs}


def measures_table(model: FaceModel, head: Head, count: int = 2000) -> str:
    """Markdown: the surveys' figures beside the model's, then the correlations that are published."""
    s = sampled(model, head, count)
    lines = [
        "| distance, mm | survey | women | men | both | model, both | sd / sd | model women, men |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for i, name in enumerate(NAMES):
        f = SURVEY[name]
        lines.append(
            f"| {name} | {f.survey} | {f.women[0]:.1f} ({f.women[1]:.1f}) | {f.men[0]:.1f} ({f.men[1]:.1f}) "
            f"| {f.mean:.1f} ({f.deviation:.1f}) | {s.mean[i]:.1f} ({s.deviation[i]:.1f}) "
            f"| {s.deviation[i] / f.deviation:.2f} | {s.women[i]:.1f}, {s.men[i]:.1f} |"
        )
    lines += ["", "| correlation, both sexes | surveys | model |", "|---|---|---|"]
    wanted = pooled_correlations()
    lines += [f"| {NAMES[i]} - {NAMES[j]} | {r:.2f} | {s.correlation[i, j]:.2f} |" for (i, j), r in wanted.items()]
    gap = max(abs(s.correlation[i, j] - r) for (i, j), r in wanted.items())
    named = ", ".join(name for name in model.semantic_names if name in BY_MEASURE)
    lines += ["", f"Largest deviation of a correlation: {gap:.2f}. Directions that follow a distance: {named}."]
    return "\n".join(lines)
