"""FLAME files of every form: recognised by content, read exactly, checked; what is wrong."""

import pickle

import numpy as np
import pytest
from scipy import sparse

from engine.errors import FileRefused, ModelUnavailable
from engine.faces.formats import flame

from . import write_flame as write
from . import write_flame_beside as aside


@pytest.fixture(scope="module")
def arrays():
    return write.flame_arrays()


@pytest.fixture(scope="module")
def beside(tmp_path_factory):
    """A folder with the model, its template and a texture space."""
    folder = tmp_path_factory.mktemp("FLAME2020")
    write.write_flame(folder / "generic_model.pkl")
    aside.write_template(folder / "head_template.obj")
    aside.write_albedo(folder / "FLAME_texture.npz", "mpi")
    return folder


@pytest.fixture(scope="module")
def model(beside):
    return flame.load(beside / "generic_model.pkl")


def near(found, expected, error=1e-6):
    np.testing.assert_allclose(found, expected, atol=error, rtol=0)


@pytest.mark.parametrize("protocol", [pytest.param(0, marks=pytest.mark.slow), 1, 2])
def test_python_2_pickle_is_read_exactly(tmp_path, arrays, protocol):
    path = tmp_path / "generic_model.pkl"
    write.write_flame(path, protocol)
    assert flame.recognises(path) == "unknown-generic"
    found = flame.load(path)
    near(found.mean, arrays["v_template"], 1e-7)
    near(found.identity_basis, arrays["shapedirs"].transpose(2, 0, 1)[:300], 1e-7)
    near(found.expression_basis, arrays["shapedirs"].transpose(2, 0, 1)[300:], 1e-7)
    near(found.joints.correctives, arrays["posedirs"].transpose(2, 0, 1), 1e-7)
    near(found.joints.weights, arrays["weights"], 1e-7)
    assert found.mean.dtype == found.identity_basis.dtype == np.float32
    assert found.joints.parents.tolist() == [-1, 0, 1, 1, 1]
    assert found.joints.names == ("root", "neck", "jaw", "eye_L", "eye_R")
    assert found.joints.corrective_joints.tolist() == [1, 2, 3, 4]
    np.testing.assert_array_equal(found.polygons[:, :3], arrays["f"])
    assert (found.polygons[:, 3] == -1).all()
    assert len(found.expression_names) == 100
    assert (found.expression_range == [-3, 3]).all()
    assert found.landmarks_68 is None
    assert found.uvs is None


def test_joints_follow_identity_and_expression(model, arrays):
    random = np.random.default_rng(1)
    identity, expression = random.normal(size=300), random.normal(size=100)
    shaped = arrays["v_template"] + arrays["shapedirs"] @ np.concatenate([identity, expression])
    found = model.joints
    moved = found.heads + np.tensordot(identity, found.identity_basis, 1)
    moved = moved + np.tensordot(expression, found.expression_basis[:100], 1)
    near(moved, arrays["J_regressor"] @ shaped)


def test_an_npz_of_the_pickle_is_the_same_model(tmp_path, beside, model):
    path = tmp_path / "FLAME2020_generic.npz"
    write.write_flame_npz(path)
    assert flame.recognises(path) == "2020-generic"
    found = flame.load(path)
    np.testing.assert_array_equal(found.identity_basis, model.identity_basis)
    near(found.joints.heads, model.joints.heads, 1e-7)
    assert found.version == model.version


@pytest.mark.parametrize(
    ("place", "variant", "name", "commercial"),
    [
        ("FLAME2017/male_model.pkl", "2017-male", "FLAME 2017 (male)", False),
        ("FLAME2019/female_model.pkl", "2019-female", "FLAME 2019 (female)", False),
        ("FLAME2020/generic_model.pkl", "2020-generic", "FLAME 2020 (generic)", False),
        ("assets/flame2023.pkl", "2023-generic", "FLAME 2023 (generic)", False),
        ("assets/flame2023_no_jaw.pkl", "2023-no-jaw", "FLAME 2023 (no jaw)", False),
        ("FLAME2023Open/flame2023_Open.pkl", "2023-open", "FLAME 2023 (open)", True),
        ("x/FLAME_NEUTRAL.pkl", "unknown-generic", "FLAME of an unknown release (generic)", False),
    ],
)
def test_names_tell_the_release_and_its_licence(tmp_path, place, variant, name, commercial):
    release = flame.release_of(tmp_path / place)
    assert (release.variant, release.name, release.licence.commercial) == (variant, name, commercial)
    assert release.licence.licence == ("CC-BY-4.0" if commercial else "FLAME model licence (non-commercial research)")


def test_two_files_of_one_name_have_different_versions(tmp_path, model):
    write.write_flame(tmp_path / "FLAME2020_generic_model.pkl", seed=1)
    other = flame.load(tmp_path / "FLAME2020_generic_model.pkl")
    assert other.version.startswith("2020-generic-")
    assert model.version.startswith("2020-generic-")
    assert other.version != model.version


def test_a_file_without_the_jaws_joint(tmp_path):
    write.write_flame(tmp_path / "flame2023_no_jaw.pkl", joints=4)
    joints = flame.load(tmp_path / "flame2023_no_jaw.pkl").joints
    assert joints.names == ("root", "neck", "eye_L", "eye_R")
    assert joints.parents.tolist() == [-1, 0, 1, 1]
    assert joints.correctives.shape == (27, 5023, 3)


