"""Coefficient files of every tool in every container: recognised by content, read exactly, refused with a sentence."""

import os
import pickle

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from engine.coefficients import container
from engine.coefficients.read import read_coefficients
from engine.errors import CoefficientsUnreadable, FileRefused

from . import write_coefficients as make

CONTAINERS = (".npz", ".object.npy", ".pkl", ".pt", ".mat")


@pytest.mark.parametrize("ending", CONTAINERS)
@pytest.mark.parametrize("frames", [1, 4])
def test_decas_dictionary_in_every_container(tmp_path, ending, frames):
    codes = make.deca(frames)
    if ending == ".mat":
        codes.pop("images")
    found = read_coefficients(make.write(tmp_path / f"face{ending}", codes))
    assert (found.tool, found.version, found.frames) == ("DECA", "2020-generic", frames)
    assert np.array_equal(found.identity, codes["shape"][0])
    assert np.array_equal(found.expression, codes["exp"])
    assert set(found.rotations) == {"root", "jaw"}
    expected = Rotation.from_rotvec(codes["pose"][:, 3:]).as_matrix()
    assert np.abs(found.rotations["jaw"] - expected).max() < 1e-6
    assert np.array_equal(found.others["camera"], codes["cam"])
    assert not found.licence.commercial
    assert bool(found.notes) == (frames > 1)  # DECA's identity is each picture's own


def test_decas_bare_vector_is_its_dictionary(tmp_path):
    one = read_coefficients(make.write(tmp_path / "codes.npy", make.deca_vector(2)))
    other = read_coefficients(make.write(tmp_path / "codes.npz", make.deca(2)))
    assert one.tool == "DECA"
    for name in ("identity", "expression"):
        assert np.array_equal(getattr(one, name), getattr(other, name))
    assert all(np.array_equal(one.rotations[name], other.rotations[name]) for name in ("root", "jaw"))


def test_what_deca_saves_itself_holds_no_coefficients(tmp_path):
    path = make.write(tmp_path / "face.mat", {"verts": np.zeros((5023, 3)), "trans_verts": np.zeros((5023, 3))})
    with pytest.raises(CoefficientsUnreadable, match="no coefficients; save its code dictionary"):
        read_coefficients(path)


@pytest.mark.parametrize("ending", CONTAINERS)
def test_smirk(tmp_path, ending):
    values = make.smirk(2)
    found = read_coefficients(make.write(tmp_path / f"face{ending}", values))
    assert (found.tool, found.version, found.frames) == ("SMIRK", "2020-generic", 2)
    assert np.array_equal(found.eyelids, values["eyelid_params"])
    expected = Rotation.from_rotvec(values["pose_params"]).as_matrix()
    assert np.abs(found.rotations["root"] - expected).max() < 1e-6
    assert not found.notes


def test_vhaps_sequence_and_its_frames_one_by_one(tmp_path):
    values = make.vhap(3)
    whole = read_coefficients(make.write(tmp_path / "tracked_flame_params_30.npz", values))
    assert (whole.tool, whole.version, whole.frames) == ("VHAP", "2023-generic", 3)
    assert whole.offsets.shape == (5143, 3) and "teeth" in whole.notes[0]
    assert set(whole.rotations) == {"root", "neck", "jaw", "eye_L", "eye_R"}
    expected = Rotation.from_rotvec(values["eyes_pose"][:, 3:]).as_matrix()
    assert np.abs(whole.rotations["eye_R"] - expected).max() < 1e-6
    folder = tmp_path / "flame_param"
    folder.mkdir()
    for frame in range(3):
        each = {name: value[frame : frame + 1] if value.shape[:1] == (3,) else value for name, value in values.items()}
        make.write(folder / f"{frame:05d}.npz", each)
    joined = read_coefficients(folder)
    assert joined.frames == 3
    assert np.array_equal(joined.expression, whole.expression)
    assert np.array_equal(joined.rotations["neck"], whole.rotations["neck"])
    assert np.array_equal(joined.others["translation"], values["translation"])


