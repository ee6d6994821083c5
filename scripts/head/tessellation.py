"""MediaPipe's triangles paired into quads with clean loops round eyes and mouth, the same on both sides."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations

import mediapipe.python.solutions.face_mesh_connections as connections
import networkx as nx
import numpy as np

from .cage import Array, Face, Indices

FALSE_TRIANGLES = ({64, 49, 129}, {358, 279, 294})
"""Three mutually joined points that bound no face of the mesh: their edges would have three faces."""

NOSTRIL_QUADS = ((238, 239, 79, 20), (20, 79, 166, 60), (60, 166, 59, 75))
"""The right nostril's opening, kept together so that it can be pushed in."""


def face_quads(points: Array, mirror: Indices) -> list[Face]:
    """All 426 quads of the face (468 points), counter-clockwise from outside, mirror image of themselves.

    A maximum-weight matching pairs the triangles of the right half (weight: squareness and flatness); the left half
    is its mirror image.
    """
    triangles = _oriented(_triangles(), points)
    index = {frozenset(t): i for i, t in enumerate(triangles)}
    image = [index.get(frozenset(int(mirror[v]) for v in t)) for t in triangles]
    graph = _pairs(triangles, image, points)
    right = [graph.edges[pair]["quad"] for pair in nx.max_weight_matching(graph)]
    quads = sorted(right, key=sorted)
    used = {index[frozenset(c)] for q in quads for c in combinations(q, 3) if frozenset(c) in index}
    used |= {j for j in (image[i] for i in used) if j is not None}
    quads += [tuple(int(mirror[v]) for v in reversed(q)) for q in quads]
    quads += _middle_quads(triangles, image, used)
    if len(quads) != 426:
        raise RuntimeError(f"MediaPipe's tessellation changed: {len(quads)} quads instead of 426")
    return quads


def oval_loop() -> list[int]:
    """The 36 points of the face's outline, in order, from the forehead's middle (10) over the right side."""
    near: dict[int, list[int]] = defaultdict(list)
    for a, b in connections.FACEMESH_FACE_OVAL:
        near[a].append(b)
        near[b].append(a)
    loop = [10, 109]
    while len(loop) < len(near):
        loop.append(next(v for v in near[loop[-1]] if v != loop[-2]))
    return loop


def _triangles() -> list[Face]:
    near: dict[int, set[int]] = defaultdict(set)
    for a, b in connections.FACEMESH_TESSELATION:
        near[a].add(b)
        near[b].add(a)
    found = {tuple(sorted((a, b, c))) for a in near for b in near[a] for c in near[a] & near[b]}
    return sorted(t for t in found if set(t) not in FALSE_TRIANGLES)


def _edges(face: Face) -> list[tuple[int, int]]:
    return [(face[k], face[(k + 1) % len(face)]) for k in range(len(face))]


def _by_edge(faces: list[Face]) -> dict[frozenset[int], list[int]]:
    table: dict[frozenset[int], list[int]] = defaultdict(list)
    for i, face in enumerate(faces):
        for edge in _edges(face):
            table[frozenset(edge)].append(i)
    return table


def _oriented(triangles: list[Face], points: Array) -> list[Face]:
    """Turn every triangle counter-clockwise, spreading from the one that faces forward most."""
    corner = points[np.array(triangles)]
    forward = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])[:, 2]
    seed = int(np.abs(forward).argmax())
    table = _by_edge(triangles)
    done = {seed: triangles[seed] if forward[seed] > 0 else triangles[seed][::-1]}
    stack = [seed]
    while stack:
        i = stack.pop()
        for a, b in _edges(done[i]):
            for j in table[frozenset((a, b))]:
                if j not in done:
                    done[j] = (b, a, next(v for v in triangles[j] if v not in (a, b)))
                    stack.append(j)
    return [done[i] for i in range(len(triangles))]


def _joined(first: Face, second: Face) -> Face:
    """The quad of two triangles that share an edge."""
    apex = next(k for k in range(3) if first[k] not in second)
    far = next(v for v in second if v not in first)
    return (first[apex], first[(apex + 1) % 3], far, first[(apex + 2) % 3])


def _quality(corner: Array) -> float:
    """0..1 of a quad (4, 3): 1 where all angles are right and it is flat."""
    forth = np.roll(corner, -1, 0) - corner
    forth /= np.linalg.norm(forth, axis=1, keepdims=True)
    worst = np.abs((forth * -np.roll(forth, 1, 0)).sum(1)).max()
    one = np.cross(corner[1] - corner[0], corner[2] - corner[0])
    two = np.cross(corner[2] - corner[0], corner[3] - corner[0])
    flat = one @ two / (np.linalg.norm(one) * np.linalg.norm(two))
    return max(0.02, (1 - worst) * (0.5 + 0.5 * flat))


def _pairs(triangles: list[Face], image: list[int | None], points: Array) -> nx.Graph:
    """Graph of the right half's triangles whose edges are possible quads."""
    graph = nx.Graph()
    nostril = {frozenset(q) for q in NOSTRIL_QUADS}
    right = [points[list(t), 0].mean() <= 0 for t in triangles]
    for faces in _by_edge(triangles).values():
        if len(faces) == 2 and right[faces[0]] and right[faces[1]] and image[faces[0]] != faces[1]:
            quad = _joined(triangles[faces[0]], triangles[faces[1]])
            weight = 1 + 2 * _quality(points[list(quad)]) + 4 * (frozenset(quad) in nostril)
            graph.add_edge(*faces, weight=weight, quad=quad)
    return graph


def _middle_quads(triangles: list[Face], image: list[int | None], used: set[int]) -> list[Face]:
    """Quads across x = 0: pairs of free triangles that are each other's mirror image."""
    return [
        _joined(triangles[faces[0]], triangles[faces[1]])
        for faces in _by_edge(triangles).values()
        if len(faces) == 2 and not used & set(faces) and image[faces[0]] == faces[1]
    ]
