"""Heads from coefficients: the very vertices of each tool's own equations, the right model, the licences."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from engine import importing, worker
from engine.coefficients.read import read_coefficients
from engine.contract import FaceResult, Licence
from engine.errors import CoefficientsMismatch, CoefficientsUnreadable, ModelUnavailable
from engine.faces.formats import bfm2009, flame
from engine.faces.formats.published import PublishedAlbedo, PublishedModel
from engine.posing import posed_vertices

from . import write_bfm, write_flame_beside
from . import write_coefficients as make
from .bare_model import bare_model
from .flame_equations import flame as equations
from .flame_equations import rodrigues
from .write_flame import write_flame

ROOT = Path(__file__).resolve().parents[2]
REST = np.eye(3)
EXACT = 1e-6
"""Metres."""


def a_flame(folder, name):
    """The arrays of a FLAME file at full size and the model of it."""
    folder.mkdir()
    arrays = write_flame(folder / name)
    return arrays, bare_model(flame.load(folder / name))


@pytest.fixture(scope="module")
def flame2020(tmp_path_factory):
    return a_flame(tmp_path_factory.mktemp("models") / "FLAME2020", "generic_model.pkl")


@pytest.fixture(scope="module")
def flame2023(flame2020):
    arrays, model = flame2020
    fingerprint = model.version.rpartition("-")[2]
    return arrays, dataclasses.replace(model, name="FLAME 2023 (generic)", version=f"2023-generic-{fingerprint}")


def authors(result, model):
    """What the engine decodes, in the authors' frame."""
    return posed_vertices(result) + np.array(model.origin)


def imported(tmp_path, name, data, model, **options):
    return importing.head_of(read_coefficients(make.write(tmp_path / name, data)), model, texture_size=64, **options)


def test_deca_gives_its_own_vertices(tmp_path, flame2020):
    arrays, model = flame2020
    codes = make.deca()
    result = imported(tmp_path, "face.npz", codes, model)
    root, jaw = rodrigues(codes["pose"][0, :3]), rodrigues(codes["pose"][0, 3:])
    expected = equations(arrays, codes["shape"][0], codes["exp"][0], [root, REST, jaw, REST, REST])
    assert np.abs(codes["exp"]).max() > 4  # well beyond three standard deviations
    assert np.abs(authors(result, model) - expected).max() < EXACT
    assert result.views == () and result.rig.pose.shape == (5, 3, 3)
    assert [licence.name for licence in result.licences] == ["FLAME 2020 (generic)", "DECA"]
    assert not result.commercial


def test_bones_point_straight_ahead_whatever_the_expression(tmp_path, flame2020):
    result = imported(tmp_path, "face.npz", make.deca(), flame2020[1])
    bones = result.rig.tails - result.rig.heads
    assert (bones[:, 2] > 0.95 * np.linalg.norm(bones, axis=1)).all()
    assert np.abs(result.shape_keys.weights).max() > 4


def test_emoca_gives_its_own_vertices(tmp_path, flame2020):
    arrays, model = flame2020
    codes = make.write_emoca(tmp_path / "face00")
    result = importing.head_of(read_coefficients(tmp_path / "face00"), model, texture_size=64)
    root, jaw = rodrigues(codes["pose"][:3]), rodrigues(codes["pose"][3:])
    expected = equations(arrays, codes["shape"], codes["exp"], [root, REST, jaw, REST, REST])
    assert np.abs(authors(result, model) - expected).max() < EXACT


def test_smirk_gives_its_own_vertices_and_says_that_lids_are_missing(tmp_path, flame2020):
    arrays, model = flame2020
    codes = make.smirk()
    result = imported(tmp_path, "face.pkl", codes, model)
    turns = [rodrigues(codes["pose_params"][0]), REST, rodrigues(codes["jaw_params"][0]), REST, REST]
    expected = equations(arrays, codes["shape_params"][0], codes["expression_params"][0], turns)
    assert np.abs(authors(result, model) - expected).max() < EXACT
    assert "eyelids were left out" in result.warnings[0]


