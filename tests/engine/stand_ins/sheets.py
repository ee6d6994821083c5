"""Surfaces cut out of a head, filled, refined and thinned; every vertex stays a weighted mean of the head's vertices.

So whatever is known on the head (its mean, its identities, its expressions) is known on the new topology too, exactly.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import sparse

from engine.faces.adoption.nearest import NearestOn, vertex_normals
from engine.faces.model import split_polygons
from tests.engine.stand_ins.collapse import collapsed


@dataclass(frozen=True)
class Sheet:
    """V vertices over the S of a head."""

    weights: sparse.csr_matrix
    """(V, S), rows sum to 1."""
    triangles: np.ndarray
    """(T, 3)."""

    def on(self, field):
        """A field (S, ...) of the head as (V, ...)."""
        field = np.asarray(field, np.float64)
        return (self.weights @ field.reshape(len(field), -1)).reshape(-1, *field.shape[1:])


def cut(head, parts, chosen=None, whole=False):
    """The triangles of ``head`` (a published model) whose vertices all lie in ``parts`` and are ``chosen`` (S,).

    Only the largest piece of them, unless ``whole``.
    """
    triangles = split_polygons(head.polygons)[0]
    inside = np.zeros(len(head.mean), bool)
    for name in parts:
        inside[head.parts.get(name, np.zeros(0, int))] = True
    if chosen is not None:
        inside &= chosen
    sheet = Sheet(sparse.identity(len(head.mean), format="csr"), triangles[inside[triangles].all(1)])
    return compact(sheet) if whole else largest_piece(sheet)


def compact(sheet):
    """Without vertices that no triangle has."""
    used, renumbered = np.unique(sheet.triangles, return_inverse=True)
    return Sheet(sheet.weights[used], renumbered.reshape(-1, 3))


def pieces(sheet):
    """(T,) number of the connected piece that each triangle belongs to."""
    edges = np.concatenate([sheet.triangles[:, :2], sheet.triangles[:, 1:]])
    count = sheet.weights.shape[0]
    graph = sparse.coo_matrix((np.ones(len(edges)), edges.T), shape=(count, count))
    return sparse.csgraph.connected_components(graph, directed=False)[1][sheet.triangles[:, 0]]


def largest_piece(sheet):
    """The piece with the most triangles, without triangles that hang on by a single vertex of the border."""
    label = pieces(sheet)
    sheet = Sheet(sheet.weights, sheet.triangles[label == np.bincount(label).argmax()])
    while len(pinched := _pinched(sheet.triangles)):
        sheet = Sheet(sheet.weights, sheet.triangles[~np.isin(sheet.triangles, pinched).any(1)])
        label = pieces(sheet)
        sheet = Sheet(sheet.weights, sheet.triangles[label == np.bincount(label).argmax()])
    return compact(sheet)


def _pinched(triangles):
    """Vertices where the border touches itself."""
    vertices, count = np.unique(border_edges(triangles)[:, 0], return_counts=True)
    return vertices[count > 1]


def border_edges(triangles):
    """(B, 2) edges with one triangle, as that triangle runs through them."""
    edges = np.concatenate([triangles[:, [k, (k + 1) % 3]] for k in range(3)])
    _, first, count = np.unique(np.sort(edges, 1), axis=0, return_index=True, return_counts=True)
    return edges[first[count == 1]]


def holes(sheet):
    """The border's loops, vertices in order, longest way round first."""
    after = dict(border_edges(sheet.triangles).tolist())
    loops = []
    while after:
        start, vertex = next(iter(after.items()))
        loop = [start]
        after.pop(start)
        while vertex != start:
            loop.append(vertex)
            vertex = after.pop(vertex)
        loops.append(np.array(loop))
    return sorted(loops, key=len, reverse=True)


def joined(*sheets):
    """Sheets over the same head side by side."""
    starts = np.cumsum([0, *(sheet.weights.shape[0] for sheet in sheets)])
    triangles = [sheet.triangles + start for sheet, start in zip(sheets, starts, strict=False)]
    return Sheet(sparse.vstack([sheet.weights for sheet in sheets], format="csr"), np.concatenate(triangles))


def filled(sheet, loop, rings=6, onto=None):
    """``sheet`` with the hole ``loop`` closed by rings of ever shorter loops about its middle.

    ``onto`` puts new vertices (N, 3 weights matrix of the head) elsewhere: a function of their sparse weights.
    """
    count, size = sheet.weights.shape[0], len(loop)
    rim = sheet.weights[loop]
    middle = sparse.csr_matrix(np.asarray(rim.mean(0)))
    new = [((1 - share) * rim + share * sparse.vstack([middle] * size)) for share in np.arange(1, rings) / rings]
    new = sparse.vstack([*new, middle], format="csr")
    if onto is not None:
        new = onto(new)
    ring = [loop, *(count + k * size + np.arange(size) for k in range(rings - 1))]
    triangles = [sheet.triangles]
    for outer, inner in pairwise(ring):
        after = np.roll(outer, -1), np.roll(inner, -1)
        triangles += [np.stack([after[0], outer, inner], 1), np.stack([after[0], inner, after[1]], 1)]
    tip = np.full(size, count + (rings - 1) * size)
    triangles.append(np.stack([np.roll(ring[-1], -1), ring[-1], tip], 1))
    return Sheet(sparse.vstack([sheet.weights, new], format="csr"), np.concatenate(triangles))