def test_the_eyes_are_parts(model):
    assert len(model.parts["skin"]) == 3931
    assert (model.mean[model.parts["eye_L"], 0] > 0).all()
    assert (model.mean[model.parts["eye_R"], 0] < 0).all()
    assert len(model.parts["eye_L"]) == len(model.parts["eye_R"]) == 546


WRONG = {
    "a body of 6890 vertices": ({"v_template": np.zeros((6890, 3))}, "6890 vertices"),
    "half the shapes": ({"shapedirs": np.zeros((5023, 3, 200))}, "shapedirs"),
    "no weights": ({"weights": None}, "weights"),
    "millimetres": ({"v_template": write.flame_mesh()[0] * 1000}, "units"),
    "face turned away": ({"v_template": write.flame_mesh()[0] * [-1, 1, -1]}, "[+]Z"),
    "face turned aside": ({"v_template": write.flame_mesh()[0][:, [2, 1, 0]] * [1, 1, -1]}, "[+]Z"),
    "not a number": ({"posedirs": np.full((5023, 3, 36), np.nan)}, "not finite"),
    "triangles too high": ({"f": np.full((9976, 3), 5023, np.uint32)}, "triangles"),
    "weights of two": ({"weights": np.full((5023, 5), 0.4)}, "sum to 1"),
    "a circle of joints": ({"kintree_table": np.array([[4, 0, 1, 1, 1], range(5)], np.uint32)}, "tree"),
    "empty regressor": ({"J_regressor": sparse.csc_matrix((5, 5023))}, "sum to 1"),
    "strings": ({"shapedirs": np.full((5023, 3, 400), "x")}, "damaged"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_gets_a_sentence(tmp_path, name):
    changes, said = WRONG[name]
    write.write_flame(tmp_path / "generic_model.pkl", **changes)
    with pytest.raises(ModelUnavailable, match=said) as error:
        flame.load(tmp_path / "generic_model.pkl")
    for part in ("generic_model.pkl", "https://flame.is.tue.mpg.de", "non-commercial", "CC-BY-4.0"):
        assert part in str(error.value)


def test_another_file_in_its_place(tmp_path):
    path = tmp_path / "generic_model.pkl"
    aside.write_masks(path)
    assert flame.recognises(path) is None
    with pytest.raises(ModelUnavailable, match="another one"):
        flame.load(path)
    np.save(tmp_path / "x.npy", np.zeros(3))
    (tmp_path / "x.npy").rename(path)
    with pytest.raises(ModelUnavailable):
        flame.load(path)
    path.unlink()
    assert flame.recognises(path) is None
    with pytest.raises(ModelUnavailable, match="missing"):
        flame.load(path)


def test_a_body_is_not_recognised(tmp_path):
    body = {"v_template": np.zeros((6890, 3)), "shapedirs": np.zeros((6890, 3, 10)), "weights": np.zeros((6890, 24))}
    body |= {"posedirs": np.zeros((6890, 3, 207)), "kintree_table": np.zeros((2, 24), np.uint32), "f": np.zeros((9, 3))}
    body["J_regressor"] = sparse.csc_matrix((24, 6890))
    (tmp_path / "model.pkl").write_bytes(write.chumpy_pickle(body))
    assert flame.recognises(tmp_path / "model.pkl") is None
    with pytest.raises(ModelUnavailable, match="6890 vertices"):
        flame.load(tmp_path / "model.pkl")


def test_cut_off_files(tmp_path, beside):
    whole = (beside / "generic_model.pkl").read_bytes()
    path = tmp_path / "generic_model.pkl"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelUnavailable, match=r"cut off|damaged"):
        flame.load(path)
    path.write_bytes(whole)
    lines = (beside / "head_template.obj").read_text().splitlines()
    (tmp_path / "head_template.obj").write_text("\n".join([*lines[:-1], "f 1/1 2/2"]))
    with pytest.raises(ModelUnavailable, match=r"head_template\.obj"):
        flame.load(path)
    (tmp_path / "head_template.obj").unlink()
    albedo = (beside / "FLAME_texture.npz").read_bytes()
    (tmp_path / "FLAME_texture.npz").write_bytes(albedo[:-100])
    with pytest.raises(ModelUnavailable, match=r"FLAME_texture\.npz"):
        flame.load(path)


def test_an_attack_in_a_model_or_beside_it_is_refused(tmp_path, beside):
    class Attack:
        def __reduce__(self):
            return (open, (str(tmp_path / "was_run"), "w"))

    path = tmp_path / "generic_model.pkl"
    path.write_bytes(pickle.dumps({"v_template": Attack()}, 2))
    with pytest.raises(FileRefused, match=r"generic_model\.pkl"):
        flame.load(path)
    path.write_bytes((beside / "generic_model.pkl").read_bytes())
    np.save(tmp_path / "landmark_embedding.npy", {"full_lmk_faces_idx": Attack()}, allow_pickle=True)
    with pytest.raises(FileRefused, match=r"landmark_embedding\.npy"):
        flame.load(path)
    assert not (tmp_path / "was_run").exists()