@pytest.mark.parametrize("still", [True, False])
def test_metrical_tracker_gives_its_own_vertices_lids_after_posing(tmp_path, still):
    """The tracker adds lids to the posed head; a lid that a turned jaw carries along a little is the one difference."""
    folder = tmp_path / "FLAME2020"
    arrays, _ = a_flame(folder, "generic_model.pkl")
    lids = write_flame_beside.write_eyelids(folder)
    model = bare_model(flame.load(folder / "generic_model.pkl"))
    frame = make.metrical()
    codes = frame["flame"]
    if still:
        codes["jaw"] = np.float32([[1, 0, 0, 0, 1, 0]])
        codes["eyes"] = np.float32([[1, 0, 0, 0, 1, 0] * 2])
    coefficients = read_coefficients(make.write(tmp_path / "0.frame", frame))
    result = importing.head_of(coefficients, model, texture_size=64)
    turned = [coefficients.rotations[name][0].astype(np.float64) for name in ("jaw", "eye_L", "eye_R")]
    expected = equations(arrays, codes["shape"][0], codes["exp"][0], [REST, REST, *turned])
    added = codes["eyelids"][0, 0] * lids["l_eyelid"] + codes["eyelids"][0, 1] * lids["r_eyelid"]
    gap = np.abs(authors(result, model) - expected - added).max(1)
    exact = np.ones(len(gap), bool) if still else (added == 0).all(1)
    assert gap[exact].max() < EXACT
    assert gap.max() < 0.002
    assert np.abs(added).max() > 0.001 and not result.warnings
    assert "FLAME eyelids" in [licence.name for licence in result.licences]


def test_vhap_gives_its_own_vertices_with_its_offsets(tmp_path, flame2023):
    arrays, model = flame2023
    values = make.vhap(3)
    result = imported(tmp_path, "tracked.npz", values, model)
    turns = [rodrigues(values[name][0]) for name in ("rotation", "neck_pose", "jaw_pose")]
    turns += [rodrigues(values["eyes_pose"][0, :3]), rodrigues(values["eyes_pose"][0, 3:])]
    offsets = values["static_offset"][0, :5023].astype(np.float64)
    expected = equations(arrays, values["shape"], values["expr"][0], turns, offsets)
    assert np.abs(authors(result, model) - expected).max() < EXACT


def test_every_frame_of_a_sequence_is_kept(tmp_path, flame2023):
    """Other frames are the same head with other weights and turns; only joints that expression moves differ."""
    arrays, model = flame2023
    values = make.vhap(3)
    result = imported(tmp_path, "tracked.npz", values, model)
    kept = result.coefficients
    own = result.shape_keys.names.index("expression_000")
    assert np.array_equal(kept["frames_expression"][:, own : own + 100], values["expr"])
    assert kept["frames_pose"].shape == (3, 5, 3, 3)
    assert np.array_equal(kept["frames_translation"], values["translation"])
    still = dataclasses.replace(result, rig=dataclasses.replace(result.rig, pose=None))
    shown = posed_vertices(still, kept["frames_expression"][2]) + np.array(model.origin)
    offsets = values["static_offset"][0, :5023].astype(np.float64)
    expected = equations(arrays, values["shape"], values["expr"][2], [REST] * 5, offsets)
    assert np.abs(shown - expected).max() < EXACT


def test_mica_is_a_neutral_head(tmp_path, flame2020):
    arrays, model = flame2020
    identity = make.normal(1, 300)
    result = imported(tmp_path, "identity.npy", identity, model)
    expected = equations(arrays, identity, np.zeros(0, np.float32), [REST] * 5)
    assert np.abs(authors(result, model) - expected).max() < EXACT
    assert result.rig.pose is None and not result.shape_keys.weights.any()


