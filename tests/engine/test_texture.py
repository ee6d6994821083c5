"""Baking: a head rendered with known albedo and light gives its albedo back, and says what it did not see."""

import math

import numpy as np
import pytest
import torch

from engine.camera.camera import Camera
from engine.camera.conventions import frontal_rotation
from engine.faces.library import load_model
from engine.faces.model import split_polygons
from engine.fit.state import Fit
from engine.light.color import linear_to_srgb, srgb_to_linear
from engine.render.shading import render_textured
from engine.texture.bake import MIRRORED, bake
from engine.texture.delight import fine_light
from engine.texture.evidence import mesh_of
from engine.texture.features import feature_weights, not_lips, outside_eyes, without_brows
from engine.texture.hair import FULL, THIN, hair_color, scalp_weights, unlike
from engine.texture.layout import layout
from engine.texture.pixels import encode, sample
from engine.texture.seen import Pose, photo_positions, smoothstep, visibility

SIZE = 512


@pytest.fixture(scope="module")
def model():
    return load_model("builtin")


def camera_at(yaw, width=480):
    spin = math.radians(yaw)
    turn = np.array([[math.cos(spin), 0, math.sin(spin)], [0, 1, 0], [-math.sin(spin), 0, math.cos(spin)]])
    rotation = torch.from_numpy(frontal_rotation() @ turn).float()
    intrinsics = torch.tensor([[width * 2.6, 0, width / 2], [0, width * 2.6, width / 2], [0, 0, 1.0]])
    return Camera(intrinsics, rotation, torch.tensor([0.0, 0.0, 1.0]), (width, width))


def fit_at(model, yaw, light):
    landmarks = camera_at(yaw).project(model.landmarks["68"].points(model.mean))
    return Fit(
        identity=torch.zeros(1),
        expression=torch.zeros(1),
        albedo=torch.zeros(1),
        light=light,
        camera=camera_at(yaw),
        layout="68",
        landmarks=landmarks,
        landmarks_fitted=landmarks,
        landmark_weights=torch.ones(68),
        noise=0.001,
    )


def side_light():
    light = torch.zeros(9, 3)
    light[0], light[3], light[2] = 3.0, 0.5, 0.6
    light[1] = torch.tensor([0.2, 0.15, 0.1])
    return light


@pytest.fixture(scope="module")
def truth(model):
    """(S, S, 3) linear: the model's mean albedo with a checker of darker and lighter patches, mirrored alike."""
    texels = layout(model, SIZE)
    albedo = texels.texels(model.albedo_mean)
    places = texels.texels(model.mean)
    squares = np.sin(np.abs(places[..., 0]) * 300) * np.sin(places[..., 1] * 300)
    return texels.pad(np.clip(albedo * (1 + 0.12 * np.sign(squares))[..., None], 0, 0.8).astype(np.float32))


def photo_of(model, fit, truth):
    _, polygon, corners = split_polygons(model.polygons)
    uvs = torch.from_numpy(model.uvs[polygon[:, None], corners])
    seen = render_textured(fit.camera, model.mean, model.triangles, uvs, torch.from_numpy(truth), fit.light)
    picture = linear_to_srgb(torch.where(seen.mask[..., None], seen.image, torch.full((3,), 0.2)).clamp(0, 1))
    return (picture * 255).round().to(torch.uint8).numpy()


@pytest.fixture(scope="module")
def frontal(model, truth):
    fit = fit_at(model, 0, side_light())
    return bake(model, fit, photo_of(model, fit, truth), SIZE)


@pytest.fixture(scope="module")
def turned(model, truth):
    fit = fit_at(model, 45, side_light())
    return bake(model, fit, photo_of(model, fit, truth), SIZE)


def relative_error(baked, truth, chosen):
    found = srgb_to_linear(baked.albedo.astype(np.float32) / 255)
    return np.abs(found - truth)[chosen].mean() / truth[chosen].mean()


