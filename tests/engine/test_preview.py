"""The preview sheet shows what it says, and comes from a saved folder as well."""

import dataclasses

import numpy as np
import pytest
import torch

from engine.contract import FaceResult, Light, Material, Mesh, Rig, ShapeKeys, View
from engine.faces.library import load_model
from engine.preview import preview_sheet, with_preview
from engine.preview.head import decode, head_of
from engine.preview.sheet import TILE, crop_photo, draw_landmarks, face_crop
from engine.preview.studio import draw_flat, draw_in_photo, draw_studio, enclosure, studio_camera, view
from engine.texture.bake import MIRRORED
from tests.engine.samples import png


def make_result(size=(300, 420), centre=(150, 200), focal=900.0):
    """The built-in mean head with a two-coloured skin in a plain blue photo."""
    model = load_model("builtin")
    albedo = np.full((256, 256, 3), (190, 140, 120), np.uint8)
    albedo[:, 128:] = (120, 160, 120)
    intrinsics = np.array([[focal, 0, centre[0]], [0, focal, centre[1]], [0, 0, 1]], np.float32)
    rotation, translation = np.diag([1, -1, -1]).astype(np.float32), np.array([0, 0, 1.0], np.float32)
    points = model.landmarks["68"].points(model.mean).numpy() @ rotation.T + translation
    pixels = points[:, :2] / points[:, 2:] * focal + centre
    light = np.zeros((9, 3), np.float32)
    light[0] = 3.5
    zero = np.zeros(len(model.expression_names), np.float32)
    return FaceResult(
        model="builtin 1.0",
        mesh=Mesh(model.mean.numpy(), model.polygons, model.uvs, model.polygon_material, {}),
        shape_keys=ShapeKeys(model.expression_names, model.expression_basis.numpy(), zero, zero, zero + 1),
        rig=Rig(("head",), np.array([-1]), np.zeros((1, 3)), np.zeros((1, 3)), np.ones((len(model.mean), 1))),
        materials=model.materials,
        views=(View("p.jpg", "photo.png", size, intrinsics, rotation, translation, "68", pixels, pixels, zero),),
        light=Light(light),
        images={
            "albedo.png": png(albedo),
            "confidence.png": png(np.full((256, 256, 3), 255, np.uint8)),
            "photo.png": png(np.full((size[1], size[0], 3), (40, 60, 200), np.uint8)),
        },
        report={"reprojection_percent": 1.5, "psnr_textured": 31.0, "psnr_relit": 25.2, "seen_share": 0.6},
    )


@pytest.fixture(scope="module")
def result():
    return make_result()


@pytest.fixture(scope="module")
def sheet(result):
    return preview_sheet(result)


def test_sheet_is_full_of_pictures(sheet):
    assert sheet.dtype == np.uint8 and sheet.shape[1] > 4 * TILE[0] and sheet.shape[0] > 2 * TILE[1]
    rows, columns = sheet.shape[0] // 2, sheet.shape[1] // 4
    tiles = [sheet[r * rows : (r + 1) * rows, c * columns : (c + 1) * columns] for r in range(2) for c in range(4)]
    for number, tile in enumerate(tiles):
        assert tile.std() > 12, number
        assert len(np.unique(tile.reshape(-1, 3), axis=0)) > (20 if number == 0 else 200), number
    for one in range(1, 8):
        assert np.abs(tiles[one].astype(int) - tiles[one - 1]).mean() > 2


def test_sheet_comes_again_from_the_saved_folder(result, sheet, tmp_path):
    shown = with_preview(result)
    np.testing.assert_array_equal(decode(shown.images["preview.png"]), sheet)
    loaded = shown.save(tmp_path / "face").load(tmp_path / "face")
    np.testing.assert_array_equal(preview_sheet(loaded), sheet)