def projected(points, normals, head, triangles):
    """(N, S) sparse weights of the points of ``head``'s ``triangles`` nearest to ``points`` (N, 3)."""
    found = NearestOn(head.mean.astype(np.float64), triangles)(points, normals)
    rows = np.repeat(np.arange(len(points)), 3)
    columns = triangles[found.triangle].ravel()
    return sparse.csr_matrix((found.weights.ravel(), (rows, columns)), shape=(len(points), len(head.mean)))


def means(groups, count):
    """(N, count) sparse rows that average the vertices of each of N groups."""
    sizes = np.array([len(group) for group in groups])
    rows, columns = np.repeat(np.arange(len(groups)), sizes), np.concatenate([np.asarray(g) for g in groups])
    return sparse.csr_matrix((np.repeat(1 / sizes, sizes), (rows, columns)), shape=(len(groups), count))


def replaced(weights, rows, new):
    """Sparse ``weights`` with the rows ``rows`` replaced by those of ``new``."""
    stays = np.ones(weights.shape[0])
    stays[rows] = 0
    place = sparse.csr_matrix((np.ones(len(rows)), (rows, np.arange(len(rows)))), shape=(len(stays), len(rows)))
    return (sparse.diags(stays) @ weights + place @ new).tocsr()


def refined(sheet):
    """Every triangle in four, by Loop's rules: smooth inside, along the border smooth as a curve."""
    count, triangles = sheet.weights.shape[0], sheet.triangles
    sides = np.sort(triangles[:, [[0, 1], [1, 2], [2, 0]]], axis=2).reshape(-1, 2)
    edges, of_side, uses = np.unique(sides, axis=0, return_inverse=True, return_counts=True)
    of_side = of_side.reshape(-1, 3)
    middles = count + of_side
    a, b, c = triangles.T
    ab, bc, ca = middles.T
    finer = np.concatenate([np.stack(rows, 1) for rows in ((a, ab, ca), (b, bc, ab), (c, ca, bc), (ab, bc, ca))])
    opposite = sparse.csr_matrix(
        (np.ones(of_side.size), (of_side.ravel(), triangles[:, [2, 0, 1]].ravel())), shape=(len(edges), count)
    )
    rim = uses == 1
    ends = _incidence(edges, count)
    on_edges = sparse.diags(np.where(rim, 1 / 2, 3 / 8)) @ ends + sparse.diags(np.where(rim, 0, 1 / 8)) @ opposite
    neighbours, along = ((_incidence(e, count).T @ _incidence(e, count)).tolil() for e in (edges, edges[rim]))
    for matrix in (neighbours, along):
        matrix.setdiag(0)
    neighbours, along = neighbours.tocsr(), along.tocsr()
    valence = np.asarray(neighbours.sum(1)).ravel()
    beta = np.where(valence == 3, 3 / 16, 3 / (8 * np.maximum(valence, 1)))
    on_rim = np.asarray(along.sum(1)).ravel() > 0
    own = np.where(on_rim, 3 / 4, 1 - valence * beta)
    on_vertices = sparse.diags(own) + sparse.diags(np.where(on_rim, 0, beta)) @ neighbours + along / 8
    return Sheet((sparse.vstack([on_vertices, on_edges]) @ sheet.weights).tocsr(), finer)


def _incidence(edges, count):
    rows = np.repeat(np.arange(len(edges)), 2)
    return sparse.csr_matrix((np.ones(edges.size), (rows, edges.ravel())), shape=(len(edges), count))


def with_border(sheet, head, border):
    """``sheet`` with at least ``border`` border edges: the longest are halved."""
    while (missing := border - len(edges := border_edges(sheet.triangles))) > 0:
        points = sheet.on(head.mean)
        longest = np.argsort(-np.linalg.norm(points[edges[:, 0]] - points[edges[:, 1]], axis=1))
        sheet = _halved(sheet, edges[longest[:missing]])
    return sheet


def _halved(sheet, edges):
    """``sheet`` with border edges (N, 2) halved, at most one of each triangle."""
    count, triangles, used = sheet.weights.shape[0], sheet.triangles.tolist(), {}
    owner = {(t[k], t[(k + 1) % 3]): row for row, t in enumerate(triangles) for k in range(3)}
    for a, b in edges.tolist():
        row = owner[a, b]
        if row not in used:
            middle = count + len(used)
            used[row] = (a, b)
            (c,) = set(triangles[row]) - {a, b}
            triangles[row] = [a, middle, c]
            triangles.append([middle, b, c])
    new = means(list(used.values()), count) @ sheet.weights
    return Sheet(sparse.vstack([sheet.weights, new], format="csr"), np.array(triangles))


def thinned(sheet, head, vertices, border, importance=np.ones_like):
    """``sheet`` with exactly ``vertices`` vertices and ``border`` border edges, see :func:`~.collapse.collapsed`.

    ``importance`` gives the weights (V,) of points (V, 3).
    """
    sheet = with_border(sheet, head, border)
    points = sheet.on(head.mean)
    weights = importance(points).reshape(len(points), -1)[:, 0]
    return compact(Sheet(sheet.weights, collapsed(points, sheet.triangles, vertices, border, weights)))


def normals(sheet, head):
    """(V, 3) unit normals of the sheet on the mean head."""
    return vertex_normals(sheet.on(head.mean), sheet.triangles)
