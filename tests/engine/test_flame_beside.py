"""What lies beside a FLAME file: every form of landmarks, UVs, masks, eyelids and albedo spaces."""

import numpy as np
import pytest

from engine.errors import ModelUnavailable
from engine.faces.formats import flame
from engine.faces.formats.flame_albedo import read_albedo
from engine.faces.formats.flame_template import uvs_of
from engine.light.color import srgb_to_linear

from . import write_flame as write
from . import write_flame_beside as aside


@pytest.fixture(scope="module")
def beside(tmp_path_factory):
    """A folder with the model and everything that may lie beside it."""
    folder = tmp_path_factory.mktemp("FLAME2020")
    files = {"model": write.write_flame(folder / "generic_model.pkl")}
    files["landmarks"] = aside.write_embedding(folder / "landmark_embedding.npy")
    files["mediapipe"] = aside.write_mediapipe(folder / "mediapipe_landmark_embedding.npz")
    files["uvs"] = aside.write_template(folder / "head_template.obj")
    files["masks"] = aside.write_masks(folder / "FLAME_masks.pkl")
    files["eyelids"] = aside.write_eyelids(folder)
    files["albedo"] = aside.write_albedo(folder / "FLAME_texture.npz", "mpi")
    return folder, files


@pytest.fixture(scope="module")
def model(beside):
    return flame.load(beside[0] / "generic_model.pkl")


def near(found, expected, error=1e-6):
    np.testing.assert_allclose(found, expected, atol=error, rtol=0)


def test_deca_landmarks(beside, model):
    stored = beside[1]["landmarks"]
    corners = model.mean[write.flame_mesh()[1][stored["full_lmk_faces_idx"][0]]]
    expected = (corners * stored["full_lmk_bary_coords"][0][..., None]).sum(1)
    vertices, weights = model.landmarks_68
    near((model.mean[vertices] * weights[..., None]).sum(1), expected)
    assert model.extra_points["contour"][0].shape == (79, 17, 3)
    near(model.extra_points["contour"][1], stored["dynamic_lmk_bary_coords"].numpy())


def test_mediapipe_landmarks(beside, model):
    vertices, weights = model.extra_points["mediapipe_105"]
    np.testing.assert_array_equal(vertices, write.flame_mesh()[1][beside[1]["mediapipe"]["lmk_face_idx"]])
    near(weights, beside[1]["mediapipe"]["lmk_b_coords"])
    np.testing.assert_array_equal(model.extra_indices["mediapipe_105"], beside[1]["mediapipe"]["landmark_indices"])


def test_ringnet_pair_gives_the_same_68(tmp_path, model):
    write.write_flame(tmp_path / "generic_model.pkl")
    aside.write_embedding_pair(tmp_path)
    found = flame.load(tmp_path / "generic_model.pkl").landmarks_68
    np.testing.assert_array_equal(found[0], model.landmarks_68[0])
    near(found[1], model.landmarks_68[1])


def test_vhap_landmarks_have_two_eye_points_more(tmp_path, model):
    write.write_flame(tmp_path / "generic_model.pkl")
    aside.write_embedding(tmp_path / "landmark_embedding_with_eyes.npy", extra=2)
    found = flame.load(tmp_path / "generic_model.pkl")
    assert found.landmarks_68[0].shape == (68, 3)
    assert found.extra_points["eyes"][0].shape == (2, 3)


def test_template_uvs(beside, model):
    near(model.uvs[:, :3], beside[1]["uvs"])
    assert (model.uvs[:, 3] == 0).all()


def test_template_in_another_order_gives_the_same_uvs(tmp_path, beside):
    uvs, corners = aside.template_uvs()
    faces = write.flame_mesh()[1].astype(np.int64)
    random = np.random.default_rng(2)
    order = random.permutation(len(faces))
    turned = [np.roll(np.arange(3), turn) for turn in random.integers(0, 3, len(faces))]
    rows = np.arange(len(faces))[:, None]
    found = uvs_of(uvs, corners[order][rows, turned], faces[order][rows, turned], faces)
    near(found[:, :3], beside[1]["uvs"])


def test_masks_and_eyelids(beside, model):
    assert model.mask_skin.sum() == len(beside[1]["masks"]["face"])
    assert (model.mask_skin[beside[1]["masks"]["face"]] == 1).all()
    assert model.expression_names[-2:] == ("eyelid_L", "eyelid_R")
    near(model.expression_basis[-2], beside[1]["eyelids"]["l_eyelid"])
    near(model.expression_basis[-1], beside[1]["eyelids"]["r_eyelid"])
    assert model.expression_range[-2:].tolist() == [[0, 1], [0, 1]]
    assert (model.joints.expression_basis[-2:] == 0).all()


def test_eyelids_are_told_apart_by_where_they_move(tmp_path, model):
    write.write_flame(tmp_path / "generic_model.pkl")
    offsets = aside.write_eyelids(tmp_path)
    (tmp_path / "l_eyelid.npy").rename(tmp_path / "x.npy")
    (tmp_path / "r_eyelid.npy").rename(tmp_path / "l_eyelid.npy")
    found = flame.load(tmp_path / "generic_model.pkl")
    near(found.expression_basis[-2], offsets["l_eyelid"])


def test_licences_of_what_lies_beside_come_along(model):
    names = {licence.name: licence.commercial for licence in model.companions}
    assert names == {"FLAME texture space": False, "FLAME eyelids": False}


@pytest.mark.parametrize("kind", ["bfm", "mpi", "mm"])
def test_albedo_spaces_become_linear_rgb(tmp_path, kind):
    mean, basis = aside.write_albedo(tmp_path / "albedo.npz", kind)
    found = read_albedo(tmp_path / "albedo.npz")
    linear = mean if kind == "mm" else srgb_to_linear(mean)
    quarters = linear.reshape(256, 2, 256, 2, 3).mean((1, 3))
    near(found.mean, quarters, 1e-6)
    step = 1e-4
    for index in range(basis.shape[-1]):
        moved = mean + step * basis[..., index]
        moved = moved if kind == "mm" else srgb_to_linear(moved)
        slope = ((moved - linear) / step).reshape(256, 2, 256, 2, 3).mean((1, 3))
        near(found.basis[index], slope, 2e-5)


def test_albedo_of_the_folder_is_taken_and_texture_tables_give_uvs(tmp_path, model, beside):
    near(model.albedo.mean, srgb_to_linear(beside[1]["albedo"][0]).reshape(256, 2, 256, 2, 3).mean((1, 3)))
    write.write_flame(tmp_path / "generic_model.pkl")
    aside.write_albedo(tmp_path / "albedoModel2020_FLAME_albedoPart.npz", "mm")
    found = flame.load(tmp_path / "generic_model.pkl")
    near(found.uvs, model.uvs, 2e-6)
    assert found.albedo.name == "AlbedoMM"


def test_landmarks_of_another_mesh_are_refused(tmp_path):
    write.write_flame(tmp_path / "generic_model.pkl")
    data = aside.embedding()
    data["full_lmk_faces_idx"] = data["full_lmk_faces_idx"] + 9000
    np.save(tmp_path / "landmark_embedding.npy", data, allow_pickle=True)
    with pytest.raises(ModelUnavailable, match=r"landmark_embedding\.npy.*triangles"):
        flame.load(tmp_path / "generic_model.pkl")
