"""Make ``engine/assets/builtin.npz``, the head model that ships, from this project's own numbers.

``python scripts/build_head.py`` writes it; ``--check`` says whether the committed file is what the code makes.
"""

from __future__ import annotations

import dataclasses
import os
import sys
import time
from pathlib import Path
from typing import Any

# One thread: sums in a fixed order, so that the same code gives the same file.
os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import tyro

from engine.faces.builtin import ASSET
from scripts.head.albedo import build_albedo
from scripts.head.apart import parted, parted_pairs
from scripts.head.assembly import build_head
from scripts.head.asset import packed
from scripts.head.bound import bound_modes, bound_shapes
from scripts.head.expr_correctives import build_correctives
from scripts.head.expressions import build_expressions
from scripts.head.identity import build_identity


def main(output: Path = ASSET, check: bool = False) -> None:
    """Build the head.

    Args:
        output: file to write.
        check: write nothing; compare with ``output`` and exit with 1 if they differ.
    """
    start = time.perf_counter()

    def say(text: str) -> None:
        print(f"[{time.perf_counter() - start:5.1f} s] {text}", flush=True)

    say("growing the mesh")
    head, layout = build_head()
    say(f"{len(head.vertices)} vertices, {len(head.polygons)} polygons; identity")
    identity = build_identity(head)
    identity = dataclasses.replace(identity, modes=bound_modes(head, identity.modes))
    say(f"{len(identity.modes)} identity modes; albedo")
    albedo = build_albedo(head)
    say(f"{len(albedo.basis)} albedo modes; expressions")
    expressions = bound_shapes(head, parted(head, build_expressions(head)))
    correctives = parted_pairs(head, expressions, build_correctives(head, expressions))
    say(f"{len(expressions)} expressions, {len(correctives)} correctives; rig, landmarks, packing")
    arrays = packed(head, layout, identity, albedo, expressions, correctives)
    if check:
        differing = differences(arrays, output)
        say("the committed asset is reproduced" if not differing else f"differs in: {'; '.join(differing)}")
        sys.exit(1 if differing else 0)
    output.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(output, **arrays)
    say(f"wrote {output} ({output.stat().st_size / 1e6:.2f} MB)")


def differences(arrays: dict[str, Any], path: Path) -> list[str]:
    """Names of the arrays that are not equal in the file, with their largest difference."""
    found = []
    with np.load(path) as file:
        for name in sorted(set(arrays) | set(file.files)):
            if name not in arrays or name not in file.files:
                found.append(f"{name} (only on one side)")
                continue
            new, old = np.asarray(arrays[name]), file[name]
            if new.shape != old.shape or new.dtype != old.dtype:
                found.append(f"{name} (shape or type)")
            elif not np.array_equal(new, old):
                gap = "text" if new.dtype.kind == "U" else np.abs(new.astype(float) - old.astype(float)).max()
                found.append(f"{name} (by {gap})")
    return found


if __name__ == "__main__":
    tyro.cli(main)