def test_albedo_comes_back_where_it_is_seen(frontal, truth):
    seen = frontal.confidence > 250
    assert seen.mean() > 0.04
    assert relative_error(frontal, truth, seen) < 0.03


def test_light_would_not_pass_for_albedo(model, truth):
    """The tolerance above would notice light left in, though what is smooth of it is told from the fitted albedo."""
    fit = fit_at(model, 0, side_light())
    photo = photo_of(model, fit, truth)
    flat = torch.zeros(9, 3)
    flat[0] = 3.5449077
    wrong = bake(model, fit_at(model, 0, flat), photo, SIZE)
    assert relative_error(wrong, truth, wrong.confidence > 250) > 0.06


def test_what_is_hidden_is_marked_guessed(model, turned):
    texels = layout(model, SIZE)
    centre = camera_at(45).centre
    places = texels.texels(model.mean)
    normals = texels.texels(Pose.of(model.mean, model.triangles, camera_at(45)).normals)
    facing = (normals * (centre.numpy() - places)).sum(-1)
    away = texels.covered & (facing < 0)
    assert away.mean() > 0.2
    assert turned.confidence[away].max() <= MIRRORED
    assert (turned.confidence[texels.covered & (facing > 0)] > 200).mean() > 0.05


def test_hidden_cheek_is_filled_from_the_mirrored_side(model, turned, truth):
    copied = (turned.confidence > MIRRORED * 0.9) & (turned.confidence <= MIRRORED)
    assert copied.mean() > 0.01
    assert relative_error(turned, truth, copied) < 0.12


def test_back_of_the_head_takes_the_persons_tone(model, truth):
    """A darker person than the model's mean: the neck that no photo shows follows the face."""
    fit = fit_at(model, 0, side_light())
    dark = truth * np.float32(0.55)
    baked = bake(model, fit, photo_of(model, fit, dark), SIZE)
    places = layout(model, SIZE).texels(model.mean)
    nape = layout(model, SIZE).covered & (places[..., 2] < -0.03) & (places[..., 1] < -0.05)
    found = srgb_to_linear(baked.albedo[nape].astype(np.float32) / 255).mean()
    assert baked.confidence[nape].max() == 0
    assert found == pytest.approx(dark[nape].mean(), rel=0.15)


def test_more_is_seen_from_the_front(frontal, turned):
    assert 0.2 < turned.seen_share < frontal.seen_share <= 1


def test_cover_over_the_forehead_is_not_painted_on(model, truth):
    fit = fit_at(model, 0, side_light())
    photo = photo_of(model, fit, truth)
    brow = int(fit.landmarks[17:27, 1].min()) - 25
    photo[:brow] = (20, 200, 60)
    baked = bake(model, fit, photo, SIZE)
    places = layout(model, SIZE).texels(model.mean)
    top = model.landmarks["68"].points(model.mean)[17:27, 1].max().item()
    forehead = layout(model, SIZE).covered & (places[..., 2] > 0.07) & (places[..., 1] > top + 0.022)
    assert forehead.sum() > 200
    green = baked.albedo[forehead].astype(int)
    assert (green[:, 1] > green[:, 0]).mean() < 0.02
    assert baked.covered[forehead].mean() > 200


def test_gutters_continue_the_islands(model, frontal):
    """Mip-mapping blends texels beside an island: they must not be black."""
    texels = layout(model, SIZE)
    inside = srgb_to_linear(frontal.albedo[texels.covered].astype(np.float32) / 255)
    outside = srgb_to_linear(frontal.albedo[~texels.covered].astype(np.float32) / 255)
    assert outside.min() >= inside.min() - 1e-6
    np.testing.assert_array_equal(texels.nearest[texels.covered.reshape(-1)], np.flatnonzero(texels.covered))


def test_same_input_same_texture(model, frontal, truth):
    fit = fit_at(model, 0, side_light())
    again = bake(model, fit, photo_of(model, fit, truth), SIZE)
    np.testing.assert_array_equal(again.albedo, frontal.albedo)


