"""Which of FLAME's releases a file is, and what its owners allow."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ...contract import Licence

SOURCE = "https://flame.is.tue.mpg.de"
NON_COMMERCIAL = "FLAME model licence (non-commercial research)"


REMEDY = (
    "choose generic_model.pkl, female_model.pkl or male_model.pkl of FLAME 2017 to 2020, or flame2023.pkl, "
    f"from {SOURCE} (free account; {NON_COMMERCIAL}), or flame2023_Open.pkl (CC-BY-4.0)"
)
"""Which file is expected, where its owners give it out and under what licence."""


@dataclass(frozen=True)
class Release:
    """A release and a variant of it, as names tell."""

    year: str
    """``"2017"`` .. ``"2023"``, or ``"unknown"``."""
    variant: str
    """What coefficient vectors are kept apart by, e.g. ``"2020-female"``, ``"2023-no-jaw"``, ``"2023-open"``."""

    @property
    def name(self) -> str:
        """E.g. ``"FLAME 2020 (female)"``."""
        year, _, kind = self.variant.partition("-")
        return f"FLAME {'of an unknown release' if year == 'unknown' else year} ({kind.replace('-', ' ')})"

    @property
    def licence(self) -> Licence:
        """The Open release is CC-BY-4.0; all others are for research."""
        is_open = self.variant == "2023-open"
        return Licence(self.name, "CC-BY-4.0" if is_open else NON_COMMERCIAL, is_open, SOURCE)


def release_of(path: Path) -> Release:
    """The release that a file's name and, failing that, its two folders' names state."""
    names = [part.lower() for part in (path.name, path.parent.name, path.parent.parent.name)]
    year = next((found[0] for name in names if (found := re.search(r"2017|2019|2020|2023", name))), "unknown")
    words = names[0] + " " + (names[1] if year in names[1] else "")
    if year == "2023":
        kind = "open" if "open" in words else "no-jaw" if re.search(r"no.?jaw", words) else "generic"
    else:
        kind = "female" if "female" in names[0] else "male" if "male" in names[0] else "generic"
    return Release(year, f"{year}-{kind}")
