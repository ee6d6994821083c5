"""ICT-FaceKit Light: the authors' own files, the whole folder, and folders that are not it."""

import json
import shutil

import numpy as np
import pytest

from engine.errors import ModelUnavailable
from engine.faces.arkit import NAMES
from engine.faces.formats import ict
from engine.files.damage import FileDamaged
from engine.files.read_obj import read_polygons, read_positions
from tests.engine.write_ict import DATA, vertex_lines, write_folder

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data/ict_facekit")


@pytest.fixture(scope="module")
def packed():
    return np.load(DATA / "ict_packed.npz")


@needs_data
def test_original_files_are_read_exactly(packed):
    neutral, polygons, uvs = read_polygons(DATA / "generic_neutral_mesh.obj")
    assert np.abs(neutral - packed["neutral"]).max() < 1e-5
    assert polygons.shape == (ict.POLYGONS, 4) and (polygons[:, 3] >= 0).sum() + len(polygons) == 52220
    assert set(map(tuple, np.sort(polygons[polygons[:, 3] < 0, :3], 1))) <= set(
        map(tuple, np.sort(packed["faces_tri"], 1))
    )
    assert len(np.unique(uvs[polygons >= 0], axis=0)) == len(np.unique(packed["uv"].astype(np.float32), axis=0))
    for name, wanted in (("identity000", packed["identity"][0]), ("jawOpen", None)):
        if wanted is None:
            wanted = packed["expr"][packed["expr_names"].tolist().index(name)]
        assert np.abs(read_positions(DATA / f"{name}.obj") - neutral - wanted).max() < 2e-5


@needs_data
def test_writer_of_the_tests_has_the_authors_format(packed):
    lines = (DATA / "identity001.obj").read_bytes().splitlines(keepends=True)
    wanted = b"".join(line for line in lines if line.startswith(b"v "))
    written = vertex_lines(packed["neutral"].astype(np.float64) + packed["identity"][1])
    assert written[:2] == wanted[:2] and abs(len(written) - len(wanted)) < 0.02 * len(wanted)
    same = sum(a == b for a, b in zip(written.splitlines(), wanted.splitlines(), strict=True))
    assert same > 0.8 * ict.VERTICES


@needs_data
@pytest.mark.slow
def test_whole_folder(packed, tmp_path):
    write_folder(tmp_path / "FaceXModel")
    assert ict.recognises(tmp_path) == ict.recognises(tmp_path / "FaceXModel" / "jawOpen.obj") == "light"
    assert ict.recognises(tmp_path / "FaceXModel" / "01_MorphableModel.mat") is None
    model = ict.load(tmp_path)
    assert model.licence.commercial and model.mean.shape == (ict.VERTICES, 3)
    assert np.abs(model.identity_basis - packed["identity"] * 0.01).max() < 1e-7
    published = dict(zip(packed["expr_names"].tolist(), packed["expr"] * 0.01, strict=True))
    own = dict(zip(model.expression_names, model.expression_basis, strict=True))
    arkit = [name for name in NAMES if name != "tongueOut"]
    extras = {f"{name}_{side}" for name in ("browInnerUp", "cheekPuff", "cheekRaiser", "PupilDilate") for side in "LR"}
    assert model.expression_names[:51] == tuple(arkit) and set(model.expression_names[51:]) == extras
    assert np.abs(own["eyeBlinkLeft"] - published["eyeBlink_L"]).max() < 1e-7
    assert np.abs(own["browInnerUp"] - published["browInnerUp_L"] - published["browInnerUp_R"]).max() < 1e-7
    blink = np.abs(own["eyeBlinkLeft"]).max(1)
    assert blink[model.mean[:, 0] < -0.02].max() < 3e-4 < 0.005 < blink.max()
    eyes = [model.mean[model.parts[f"eye_{side}"]] for side in "LR"]
    assert eyes[0][:, 0].min() > 0 > eyes[1][:, 0].max()
    assert np.ptp(eyes[0].mean(0) - eyes[1].mean(0)) == pytest.approx(0.0639, abs=0.002)
    upper, lower = (model.mean[model.parts[f"teeth_{jaw}"], 1].mean() for jaw in ("upper", "lower"))
    assert upper > lower
    cards = np.isin(model.polygons, model.parts["lashes"]).all(1)
    for side, half, eye in (("L", (0.5, 1), eyes[0]), ("R", (0, 0.5), eyes[1])):
        own = cards & (np.sign(model.mean[model.polygons[:, 0], 0]) == (1 if side == "L" else -1))
        corners, uvs = model.mean[model.polygons[own]].reshape(-1, 3), model.uvs[own].reshape(-1, 2)
        assert uvs[:, 0].min() >= half[0] and uvs[:, 0].max() <= half[1]
        reach = np.linalg.norm(corners - eye.mean(0), axis=1)
        for low, high in set(ict.LASH_STRIPS):
            roots, tips = (np.abs(uvs[:, 1] - v) < 1e-3 for v in (low, high))
            assert reach[tips].min() > reach[roots].max() - 0.002 and reach[tips].mean() > reach[roots].mean() + 0.004
    whole = np.concatenate([v for name, v in model.parts.items() if not name.startswith("iris")])
    assert np.array_equal(np.sort(whole), np.arange(ict.VERTICES))


