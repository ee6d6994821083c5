"""The built-in head's expressions: sides, lids, lips, jaw, pairs with correctives, visemes and emotions."""

import dataclasses
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.faces.arkit import NAMES, PAIRS, opposite
from engine.faces.blink import expressions_for
from engine.faces.builtin import load_builtin
from engine.faces.combinations import COMBINATIONS, EMOTIONS, VISEMES
from scripts.head.intersections import crossings
from scripts.sheets.check_ict import compare
from scripts.sheets.check_scores import readings
from scripts.sheets.check_surface import new_crossings, resting_crossings, visible_eye
from scripts.sheets.sitter import Sitter, posed

DATA = Path(__file__).parents[3] / "shared/data"
TASK = DATA / "mediapipe_task/face_landmarker.task"
ICT = DATA / "ict_facekit/ict_packed.npz"
TOLERANCE = 0.1
"""mm by which surfaces may pass through each other: as much as nobody sees."""
LIP_LINES = [(13, 14), (82, 87), (312, 317), (80, 88), (310, 318)]


@cache
def model():
    return load_builtin()


def weights(**shapes):
    result = torch.zeros(len(NAMES))
    for name, weight in shapes.items():
        for full in [name] if name in NAMES else [f"{name}Left", f"{name}Right"]:
            result[NAMES.index(full)] = weight
    return result


def shaped(identity=None, **shapes):
    return model().shape(torch.zeros(1) if identity is None else identity, weights(**shapes))


def posed_person(seed, **shapes):
    """A random person who makes the shapes as assembled heads do, with lids fitted to the person's own opening."""
    neutral = model().shape(person(seed))
    return dataclasses.replace(model(), expression_basis=expressions_for(model(), neutral)).shape(
        person(seed), weights(**shapes)
    )


def person(seed):
    return torch.randn(len(model().identity_basis), generator=torch.Generator().manual_seed(seed))


def lip_gaps(vertices):
    """mm, upper minus lower line of contact."""
    return np.array([(vertices[a, 1] - vertices[b, 1]).item() * 1000 for a, b in LIP_LINES])


def test_left_shapes_mirror_right_ones_exactly():
    basis, mirror = model().expression_basis, torch.from_numpy(model().mirror.astype(np.int64))
    flip = torch.tensor([-1.0, 1, 1])
    for left, right in PAIRS:
        image = basis[NAMES.index(right)][mirror] * flip
        assert (basis[NAMES.index(left)] - image).abs().max() < 1e-6, left
    for name in NAMES:
        if opposite(name) == name:
            shape = basis[NAMES.index(name)]
            assert (shape - shape[mirror] * flip).abs().max() < 2e-6, name


def test_correctives_come_in_mirrored_pairs():
    m = model()
    assert len(m.corrective_names) == len(set(m.corrective_names)) == len(m.corrective_basis)
    rows = {tuple(pair): k for k, pair in enumerate(m.corrective_pairs.tolist())}
    assert len(rows) == len(m.corrective_pairs)
    mirror = torch.from_numpy(m.mirror.astype(np.int64))
    for (first, second), k in rows.items():
        image = tuple(NAMES.index(opposite(NAMES[i])) for i in (first, second))
        mirrored = m.corrective_basis[rows[image]][mirror] * torch.tensor([-1.0, 1, 1])
        assert (m.corrective_basis[k] - mirrored).abs().max() < 5e-6, m.corrective_names[k]


@pytest.mark.parametrize("name", [n for n in NAMES if not n.endswith("Left")])
@pytest.mark.parametrize("weight", [1.0, 0.75, 0.5, 0.25])
def test_no_shape_pushes_skin_lining_or_tongue_through_anything(name, weight):
    assert new_crossings(model(), weights(**{name: weight})).max(initial=0) < TOLERANCE


def test_lining_and_tongue_rest_clear_of_everything():
    assert resting_crossings(model()).max(initial=0) < 0.001


def test_teeth_that_lips_pass_through_are_noticed():
    m = model()
    shape = torch.zeros_like(m.expression_basis)
    shape[0, m.groups["teeth_upper"], 2] = 0.012
    assert new_crossings(dataclasses.replace(m, expression_basis=shape), weights(eyeBlinkLeft=1.0)).max() > 1


def test_crossings_finds_what_crosses_and_how_deep():
    floor = np.array([[-2.0, -2, 0], [2, -2, 0], [0, 2, 0]])
    spike = np.array([[0.0, 0, -0.25], [0.5, 0, 2], [-0.5, 0, 2]])
    vertices, triangles = np.vstack([floor, spike]), np.array([[0, 1, 2], [3, 4, 5]])
    pairs, depth = crossings(vertices, triangles)
    assert pairs.tolist() == [[0, 1]] and depth[0] == pytest.approx(0.25)
    vertices[3:, 2] += 0.3
    assert len(crossings(vertices, triangles)[0]) == 0