def small_deep3d():
    """A model that calls itself Deep3D's cut, of few vertices."""
    random = np.random.default_rng(1)
    mean = random.normal(0, 0.05, (300, 3)).astype(np.float32)
    names = tuple(f"expression_{k:03d}" for k in range(64))
    return PublishedModel(
        family="bfm2009",
        name="Basel Face Model 2009 (Deep3D)",
        version="2009-deep3d",
        licence=Licence("Basel Face Model 2009", "BFM", False),
        mean=mean,
        identity_basis=random.normal(0, 0.001, (80, 300, 3)).astype(np.float32),
        expression_names=names,
        expression_basis=random.normal(0, 0.001, (64, 300, 3)).astype(np.float32),
        expression_range=np.tile(np.float32([[-3, 3]]), (64, 1)),
        polygons=np.c_[np.arange(298), np.arange(1, 299), np.arange(2, 300), np.full(298, -1)].astype(np.int32),
        albedo=PublishedAlbedo(
            np.full((300, 3), 0.3, np.float32), random.normal(0, 0.01, (80, 300, 3)).astype(np.float32)
        ),
    )


def test_deep3ds_mesh_rests_and_its_camera_goes_round_it(tmp_path):
    published = small_deep3d()
    model = bare_model(published)
    values = make.deep3d()
    result = imported(tmp_path, "face.mat", values, model)
    shape = np.tensordot(values["id"][0].astype(np.float64), published.identity_basis, 1)
    expected = published.mean + shape + np.tensordot(values["exp"][0].astype(np.float64), published.expression_basis, 1)
    assert np.abs(authors(result, model) - expected).max() < EXACT
    assert result.rig.pose is None
    found = result.coefficients
    from_head = posed_vertices(result) @ found["camera_rotation"].T + found["camera_translation"]
    turn = rodrigues([0, 0, values["angle"][0, 2]]) @ rodrigues([0, values["angle"][0, 1], 0])
    posed = expected @ (turn @ rodrigues([values["angle"][0, 0], 0, 0])).T + values["trans"][0] / 10
    assert np.abs(from_head - (posed - [0, 0, 1]) * [1, -1, -1]).max() < EXACT


def test_deep3ds_colours_are_the_models(tmp_path):
    model = bare_model(small_deep3d())
    values = make.deep3d()
    grey = imported(tmp_path, "a.mat", values | {"tex": np.zeros((1, 80), np.float32)}, model)
    coloured = imported(tmp_path, "b.mat", values, model)
    assert grey.images["albedo.png"] != coloured.images["albedo.png"]
    assert np.array_equal(coloured.coefficients["albedo"], values["tex"][0])


@pytest.mark.slow
def test_deep3d_at_full_size_gives_its_own_vertices(tmp_path):
    basel = write_bfm.write_basel(tmp_path / "01_MorphableModel.mat")
    guo = write_bfm.write_deep3d_companions(tmp_path)
    front = write_bfm.write_front(tmp_path / "BFM_model_front.mat", basel, guo)
    model = bare_model(bfm2009.load(tmp_path / "BFM_model_front.mat"))
    result = imported(tmp_path, "face.mat", {"coeff": make.deep3d_vector()}, model)
    values = make.deep3d()
    flat = front["meanshape"].reshape(-1).astype(np.float64)
    shape = flat + front["idBase"] @ values["id"][0] + front["exBase"] @ values["exp"][0]
    expected = shape.reshape(-1, 3) - flat.reshape(-1, 3).mean(0)  # decimetres
    assert np.abs(authors(result, model) - expected / 10).max() < EXACT


@pytest.mark.parametrize("version", ["2019-generic", "2020-female", "2023-generic", "2023-no-jaw", "2023-open"])
def test_another_release_is_refused_by_name(tmp_path, flame2020, version):
    _, model = flame2020
    other = dataclasses.replace(model, name=f"FLAME {version}", version=f"{version}-0123abcd")
    coefficients = read_coefficients(make.write(tmp_path / "face.npz", make.smirk()))
    with pytest.raises(CoefficientsMismatch, match=r"SMIRK's coefficients belong to FLAME 2020 \(generic\)"):
        importing.head_of(coefficients, other)