def small_folder(folder):
    """The five original files as a folder that was only half downloaded."""
    for path in [*DATA.glob("*.obj"), DATA / "vertex_indices.json"]:
        shutil.copy(path, folder / path.name)
        (folder / path.name).chmod(0o644)
    return folder


@needs_data
def test_half_a_download_names_the_missing_file(tmp_path):
    with pytest.raises(ModelUnavailable, match=r"identity002\.obj|browDown_L\.obj") as caught:
        ict.load(small_folder(tmp_path))
    assert "ICT-VGL" in str(caught.value) and "MIT" in str(caught.value)


@needs_data
@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "a.b", "", "x" * 99, 5])
def test_expression_names_cannot_leave_the_folder(tmp_path, name):
    path = small_folder(tmp_path) / "vertex_indices.json"
    tables = json.loads(path.read_bytes())
    tables["expressions"][0] = name
    path.write_text(json.dumps(tables))
    assert ict.recognises(tmp_path) is None
    with pytest.raises(ModelUnavailable, match="expressions"):
        ict.load(tmp_path)


@pytest.mark.parametrize(
    "content", [b"", b"[" * 100_000, b"[]", b'{"expressions": 5, "idx_to_landmark_verts": 5}', b"\xff"]
)
def test_damaged_index_file(tmp_path, content):
    (tmp_path / ict.NEUTRAL).write_bytes(b"v 0 0 0\n")
    (tmp_path / ict.INDICES).write_bytes(content)
    assert ict.recognises(tmp_path) is None
    with pytest.raises(ModelUnavailable):
        ict.load(tmp_path)


def test_another_folder(tmp_path):
    assert ict.recognises(tmp_path) is None
    with pytest.raises(ModelUnavailable, match="FaceXModel"):
        ict.load(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "v 0 0\n",
        "v 0 0 nan\n",
        "v 0 0 a\n",
        "v 0 0 0 1\n",
        "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 4\n",
        "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 -3\n",
        "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2\n",
        "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 x\n",
        "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 99999999999999999999999\n",
        "v 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nf 1/1 2/1 3/2\n",
    ],
)
def test_damaged_obj(tmp_path, text):
    path = tmp_path / "a.obj"
    path.write_text(text)
    with pytest.raises(FileDamaged):
        read_polygons(path)


def test_obj_with_and_without_uvs(tmp_path):
    path = tmp_path / "a.obj"
    path.write_text(
        "# a\nv 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nvt 1 1\nvn 0 0 1\nf 1/1/1 2/2/1 3/1/1 4/2/1\nf 1/2 2/1 3/2\n"
    )
    _, polygons, uvs = read_polygons(path)
    assert polygons.tolist() == [[0, 1, 2, 3], [0, 1, 2, -1]]
    assert uvs[1].tolist() == [[1, 1], [0, 0], [1, 1], [0, 0]]
    path.write_text("v 0 0 0\nv 1 0 0\nv 1 1 0\nf 1//1 2//1 3//1\n")
    assert read_polygons(path)[2] is None
