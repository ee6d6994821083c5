"""Coefficients to vertices, for one head and for 64: the built-in head, and models of each published one's size.

The speed depends on the sizes alone, so the others are filled with random numbers; nobody needs the licensed files.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from engine.contract import Licence
from engine.faces.decode import Decoder
from engine.faces.formats.published import PublishedJoints, PublishedModel
from engine.faces.library import load_model
from engine.faces.skinning import rodrigues

from . import Row

BATCHES = (1, 64)


@dataclass(frozen=True)
class Size:
    """What a published model has: vertices, modes, parents of its joints, joints that drive correctives."""

    name: str
    vertices: int
    identities: int
    expressions: int
    parents: tuple[int, ...] = ()
    driven: tuple[int, ...] = ()


SIZES = (
    Size("FLAME", 5023, 300, 100, (-1, 0, 1, 1, 1), (1, 2, 3, 4)),
    Size("GNM Head v3", 17821, 253, 383, (-1, 0, 1, 1), (0, 1, 2, 3)),
    Size("ICT-FaceKit Light", 26719, 100, 57),
    Size("BFM 2009 (Deep3D)", 35709, 80, 64),
    Size("BFM 2017", 53149, 199, 100),
)
BARS = {("FLAME", 64): 25.0}
"""Milliseconds on two cores."""


def run(repeats: int = 30) -> list[Row]:
    """Best milliseconds of ``repeats``: other work on the machine only ever adds."""
    rows = _builtin(repeats)
    for size in SIZES:
        model = made_up(size)
        decoder = Decoder(model)
        for batch in BATCHES:
            identity, expression, turns = inputs(size, batch)
            rotations = rodrigues(turns) if size.parents else None
            value = fastest(lambda: decoder(identity, expression, rotations), repeats)  # noqa: B023
            peer = _smplx(model, identity, expression, turns, repeats) if size.name == "FLAME" else ""
            posed = ", correctives, skinning" if size.parents else ""
            rows.append(Row(f"decode {size.name}{posed}, {batch}", value, "ms", BARS.get((size.name, batch)), peer))
    return rows


def made_up(size: Size) -> PublishedModel:
    """A model of that size, of random numbers."""
    random = np.random.default_rng(0)

    def numbers(*shape: int) -> np.ndarray:
        return random.standard_normal(shape, np.float32) * np.float32(0.001)

    joints = len(size.parents)
    weights = random.random((size.vertices, joints), np.float32)
    skeleton = PublishedJoints(
        names=tuple(f"joint_{index}" for index in range(joints)),
        parents=np.array(size.parents, np.int32),
        heads=numbers(joints, 3),
        identity_basis=numbers(size.identities, joints, 3),
        expression_basis=numbers(size.expressions, joints, 3),
        weights=weights / weights.sum(1, keepdims=True),
        correctives=numbers(9 * len(size.driven), size.vertices, 3),
        corrective_joints=np.array(size.driven, np.int32),
    )
    return PublishedModel(
        family="none",
        name=size.name,
        version="made up",
        licence=Licence(size.name, "none", True),
        mean=numbers(size.vertices, 3),
        identity_basis=numbers(size.identities, size.vertices, 3),
        expression_names=tuple(f"expression_{index:03d}" for index in range(size.expressions)),
        expression_basis=numbers(size.expressions, size.vertices, 3),
        expression_range=np.tile(np.array([-3, 3], np.float32), (size.expressions, 1)),
        polygons=np.zeros((0, 4), np.int32),
        joints=skeleton if joints else None,
    )


def inputs(size: Size, batch: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Coefficients and axis-angle turns of a batch."""
    generator = torch.Generator().manual_seed(1)
    counts = (size.identities, size.expressions)
    identity, expression = (torch.randn(batch, count, generator=generator) for count in counts)
    return identity, expression, torch.randn(batch, len(size.parents), 3, generator=generator) * 0.3


def fastest(action: Callable[[], object], repeats: int) -> float:
    """Least wall time of ``action`` in milliseconds, after two runs that do not count."""
    best = float("inf")
    for turn in range(repeats + 2):
        start = time.perf_counter()
        action()
        if turn > 1:
            best = min(best, time.perf_counter() - start)
    return best * 1e3


def _builtin(repeats: int) -> list[Row]:
    model = load_model("builtin", "cpu")
    size = Size("builtin", len(model.mean), len(model.identity_basis), len(model.expression_basis))
    rows = []
    for batch in BATCHES:
        identity, expression, _ = inputs(size, batch)
        value = fastest(lambda: model.shape(identity, expression.abs()), repeats)  # noqa: B023
        rows.append(Row(f"decode builtin, {batch}", value, "ms"))
    return rows


def _smplx(
    model: PublishedModel, identity: torch.Tensor, expression: torch.Tensor, turns: torch.Tensor, repeats: int
) -> str:
    """The same by the smplx package's skinning function, where it is installed."""
    try:
        from smplx.lbs import lbs
    except ImportError:
        return ""
    joints = model.joints
    assert joints is not None and joints.correctives is not None
    count = len(identity)
    bases = torch.from_numpy(np.concatenate([model.identity_basis, model.expression_basis]))
    shapes = bases.permute(1, 2, 0).contiguous()
    poses = torch.from_numpy(joints.correctives).flatten(1)
    regressor = torch.full((len(joints.parents), len(model.mean)), 1 / len(model.mean))
    template, weights = torch.from_numpy(model.mean), torch.from_numpy(joints.weights)
    parents = torch.from_numpy(joints.parents).long()
    betas = torch.cat([identity, expression], -1)
    value = fastest(
        lambda: lbs(betas, turns.reshape(count, -1), template, shapes, poses, regressor, parents, weights), repeats // 3
    )
    return f"smplx: {value:.1f} ms"
