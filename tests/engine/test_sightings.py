"""MediaPipe's points on an adopted model move to where they are seen; what cannot be seen stays."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.detect.layouts import MIRROR
from engine.detect.library import create_detector
from engine.faces.adoption import sightings
from engine.faces.adoption.sightings import STAY, with_seen_places
from engine.faces.builtin import load_builtin
from engine.faces.model import LandmarkMap

BROWS = [70, 63, 105, 66, 107, 336, 296, 334, 293, 300]


class Blind:
    """A detector that finds nobody."""

    asked = 0

    def detect(self, picture):
        self.asked += 1
        return []


def lowered(model, rows, by):
    """The model with some points at the vertex nearest to ``by`` metres below their place."""
    aim = model.landmarks["478"].points(model.mean)[rows] - torch.tensor([0, by, 0])
    skin = torch.nonzero(model.skin_weight > 0.5)[:, 0]
    nearest = skin[torch.cdist(aim, model.mean[skin]).argmin(1)]
    vertices, weights = (v.clone() for v in (model.landmarks["478"].vertices, model.landmarks["478"].weights))
    vertices[rows] = nearest[:, None]
    weights[rows] = torch.tensor([1.0, 0, 0])
    return replace(model, landmarks={**model.landmarks, "478": LandmarkMap(vertices, weights)})


def test_points_move_to_where_they_are_seen(monkeypatch):
    monkeypatch.setattr(sightings, "HEADS", 48)
    model = load_builtin()
    wrong = lowered(model, BROWS, 0.004)
    right = with_seen_places(wrong, create_detector("mediapipe"))
    before, after, wanted = (m.landmarks["478"].points(m.mean).numpy() for m in (wrong, right, model))
    off = [np.linalg.norm(p[BROWS] - wanted[BROWS], axis=1).mean() for p in (before, after)]
    assert off[0] > 0.003
    assert off[1] < 0.4 * off[0]
    # Both sides alike, each on the skin; the outline and the irises where they were.
    np.testing.assert_allclose(after[MIRROR["478"]] * [-1, 1, 1], after, atol=5e-4)
    np.testing.assert_array_equal(after[list(STAY)], before[list(STAY)])
    used = right.landmarks["478"].vertices[BROWS]
    assert (model.skin_weight[used] > 0).all()
    assert torch.allclose(right.landmarks["478"].weights.sum(1), torch.ones(478), atol=1e-5)


def test_a_model_in_which_nobody_is_seen_stays_as_it_is():
    model, blind = load_builtin(), Blind()
    assert with_seen_places(model, blind) is model
    assert blind.asked == sightings.PATIENCE


@pytest.mark.parametrize("found", [0.0, 2.0])
def test_a_face_far_from_its_place_moves_nothing(monkeypatch, found):
    """Points off the head, or all in one corner of the picture, are mistakes and not places."""
    monkeypatch.setattr(sightings, "HEADS", 41)

    class Astray:
        def detect(self, picture):
            points = np.full((478, 2), found, np.float32)
            return [type("Found", (), {"landmarks": points})()]

    model = load_builtin()
    same = with_seen_places(model, Astray())
    np.testing.assert_allclose(
        same.landmarks["478"].points(model.mean), model.landmarks["478"].points(model.mean), atol=1e-7
    )
