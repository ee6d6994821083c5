"""Eyes, teeth, tongue and lashes of the built-in head: do they fit into and onto each other, and do lashes follow?"""

from functools import cache

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from engine.faces.builtin import load_builtin
from engine.texture.lashes import STRIPS, lash_texture
from scripts.head.assembly import build_head
from scripts.head.bound import bind, bound_modes, bound_shapes
from scripts.head.expressions import build_expressions


@cache
def head():
    return build_head()[0]


@cache
def shapes():
    return bound_shapes(head(), build_expressions(head()))


def part(name):
    """Triangles (T, 3) of a part."""
    quads = head().polygons[np.isin(head().polygons, head().groups[name]).all(1)]
    return np.vstack([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])


def test_iris_is_a_dish_behind_a_cornea():
    h = head()
    for side in "LR":
        centre = h.cage.eye_centres[side]
        iris, pupil, cornea = (h.vertices[h.groups[f"{n}_{side}"]] - centre for n in ("iris", "pupil", "cornea"))
        limbus = iris[np.argmax(np.hypot(iris[:, 0], iris[:, 1]))]
        assert np.hypot(*limbus[:2]) == pytest.approx(5.85, abs=0.01)
        assert pupil[:, 2].max() < limbus[2] - 0.4
        assert 2.5 < cornea[:, 2].max() - iris[:, 2].min() < 4.5
        height = np.linalg.norm(cornea, axis=1)
        assert (height > 12.04).all(), "the film lies on the white of the eye and never in it"


def test_films_and_lashes_hide_nothing():
    model = load_builtin()
    used = np.unique(model.triangles.numpy())
    for name in ("cornea_L", "tears_L", "lashes_R"):
        assert not np.isin(model.groups[name], used).any(), name
    triangles, polygon, _ = model.split
    assert len(triangles) == len(polygon) == len(model.triangles)
    assert np.isin(model.groups["caruncle_L"], used).all()


def test_upper_teeth_close_over_the_lower_ones():
    h = head()
    upper, lower = (h.vertices[h.groups[f"teeth_{jaw}"]] for jaw in ("upper", "lower"))
    front = [points[np.abs(points[:, 0]) < 3] for points in (upper, lower)]
    overbite = front[1][:, 1].max() - front[0][:, 1].min()
    overjet = front[0][:, 2].max() - front[1][:, 2].max()
    assert 1.5 < overbite < 3.5 and 1.5 < overjet < 4
    assert not np.concatenate([_inside(upper, crown) for crown in _crowns("teeth_lower")]).any()
    assert not np.concatenate([_inside(lower, crown) for crown in _crowns("teeth_upper")]).any()
    assert len(_crowns("teeth_upper")) == len(_crowns("teeth_lower")) == 14


def test_tongue_lies_within_the_lower_arch():
    h = head()
    tongue, teeth = (h.vertices[h.groups[name]] for name in ("tongue", "teeth_lower"))
    assert tongue[:, 2].max() < teeth[:, 2].max() - 3
    assert tongue[:, 1].max() < h.vertices[h.groups["teeth_upper"], 1].max()
    for crown in [*_crowns("teeth_lower"), *_crowns("teeth_upper")]:
        assert not _inside(tongue, crown).any()
    assert not _inside(tongue, part("gums_lower")).any()


def test_lashes_stand_on_the_lids_and_keep_their_length():
    h = head()
    for side, other in (("R", "Left"), ("L", "Right")):
        for lid in ("upper", "lower"):
            for anchor in h.cage.groups[f"lid_{lid}_{side}"]:
                rows = np.intersect1d(np.flatnonzero(h.anchors == anchor), h.groups[f"lashes_{side}"])
                arm = h.vertices[rows] - h.vertices[anchor]
                assert not len(rows) or np.linalg.norm(arm, axis=1).min() < 0.3
                for name in ("eyeBlink", "eyeLookDown", "eyeWide", "browDown"):
                    shape = shapes()[f"{name}{'Right' if side == 'R' else 'Left'}"]
                    moved = arm + shape[rows] - shape[anchor]
                    np.testing.assert_allclose(np.linalg.norm(moved, axis=1), np.linalg.norm(arm, axis=1), atol=0.01)
        assert np.abs(shapes()[f"eyeBlink{other}"][h.groups[f"lashes_{side}"]]).max() < 0.01


