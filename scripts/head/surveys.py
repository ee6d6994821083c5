"""What the published head-and-face surveys say: means, deviations and correlations of calliper distances, in mm.

NIOSH 2003: 2543 men and 1454 women of the US workforce, chosen so that minorities are well represented (CDC data set
RD-10130-2020-0). ANSUR II 2012: 4082 men and 1986 women of the US Army. Both are public; the figures are unweighted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .cage import Array


@dataclass(frozen=True)
class Figures:
    """Mean and standard deviation of a distance, mm."""

    survey: str
    men: tuple[float, float]
    women: tuple[float, float]

    @property
    def mean(self) -> float:
        """Of as many women as men."""
        return (self.men[0] + self.women[0]) / 2

    @property
    def half_difference(self) -> float:
        """From the mean to the men's mean."""
        return (self.men[0] - self.women[0]) / 2

    @property
    def within(self) -> float:
        """Standard deviation inside a sex, both counted alike."""
        return float(np.sqrt((self.men[1] ** 2 + self.women[1] ** 2) / 2))

    @property
    def deviation(self) -> float:
        """Standard deviation of as many women as men."""
        return float(np.hypot(self.within, self.half_difference))


SURVEY = {
    "face breadth (bizygomatic)": Figures("NIOSH", (143.9, 6.9), (136.2, 6.5)),
    "face length (menton-sellion)": Figures("NIOSH", (123.2, 7.2), (114.2, 6.5)),
    "nose breadth": Figures("NIOSH", (37.8, 4.8), (35.8, 4.9)),
    "nose length (subnasale-sellion)": Figures("NIOSH", (51.9, 4.1), (47.7, 3.8)),
    "nose protrusion": Figures("NIOSH", (20.8, 2.7), (18.9, 2.7)),
    "mouth width (lip length)": Figures("NIOSH", (51.7, 4.3), (49.2, 4.5)),
    "interpupillary breadth": Figures("NIOSH", (65.1, 3.8), (63.1, 4.0)),
    "jaw breadth (bigonial)": Figures("NIOSH", (120.7, 10.7), (111.6, 9.3)),
    "forehead breadth (minimum frontal)": Figures("NIOSH", (105.7, 5.8), (103.2, 5.5)),
    "head breadth": Figures("NIOSH", (153.1, 6.0), (147.0, 5.8)),
    "head length": Figures("NIOSH", (197.4, 7.5), (187.6, 7.6)),
    "head height (tragion-top of head)": Figures("ANSUR II", (131.1, 6.2), (126.5, 6.5)),
    "ear length": Figures("ANSUR II", (64.2, 4.5), (59.4, 3.9)),
    "ear breadth": Figures("ANSUR II", (36.1, 3.0), (33.2, 2.8)),
    "ear protrusion": Figures("ANSUR II", (23.2, 3.0), (20.4, 2.7)),
}
"""Distance by name; ``measures`` says between which points of the head each is taken."""

NAMES = tuple(SURVEY)

CORRELATIONS = {
    ("face breadth (bizygomatic)", "jaw breadth (bigonial)"): (0.65, 0.66),
    ("face breadth (bizygomatic)", "forehead breadth (minimum frontal)"): (0.52, 0.49),
    ("face breadth (bizygomatic)", "interpupillary breadth"): (0.46, 0.50),
    ("face breadth (bizygomatic)", "face length (menton-sellion)"): (0.23, 0.28),
    ("face breadth (bizygomatic)", "nose breadth"): (0.29, 0.36),
    ("face breadth (bizygomatic)", "mouth width (lip length)"): (0.27, 0.26),
    ("face length (menton-sellion)", "nose length (subnasale-sellion)"): (0.47, 0.51),
    ("nose breadth", "mouth width (lip length)"): (0.51, 0.59),
    ("nose breadth", "interpupillary breadth"): (0.50, 0.56),
    ("nose breadth", "nose protrusion"): (-0.23, -0.26),
    ("nose protrusion", "nose length (subnasale-sellion)"): (0.32, 0.34),
    ("head breadth", "face breadth (bizygomatic)"): (0.65, 0.65),
    ("head breadth", "head length"): (0.18, 0.18),
}
"""Correlation (men, women) inside a sex; the last two from ANSUR II's men, used for both, the others from NIOSH."""


def means() -> Array:
    """(m,) of as many women as men, in the order of ``NAMES``."""
    return np.array([f.mean for f in SURVEY.values()])


def half_differences() -> Array:
    """(m,) from those means to the men's."""
    return np.array([f.half_difference for f in SURVEY.values()])


def within_deviations() -> Array:
    """(m,) standard deviations inside a sex."""
    return np.array([f.within for f in SURVEY.values()])


def within_correlations() -> dict[tuple[int, int], float]:
    """The published correlations inside a sex, by the two distances' places in ``NAMES``: covariances averaged."""
    found = {}
    for (first, second), pair in CORRELATIONS.items():
        a, b = SURVEY[first], SURVEY[second]
        covariance = (pair[0] * a.men[1] * b.men[1] + pair[1] * a.women[1] * b.women[1]) / 2
        found[NAMES.index(first), NAMES.index(second)] = covariance / (a.within * b.within)
    return found
