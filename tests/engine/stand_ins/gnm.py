"""A head in GNM Head v3's format: quads throughout; skin with the mouth's inside, eyeballs, teeth, gums and tongue.

A coarse mesh of triangles and one quad is refined once, every corner of a polygon giving a quad, and laid on the head
again. So many holes and pieces, so many border edges make the published numbers of vertices and quads.
"""

from functools import partial

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from engine.faces.adoption.nearest import vertex_normals
from engine.faces.adoption.unwrap import unwrapped
from engine.faces.model import split_polygons
from tests.engine.stand_ins import heads, sheets
from tests.engine.write_flame import waves
from tests.engine.write_gnm import JOINTS, QUADS, VERTICES, expression_names

EYE = (12, 10)
"""Coarse vertices around each eyeball and from pole to pole."""
SHARES = {"teeth_upper": 0.09, "teeth_lower": 0.09, "gums": 0.05, "tongue": 0.03}
"""Of the coarse triangles; the skin and the mouth's inside have what is left."""
GUMS = 24
"""Border edges of gums that are open."""
REGIONS = {
    "skin": ("skin", "mouth_bag"),
    "left_eye": ("eye_L",),
    "right_eye": ("eye_R",),
    "upper_teeth_and_gums": ("teeth_upper",),
    "lower_teeth_and_gums": ("teeth_lower",),
    "gums": ("gums",),
    "teeth": ("teeth_upper", "teeth_lower"),
    "tongue": ("tongue",),
    "mouth_sock": ("mouth_bag",),
}
"""Vertex groups as published, and the parts that they are made of; teeth and gums of a jaw are one group."""


def mesh_of(head):
    """Weights (V, S) over the head's vertices, quads (Q, 4), and each vertex's part (V,)."""
    rest = {name: _coarse(head, name, share) for name, share in SHARES.items()}
    rest |= {f"eye_{side}": heads.eyeball_sheet(head, side, *EYE) for side in "LR"}
    skin = sheets.cut(head, ("skin", "mouth_bag"))
    others = sheets.joined(*rest.values())
    # Corners of the coarse polygons, and vertices: pieces, holes and border edges must make up for the difference.
    border = VERTICES - QUADS - _euler(skin) - _euler(others) - len(sheets.border_edges(others.triangles))
    triangles = (QUADS + 2) // 3 - len(others.triangles)
    vertices = (triangles + border) // 2 + _euler(skin)
    skin = sheets.thinned(skin, head, vertices, border, partial(heads.importance, head))
    parts = np.array([name for name in rest for _ in range(rest[name].weights.shape[0])])
    skin_parts = np.where(_mostly(head, skin, "mouth_bag"), "mouth_bag", "skin")
    return _refined(head, sheets.joined(skin, others), np.r_[skin_parts, parts])