def test_metrical_trackers_checkpoints(tmp_path):
    for frame in range(3):
        torch.save(make.metrical(frame), tmp_path / f"{frame:05d}.frame")
    one = read_coefficients(tmp_path / "00001.frame")
    assert (one.tool, one.version, one.frames) == ("metrical-tracker", "2020-generic", 1)
    jaw = make.metrical(1)["flame"]["jaw"][0].astype(np.float64)
    first = jaw[:3] / np.linalg.norm(jaw[:3])
    second = jaw[3:] - first * (first @ jaw[3:])
    expected = np.stack([first, second / np.linalg.norm(second), np.cross(first, second) / np.linalg.norm(second)])
    assert np.abs(one.rotations["jaw"][0] - expected).max() < 1e-6
    every = read_coefficients(tmp_path)
    assert every.frames == 3 and not every.notes
    assert np.array_equal(every.expression[1], one.expression[0])
    assert every.others["camera_translation"][2, 2] == pytest.approx(2.9)


def test_emocas_folder_by_itself_or_by_any_of_its_files(tmp_path):
    codes = make.write_emoca(tmp_path / "face00")
    for path in (tmp_path / "face00", tmp_path / "face00" / "exp.npy"):
        found = read_coefficients(path)
        assert (found.tool, found.frames) == ("EMOCA", 1)
        assert np.array_equal(found.identity, codes["shape"]) and np.array_equal(found.expression[0], codes["exp"])


def test_emocas_dictionary_and_emicas(tmp_path):
    names = {"shape": "shapecode", "exp": "expcode", "pose": "posecode", "cam": "cam"}
    codes = {names[name]: value for name, value in make.deca().items() if name in names}
    assert read_coefficients(make.write(tmp_path / "a.npz", codes)).tool == "EMOCA"
    codes |= {"shapecode": make.normal(1, 1, 300), "expcode": make.normal(2, 1, 100)}
    emica = read_coefficients(make.write(tmp_path / "b.npz", codes))
    assert (emica.tool, emica.expression.shape) == ("EMICA", (1, 100))


def test_micas_identity(tmp_path):
    found = read_coefficients(make.write(tmp_path / "identity.npy", make.normal(1, 300)))
    assert (found.tool, len(found.identity), found.expression.shape) == ("MICA", 300, (1, 0))


def test_deep3d_of_both_houses(tmp_path):
    torch_one = read_coefficients(make.write(tmp_path / "a.mat", make.deep3d()))
    old = {"coeff": make.deep3d_vector(), "cropped_img": np.zeros((224, 224, 3), np.uint8)}
    tensorflow = read_coefficients(make.write(tmp_path / "b.mat", old))
    longer = np.concatenate([make.deep3d_vector(), np.ones((1, 1), np.float32)], 1)
    bare = read_coefficients(make.write(tmp_path / "c.npy", longer))
    for found in (torch_one, tensorflow, bare):
        assert (found.tool, found.family, found.version) == ("Deep3DFaceReconstruction", "bfm2009", "2009-deep3d")
        assert np.array_equal(found.expression, make.deep3d()["exp"])
        assert np.array_equal(found.others["camera_rotation"], torch_one.others["camera_rotation"])


def test_deep3ds_camera_is_its_formula(tmp_path):
    values = make.deep3d()
    camera = read_coefficients(make.write(tmp_path / "a.mat", values)).others
    points = make.normal(9, 20, 3)  # decimetres
    turn = Rotation.from_euler("xyz", values["angle"][0]).as_matrix()  # about fixed axes: Rz Ry Rx
    x, y, z = (points @ turn.T + values["trans"][0]).T
    expected = np.stack([1015 * x / (10 - z) + 112, 112 - 1015 * y / (10 - z)], 1)  # rows counted downward
    seen = (points / 10) @ camera["camera_rotation"][0].T + camera["camera_translation"][0]
    pixels = seen @ camera["camera_intrinsics"][0].T
    assert np.abs(pixels[:, :2] / pixels[:, 2:] - expected).max() < 1e-3


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"exp": make.normal(1, 1, 53)}, "“exp” has 53 numbers a frame where 50 are expected"),
        ({"exp": make.normal(1, 3, 50), "pose": make.normal(1, 2, 6)}, "“pose” has 2 frames where others have 3"),
        ({"shape": np.full((1, 100), np.nan, np.float32)}, "“shape” holds numbers that no head has"),
        ({"exp": np.full((1, 50), 1e4, np.float32)}, "“exp” holds numbers that no head has"),
    ],
)
def test_wrong_lengths_and_wild_numbers_are_told(tmp_path, change, reason):
    path = make.write(tmp_path / "face.npz", make.deca() | change)
    with pytest.raises(CoefficientsUnreadable, match=reason):
        read_coefficients(path)


