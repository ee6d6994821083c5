"""Fewer vertices by half-edge collapses: what remains are vertices of the finer mesh, exactly as many as wanted.

After Garland and Heckbert, "Surface simplification using quadric error metrics" (SIGGRAPH 1997), with a term for even
triangles. The border is thinned first, to exactly as many edges as wanted, then the inside; the two counts and the
number of holes decide the number of triangles.
"""

import heapq

import numpy as np

EVEN = 0.02
"""Weight of an edge's length to the fourth against the quadric error (both metres to the fourth)."""
BORDER = 10.0
"""Weight of the planes that stand on the border."""
SLIVER = 0.15
"""Least 4 sqrt(3) area / sum of squared sides of a new triangle; 1 for an even one."""
TURN = 0.3
"""Least cosine between a triangle's normal before and after."""


def collapsed(points, triangles, vertices, border, importance):
    """Triangles (T', 3) over ``vertices`` of the points (V, 3), with ``border`` border edges.

    Args:
        points: (V, 3) metres.
        triangles: (T, 3) of a surface without edges of three triangles; all points are used.
        vertices: how many shall remain.
        border: how many border edges shall remain.
        importance: (V,) larger where the mesh shall stay finer.
    """
    mesh = _Mesh(points, triangles, importance)
    mesh.thin(mesh.border_size, border, on_border=True)
    mesh.thin(len(points) - mesh.removed, vertices, on_border=False)
    return np.array([face for face in mesh.faces if face is not None])


class _Mesh:
    def __init__(self, points, triangles, importance):
        self.points, self.importance, self.removed = np.asarray(points, float), importance, 0
        self.faces = [tuple(face) for face in np.asarray(triangles).tolist()]
        self.around = [set() for _ in points]
        for row, face in enumerate(self.faces):
            for vertex in face:
                self.around[vertex].add(row)
        self.border, self.quadrics = _border_and_quadrics(self.points, np.asarray(triangles))
        self.border_size = sum(map(len, self.border.values())) // 2

    def thin(self, now, wanted, on_border):
        """Collapse the cheapest edges, on the border or off it, until ``wanted`` instead of ``now`` remain."""
        assert now >= wanted, f"{now} cannot become {wanted}"
        heap, self.fair = [], 2.0
        while now > wanted:
            if not heap:
                # Nothing (more) can go as things are, so less even triangles must do.
                self.fair /= 2
                assert self.fair > 0.01, f"stuck at {now} of {wanted}"
                for vertex in list(self.border) if on_border else range(len(self.points)):
                    self._push(heap, vertex, on_border)
            cost, gone, kept = heapq.heappop(heap)
            if not self._allowed(gone, kept, on_border) or cost < 0.999 * self._cost(gone, kept):
                continue
            self._collapse(gone, kept)
            now -= 1
            for neighbour in self._neighbours(kept):
                self._push(heap, neighbour, on_border)
            self._push(heap, kept, on_border)

    def _push(self, heap, vertex, on_border):
        for other in self.border.get(vertex, ()) if on_border else self._neighbours(vertex):
            heapq.heappush(heap, (self._cost(vertex, other), vertex, other))

    def _neighbours(self, vertex):
        return {v for row in self.around[vertex] for v in self.faces[row]} - {vertex}

    def _cost(self, gone, kept):
        place = self.points[kept]
        x, y, z = place - self.points[gone]
        # Quadrics are kept about each vertex's own place, where numbers are small.
        moved = np.array([x, y, z, 1.0])
        error = moved @ self.quadrics[gone] @ moved
        return (max(error, 0.0) + EVEN * (x * x + y * y + z * z) ** 2) * self.importance[gone]

    def _allowed(self, gone, kept, on_border):
        if not self.around[gone] or not self.around[kept]:
            return False
        shared = self.around[gone] & self.around[kept]
        if len(shared) != (1 if on_border else 2):
            return False
        if (gone in self.border) != on_border or (on_border and len(self.border) <= 3):
            return False
        opposite = {v for row in shared for v in self.faces[row]} - {gone, kept}
        if self._neighbours(gone) & self._neighbours(kept) != opposite:
            return False
        if any(len(self.around[v]) <= (1 if v in self.border else 3) for v in opposite):
            return False
        return all(self._stays_fair(row, gone, kept) for row in self.around[gone] - shared)

    def _stays_fair(self, row, gone, kept):
        before = self.points[list(self.faces[row])]
        after = self.points[[kept if v == gone else v for v in self.faces[row]]]
        old, new = (_cross(p[1] - p[0], p[2] - p[0]) for p in (before, after))
        size = np.sqrt(new @ new)
        sides = ((after - after[[1, 2, 0]]) ** 2).sum()
        least = TURN * size * np.sqrt(old @ old), SLIVER * sides
        return old @ new > self.fair * least[0] and 2 * np.sqrt(3) * size > self.fair * least[1]

    def _collapse(self, gone, kept):
        for row in self.around[gone]:
            face = self.faces[row]
            if kept in face:
                self.faces[row] = None
                for vertex in set(face) - {gone}:
                    self.around[vertex].discard(row)
            else:
                self.faces[row] = tuple(kept if v == gone else v for v in face)
                self.around[kept].add(row)
        self.around[gone] = set()
        self.removed += 1
        shift = np.eye(4)
        shift[:3, 3] = self.points[kept] - self.points[gone]
        self.quadrics[kept] += shift.T @ self.quadrics[gone] @ shift
        if gone in self.border:
            beyond = self.border.pop(gone) - {kept}
            for other in beyond:
                self.border[other] = self.border[other] - {gone} | {kept}
            self.border[kept] = self.border[kept] - {gone} | beyond


def _cross(a, b):
    return np.array([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])


def _border_and_quadrics(points, triangles):
    """Neighbours along the border by border vertex, and (V, 4, 4) quadrics about each vertex."""
    corners = points[triangles]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    double = np.linalg.norm(normal, axis=1)
    normal /= np.maximum(double, 1e-20)[:, None]
    quadrics = np.zeros((len(points), 4, 4))

    def add(vertex, through, direction, weight):
        offset = ((points[vertex] - through) * direction).sum(1)
        plane = np.c_[direction, offset]
        np.add.at(quadrics, vertex, weight[:, None, None] * plane[:, :, None] * plane[:, None])

    for k in range(3):
        add(triangles[:, k], corners[:, 0], normal, double / 6)
    edges = np.concatenate([triangles[:, [k, (k + 1) % 3]] for k in range(3)])
    _, first, count = np.unique(np.sort(edges, 1), axis=0, return_index=True, return_counts=True)
    assert count.max() == 2
    rim, owner = edges[first[count == 1]], first[count == 1] % len(triangles)
    along = points[rim[:, 1]] - points[rim[:, 0]]
    length = np.linalg.norm(along, axis=1)
    across = np.cross(along / length[:, None], normal[owner])
    for k in range(2):
        add(rim[:, k], points[rim[:, 0]], across, BORDER * length**2)
    border = {}
    for a, b in rim.tolist():
        border.setdefault(a, set()).add(b)
        border.setdefault(b, set()).add(a)
    return border, quadrics
