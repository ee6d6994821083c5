"""Lids: the margin laid over the eyeball, its thickness, and the hidden pocket behind it."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from engine.faces.subdivision import catmull_clark

from .cage import Array, smoothstep
from .net import Net

RADIUS = 12.0
"""Eyeball (sclera), mm."""
LIMBUS = 5.85
"""Radius of the iris, mm: half of the 11.7 mm that nearly all adults share."""
CORNEA_RADIUS = 7.8
LID = 1.6
"""Height of the lid's front edge above the sclera, mm."""
CONTACT = 0.12
"""mm between the lids and the eyeball where they touch: room for the eyeball's flat facets."""
OUTER_CANTHUS = 33


def eye_surface(direction: Array) -> Array:
    """Distance (N,) from the eyeball's centre to its surface, cornea included, along unit directions (N, 3)."""
    forward = direction[:, 2]
    rim = np.sqrt(RADIUS**2 - LIMBUS**2)
    centre = rim - np.sqrt(CORNEA_RADIUS**2 - LIMBUS**2)
    cornea = forward * centre + np.sqrt(np.maximum(CORNEA_RADIUS**2 - centre**2 * (1 - forward**2), 0))
    return np.where(forward > rim / RADIUS, np.maximum(cornea, RADIUS), RADIUS)


def add_lids(net: Net, iris: Array) -> Array:
    """Give both eye openings lids; ``iris`` is the right iris' middle (3,). Returns the right eyeball's centre (3,)."""
    loop = net.hole(OUTER_CANTHUS)
    if net.vertices[loop[8], 1] < net.vertices[loop[-8], 1]:
        raise RuntimeError("the lid loop should run over the upper lid first")
    margin = net.vertices[loop]
    centre = _eye_centre(margin, iris)
    margin = _on_lid_sphere(margin, centre)
    net.set_pair(loop, margin)
    net.name_pair("lid_margin", loop)
    half = len(loop) // 2
    net.name_pair("lid_upper", loop[: half + 1])
    net.name_pair("lid_lower", [loop[0], *reversed(loop[half:])])
    outer = loop
    for name, ring in _pocket(margin, centre):
        inner = net.add_pair(ring)
        net.add_pair_strip(outer, inner)
        net.name_pair(name, inner)
        outer = inner
    return centre


def fit_lids(net: Net, centre: Array) -> None:
    """Adjust the hidden rings so that the *subdivided* lids touch the eyeball and nowhere enter it."""
    step = catmull_clark(len(net.vertices), np.array(net.faces))
    inner = net.groups["lid_inner_R"]
    rings = [*inner, *(v for part in ("back", "pocket", "rear") for v in net.groups[f"lid_{part}_R"])]
    for _ in range(6):
        gap, direction = _gap((step.matrix @ net.vertices)[inner], centre)
        net.set_pair(inner, net.vertices[inner] + 0.8 * (CONTACT - gap)[:, None] * direction)
    influence = step.matrix[:, rings].tocsc()
    for _ in range(12):
        gap, _ = _gap(step.matrix @ net.vertices, centre)
        lacking = np.maximum(CONTACT - gap, 0)
        worst = np.array([lacking[influence[:, k].indices].max() for k in range(len(rings))])
        _, direction = _gap(net.vertices[rings], centre)
        net.set_pair(rings, net.vertices[rings] + 0.7 * worst[:, None] * direction)
    _settle_back(net, step.matrix, centre)


def _settle_back(net: Net, matrix: sparse.csr_matrix, centre: Array) -> None:
    """Bring the lids' rear surface back to the eyeball where clearing the cornea pushed it through the lid's skin."""
    back = net.groups["lid_back_R"]
    influence = matrix[:, back].tocsc()
    for _ in range(12):
        gap, _ = _gap(matrix @ net.vertices, centre)
        spare = np.array([(gap[influence[:, k].indices] - CONTACT).min() for k in range(len(back))])
        _, direction = _gap(net.vertices[back], centre)
        net.set_pair(back, net.vertices[back] - 0.7 * spare[:, None] * direction)


def _gap(points: Array, centre: Array) -> tuple[Array, Array]:
    """Height (N,) of points above the eyeball's surface and their unit directions (N, 3) from its centre."""
    offset = points - centre
    radius = np.linalg.norm(offset, axis=1)
    direction = offset / radius[:, None]
    return radius - eye_surface(direction), direction


def _eye_centre(margin: Array, iris: Array) -> Array:
    """Behind the iris, at the depth where the margin near the iris lies ``LID`` above the ball."""
    centre = iris.copy()
    aside = np.hypot(margin[:, 0] - centre[0], margin[:, 1] - centre[1])
    near = aside < 10
    centre[2] = np.mean(margin[near, 2] - np.sqrt((RADIUS + LID) ** 2 - aside[near] ** 2))
    return centre


def _on_lid_sphere(margin: Array, centre: Array) -> Array:
    """Margin points moved forward or back onto the sphere R + LID; the canthi, beside the ball, follow half the way."""
    offset = margin - centre
    aside = np.hypot(offset[:, 0], offset[:, 1])
    on_sphere = np.sqrt((RADIUS + LID) ** 2 - np.minimum(aside, RADIUS) ** 2)
    stay = 0.55 * smoothstep(aside, 10.5, 13.5)
    offset[:, 2] = (1 - stay) * on_sphere + stay * offset[:, 2]
    return centre + offset


def _pocket(margin: Array, centre: Array) -> list[tuple[str, Array]]:
    """The rings behind the margin: the lid's rear edge, then the pocket that closes against the ball's equator."""
    offset = margin - centre
    radius = np.linalg.norm(offset, axis=1, keepdims=True)
    middle = (margin.mean(0) - centre)[:2]
    inner = centre + offset / radius * (radius - 1.35)
    inner[:, :2] += 0.03 * (margin.mean(0) - margin)[:, :2]

    def spread(scale: float, height: float) -> Array:
        direction = offset.copy()
        direction[:, :2] = middle + scale * (offset[:, :2] - middle)
        return centre + direction / np.linalg.norm(direction, axis=1, keepdims=True) * height

    pocket = spread(1.6, RADIUS + 1.2) - [0, 0, 3]
    rear = pocket.copy()
    aside = pocket[:, :2] - centre[:2]
    rear[:, :2] = centre[:2] + aside / np.linalg.norm(aside, axis=1, keepdims=True) * (RADIUS + 1.5)
    rear[:, 2] = centre[2] - 2
    return [("lid_inner", inner), ("lid_back", spread(1.22, RADIUS + 1)), ("lid_pocket", pocket), ("lid_rear", rear)]
