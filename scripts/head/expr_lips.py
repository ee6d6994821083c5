"""Motions of the lips, said as curves along them: what every mouth shape is written with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .cage import Array, smoothstep
from .expr_tools import Stage, profile, turned

Curve = Sequence[float]
"""Values in mm or degrees at equal steps from the middle of the mouth to its corner."""
ZERO: Curve = (0.0, 0.0)


@dataclass(frozen=True)
class Lip:
    """Motion of one lip along its line; the values run from the middle to the corner."""

    out: Curve = ZERO
    """mm away from the middle plane."""
    up: Curve = ZERO
    forward: Curve = ZERO
    roll: Curve = ZERO
    """Degrees by which the red of the lip turns outwards (negative: in over the teeth)."""


class Mouth:
    """Where the lips are and how far their motion spreads."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    @cached_property
    def line(self) -> Array:
        """(L, 3) the line of contact from the right corner to the left one."""
        return self.stage.vertices[self.stage.groups["lip_upper"]]

    @cached_property
    def across(self) -> Array:
        """(N,) 0 in the middle of the mouth, 1 at its corners and beyond."""
        return np.clip(np.abs(self.stage.vertices[:, 0]) / np.abs(self.line[:, 0]).max(), 0, 1)

    @cached_property
    def upper(self) -> Array:
        """(N,) 1 on the upper lip, 0 on the lower, half way at the corners; the bag behind follows its lip."""
        stage = self.stage
        top, bottom = stage.groups["lip_upper"][1:-1], stage.groups["lip_lower"][1:-1]
        above = [stage.groups["mouth_0"][[0, -1]][0], 308]
        rings = [k for k in stage.groups if k.startswith("mouth_") and k not in ("mouth_0", "mouth_cap")]
        half = len(stage.groups["mouth_0"]) // 2
        high = np.concatenate([top, *(stage.groups[k][1:half] for k in rings)])
        low = np.concatenate([bottom, *(stage.groups[k][half + 1 :] for k in rings)])
        nose, chin = [2, 164, 0, 98, 327], [152, 200, 17, 18, 175]
        corners = np.r_[above, [stage.groups[k][j] for k in rings for j in (0, half)]]
        fixed = np.concatenate([high, low, nose, chin, corners]).astype(int)
        values = np.r_[np.ones(len(high)), np.zeros(len(low)), np.ones(len(nose)), np.zeros(len(chin))]
        values = np.r_[values, np.full(len(corners), 0.5)]
        fixed, first = np.unique(fixed, return_index=True)
        field = np.clip(stage.harmonic(fixed, values[first]), 0, 1)
        return (field + field[stage.mirror]) / 2

    @cached_property
    def depth(self) -> Array:
        """(N,) how far the inside of the mouth follows: 1 at the lips, less on the rings behind, 0 at the back."""
        follow = np.zeros(self.stage.count)
        for name in self.stage.groups:
            if name.startswith("mouth_"):
                ring = 6 if name == "mouth_cap" else int(name.split("_")[1])
                follow[self.stage.groups[name]] = (1, 1, 0.95, 0.7, 0.4, 0.1, 0, 0, 0)[ring]
        return follow

    @cached_property
    def distance(self) -> Array:
        """(N,) mm along the skin from the line of contact."""
        return self.stage.distance(self.stage.groups["mouth_0"])

    def spread(self, core: float, reach: float) -> Array:
        """(N,) weight of a lip motion: full within ``core`` mm of the line, none beyond ``reach``."""
        outside = self.stage.smoothed(1 - smoothstep(self.distance, core, reach), 2)
        return np.where(self.stage.outside > 0, outside, self.depth)

    def half(self, softness: float = 6.0) -> Array:
        """(N,) the right half of the mouth."""
        return self.stage.half(softness)

    def move(self, upper: Lip, lower: Lip, core: float = 5.0, reach: float = 30.0, rolling: float = 14.0) -> Array:
        """Motion (N', 3) of both lips on both sides.

        Args:
            upper: what the upper lip does.
            lower: what the lower lip does.
            core: mm from the line that move fully.
            reach: mm from the line where the skin rests.
            rolling: mm from the line where the roll ends.
        """
        stage = self.stage
        top, bottom = self._translation(upper), self._translation(lower)
        blend = self.upper[:, None]
        motion = self.spread(core, reach)[:, None] * (blend * top + (1 - blend) * bottom)
        weight = self.spread(min(core, 0.5 * rolling), rolling)
        motion += self._rolled(upper, 1.0, weight * self.upper) + self._rolled(lower, -1.0, weight * (1 - self.upper))
        return stage.skin((motion + motion[stage.mirror] * [-1, 1, 1]) / 2)

    def uncrossed(self, offsets: Array, contact: float = 0.1) -> Array:
        """Motion (N', 3) that takes apart lips which the motion ``offsets`` (N, 3) has pushed through each other.

        Args:
            offsets: motion of the cage's vertices.
            contact: mm by which they may overlap.
        """
        stage = self.stage
        loop = stage.groups["mouth_0"]
        half = len(loop) // 2
        top, bottom = loop[: half + 1], np.r_[loop[0], loop[half:][::-1]]
        rest = stage.vertices[top, 1] - stage.vertices[bottom, 1]
        gap = rest + offsets[top, 1] - offsets[bottom, 1]
        missing = np.maximum(np.minimum(rest, 0) - contact - gap, 0)
        x = stage.vertices[: stage.count, 0]
        lift = np.interp(x, stage.vertices[top, 0], missing) / 2
        motion = stage.still()
        motion[: stage.count, 1] = (2 * self.upper - 1) * lift * self.spread(4, 16)
        return motion

    def one_side(self, motion: Array, softness: float = 6.0) -> Array:
        """The right half of a symmetric motion."""
        result = motion.copy()
        result[: self.stage.count] *= self.half(softness)[:, None]
        return result

    def _translation(self, lip: Lip) -> Array:
        side = np.sign(self.stage.vertices[:, 0]) * smoothstep(np.abs(self.stage.vertices[:, 0]), 0, 3)
        along: Callable[[Curve], Array] = lambda curve: profile(*curve)(self.across)  # noqa: E731
        return np.column_stack([side * along(lip.out), along(lip.up), along(lip.forward)])

    def _rolled(self, lip: Lip, sign: float, weight: Array) -> Array:
        """Turn the lip's section about a line inside it; ``sign`` is +1 for the upper lip."""
        stage = self.stage
        order = np.argsort(self.line[:, 0])
        x = stage.vertices[:, 0]
        pivot = np.column_stack([np.interp(x, self.line[order, 0], self.line[order, k]) for k in range(3)])
        pivot[:, 0] = x
        pivot += [0, 4.0 * sign, -5.0]
        angle = -sign * np.radians(profile(*lip.roll)(self.across)) * weight
        return turned(stage.vertices - pivot, np.zeros(3), np.array([1.0, 0, 0]), angle)
