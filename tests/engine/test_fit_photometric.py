from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from engine.evaluation.likeness import face_region, shape_error
from engine.faces.library import load_model
from engine.fit.appearance import Colour
from engine.fit.landmarks import fit_landmarks
from engine.fit.outline import outline_terms
from engine.fit.photometric import refine
from engine.fit.pixels import difference, linearise, look
from engine.fit.pose import Pose, rotation_of
from engine.fit.pyramid import cut_level
from engine.fit.skin import skin_of
from engine.light.harmonics import ambient
from tests.engine.fitting import known_head


@pytest.fixture(scope="module")
def model():
    return load_model("builtin")


@pytest.fixture(scope="module")
def scene(model):
    return photographed(model, 12)


def photographed(model, seed):
    """A head, its picture, landmarks 2 mm off, and both fits."""
    subject, picture, detection = known_head(model, seed, error=0.002)
    start = fit_landmarks(model, detection, (256, 256), subject.pose.focal)
    return subject, picture, start, refine(model, picture, start)


def error(model, identity, subject):
    shapes = (model.shape(v).numpy().astype(float) for v in (identity, subject.identity))
    return shape_error(*shapes, face_region(model))


def test_a_level_shows_what_its_camera_says(model):
    subject, picture, detection = known_head(model, 3)
    level = cut_level(picture, detection.landmarks.astype(float), 96, torch.device("cpu"))
    point = model.landmarks["478"].points(model.mean)[[33]]
    inside = level.camera(subject.camera).project(point)
    outside = subject.camera.project(point)
    torch.testing.assert_close(inside, (outside - torch.tensor([level.left, level.top])) * level.scale)
    assert level.channels.shape[0] == 9 and level.channels[:3].min() >= 0 and level.channels[:3].max() <= 1


def test_a_large_photo_is_averaged_not_skipped():
    checks = np.zeros((2000, 2000, 3), np.uint8)
    checks[::2, ::2] = checks[1::2, 1::2] = 255
    corners = np.array([[400.0, 400.0], [1600.0, 1600.0]])
    level = cut_level(checks, corners, 60, torch.device("cpu"))
    inner = level.channels[:3, 5:-5, 5:-5]
    assert (inner - 0.5).abs().max() < 0.05


def test_jacobian_is_the_derivative(model):
    subject, picture, detection = known_head(model, 4)
    skin = skin_of(model)
    smooth = np.asarray(cv2.GaussianBlur(picture, (0, 0), 6))
    level = cut_level(smooth, detection.landmarks.astype(float), 128, torch.device("cpu"))
    coefficients = torch.cat([subject.identity, subject.expression])
    stains = torch.zeros(skin.stains.shape[1])
    unknowns = 7 + len(coefficients) + 27 + len(subject.albedo) + len(stains)

    def at(step):
        pose = subject.pose
        moved = Pose(
            rotation_of(step[:3]) @ pose.rotation,
            pose.translation + step[3:6],
            pose.focal * float(np.exp(step[6])),
            pose.centre,
        )
        shape = coefficients + torch.from_numpy(step[7 : 7 + len(coefficients)]).float()
        colour = Colour(subject.light, subject.albedo, stains).moved(
            torch.from_numpy(step[7 + len(coefficients) :]).float()
        )
        patch = model.mean[skin.vertices] + skin.modes @ shape
        camera = level.camera(moved.camera((256, 256)))
        return patch, look(skin, patch, colour, camera), colour, camera

    patch, now, colour, camera = at(np.zeros(unknowns))
    _, jacobian = linearise(skin, skin.normal_modes(patch), level, now, colour.light, camera)
    good = (now.facing > 0.5) & (now.albedo.amin(1) > 0.02) & (now.shading.amin(1) > 0.05)
    sizes = {1: 0.004, 3: 4e-4, 7: 0.05, 12: 0.1, 7 + len(coefficients): 0.02, 7 + len(coefficients) + 30: 0.05}
    for column, size in sizes.items():
        step = np.zeros(unknowns)
        step[column] = size
        ahead, behind = (difference(level, at(sign * step)[1], at(sign * step)[3])[good] for sign in (1, -1))
        slope = (behind - ahead) / (2 * size)
        found = jacobian[good][..., column]
        alike = (slope * found).sum() / (slope.norm() * found.norm())
        assert alike > 0.97, (column, float(alike))


