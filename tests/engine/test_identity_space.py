"""The built-in head's identity space: do heads differ as the surveys say, and do they hold together?"""

from functools import cache

import numpy as np
import pytest
import torch

from engine.faces.builtin import load_builtin
from scripts.head.assembly import build_head
from scripts.head.conditioning import completed, conditioned, likeliest
from scripts.head.identity import MODES, build_identity
from scripts.head.measures import measures
from scripts.head.semantics import BY_MEASURE, reading
from scripts.head.semantics import NAMES as DIRECTIONS
from scripts.head.statistics import measures_table, pooled_correlations, sampled
from scripts.head.surveys import NAMES, SURVEY


@cache
def model():
    return load_builtin()


@cache
def head():
    return build_head()[0]


@cache
def space():
    return build_identity(head())


@cache
def statistics():
    return sampled(model(), head())


def direction(name):
    return model().semantic_directions[model().semantic_names.index(name)].double().numpy()


def test_conditioning_gives_the_wanted_covariance_and_nothing_else():
    random = np.random.default_rng(0)
    factor, gradients = random.normal(size=(40, 12)), random.normal(size=(3, 12))
    wanted = np.cov(random.normal(size=(3, 50)))
    new, root = conditioned(factor, factor @ gradients.T, wanted)
    np.testing.assert_allclose(gradients @ new.T @ new @ gradients.T, wanted, atol=1e-9)
    np.testing.assert_allclose(root @ factor, new)

    def given(process):
        covariance = process.T @ process
        cross = covariance @ gradients.T
        gain = cross @ np.linalg.inv(gradients @ cross)
        return gain, covariance - gain @ cross.T

    for before, after in zip(given(factor), given(new), strict=True):
        np.testing.assert_allclose(before, after, atol=1e-8)
    field = likeliest(factor, factor @ gradients.T, np.array([1.0, -2, 0.5]))
    np.testing.assert_allclose(gradients @ field, [1, -2, 0.5], atol=1e-9)


def test_conditioning_refuses_what_is_no_covariance():
    factor = np.random.default_rng(0).normal(size=(9, 4))
    with pytest.raises(ValueError, match="positive definite"):
        conditioned(factor, factor[:, :2], np.diag([1.0, -1.0]))


def test_completion_keeps_what_is_known_and_leaves_the_rest_as_it_was():
    random = np.random.default_rng(1)
    prior = np.cov(random.normal(size=(5, 30)))
    known = {(0, 1): 0.6, (1, 2): -0.3, (0, 4): 0.2}
    whole = completed(prior, np.arange(1.0, 6), known)
    np.testing.assert_allclose(np.sqrt(np.diag(whole)), np.arange(1.0, 6), rtol=1e-6)
    for (i, j), r in known.items():
        assert whole[i, j] / np.sqrt(whole[i, i] * whole[j, j]) == pytest.approx(r, abs=1e-6)
    scale = np.sqrt(np.diag(prior))
    before = np.linalg.inv(prior / np.outer(scale, scale))
    after = np.linalg.inv(whole / np.outer(np.arange(1.0, 6), np.arange(1.0, 6)))
    for i, j in ((0, 2), (0, 3), (1, 3), (2, 3), (3, 4)):
        assert after[i, j] == pytest.approx(before[i, j], abs=1e-6), "no new partial correlation"


@pytest.mark.parametrize("name", NAMES)
def test_a_distance_is_and_varies_as_among_adults(name):
    figures, place = SURVEY[name], NAMES.index(name)
    assert statistics().deviation[place] == pytest.approx(figures.deviation, rel=0.10)
    assert statistics().mean[place] == pytest.approx(figures.mean, rel=0.12)


def test_distances_go_together_as_published():
    for (i, j), r in pooled_correlations().items():
        assert statistics().correlation[i, j] == pytest.approx(r, abs=0.1), (NAMES[i], NAMES[j])


def test_sex_leads_from_the_womens_means_to_the_mens():
    for place, (name, figures) in enumerate(SURVEY.items()):
        step = (statistics().men - statistics().women)[place] / 2
        assert step == pytest.approx(figures.half_difference, rel=0.15, abs=0.15), name
    assert 0.85 < np.linalg.norm(direction("sex_like")) < 1.15, "about a standard deviation"


def test_table_lists_every_distance():
    table = measures_table(model(), head(), 50)
    assert all(name in table for name in NAMES)


