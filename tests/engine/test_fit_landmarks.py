from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.detect.layouts import MIRROR
from engine.evaluation.heads import pose_rotation
from engine.faces.library import load_model
from engine.fit.basis import RARE_SPREAD, expression_precision, landmark_basis
from engine.fit.calibration import Calibration, Samples, learn, load_calibration
from engine.fit.contour import _paths, slide
from engine.fit.landmark_terms import linearise
from engine.fit.landmarks import fit_landmarks
from engine.fit.memo import memo
from engine.fit.noise import Noise, default_noise
from engine.fit.pose import Pose, initial_pose, rotation_of, view_angles
from engine.fit.solver import State, System, bounded_step
from tests.engine.fitting import known_head


@pytest.fixture(scope="module")
def model():
    return load_model("builtin")


def pose_at(yaw=0.0, pitch=0.0, roll=0.0, focal=600.0):
    return Pose(pose_rotation(yaw, pitch, roll), np.array([0.03, -0.02, 0.7]), focal, np.array([160.0, 160.0]))


def test_view_angles_read_back_the_pose():
    centred = pose_at(0.4, 0.15, -0.2)
    centred.translation[:2] = 0
    np.testing.assert_allclose(view_angles(centred), (0.4, 0.15, -0.2), atol=0.03)


def test_a_face_at_the_photos_edge_is_judged_by_the_side_it_shows():
    aside = pose_at()
    aside.translation[:] = 0.35, 0, 0.7
    # It looks straight ahead, so a camera on its right-hand side sees it turned by the ray's angle.
    assert view_angles(aside)[0] == pytest.approx(np.arctan(0.5), abs=0.01)


def test_the_first_pose_is_near(model):
    basis, pose = landmark_basis(model, "478"), pose_at(0.5, 0.1, 0.2)
    found = initial_pose(basis.mean, pose.project(basis.mean), basis.present, pose.focal, pose.centre)
    turn = found.rotation @ pose.rotation.T
    assert np.degrees(np.arccos((np.trace(turn) - 1) / 2)) < 8
    np.testing.assert_allclose(found.translation, pose.translation, atol=0.08)


def test_jacobian_is_the_derivative(model):
    basis = landmark_basis(model, "68")
    noise = default_noise(basis)
    random = np.random.default_rng(0)
    coefficients = random.uniform(0, 0.5, basis.modes.shape[2])
    state = State(pose_at(0.3), coefficients, basis.present)
    observed = state.pose.project(basis.mean)

    def residual(step):
        pose = Pose(
            rotation_of(step[:3]) @ state.pose.rotation,
            state.pose.translation + step[3:6],
            state.pose.focal * np.exp(step[6]),
            state.pose.centre,
        )
        points = basis.points(coefficients + step[7:])
        # The residual's unit (pixels per metre) belongs to the state it is linearised at.
        return linearise(basis, noise, observed, State(pose, coefficients + step[7:], basis.present), points)[0] * (
            state.pose.scale**-1 * pose.scale
        )

    _, moves, shape = linearise(basis, noise, observed, state, basis.points(coefficients))
    jacobian = np.c_[moves, shape]
    for column in (0, 1, 3, 4, 5, 6, 7, 20, 90):
        step = np.zeros(jacobian.shape[1])
        step[column] = 1e-6
        slope = (residual(-step) - residual(step)) / 2e-6
        # A roll of the head turns the residual's frame too, which the solver leaves out: small.
        np.testing.assert_allclose(jacobian[:, column], slope, atol=2e-3)