def test_frames_that_do_not_belong_together_are_told(tmp_path):
    make.write(tmp_path / "00000.npz", make.deca())
    make.write(tmp_path / "00001.npz", make.smirk())
    with pytest.raises(CoefficientsUnreadable, match="of DECA and SMIRK"):
        read_coefficients(tmp_path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("absent.npz", None),
        ("empty.pkl", b""),
        ("noise.npz", b"PK\x03\x04" + bytes(range(200))),
        ("cut.npy", b"\x93NUMPY\x01\x00v\x00{'descr'"),
        ("text.mat", b"MATLAB is what this is not"),
        ("old.pt", b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.broken"),
    ],
)
def test_what_is_no_file_of_coefficients_is_a_sentence(tmp_path, name, content):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises((CoefficientsUnreadable, FileRefused)):
        read_coefficients(path)


def test_every_cut_of_a_file_is_a_sentence(tmp_path):
    for whole in (make.write(tmp_path / "a.npz", make.smirk()), make.write(tmp_path / "a.frame", make.metrical())):
        data = whole.read_bytes()
        for end in range(1, len(data), len(data) // 23):
            path = tmp_path / f"cut{whole.suffix}"
            path.write_bytes(data[:end])
            with pytest.raises((CoefficientsUnreadable, FileRefused)):
                read_coefficients(path)


def test_other_arrays_are_named(tmp_path):
    with pytest.raises(CoefficientsUnreadable, match="it holds the arrays one, two"):
        read_coefficients(make.write(tmp_path / "a.npz", {"one": np.ones(3), "two": np.ones(3)}))
    with pytest.raises(CoefficientsUnreadable, match=r"a lone array of the shape \(17,\)"):
        read_coefficients(make.write(tmp_path / "a.npy", np.ones(17)))


class Attack:
    """Runs a command when it is unpickled."""

    def __reduce__(self):
        return os.system, ("touch attacked",)


@pytest.mark.parametrize("ending", [".pkl", ".frame", ".object.npy", "legacy"])
def test_a_file_that_would_run_something_is_refused(tmp_path, monkeypatch, ending):
    monkeypatch.chdir(tmp_path)
    data = {**make.smirk(), "more": Attack()}
    path = tmp_path / f"attack{ending}"
    if ending == ".pkl":
        path.write_bytes(pickle.dumps(data))
    elif ending == ".object.npy":
        np.save(path, data, allow_pickle=True)
        path = path if path.exists() else path.with_name(path.name + ".npy")
    else:
        torch.save(data, path, _use_new_zipfile_serialization=ending == ".frame")
    with pytest.raises(FileRefused, match="system"):
        read_coefficients(path)
    assert not (tmp_path / "attacked").exists()


def test_shared_dictionaries_cannot_grow_into_billions(tmp_path):
    inner = {f"{i}": 1.0 for i in range(300)}
    for _ in range(3):
        inner = {f"{i}": inner for i in range(300)}
    path = tmp_path / "bomb.pkl"
    path.write_bytes(pickle.dumps(inner))
    with pytest.raises(CoefficientsUnreadable, match="more entries"):
        read_coefficients(path)


def test_a_tensor_without_its_memory_is_left_out(tmp_path):
    """A stride of 0 makes any size of one number."""
    values = {name: torch.from_numpy(value) for name, value in make.smirk().items()}
    values["expression_params"] = torch.zeros(1).expand(1 << 40, 50)
    torch.save(values, tmp_path / "wide.pt")
    assert "expression_params" not in container.read_content(tmp_path / "wide.pt")