def _coarse(head, name, share):
    """An inner part with about that share of the coarse triangles; gums keep their holes, if they have some."""
    part = sheets.cut(head, (name,), whole=True)
    if name != "gums":
        for loop in sheets.holes(part):
            part = sheets.filled(part, loop, rings=1)
    border = GUMS if sheets.holes(part) else 0
    vertices = min(_euler(part) + (int(share * QUADS / 3) + border) // 2, part.weights.shape[0])
    return sheets.thinned(part, head, vertices, border)


def _euler(sheet):
    """Vertices less edges plus triangles."""
    edges = np.unique(np.sort(sheet.triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1), axis=0)
    return sheet.weights.shape[0] - len(edges) + len(sheet.triangles)


def _mostly(head, sheet, name):
    """(V,) whether a sheet's vertex lies in a part of the head."""
    inside = np.zeros(len(head.mean))
    inside[head.parts[name]] = 1
    return sheet.on(inside) > 0.5


def _refined(head, sheet, parts):
    """Quads about every corner; new vertices are laid on the same part of the head."""
    triangles, count = sheet.triangles, sheet.weights.shape[0]
    quad, rest = _one_quad(triangles)
    polygons = [*rest.tolist(), quad.tolist()]
    edges = sorted({tuple(sorted((p[k - 1], p[k]))) for p in polygons for k in range(len(p))})
    number = {edge: count + k for k, edge in enumerate(edges)}
    new = sheets.means([*edges, *polygons], count) @ sheet.weights
    weights = sparse.vstack([sheet.weights, new], format="csr")
    first_middle = count + len(edges)
    quads = [
        (corner, number[_edge(corner, p[(k + 1) % len(p)])], first_middle + row, number[_edge(p[k - 1], corner)])
        for row, p in enumerate(polygons)
        for k, corner in enumerate(p)
    ]
    quads = np.array(quads)
    parts = np.r_[parts, [parts[group[0]] for group in (*edges, *polygons)]]
    return _laid(head, weights, quads, parts), quads, parts


def _edge(a, b):
    return (a, b) if a < b else (b, a)


def _one_quad(triangles):
    """The last triangle and a neighbour as one quad, and the other triangles."""
    last = triangles[-1].tolist()
    for k in range(3):
        a, b, c = last[k], last[(k + 1) % 3], last[(k + 2) % 3]
        other = np.flatnonzero((np.isin(triangles[:-1], (a, b))).sum(1) == 2)
        if len(other):
            d = next(v for v in triangles[other[0]].tolist() if v not in (a, b))
            return np.array([a, d, b, c]), np.delete(triangles[:-1], other[0], 0)
    raise AssertionError("a triangle without neighbours")


def _laid(head, weights, quads, parts):
    """The weights with every vertex on the nearest like-facing surface of its part; those on a border stay."""
    points, triangles = weights @ head.mean.astype(np.float64), quads[:, [0, 1, 2, 0, 2, 3]].reshape(-1, 3)
    normals = vertex_normals(points, triangles)
    own = split_polygons(head.polygons)[0]
    free = np.ones(len(points), bool)
    free[np.unique(sheets.border_edges(triangles))] = False
    laid = weights
    for part in np.unique(parts):
        chosen = np.flatnonzero((parts == part) & free)
        inside = np.zeros(len(head.mean), bool)
        for name in ("skin", "mouth_bag") if part in ("skin", "mouth_bag") else (part,):
            inside[head.parts[name]] = True
        surface = own[inside[own].all(1)]
        if part.startswith("eye_"):
            surface = heads.ball_of(head, part[-1])[2]
        laid = sheets.replaced(laid, chosen, sheets.projected(points[chosen], normals[chosen], head, surface))
    return laid


def arrays_of(head):
    """The npz's arrays, and the weights (V, S) over the head's vertices."""
    weights, quads, parts = mesh_of(head)

    def on(field):
        return (weights @ field.astype(np.float64)).astype(np.float32)

    vertices = on(head.mean)
    identity = np.zeros((253, VERTICES, 3), np.float32)
    own = min(len(head.identity_basis), 170)
    identity[:own] = np.stack([on(mode) for mode in head.identity_basis[:own]])
    joint_weights, regressor = _joints(vertices, parts, heads.landmarks(head))
    triangles = quads[:, [0, 1, 2, 0, 2, 3]].reshape(-1, 3)
    uvs = _uvs(vertices, quads, parts, _between_ears(head))
    groups = np.stack([_group(name, sources, vertices, parts) for name, sources in REGIONS.items()])
    arrays = {
        "version": np.array("3.0"),
        "variant": np.array("head"),
        "template_vertex_positions": vertices,
        "template_joint_positions": (regressor @ vertices).astype(np.float32),
        "vertex_identity_basis": identity,
        "joint_identity_basis": np.einsum("jv,ivc->ijc", regressor, identity, optimize=True).astype(np.float32),
        "expression_basis": waves(vertices, 383, 13, 0.002).transpose(2, 0, 1).astype(np.float32),
        "identity_names": np.array(
            [f"head_{k}" for k in range(170)] + [f"eyes_{k}" for k in range(3)] + [f"teeth_{k}" for k in range(80)]
        ),
        "joint_names": np.array(["neck", "head", "left_eye", "right_eye"]),
        "expression_names": np.array(expression_names()),
        "joint_parent_indices": np.array([0, 0, 1, 1], np.int32),
        "skinning_weights": joint_weights.astype(np.float32),
        "quads": quads.astype(np.int32),
        "triangles": triangles.astype(np.int32),
        "quad_uvs": uvs,
        "triangle_uvs": uvs[:, [0, 1, 2, 0, 2, 3]].reshape(-1, 3, 2),
        "mesh_component_names": np.array(list(REGIONS)),
        "mirror_indices": _mirror(vertices, parts),
        "joint_regressor": regressor.astype(np.float32),
        "pose_correctives_regressor": waves(vertices, 36, 14, 0.0005)
        .transpose(2, 0, 1)
        .reshape(36, -1)
        .astype(np.float32),
        "bone_aligned_template_joint_orientations": np.tile(np.eye(3, dtype=np.float32), (JOINTS, 1, 1)),
        "vertex_groups": groups.astype(np.float32),
        "vertex_group_names": np.array(list(REGIONS)),
    }
    return arrays, weights, triangles, parts


def write(head, folder):
    """``GNM/gnm_head.npz`` and ``head_sparse_68.txt`` below ``folder``; returns the weights (V, S)."""
    place = folder / "GNM"
    place.mkdir(parents=True, exist_ok=True)
    arrays, weights, triangles, parts = arrays_of(head)
    np.savez(place / "gnm_head.npz", **arrays)
    skin = sheets.Sheet(weights, triangles[(parts[triangles] == "skin").all(1)])
    triangle, shares = heads.nearest_points(head, skin)
    np.savetxt(place / "head_sparse_68.txt", np.stack([skin.triangles[triangle], shares], 2).reshape(68, 6), "%.9g")
    return weights


def _between_ears(head):
    """(3,) about the middle of the head."""
    points = heads.landmarks(head)
    return np.array([0, points[30, 1], points[27, 2] - 0.1])


def _group(name, sources, vertices, parts):
    """(V,) members; a jaw's gums go with its teeth."""
    members = np.isin(parts, sources)
    if name in ("upper_teeth_and_gums", "lower_teeth_and_gums"):
        middle = vertices[np.char.startswith(parts, "teeth_"), 1].mean()
        upper = vertices[:, 1] > middle
        members |= (parts == "gums") & (upper if name.startswith("upper") else ~upper)
    return members


def _joints(vertices, parts, points):
    """Skinning weights (4, V) and a regressor (4, V): neck, head, eyes."""
    base = np.array([0, points[8, 1] - 0.06, points[27, 2] - 0.1])
    regressor = np.zeros((JOINTS, VERTICES))
    for joint, place in enumerate((base, base + np.array([0, 0.09, 0]))):
        near = np.argsort(np.linalg.norm(vertices - place, axis=1))[:200]
        regressor[joint, near] = 1 / len(near)
    rise = 1 / (1 + np.exp(-(vertices[:, 1] - base[1] - 0.03) / 0.015))
    weights = np.stack([1 - rise, rise, 0 * rise, 0 * rise])
    for joint, part in ((2, "eye_L"), (3, "eye_R")):
        weights[:, parts == part] = np.eye(JOINTS)[joint][:, None]
        regressor[joint, parts == part] = 1 / (parts == part).sum()
    return weights, regressor


def _uvs(vertices, quads, parts, front):
    """(Q, 4, 2): each part in the unit square by itself, the skin unrolled about ``front`` (3,)."""
    uvs = np.zeros((*quads.shape, 2), np.float32)
    part = parts[quads[:, 0]]
    for name in np.unique(part):
        corners = vertices[quads[part == name]][..., :2]
        low, high = corners.min((0, 1)), corners.max((0, 1))
        uvs[part == name] = 0.02 + 0.96 * (corners - low) / (high - low)
    skin = np.isin(part, ("skin", "mouth_bag"))
    uvs[skin] = unwrapped(vertices, quads[skin].astype(np.int32), front)
    return uvs


def _mirror(vertices, parts):
    """(V,) the nearest vertex of the same kind on the other side."""
    other = np.array([p[:-1] + {"L": "R", "R": "L"}[p[-1]] if p.endswith(("_L", "_R")) else p for p in parts])
    mirror = np.arange(len(vertices))
    for part in np.unique(parts):
        mine, theirs = np.flatnonzero(parts == part), np.flatnonzero(other == part)
        mirror[mine] = theirs[cKDTree(vertices[theirs]).query(vertices[mine] * [-1, 1, 1])[1]]
    return mirror.astype(np.int32)