def test_information_is_the_inverse_covariance():
    random = np.random.default_rng(1)
    noise = Noise(np.zeros(8), np.zeros((8, 3), np.float32), random.uniform(0.5, 2, 8), random.normal(size=(8, 2)))
    jacobian, residual = random.normal(size=(8, 5)).astype(np.float32), random.normal(size=8)
    inverse = np.linalg.inv(np.diag(noise.variance) + noise.factor @ noise.factor.T)
    hessian, gradient = noise.information(jacobian[:, :2].astype(np.float64), jacobian[:, 2:], residual, np.ones(8))
    np.testing.assert_allclose(hessian, jacobian.T @ inverse @ jacobian, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(gradient, jacobian.T @ inverse @ residual, rtol=1e-6, atol=1e-6)


def test_expressions_stay_within_bounds(model):
    basis = landmark_basis(model, "68")
    count = 7 + basis.modes.shape[2]
    gradient = np.zeros(count)
    gradient[7 + basis.identities] = -1.0
    gradient[8 + basis.identities] = 5.0
    coefficients = np.zeros(count - 7)
    state = State(pose_at(), coefficients, basis.present)
    step = bounded_step(System(np.eye(count), gradient), basis, state, True)
    assert step[7 + basis.identities] == 0.0
    assert step[8 + basis.identities] == pytest.approx(basis.high[1])


@pytest.mark.parametrize("layout", ["478", "68"])
def test_exact_landmarks_are_met(model, layout):
    subject, _, detection = known_head(model, 5, layout)
    fit = fit_landmarks(model, detection, (256, 256), subject.pose.focal)
    eyes = np.linalg.norm(np.diff(detection.landmarks[[33, 263] if layout == "478" else [36, 45]], axis=0))
    inner = np.arange(17, 68) if layout == "68" else [33, 263, 1, 61, 291]
    error = (fit.landmarks_fitted - fit.landmarks).norm(dim=-1)[inner].mean()
    assert error / eyes < 0.02
    # The 68 say nothing of size; without an iris only the angle of the head is sure.
    turn = fit.camera.rotation @ subject.camera.rotation.T
    assert torch.rad2deg(torch.acos(((turn.trace() - 1) / 2).clamp(-1, 1))) < 6


def test_the_iris_tells_the_distance(model):
    subject, _, detection = known_head(model, 6)
    fit = fit_landmarks(model, detection, (256, 256), subject.pose.focal)
    assert float(fit.camera.translation[2]) == pytest.approx(subject.pose.translation[2], rel=0.12)


def test_a_given_focal_length_is_kept(model):
    _subject, _, detection = known_head(model, 7)
    fit = fit_landmarks(model, detection, (256, 256), 5000.0)
    assert float(fit.camera.intrinsics[0, 0]) == pytest.approx(5000.0)
    assert fit.focal_known


def test_an_unknown_focal_length_stays_sane(model):
    _, _, detection = known_head(model, 8, error=0.003)
    fit = fit_landmarks(model, detection, (256, 256))
    assert 0.5 * 256 <= float(fit.camera.intrinsics[0, 0]) <= 8 * 256
    assert not fit.focal_known


def test_a_few_wild_points_hardly_matter(model):
    subject, _, detection = known_head(model, 9)
    calm = fit_landmarks(model, detection, (256, 256), subject.pose.focal)
    wild = detection.landmarks.copy()
    wild[[50, 101, 280, 330, 425]] += 40
    disturbed = fit_landmarks(model, type(detection)(detection.box, 1.0, "478", wild), (256, 256), subject.pose.focal)
    gap = (disturbed.vertices(model) - calm.vertices(model)).norm(dim=-1)[model.skin_weight > 0.5].mean()
    assert gap < 0.0015
    assert disturbed.landmark_weights[[50, 101, 280, 330, 425]].max() < 0.1 * disturbed.landmark_weights[4]


def test_learning_finds_a_known_error():
    random = np.random.default_rng(3)
    count, points, shapes = 600, 6, 3
    angles = np.c_[random.uniform(-0.7, 0.7, count), random.uniform(-0.2, 0.2, count)]
    coefficients = random.normal(size=(count, shapes))
    response = random.normal(0, 1e-3, (shapes, 2 * points))
    residuals = 0.002 + 0.003 * angles[:, :1] + coefficients @ response + random.normal(0, 5e-4, (count, 2 * points))
    found = learn(Samples(angles, coefficients, residuals), np.arange(2 * points), "m", np.zeros((2, points, 3)), "d")
    noise = found.noise(0.3, 0.0)
    np.testing.assert_allclose(noise.bias, 0.002 + 0.003 * 0.3, atol=2e-4)
    np.testing.assert_allclose(noise.response, response.T, atol=2e-4)


def test_calibration_is_symmetric_and_survives_saving(model, tmp_path):
    calibration = load_calibration(model, "mediapipe")
    assert calibration is not None
    assert load_calibration(model, "face_alignment") is None
    longer_nose = model.mean.clone()
    longer_nose[model.landmarks["478"].vertices[4]] += 0.002
    assert load_calibration(replace(model, mean=longer_nose), "mediapipe") is None
    left, right = calibration.noise(0.4, 0.1), calibration.noise(-0.4, 0.1)
    sideways = np.tile([-1.0, 1.0], 478)
    flat = (2 * MIRROR["478"].astype(int)[:, None] + np.arange(2)).ravel()
    np.testing.assert_allclose(left.bias[flat] * sideways, right.bias, atol=2e-5)
    np.testing.assert_allclose(left.variance[flat], right.variance)
    calibration.save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").stat().st_size < 1.5e6
    assert isinstance(calibration, Calibration)


def test_a_lopsided_face_is_less_likely_than_an_even_one():
    names = ("jawOpen", "mouthFrownLeft", "mouthFrownRight", "eyeLookInLeft", "eyeLookInRight", "AU_40_Left")
    precision = expression_precision(names)
    np.linalg.cholesky(precision)

    def cost(**weights):
        w = np.array([weights.get(name, 0.0) for name in names])
        return w @ precision @ w

    even = cost(mouthFrownLeft=0.2, mouthFrownRight=0.2)
    assert even == pytest.approx((0.2 / RARE_SPREAD) ** 2)
    assert cost(mouthFrownLeft=0.4) > 3 * even
    # A glance to the side turns one eye in and the other out; what has no twin is as it was.
    assert cost(eyeLookInLeft=0.2) == pytest.approx((0.2 / RARE_SPREAD) ** 2)
    assert cost(jawOpen=0.45) == pytest.approx(1.0)


def test_the_chin_slides_under_not_sideways(model):
    basis = landmark_basis(model, "478")
    paths = memo(model, "contour_478", lambda: _paths(model, basis))
    chin, cheek = (list(paths.rows).index(k) for k in (152, 454))
    for row, axis in ((chin, 0), (cheek, 1)):
        reach = np.ptp(paths.mean[row][:, axis])
        assert 0.004 < reach < 0.013


def test_outline_points_slide_to_the_observed_ones(model):
    """Along the outline a detector's points lie anywhere: 4 mm up or down where a cheek is steep cost nothing."""
    basis, pose = landmark_basis(model, "478"), pose_at(0.2)
    cheek = [454, 323]
    still = slide(model, basis, pose, pose.project(basis.mean))
    moved = pose.project(still.mean)
    moved[:, 1] += 0.004 * pose.scale
    followed = slide(model, basis, pose, moved)
    drop = (pose.project(followed.mean) - pose.project(still.mean))[cheek] / pose.scale
    assert (drop[:, 1] > 0.002).all()
    assert (np.abs(drop[:, 0]) < 0.002).all()