@pytest.mark.parametrize("yaw", [0, 30, -30])
@pytest.mark.parametrize("other", [None, "eyeLookDown", "eyeLookUp", "eyeSquint", "cheekSquint"])
def test_closed_lids_hide_the_eye(other, yaw):
    shapes = {"eyeBlink": 1.0} | ({other: 1.0} if other else {})
    assert visible_eye(model(), shaped(**shapes), 0, yaw) < 0.2
    assert visible_eye(model(), posed_person(yaw + 40, **shapes), 0, yaw) < 0.5


@pytest.mark.parametrize("seed", range(24))
def test_everyone_can_close_their_eyes(seed):
    for blink in ("eyeBlinkRight", "eyeBlink"):
        seen = [visible_eye(model(), posed_person(seed, **{blink: 1.0}), 0, yaw) for yaw in (0, 30, -30)]
        assert max(seen) < 1.0, "mm^2; without fitting the lids to the person up to 10"


def test_a_blink_is_fitted_to_how_wide_the_lids_stand_open():
    fitted = expressions_for(model(), model().mean)
    assert torch.equal(fitted, model().expression_basis)
    wide = model().shape(torch.zeros(1), weights(eyeWideRight=1.0))
    change = (expressions_for(model(), wide) - model().expression_basis).norm(dim=2)
    changed = {NAMES[k] for k in torch.nonzero(change.amax(1) > 1e-4).flatten().tolist()}
    assert changed == {"eyeBlinkRight"}
    upper = model().landmarks["478"].vertices[159, 0]
    assert fitted[NAMES.index("eyeBlinkRight"), upper].norm() > 0.005
    assert 0.002 < change[NAMES.index("eyeBlinkRight"), upper] < 0.006, "metres that the lid goes further"


def test_a_blink_covers_the_eye_step_by_step():
    shown = [visible_eye(model(), shaped(eyeBlink=step)) for step in np.linspace(0, 1, 6)]
    assert all(after < before - 5 for before, after in pairwise(shown[:-1]))
    assert 0.3 < visible_eye(model(), shaped(eyeBlink=0.5)) / shown[0] < 0.6


def test_closed_lids_meet_once_whatever_the_gaze():
    ring = [(159, 145), (158, 153), (160, 144)]
    for other in ("eyeLookDown", "eyeLookUp", "eyeSquint"):
        vertices = shaped(**{"eyeBlink": 1.0, other: 1.0}) * 1000
        alone = shaped(eyeBlink=1.0) * 1000
        for upper, lower in ring:
            overlap = vertices[lower, 1] - vertices[upper, 1]
            assert overlap - (alone[lower, 1] - alone[upper, 1]) < 1.0, other


@pytest.mark.parametrize("aside", ["In", "Out"])
@pytest.mark.parametrize("rise", ["Up", "Down"])
def test_gaze_in_two_directions_keeps_the_eyeball_round(aside, rise):
    m = model()
    ball = m.groups["eye_R"]
    centre = (m.joint_regressor @ m.mean)[m.joint_names.index("eye_R")]
    vertices = shaped(**{f"eyeLook{aside}Right": 1.0, f"eyeLook{rise}Right": 1.0})
    radius = (vertices[ball] - centre).norm(dim=1) * 1000
    rest = (m.mean[ball] - centre).norm(dim=1) * 1000
    assert (radius - rest).abs().max() < 0.5


@pytest.mark.parametrize(("jaw", "close"), [(0.3, 0.3), (0.5, 0.5), (1.0, 1.0), (0.3, 1.0), (0.8, 0.9)])
def test_mouth_close_seals_the_open_jaw(jaw, close):
    gaps = lip_gaps(shaped(jawOpen=jaw, mouthClose=close))
    assert np.abs(gaps - lip_gaps(model().mean)).max() < 0.3
    assert new_crossings(model(), weights(jawOpen=jaw, mouthClose=close)).max(initial=0) < TOLERANCE


def test_mouth_close_leaves_a_jaw_that_is_wider_open_ajar():
    wide, ajar = (lip_gaps(shaped(jawOpen=0.6, mouthClose=close))[0] for close in (0, 0.3))
    assert 0.35 * wide < ajar < 0.65 * wide
    assert new_crossings(model(), weights(jawOpen=0.6, mouthClose=0.3)).max(initial=0) < TOLERANCE


def test_mouth_close_alone_presses_closed_lips_softly():
    moved = (shaped(mouthClose=1.0) - model().mean) * 1000
    assert 0.3 < moved[[0, 13, 14, 17]].norm(dim=1).max() < 3
    assert np.abs(lip_gaps(shaped(mouthClose=1.0)) - lip_gaps(model().mean)).max() < 0.1