@pytest.mark.parametrize("size, centre", [((1600, 420), (900, 200)), ((260, 1200), (130, 400)), ((200, 200), (20, 30))])
def test_any_shape_of_photo_is_cut_round_the_head(size, centre):
    result = make_result(size, centre)
    photo = result.views[0]
    head = head_of(result)
    close = face_crop(result, photo, head)
    points = close.project(head.vertices[head.vertices[:, 1] > -0.1])
    assert close.size == TILE
    assert points.min() > 0 and points[:, 0].max() < TILE[0] and points[:, 1].max() < TILE[1]
    cut = crop_photo(decode(result.images["photo.png"]), photo, close)
    assert cut.shape == (TILE[1], TILE[0], 3)
    middle = close.project(torch.zeros(1, 3))[0].int().tolist()
    assert cut[middle[1], middle[0]].tolist() == pytest.approx([40, 60, 200], abs=3)


def test_landmarks_are_drawn_where_they_are(result):
    photo = result.views[0]
    close = face_crop(result, photo, head_of(result))
    dark = np.zeros((TILE[1], TILE[0], 3), np.uint8)
    drawn = draw_landmarks(dark, photo, close).max(-1)
    model = load_model("builtin")
    for x, y in close.project(model.landmarks["68"].points(model.mean)).round().int().tolist():
        assert drawn[max(y - 2, 0) : y + 3, max(x - 2, 0) : x + 3].max() > 150
    assert (drawn > 60).mean() < 0.05


def test_turning_left_turns_to_the_pictures_right(result):
    head = head_of(result)
    nose = head.vertices[head.vertices[:, 2].argmax()][None]
    left = studio_camera(head, 40, TILE).project(nose)[0, 0]
    right = studio_camera(head, -40, TILE).project(nose)[0, 0]
    assert right < TILE[0] / 2 < left


def test_flat_picture_has_the_textures_own_colours(result):
    head = head_of(result)
    picture = draw_flat(view(head, studio_camera(head, 0, (200, 240))))
    colors = picture.reshape(-1, 3).astype(int)
    for wanted in ((190, 140, 120), (120, 160, 120)):
        assert (np.abs(colors - wanted).max(1) <= 2).sum() > 500


def test_studio_light_models_the_form(result):
    head = head_of(result)
    picture = draw_studio(head, view(head, studio_camera(head, 0, (200, 240))), clay=True).astype(int)
    cheeks = picture[150:160, 60:140].mean((0, 2))
    assert cheeks[:20].mean() > cheeks[-20:].mean() + 15  # the key lamp stands on the picture's left


def test_result_without_figures_or_confidence_still_draws(result):
    images = {k: v for k, v in result.images.items() if k != "confidence.png"}
    bare = dataclasses.replace(
        result, report={}, images=images, materials=(*result.materials, Material("x", (1, 1, 1)))
    )
    assert preview_sheet(bare).std() > 10


def test_upper_lids_shade_the_eyes_and_skin_is_left_alone():
    result = make_result()
    head = head_of(result)
    seen = view(head, studio_camera(head, 0, TILE))
    share, inside = enclosure(seen).numpy(), seen.inside.numpy() > 0.5
    assert (share[~inside] == 1).all()
    eyes = inside & (seen.points[:, 1].numpy() > 0)
    heights = seen.points[:, 1].numpy()[eyes]
    top, bottom = heights > np.quantile(heights, 0.9), heights < np.quantile(heights, 0.2)
    assert share[eyes][top].mean() < 0.85 * share[eyes][bottom].mean()


def test_what_is_mirrored_does_not_haunt_the_photo():
    result = make_result()
    for value, painted in ((MIRRORED, False), (255, True)):
        maps = {**result.images, "confidence.png": png(np.full((256, 256, 3), value, np.uint8))}
        head = head_of(dataclasses.replace(result, images=maps))
        seen = view(head, studio_camera(head, 0, TILE))
        plain = np.full((TILE[1], TILE[0], 3), (40, 60, 200), np.uint8)
        drawn = draw_in_photo(seen, torch.from_numpy(result.light.coefficients), False, plain)
        cheek = drawn[TILE[1] * 6 // 10, TILE[0] * 4 // 10].astype(int)
        assert (np.abs(cheek - [40, 60, 200]).max() > 30) == painted