def test_pixels_improve_the_shape(model, scene):
    errors = []
    for subject, _, start, fit in (scene, photographed(model, 13), photographed(model, 14)):
        errors.append(
            [error(model, identity, subject) for identity in (fit.identity, start.identity, 0 * fit.identity)]
        )
    after, before, mean_face = np.sum(errors, axis=0)
    assert after < 0.8 * before
    assert after < 0.7 * mean_face


def test_light_and_albedo_explain_the_photo(model, scene):
    subject, _, _start, fit = scene
    assert fit.residual < 0.02
    # A photo cannot tell bright light on dark skin from the reverse; the light's pattern it can.
    found, true = (light[1:].mean(-1) / light[0].mean() for light in (fit.light, subject.light))
    assert (found - true).norm() < 0.4 * true.norm()
    assert fit.inliers is not None and fit.inliers.shape == (len(model.mean),)
    assert fit.inliers.min() >= 0 and fit.inliers.max() <= 1


def test_a_hand_before_the_face_does_not_bend_it(model, scene):
    subject, picture, start, clean = scene
    covered = picture.copy()
    left, top = subject.camera.project(model.landmarks["478"].points(model.mean)[50])[:2].int().tolist()
    covered[top - 14 : top + 22, left - 20 : left + 16] = (40, 160, 60)
    fit = refine(model, covered, start)
    assert error(model, fit.identity, subject) < 1.5 * error(model, clean.identity, subject)
    near = (model.mean - model.landmarks["478"].points(model.mean)[50]).norm(dim=-1) < 0.008
    assert fit.inliers[near].mean() < 0.2 < clean.inliers[near].mean()


def test_draft_only_solves_light_and_albedo(model, scene):
    _, picture, start, _ = scene
    draft = refine(model, picture, start, "draft")
    torch.testing.assert_close(draft.identity, start.identity)
    assert (draft.light - ambient()).norm() > 0.1


def test_progress_and_stopping(model, scene):
    _, picture, start, _ = scene
    seen = []
    refine(model, picture, start, progress=seen.append)
    assert seen == sorted(seen) and seen[-1] == pytest.approx(1.0)

    class Stop(Exception):
        pass

    def check():
        raise Stop

    with pytest.raises(Stop):
        refine(model, picture, start, check=check)


def test_the_same_twice(model, scene):
    _, picture, start, fit = scene
    torch.testing.assert_close(refine(model, picture, start).identity, fit.identity)


def test_the_outline_finds_how_far_the_edge_is_off(model):
    subject, picture, detection = known_head(model, 12)
    level = cut_level(picture, detection.landmarks.astype(float), 160, torch.device("cpu"))
    vertices = model.shape(subject.identity, subject.expression)
    camera = level.camera(subject.camera)
    right = outline_terms(model, skin_of(model), vertices, level, camera)
    assert right is not None and right.offset.abs().median() <= 1.0
    # The same head drawn 4 px further right: the photo's edge then lies 4 px to the left of it.
    intrinsics = camera.intrinsics.clone()
    intrinsics[0, 2] += 4
    shifted = outline_terms(model, skin_of(model), vertices, level, replace(camera, intrinsics=intrinsics))
    assert shifted is not None
    sideways = shifted.jacobian[:, 3] / camera.intrinsics[0, 0] * float(subject.pose.translation[2])
    facing = sideways.abs() > 0.7
    assert (shifted.offset + 4 * sideways)[facing].abs().median() <= 1.2