def test_a_blink_turns_the_upper_lashes_down():
    h, offset = head(), shapes()["eyeBlinkLeft"]
    middle = h.cage.groups["lid_upper_L"][8]
    rows = np.intersect1d(np.flatnonzero(h.anchors == middle), h.groups["lashes_L"])
    arm = h.vertices[rows] - h.vertices[middle]
    tip = np.argmax(np.linalg.norm(arm, axis=1))
    assert arm[tip, 1] > 2
    assert (arm + offset[rows] - offset[middle])[tip, 1] < 0.5


def test_lashes_follow_identity_linearly():
    h = head()
    generator = np.random.default_rng(4)
    fields = np.zeros((2, len(h.controls), 3))
    count = len(h.cage.vertices)
    fields[0, :count] = 0.02 * h.cage.vertices
    fields[1, :count] = generator.normal(size=3)
    modes = bound_modes(h, fields)
    np.testing.assert_allclose(bound_modes(h, -fields), -modes, atol=1e-9)
    rows = np.flatnonzero(h.anchors >= 0)
    final = h.subdivision @ modes[0]
    stray = final[rows] - final[h.anchors[rows]]
    assert np.linalg.norm(stray, axis=1).max() < 0.8
    assert (np.abs(fields[:, count:]).max() == 0) and np.abs(modes[:, count:]).max() > 0


def test_binding_changes_no_other_vertex():
    h = head()
    field = np.random.default_rng(2).normal(size=(1, len(h.vertices), 3)) * 0.1
    changed = np.abs(bind(h, field) - field).max((0, 2)) > 0
    assert (changed == (h.anchors >= 0)).all()


def test_lash_texture_is_tapered_strands_in_their_strips():
    image = lash_texture(512)
    assert image.shape == (256, 512, 4) and image.dtype == np.uint8
    assert np.array_equal(image, lash_texture(512))
    alpha = image[::-1, :, 3] / 255
    empty = np.ones(256, bool)
    for strip in STRIPS.values():
        low, high = int(strip.low * 256), int(np.ceil(strip.high * 256))
        empty[low - 1 : high + 1] = False
        rows = alpha[low:high]
        assert 0.05 < rows.mean() < 0.6
        assert rows[: len(rows) // 4].mean() > 2 * rows[-len(rows) // 4 :].mean()
        assert np.abs(rows[:, :256] - rows[:, :255:-1]).mean() < 0.01, "the left eye's mirror the right one's"
    assert alpha[empty].max(initial=0) == 0


def _crowns(name):
    """Triangles of each closed piece of a part."""
    triangles = part(name)
    count = len(head().vertices)
    links = sparse.coo_matrix(
        (np.ones(len(triangles) * 2), (triangles[:, [0, 1]].ravel(), triangles[:, [1, 2]].ravel()))
    )
    links.resize((count, count))
    labels = connected_components(links, directed=False)[1][triangles[:, 0]]
    return [triangles[labels == label] for label in np.unique(labels)]


def _inside(points, triangles):
    """(P,) whether the solid angle that a closed surface fills round each point is the whole sphere."""
    a, b, c = (head().vertices[triangles[:, k]][None] - points[:, None] for k in range(3))
    x, y, z = (np.linalg.norm(v, axis=-1) for v in (a, b, c))
    volume = (a * np.cross(b, c)).sum(-1)
    below = x * y * z + (a * b).sum(-1) * z + (b * c).sum(-1) * x + (c * a).sum(-1) * y
    return np.abs(2 * np.arctan2(volume, below).sum(1)) > 2 * np.pi
