"""The built-in head's pictures: edges without diagonals, lashes over the face, tables in their places."""

import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.faces.builtin import load_builtin
from scripts.head_pictures import PICTURES, TABLES
from scripts.sheets import anatomy, paper
from scripts.sheets.sitter import Sitter, both
from scripts.sheets.studio import camera, draw, near_points

DOCUMENT = Path(__file__).parents[2] / "docs/head.md"


@cache
def sitter():
    return Sitter(load_builtin(), 256)


def test_only_the_edges_that_split_quads_are_left_out():
    polygons = sitter().model.polygons
    edges = {tuple(sorted(e)) for e in np.stack([polygons, np.roll(polygons, -1, 1)], -1).reshape(-1, 2).tolist()}
    diagonal = anatomy._diagonal(sitter())
    for corner in range(3):
        rows = sitter().triangles[:, [(corner + 1) % 3, (corner + 2) % 3]]
        is_edge = np.array([tuple(sorted(pair)) in edges for pair in rows.tolist()])
        assert np.array_equal(is_edge, diagonal != corner)


def test_lashes_darken_the_lids_and_nothing_else():
    s = sitter()
    eye = camera(near_points(s.model.mean[s.model.groups["eye_R"]]), 0.06, 0, (200, 200))
    head = s.head()
    with_them, without = draw(s, head, eye).astype(int), anatomy.draw_studio(head, anatomy.view(head, eye)).astype(int)
    darker = (without - with_them).max(-1) > 12
    assert 300 < darker.sum() < 6000
    low, high = np.argwhere(darker).min(0), np.argwhere(darker).max(0)
    assert (low > 20).all() and (high < 180).all()


def test_the_wearers_own_head_hides_lashes_from_behind():
    s = sitter()
    eye = camera((0, 0, 0), 0.3, 180, (120, 120))
    head = s.head()
    assert np.array_equal(draw(s, head, eye), anatomy.draw_studio(head, anatomy.view(head, eye)))


def test_parts_pulled_apart_keep_their_shape():
    head, _ = anatomy.pulled_apart(sitter())
    rest = sitter().model.mean
    owner = head.triangles // len(rest)
    assert (owner == owner[:, :1]).all()
    assert set(owner[:, 0].tolist()) == set(range(len(anatomy.APART) + 1)) - {1 + list(anatomy.APART).index("lashes")}
    offsets = torch.tensor([(0.0, 0, 0), *anatomy.APART.values()])
    back = head.vertices[head.triangles] - offsets[owner]
    assert (back - rest[head.triangles % len(rest)]).abs().max() < 1e-6


def test_both_sides_of_a_name():
    assert both("eyeBlink", "jawOpen") == {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0, "jawOpen": 1.0}


def test_a_table_goes_between_its_markers(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- table:one -->\nold\n<!-- end -->\nb\n<!-- table:two -->\n<!-- end -->\n", encoding="utf-8")
    paper.fill(page, "one", r"new \1")
    paper.fill(page, "two", "second")
    wanted = "a\n<!-- table:one -->\nnew \\1\n<!-- end -->\nb\n<!-- table:two -->\nsecond\n<!-- end -->\n"
    assert page.read_text(encoding="utf-8") == wanted
    with pytest.raises(ValueError, match="no place"):
        paper.fill(page, "three", "x")


def test_the_document_shows_every_picture_and_table():
    text = DOCUMENT.read_text(encoding="utf-8")
    shown = set(re.findall(r"\(head/(\w+)\.jpg\)", text))
    assert shown == set(PICTURES)
    assert set(re.findall(r"<!-- table:(\w+) -->", text)) == set(TABLES)
    sizes = [(DOCUMENT.parent / "head" / f"{name}.jpg").stat().st_size for name in shown]
    assert max(sizes) <= paper.LARGEST and sum(sizes) < 4_000_000