def test_jaw_opens_wide_down_and_back():
    teeth = model().groups["teeth_lower"]
    moved = (shaped(jawOpen=1.0) - model().mean) * 1000
    incisors = teeth[np.argsort(-model().mean[teeth, 2].numpy())[:20]]
    assert 27 < -moved[incisors, 1].mean() < 36
    assert moved[152, 1] < -15 and moved[152, 2] < -10, "the chin goes down and back"


def test_jaw_bone_turns_as_the_shape_does():
    opened = shaped(jawOpen=1.0)
    turned = posed(model(), model().mean, {"jaw": (22.5, 0, 0)})
    moved = (opened - model().mean).norm(dim=1) > 0.005
    gap = (opened - turned).norm(dim=1) * 1000
    assert gap[moved].mean() < 1.0
    assert gap[model().groups["teeth_lower"]].max() < 0.1


@pytest.mark.parametrize("turn", [(0, 45, 0), (30, 0, 0), (-30, 0, 0), (0, 0, 20)])
def test_a_turned_head_keeps_its_neck(turn):
    m = model()
    share = {"neck": tuple(0.4 * t for t in turn), "head": tuple(0.6 * t for t in turn)}
    vertices = posed(m, m.mean, share)
    assert (vertices - m.mean)[(m.joint_weights[:, 0] > 0.999)].abs().max() < 1e-4, "the shoulders stay"
    neck = m.triangles[torch.isin(m.triangles, torch.from_numpy(m.groups["neck"].astype(np.int64))).all(1)]

    def areas(points):
        a, b, c = points[neck].unbind(1)
        return torch.linalg.cross(b - a, c - a).norm(dim=1)

    ratio = areas(vertices) / areas(m.mean).clamp_min(1e-9)
    assert ratio.quantile(0.01) > 0.3 and ratio.quantile(0.99) < 2.6


def test_cheeks_puff_with_sealed_lips():
    moved = (shaped(cheekPuff=1.0) - model().mean) * 1000
    assert moved[[187, 411]].norm(dim=1).min() > 6 and moved[411, 0] > 3 > -3 > moved[187, 0]
    assert np.abs(lip_gaps(shaped(cheekPuff=1.0)) - lip_gaps(model().mean)).max() < 1.2


def test_tongue_comes_out_between_the_lips():
    vertices = shaped(tongueOut=1.0) * 1000
    tip = vertices[model().groups["tongue"], 2].max()
    assert tip > vertices[[0, 17], 2].max() + 8
    assert lip_gaps(vertices / 1000)[0] > 5


def test_visemes_and_emotions_are_mixtures_of_known_shapes():
    assert len(VISEMES) == 15 and len(EMOTIONS) == 6 and len(COMBINATIONS) == 21
    for name, mixture in COMBINATIONS.items():
        assert set(mixture) <= set(NAMES), name
        assert all(0 < weight <= 1 for weight in mixture.values()), name
        assert all(mixture[opposite(part)] == weight for part, weight in mixture.items()), f"{name} is even"


def test_visemes_open_and_close_the_lips_as_their_sounds_do():
    def opening(name):
        return lip_gaps(shaped(**VISEMES[name]))[0]

    rest = lip_gaps(model().mean)[0]
    assert abs(opening("viseme_PP") - rest) < 1.0
    assert opening("viseme_aa") > 14 and opening("viseme_O") > 10
    assert opening("viseme_I") < opening("viseme_E") < opening("viseme_aa")
    wide = {n: (shaped(**VISEMES[f"viseme_{n}"])[[61, 291], 0] * 1000).abs().sum().item() for n in ("I", "U", "aa")}
    assert wide["I"] > wide["aa"] + 3 > wide["U"] + 8


@pytest.mark.skipif(not ICT.exists(), reason=f"needs {ICT}")
def test_shapes_go_the_way_of_another_heads():
    found = compare(model(), ICT)
    # These differ by design: ours press inwards, or lift the cheek where landmarks hardly lie.
    own_way = ("mouthPress", "cheekSquint")
    for name, agreement in found.items():
        if not name.startswith(own_way):
            assert agreement.cosine > 0.7, name
        assert 0.3 < agreement.ratio < 2.0, name


@pytest.mark.slow
@pytest.mark.skipif(not TASK.exists(), reason=f"needs {TASK}")
def test_mediapipe_reads_the_shapes_it_can_read():
    pytest.importorskip("mediapipe")
    found = readings(Sitter(model()), TASK)
    for name in ("jawOpen", "mouthPucker", "mouthSmile", "mouthLeft", "mouthRight", "browInnerUp", "eyeBlink"):
        assert found[name].full - found[name].neutral > 0.3, name
    first = [name for name, reading in found.items() if reading.rank == 1]
    assert len(first) >= 16, first
    assert {"jawOpen", "mouthSmile", "mouthStretch", "mouthUpperUp", "browDown", "browInnerUp"} <= set(first)