def test_layout_knows_each_texels_mirror_image(model):
    texels = layout(model, SIZE)
    places = texels.texels(model.mean)
    x, y = np.rint(texels.mirror_map).astype(int).reshape(-1, 2).T
    chosen = np.flatnonzero(texels.covered.reshape(-1) & (x >= 0) & (x < SIZE) & (y >= 0) & (y < SIZE))
    other = places[y[chosen], x[chosen]] * [-1, 1, 1]
    distance = np.linalg.norm(other - places.reshape(-1, 3)[chosen], axis=-1)
    assert len(chosen) > 0.9 * texels.covered.sum()
    assert np.median(distance) < 0.002


def test_layout_carries_vertex_values_there_and_back(model):
    texels = layout(model, SIZE)
    image = texels.texels(model.mean)
    mean, total = texels.vertices(image, np.ones((SIZE, SIZE), np.float32), len(model.mean))
    dense = total > np.percentile(total[total > 0], 50)
    off = np.linalg.norm(mean - model.mean.numpy(), axis=1)
    corners = model.mean[model.triangles].numpy()
    longest = np.linalg.norm(corners - np.roll(corners, 1, 1), axis=-1).max(1)
    reach = np.zeros(len(off))
    np.maximum.at(reach, model.triangles.numpy().ravel(), np.repeat(longest, 3))
    assert (off[dense] < 0.5 * reach[dense]).all()  # the texels round a vertex reach half way to its neighbours
    assert np.median(off[dense]) < 0.0005


def test_positions_are_the_cameras_projection(model):
    """The texel under a vertex lies where the camera projects that vertex."""
    texels, camera = layout(model, SIZE), camera_at(20)
    found = photo_positions(Pose.of(model.mean, model.triangles, camera), texels)
    again = camera.project(torch.from_numpy(texels.texels(model.mean)[texels.covered])).numpy()
    np.testing.assert_allclose(found[texels.covered], again, atol=0.02)


def test_nothing_outside_the_photo_is_seen(model):
    texels, camera = layout(model, SIZE), camera_at(0)
    half = camera.crop(0, 0, 1, (240, 480))
    pose = Pose.of(model.mean, model.triangles, half)
    weight = visibility(model, pose, texels)
    x = photo_positions(pose, texels)[..., 0]
    assert weight[x > 241].max() == 0
    assert weight[(x > 150) & (x < 220)].max() > 0.9


def test_large_photos_are_averaged_not_skipped():
    """Every second column black: a texel that spans several pixels sees grey, not stripes."""
    photo = np.zeros((400, 400, 3), np.uint8)
    photo[:, ::2] = 255
    positions = np.stack(np.meshgrid(np.arange(40) * 10 + 5.0, np.arange(40) * 10 + 5.0), -1).astype(np.float32)
    found = sample(photo, positions, np.ones((40, 40), bool))
    assert found[5:-5, 5:-5].std() < 0.02
    assert 0.15 < found.mean() < 0.30


SKIN = np.log(np.array([0.45, 0.28, 0.20], np.float32))


def patch(color):
    """(64, 64, 3) log albedo of skin with a patch of ``color`` (3,) linear in the middle."""
    picture = np.tile(SKIN, (64, 64, 1))
    picture[22:42, 22:42] = np.log(np.asarray(color, np.float32))
    return picture


def corrected(color):
    found = patch(color)
    found = found + fine_light(found, np.tile(SKIN, (64, 64, 1)), np.zeros((64, 64), np.float32), 2275.0)
    return np.exp(found)


def test_highlights_lose_the_lamps_white():
    """Surface reflection adds the same to each channel: half of it goes, and skin beside it stays."""
    skin = np.exp(SKIN)
    found = corrected(skin + 0.2)
    assert (found[32, 32] < skin + 0.15).all() and (found[32, 32] > skin).all()
    np.testing.assert_allclose(found[4, 4], skin, rtol=1e-3)