def test_modes_are_ordered_and_mostly_symmetric():
    modes = space().modes
    assert modes.shape == (MODES, len(head().controls), 3) and MODES >= 80
    count = len(head().cage.vertices)
    image = modes[:, head().cage.mirror] * [-1, 1, 1]
    same = np.abs(image - modes[:, :count]).max((1, 2)) < 1e-9
    turned = np.abs(image + modes[:, :count]).max((1, 2)) < 1e-9
    assert (same ^ turned).all() and same[:5].all() and 8 < turned.sum() < 30
    size = (modes[:, :count][:, head().cage.vertices[:, 2] > -60] ** 2).sum((1, 2))
    assert size[turned].sum() < 0.12 * size.sum(), "asymmetry is small"
    assert size[:5].mean() > 4 * size[40:].mean()
    assert np.corrcoef(np.arange(MODES), np.log(size))[0, 1] < -0.9


def test_modes_carry_no_rigid_motion():
    cage, modes = head().cage.vertices, space().modes
    inner = (cage[:, 2] > -35) & (cage[:, 1] > -75)
    face = modes[:, : len(cage)][:, inner]
    moved = np.linalg.norm(face.mean(1), axis=1) / np.sqrt((face**2).sum(2).mean(1))
    assert moved.max() < 0.8 and np.median(moved) < 0.25


@pytest.mark.parametrize("name", [n for n in DIRECTIONS if not n.endswith("_like")])
def test_a_direction_changes_what_it_is_named_after_by_a_deviation(name):
    gradient = reading(name, head())
    slope = np.tensordot(space().modes, gradient, ([1, 2], [0, 1]))
    along = space().directions[space().names.index(name)]
    assert np.linalg.norm(along) == pytest.approx(1)
    assert slope @ along == pytest.approx(np.linalg.norm(slope)) and np.linalg.norm(slope) > 0.3
    if name in BY_MEASURE:
        measure = next(m for m in measures(head()) if m.name == BY_MEASURE[name])
        rest = model().mean.double().numpy() * 1000
        moved = rest + np.tensordot(along, model().identity_basis.double().numpy() * 1000, 1)
        figures = SURVEY[measure.name]
        assert measure.length(moved) - measure.length(rest) == pytest.approx(figures.deviation, rel=0.15)


def test_age_lengthens_ears_and_thins_lips():
    aged = model().shape(torch.tensor(direction("age_like"), dtype=torch.float32)) - model().mean
    lips = float(aged[0, 1] - aged[13, 1] + aged[14, 1] - aged[17, 1]) * 1000
    ears = next(m for m in measures(head()) if m.name == "ear length")
    longer = ears.length((model().mean + aged).numpy()) - ears.length(model().mean.numpy())
    assert lips < -0.3 and 0.002 < longer < 0.005


def test_eyes_vary_less_than_their_surroundings():
    modes = model().identity_basis * 1000
    groups = model().groups
    eyes = modes[:, groups["eye_L"][0], 0] - modes[:, groups["eye_R"][0], 0]
    assert eyes.norm() == pytest.approx(4.0, rel=0.1)
    # Inner canthi: 1.4 to 3.2 mm inside a people, about 3.5 over peoples (a review of 67 studies, PMC9029890).
    assert 2.0 < (modes[:, 362, 0] - modes[:, 133, 0]).norm() < 3.6


def test_parts_of_the_mean_head_move_rigidly():
    modes = model().identity_basis
    for name in ("eye_L", "eye_R", "teeth_upper", "teeth_lower", "tongue"):
        part = modes[:, model().groups[name]]
        assert (part - part.mean(1, keepdim=True)).abs().max() < 2e-6
    teeth = [modes[:, model().groups[f"teeth_{jaw}"]].mean(1) for jaw in ("upper", "lower")]
    assert torch.allclose(*teeth, atol=2e-6), "the bite stays closed"


def test_lids_stay_on_the_eyeball_in_random_people():
    h, modes = head(), space().modes
    ring = h.cage.groups["lid_margin_R"]
    eye = h.subdivision[h.groups["eye_R"][0]].indices[0]
    rest = np.linalg.norm(h.cage.vertices[ring] - h.cage.eye_centres["R"], axis=1)
    on_ball = rest < 13.7
    for seed in range(60):
        draw = np.random.default_rng(seed).normal(size=MODES).clip(-3, 3)
        moved = (
            h.cage.vertices[ring] - h.cage.eye_centres["R"] + np.tensordot(draw, modes[:, ring] - modes[:, [eye]], 1)
        )
        change = np.linalg.norm(moved, axis=1) - rest
        assert np.abs(change[on_ball]).max() < 0.4
        assert np.abs(change).max() < 1.6, "the inner canthus lies farther out and is freer"