def test_another_family_is_refused(tmp_path, flame2020):
    coefficients = read_coefficients(make.write(tmp_path / "face.mat", make.deep3d()))
    with pytest.raises(CoefficientsMismatch, match="belong to Basel Face Model 2009"):
        importing.head_of(coefficients, flame2020[1])
    coefficients = read_coefficients(make.write(tmp_path / "face.npz", make.deca()))
    with pytest.raises(CoefficientsMismatch, match="belong to FLAME 2020"):
        importing.head_of(coefficients, bare_model(small_deep3d()))


def test_an_unknown_release_is_a_warning(tmp_path, flame2020):
    other = dataclasses.replace(flame2020[1], version="unknown-generic-0123abcd")
    result = imported(tmp_path, "face.npz", make.deca(), other)
    assert "cannot be told; DECA needs FLAME 2020 (generic)" in result.warnings[0]


def test_more_modes_than_the_model_has_are_refused(tmp_path, flame2020):
    fewer = dataclasses.replace(flame2020[1], identity_basis=torch.zeros(90, 5023, 3))
    with pytest.raises(CoefficientsUnreadable, match="100 identity modes"):
        imported(tmp_path, "face.npz", make.deca(), fewer)


def test_the_model_is_found_or_named():
    coefficients = read_coefficients_of(make.smirk())
    there = ("builtin", "flame-2023-generic", "flame-unknown-generic", "flame-2020-generic")
    assert importing.model_for(coefficients, there) == "flame-2020-generic"
    assert importing.model_for(coefficients, there[:3]) == "flame-unknown-generic"
    with pytest.raises(ModelUnavailable, match=r"SMIRK's coefficients need it .* put generic_model.pkl of FLAME 2020"):
        importing.model_for(coefficients, there[:2])


def read_coefficients_of(data):
    from engine.coefficients import smirk

    return smirk.read(data)


def test_weights_that_blenders_sliders_cannot_reach_are_told(tmp_path, flame2020):
    codes = make.deca()
    codes["exp"][0, 7] = 12
    assert "beyond 10" in imported(tmp_path, "face.npz", codes, flame2020[1]).warnings[0]


@pytest.fixture
def library(monkeypatch, flame2020):
    monkeypatch.setattr(importing, "list_models", lambda: ("builtin", "flame-2020-generic"))
    monkeypatch.setattr(importing, "load_model", lambda name: flame2020[1])


def test_a_file_becomes_a_saved_face(tmp_path, library):
    steps = []
    file = make.write(tmp_path / "face.npz", make.deca())
    result = importing.import_file(file, tmp_path / "out", progress=steps.append)
    assert result.folder == tmp_path / "out" / "face_DECA"
    again = FaceResult.load(result.folder)
    assert np.array_equal(posed_vertices(again), posed_vertices(result))
    assert np.array_equal(again.coefficients["identity"], make.deca()["shape"][0])
    assert again.report["imported"]["tool"] == "DECA"
    assert [step.fraction for step in steps] == sorted(step.fraction for step in steps)


def test_the_worker_imports(tmp_path, library):
    file = make.write(tmp_path / "face.npz", make.deca())
    inbox = worker.Inbox.__new__(worker.Inbox)
    inbox._cancelled = {3}
    said = []

    def ask(number, path):
        request = {"file": str(path), "output": str(tmp_path / "out"), "model": ""}
        worker.answer({"kind": "import", "id": number, "request": request}, inbox, said.append, lambda *_: [])
        return said[-1]

    assert ask(1, file) == {"kind": "result", "id": 1, "folders": [str(tmp_path / "out" / "face_DECA")]}
    assert said[0]["kind"] == "progress"
    assert ask(2, tmp_path / "absent.npz")["code"] == "CoefficientsUnreadable"
    assert ask(3, file)["kind"] == "cancelled"


def test_the_script_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("RECONSTRUCT_FACE_MODELS", str(tmp_path / "nothing"))
    file = make.write(tmp_path / "face.npz", make.deca())
    command = [sys.executable, str(ROOT / "scripts" / "import_coefficients.py"), str(file), "-o", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert "put generic_model.pkl of FLAME 2020" in done.stderr