def test_bright_skin_is_no_highlight():
    """Brighter by the same factor in each channel: paler skin, not a lamp."""
    np.testing.assert_allclose(corrected(np.exp(SKIN) * 1.25)[32, 32], np.exp(SKIN) * 1.25, rtol=0.02)


def test_burnt_creases_lose_their_red_and_stay_dark():
    found = np.log(corrected(np.exp(SKIN) * [0.6, 0.3, 0.2]))[32, 32] - SKIN
    before = np.log([0.6, 0.3, 0.2])
    assert found[0] - found[2] < 0.4 * (before[0] - before[2])
    assert found.mean() < 0.7 * before.mean()


def test_an_eye_in_the_photo_is_no_skin():
    points = np.zeros((68, 2), np.float32)
    ring = np.array([[-30, 0], [-10, -9], [10, -9], [30, 0], [10, 9], [-10, 9]], np.float32)
    points[36:42], points[42:48] = ring + np.float32([100, 80]), ring + np.float32([200, 80])
    places = np.stack(np.meshgrid(np.arange(300.0), np.arange(160.0)), -1).astype(np.float32)
    shown = outside_eyes(points, places)
    assert shown[80, 100] == shown[80, 200] == 0, "inside either eye"
    assert shown[80, 150] == shown[60, 100] == shown[20, 20] == 1, "between them, on the lid, far away"
    openings = 2 * 720 / shown.size
    assert openings < 1 - shown.mean() < 1.6 * openings, "both openings and a narrow rim"
    assert outside_eyes(0 * points, places).min() == 1, "no outline, no eye"


def test_a_metre_of_face_has_as_many_texels_on_every_size(model):
    small, large = layout(model, SIZE), layout(model, 2 * SIZE)
    assert large.metre == pytest.approx(2 * small.metre)
    cheeks = model.mean[[50, 280]]
    own = texel_of(small, 280) - texel_of(small, 50)
    # Along the skin it is a little farther than straight across.
    assert np.linalg.norm(own) / float((cheeks[0] - cheeks[1]).norm()) == pytest.approx(small.metre, rel=0.35)


def texel_of(texels, vertex):
    """(2,) column and row at which a vertex lies."""
    row, corner = (texels.triangles == vertex).nonzero()[0].tolist()
    return texels.corner_uvs[row, corner] * [texels.size, -texels.size]


def test_teeth_between_open_lips_are_no_lip():
    mouth = np.zeros((40, 40), np.float32)
    mouth[10:30] = 1
    log_albedo = np.tile(np.log(np.array([0.40, 0.20, 0.18], np.float32)), (40, 40, 1))
    log_albedo[18:23] = np.log([0.6, 0.55, 0.5])
    seen = np.ones((40, 40), np.float32)
    found = not_lips(0.2, log_albedo, mouth, seen)
    assert found[20].min() > 0.95 and found[12:15].max() < 0.05 and found[4].max() == 0
    assert not_lips(0.0, log_albedo, mouth, seen).max() == 0


def test_the_models_brows_go_where_the_photo_shows_one(model):
    """Its painted brow is never beside the person's own; without any in the photo it stays."""
    texels = layout(model, SIZE)
    weights = texels.texels(torch.from_numpy(feature_weights(model)))
    painted = texels.pad(np.log(texels.texels(model.albedo_mean) + 1e-3))
    middle = weights[..., :2].max(-1) > 0.99
    beside = (weights[..., :2].max(-1) > 0.01) & (weights[..., :2].max(-1) < 0.2)
    shown = np.ones((SIZE, SIZE), np.float32)
    bare, cover = without_brows(painted, weights[..., :2], shown, texels.metre)
    assert painted[middle].mean() < painted[beside].mean() - 0.1
    assert bare[middle].mean() > painted[beside].mean() - 0.03
    assert cover[middle].min() > 0.95
    kept, cover = without_brows(painted, weights[..., :2], 0 * shown, texels.metre)
    assert cover.max() == 0
    np.testing.assert_array_equal(kept, painted)


