"""What is measured, one file a part; each gives rows with a figure, the bar it must reach and a peer's figure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One measured figure."""

    name: str
    value: float
    unit: str
    bar: float | None = None
    """What it must reach: at most this, where less is better."""
    peer: str = ""
    """The same thing done plainly or by someone else, measured in the same run."""
