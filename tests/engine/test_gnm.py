"""GNM's file: recognised by content, read exactly, checked; its equation; what is wrong."""

import io

import numpy as np
import pytest
import torch

from engine.errors import ModelUnavailable
from engine.faces.decode import Decoder
from engine.faces.formats import flame, gnm
from engine.faces.skinning import rodrigues

from . import write_gnm as write
from .gnm_equations import gnm as equations


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gnm")
    write.write_gnm(folder / "gnm_head.npz")
    return folder


@pytest.fixture(scope="module")
def arrays():
    return write.gnm_arrays()


@pytest.fixture(scope="module")
def model(folder):
    return gnm.load(folder / "gnm_head.npz")


def test_it_is_recognised_by_content(folder, tmp_path):
    (tmp_path / "head.bin").write_bytes((folder / "gnm_head.npz").read_bytes())
    assert gnm.recognises(tmp_path / "head.bin") == "3.x"
    assert flame.recognises(folder / "gnm_head.npz") is None
    np.savez(tmp_path / "gnm_head.npz", template_vertex_positions=np.zeros((17821, 3)))
    assert gnm.recognises(tmp_path / "gnm_head.npz") is None
    (tmp_path / "gnm_head.npz").write_bytes(b"PK")
    assert gnm.recognises(tmp_path / "gnm_head.npz") is None


def test_it_is_read_exactly(model, arrays):
    np.testing.assert_array_equal(model.mean, arrays["template_vertex_positions"])
    np.testing.assert_array_equal(model.identity_basis, arrays["vertex_identity_basis"])
    np.testing.assert_array_equal(model.expression_basis, arrays["expression_basis"])
    np.testing.assert_array_equal(model.polygons, arrays["quads"])
    np.testing.assert_array_equal(model.uvs, arrays["quad_uvs"])
    np.testing.assert_array_equal(model.mirror, arrays["mirror_indices"])
    assert model.expression_names == tuple(write.expression_names())
    assert model.joints.names == ("neck", "head", "eye_L", "eye_R")
    assert model.joints.parents.tolist() == [-1, 0, 1, 1]
    assert (model.joints.expression_basis == 0).all()
    assert (model.name, model.version, model.licence.licence) == ("GNM Head v3.0", "3.0", "Apache-2.0")
    assert model.licence.commercial
    assert model.landmarks_68 is None


def test_older_names_become_todays(tmp_path):
    write.write_gnm(tmp_path / "gnm_head.npz", old=True)
    assert gnm.load(tmp_path / "gnm_head.npz").expression_names == tuple(write.expression_names())


def test_absent_orientations_and_newer_keys_are_no_matter(tmp_path):
    changes = {"bone_aligned_template_joint_orientations": None, "quad_uvs_udim": np.zeros((3, 4, 2))}
    write.write_gnm(tmp_path / "gnm_head.npz", **changes)
    assert gnm.load(tmp_path / "gnm_head.npz").version == "3.0"


def test_parts_cover_every_vertex_once(model):
    sizes = {part: len(members) for part, members in model.parts.items()}
    assert sizes == {
        "eye_L": write.EYE,
        "eye_R": write.EYE,
        "teeth_upper": write.TEETH,
        "teeth_lower": write.TEETH,
        "gums": 2 * write.GUMS,
        "tongue": write.TONGUE,
        "mouth_bag": write.SOCK,
        "skin": write.SKIN,
    }
    assert len(np.unique(np.concatenate(list(model.parts.values())))) == write.VERTICES
    assert model.mean[model.parts["eye_L"], 0].mean() > 0


def test_its_equation(model, arrays, device):
    """As the project's README states it, vertex by vertex in doubles."""
    random = np.random.default_rng(5)
    identity, expression, turns = random.normal(size=253), random.normal(size=383), random.normal(0, 0.3, (4, 3))
    rotations = rodrigues(torch.from_numpy(turns)).numpy()
    expected = equations(arrays, identity, expression, rotations)
    values = [torch.from_numpy(x)[None].float().to(device) for x in (identity, expression, rotations)]
    np.testing.assert_allclose(Decoder(model, device)(*values)[0].cpu(), expected, atol=1e-5)