def test_hair_over_a_brow_is_not_painted(model, truth):
    """Dark hair comes down over the left temple and the outer brow: the mirrored brow is laid there instead."""
    fit = fit_at(model, 0, side_light())
    photo = photo_of(model, fit, truth)
    points = fit.landmarks
    photo[: int(points[45, 1]), int(points[25, 0]) :] = (60, 35, 15)
    baked = bake(model, fit, photo, SIZE)
    texels = layout(model, SIZE)
    outer = model.landmarks["68"].points(model.mean)[26].numpy() + np.array([0.003, 0.004, 0])
    close = texels.covered & (np.linalg.norm(texels.texels(model.mean) - outer, axis=-1) < 0.006)
    assert close.sum() > 20
    assert baked.confidence[close].mean() < 1.2 * MIRRORED
    assert np.abs(srgb_to_linear(baked.albedo[close] / 255.0) - truth[close]).mean() < 0.25 * truth[close].mean()


def hairs(color, count=400):
    return np.tile(np.asarray(color, np.float32), (count, 1))


def test_hair_takes_the_fringes_colour():
    color, sure = hair_color(hairs([0.20, 0.12, 0.06]), hairs([0.10, 0.06, 0.03]), np.exp(SKIN))
    assert sure == 1
    np.testing.assert_allclose(color / color[1], [5 / 3, 1, 0.5], rtol=1e-3)


def test_a_hat_is_no_hair():
    """A black hat above grey temples, and a green one: the temples tell; a blue sky alone tells nothing."""
    grey = hairs([0.22, 0.20, 0.18])
    for hat in ([0.004, 0.004, 0.004], [0.05, 0.4, 0.1]):
        color, sure = hair_color(hairs(hat), grey, np.exp(SKIN))
        np.testing.assert_allclose(color, grey[0], rtol=0.02)
        assert sure < 1
    sky = hairs([0.2, 0.4, 0.8])
    assert hair_color(sky, sky, np.exp(SKIN)) is None


def test_a_shaved_head_stays_bare():
    """The scalp beyond the face's light is darker and no hair; brown, grey and black hair are hair."""
    skin = np.array([0.45, 0.28, 0.20])
    assert unlike(skin * 0.75, skin) < 0.1
    for color in ([0.19, 0.12, 0.06], [0.30, 0.27, 0.24], [0.02, 0.016, 0.013], [0.40, 0.27, 0.13]):
        assert unlike(np.array(color), skin) > 0.5


def test_hair_fades_in_over_more_than_a_centimetre(model):
    """From the forehead up, the hair's density climbs slowly: no jagged fringe."""
    texels = layout(model, SIZE)
    scalp = scalp_weights(model, mesh_of(model, texels), texels)
    places = texels.texels(model.mean)
    middle = texels.covered & (np.abs(places[..., 0]) < 0.002) & (places[..., 2] > 0.0) & (places[..., 1] > 0.04)
    heights, density = places[middle][:, 1], smoothstep(THIN, FULL, scalp[middle][:, 0])
    low, high = heights[density > 0.1].min(), heights[density > 0.9].min()
    assert 0.008 < high - low < 0.030


def test_encoding_is_srgb():
    values = np.linspace(0, 1, 256, dtype=np.float32) ** 2
    expected = np.rint(linear_to_srgb(values) * 255)
    assert np.abs(encode(values[:, None]).reshape(-1) - expected).max() <= 1


def test_sizes_beyond_what_a_photo_shows_are_enlarged(model, frontal, truth, monkeypatch):
    monkeypatch.setattr("engine.texture.bake.LARGEST", SIZE)
    fit = fit_at(model, 0, side_light())
    large = bake(model, fit, photo_of(model, fit, truth), 2 * SIZE)
    assert large.albedo.shape == (2 * SIZE, 2 * SIZE, 3) and large.confidence.shape == (2 * SIZE, 2 * SIZE)
    small = large.albedo.reshape(SIZE, 2, SIZE, 2, 3).mean((1, 3))
    assert np.abs(small - frontal.albedo).mean() < 1