def test_the_regressor_is_used_only_where_it_places_the_joints_as_the_authors_code_does(
    tmp_path, monkeypatch, model, arrays
):
    np.testing.assert_array_equal(model.joints.regressor, arrays["joint_regressor"])
    other = arrays | {"joint_identity_basis": arrays["joint_identity_basis"] + np.float32(1e-4)}
    monkeypatch.setattr(gnm, "read_npz", lambda path: other)
    assert gnm.load(tmp_path / "gnm_head.npz").joints.regressor is None


def test_landmarks_come_in_ibug_order(tmp_path, folder):
    (tmp_path / "gnm_head.npz").write_bytes((folder / "gnm_head.npz").read_bytes())
    vertices, weights = write.write_landmarks(tmp_path / "head_sparse_68.txt")
    found = gnm.load(tmp_path / "gnm_head.npz")
    np.testing.assert_array_equal(found.landmarks_68[0], vertices)
    np.testing.assert_allclose(found.landmarks_68[1], weights, atol=1e-6)


WRONG = {
    "no key": ({"mirror_indices": None}, "mirror_indices"),
    "hand": ({"variant": np.array("hand")}, "GNM hand"),
    "version 4": ({"version": np.array("4.0")}, "4.0"),
    "fewer expressions": ({"expression_basis": np.zeros((382, 17821, 3), np.float32)}, "expression_basis"),
    "centimetres": ({"template_vertex_positions": write.gnm_head().astype(np.float32) * 100}, "units"),
    "wild quads": ({"quads": np.full((17662, 4), 17821)}, "quads"),
    "wild mirror": ({"mirror_indices": np.full(17821, -5)}, "mirror_indices"),
    "no tree": ({"joint_parent_indices": np.array([0, 3, 1, 1])}, "tree"),
    "weights of zero": ({"skinning_weights": np.zeros((4, 17821), np.float32)}, "sum to 1"),
    "not finite": ({"joint_identity_basis": np.full((253, 4, 3), np.nan)}, "finite"),
    "one name twice": ({"expression_names": np.array(["a"] * 383)}, "one name"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_gets_a_sentence(tmp_path, monkeypatch, name, arrays):
    changes, said = WRONG[name]
    kept = {key: value for key, value in (arrays | changes).items() if value is not None}
    monkeypatch.setattr(gnm, "read_npz", lambda path: kept)
    with pytest.raises(ModelUnavailable, match=said) as error:
        gnm.load(tmp_path / "gnm_head.npz")
    for part in ("gnm_head.npz", "https://github.com/google/GNM", "Apache-2.0"):
        assert part in str(error.value)


def test_a_pickle_inside_is_not_read(tmp_path):
    write.write_gnm(tmp_path / "gnm_head.npz", expression_names=np.array([{}] * 383, object))
    with pytest.raises(ModelUnavailable, match="expression_names"):
        gnm.load(tmp_path / "gnm_head.npz")


def test_missing_cut_off_and_swapped_files(tmp_path, folder):
    path = tmp_path / "gnm_head.npz"
    with pytest.raises(ModelUnavailable, match="missing"):
        gnm.load(path)
    path.write_bytes((folder / "gnm_head.npz").read_bytes()[:1_000_000])
    with pytest.raises(ModelUnavailable, match="npz"):
        gnm.load(path)
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(4))
    path.write_bytes(buffer.getvalue())
    with pytest.raises(ModelUnavailable):
        gnm.load(path)
    (tmp_path / "head_sparse_68.txt").write_text("1 2 3\n")
    path.write_bytes((folder / "gnm_head.npz").read_bytes())
    with pytest.raises(ModelUnavailable, match=r"head_sparse_68\.txt"):
        gnm.load(path)
