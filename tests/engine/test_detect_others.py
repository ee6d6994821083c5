"""The detectors that need a file: what they do with it, and the sentence they give without."""

import sys
import types
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.detect import weights as weights_module
from engine.detect.fan import FaceAlignmentDetector, _blobs, heatmap_peaks
from engine.detect.layouts import MIRROR, outer_eye_distance, to_68
from engine.detect.library import create_detector
from engine.detect.mediapipe_task import TASK_FILE, TASK_VARIABLE
from engine.errors import DetectorUnavailable
from engine.files.places import MODELS_VARIABLE, engine_models_dir, find_file, user_data_dir

TASK = Path(__file__).resolve().parents[3] / "shared" / "data" / "mediapipe_task" / TASK_FILE


@pytest.fixture
def models(tmp_path, monkeypatch):
    """An empty models folder, and no other place where files could be."""
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path / "models"))
    monkeypatch.delenv(TASK_VARIABLE, raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return tmp_path / "models"


def astronaut():
    from skimage.data import astronaut

    return astronaut()


@pytest.fixture(scope="module")
def face():
    detector = create_detector("mediapipe")
    yield detector.detect(astronaut())[0]
    detector.close()


def test_places(models, monkeypatch, tmp_path):
    assert engine_models_dir() == models
    assert find_file("a.bin", "kind") is None
    for path in (models / "a.bin", models / "kind" / "a.bin"):  # the sub-folder comes first
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"a")
        assert find_file("a.bin", "kind") == path
    monkeypatch.setenv("SOME_FILE", str(tmp_path / "gone.bin"))
    assert find_file("a.bin", "kind", "SOME_FILE") is None, "a wrong variable is not papered over"
    monkeypatch.delenv(MODELS_VARIABLE)
    assert engine_models_dir() == user_data_dir() / "models" and user_data_dir().is_absolute()


def test_missing_task_says_where_to_get_it_and_put_it(models):
    with pytest.raises(DetectorUnavailable) as caught:
        create_detector("mediapipe_task")
    for part in ("storage.googleapis.com", str(models / "mediapipe" / TASK_FILE), TASK_VARIABLE):
        assert part in str(caught.value)


def test_damaged_task(models, monkeypatch):
    (models / "mediapipe").mkdir(parents=True)
    (models / "mediapipe" / TASK_FILE).write_bytes(b"not a bundle")
    with pytest.raises(DetectorUnavailable, match="damaged"):
        create_detector("mediapipe_task")


def test_task_agrees_with_the_wheel_and_reads_the_expression(models, monkeypatch, face):
    if not TASK.exists():
        pytest.skip(f"{TASK} is not here")
    monkeypatch.setenv(TASK_VARIABLE, str(TASK))
    detector = create_detector("mediapipe_task")
    (found,) = detector.detect(astronaut())
    (flipped,) = detector.detect(np.ascontiguousarray(astronaut()[:, ::-1]))
    detector.close()
    distance = np.linalg.norm(found.landmarks - face.landmarks, axis=1).mean()
    assert distance < 0.03 * outer_eye_distance(face.landmarks, "478")
    assert len(found.scores) == 51 and "_neutral" not in found.scores
    assert found.scores["mouthSmileLeft"] > 0.6 and found.scores["jawOpen"] < 0.3
    for name in ("eyeSquint", "mouthUpperUp", "browOuterUp"):  # sides follow the subject
        assert flipped.scores[name + "Left"] == pytest.approx(found.scores[name + "Right"], abs=0.12)


def test_missing_mediapipe(monkeypatch):
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    with pytest.raises(DetectorUnavailable, match="pip install mediapipe"):
        create_detector("mediapipe")


def test_offline_weights(models, monkeypatch):
    def refuse(request, timeout):
        assert timeout <= 10
        raise OSError("Network is unreachable")

    monkeypatch.setattr(weights_module.urllib.request, "urlopen", refuse)
    with pytest.raises(DetectorUnavailable) as caught:
        create_detector("face_alignment")
    for part in ("96 MB", "adrianbulat.com", "Network is unreachable", str(models / "face_alignment" / "2DFAN4")):
        assert part in str(caught.value)
    with pytest.raises(DetectorUnavailable, match="3DFAN4"):
        FaceAlignmentDetector(points="3D")


def test_damaged_weights(models, fake_networks):
    (models / "face_alignment").mkdir(parents=True)
    (models / "face_alignment" / "2DFAN4-11f355bf06.pth.tar").write_bytes(b"half a down")
    with pytest.raises(DetectorUnavailable, match="delete that file"):
        create_detector("face_alignment")


class FakeMaps(torch.nn.Module):
    """Draws a heat map for each of 68 places learnt by heart; the mirrored picture's maps are mirrored."""

    def __init__(self, modules=4):
        super().__init__()
        self.places = torch.nn.Parameter(torch.zeros(68, 2))

    def forward(self, pictures):
        y, x = torch.meshgrid(torch.arange(64) + 0.5, torch.arange(64) + 0.5, indexing="ij")
        mirror = torch.as_tensor(MIRROR["68"], dtype=torch.long)
        maps = []
        for i in range(len(pictures)):
            places = self.places if i == 0 else torch.tensor([64.0, 0]) + self.places[mirror] * torch.tensor([-1.0, 1])
            d2 = (x - places[:, 0, None, None]) ** 2 + (y - places[:, 1, None, None]) ** 2
            maps.append(torch.exp(-d2 / 2))
        return [torch.zeros(1), torch.stack(maps)]


class FakeDepth(torch.nn.Module):
    """Says that a point is as near as its blob lies far to the right."""

    def __init__(self):
        super().__init__()
        self.bias = torch.nn.Parameter(torch.zeros(1))

    def forward(self, picture):
        assert picture.shape == (1, 71, 256, 256)
        return picture[0, 3:].amax(1).argmax(-1).float()[None] + 0.5 + self.bias


@pytest.fixture
def fake_networks(monkeypatch):
    networks = types.ModuleType("face_alignment.models")
    networks.FAN, networks.ResNetDepth = FakeMaps, FakeDepth
    package = types.ModuleType("face_alignment")
    package.models = networks
    monkeypatch.setitem(sys.modules, "face_alignment", package)
    monkeypatch.setitem(sys.modules, "face_alignment.models", networks)


@pytest.mark.parametrize("points", ["2D", "3D"])
def test_heat_maps_become_photo_pixels(models, fake_networks, points):
    folder = models / "face_alignment"
    folder.mkdir(parents=True)
    places = torch.rand(68, 2, generator=torch.manual_seed(0)) * 50 + 7
    torch.save({"places": places}, folder / "2DFAN4-11f355bf06.pth.tar")
    torch.save({"places": places}, folder / "3DFAN4-7835d9f11d.pth.tar")
    torch.save({"state_dict": {"module.bias": torch.zeros(1)}}, folder / "depth-2a464da4ea.pth.tar")
    detector = FaceAlignmentDetector("cpu", points)
    (found,) = detector.detect(astronaut())
    detector.close()
    assert found.layout == "68" and found.landmarks.shape == (68, 2)
    scale = np.ptp(found.landmarks, axis=0) / np.ptp(places.numpy(), axis=0)  # photo pixels per map pixel
    assert scale[0] == pytest.approx(scale[1], rel=0.01)
    expected = (places.numpy() - places.numpy().mean(0)) * scale[0]
    np.testing.assert_allclose(found.landmarks - found.landmarks.mean(0), expected, atol=0.15 * scale[0])
    assert (found.depth is None) == (points == "2D")
    if points == "3D":
        np.testing.assert_allclose(found.depth, -places[:, 0].numpy() * scale[0], atol=0.6 * scale[0])


def test_crop_of_the_68_points_holds_the_face(models, fake_networks, face):
    """The networks were trained with the face in the middle of a crop about twice its size."""
    from engine.detect.fan import _square

    square, points = _square(face), to_68(face.landmarks)
    assert np.abs(points - (square.x, square.y)).max() < 0.4 * square.side
    assert 0.35 < np.ptp(points[:, 0]) / square.side < 0.6


def test_peaks_are_finer_than_a_pixel():
    random = np.random.default_rng(0)
    places = random.uniform(4, 60, (68, 2))
    y, x = np.mgrid[:64, :64] + 0.5
    maps = np.exp(-((x - places[:, :1, None]) ** 2 + (y - places[:, 1:, None]) ** 2) / 2)
    assert np.abs(heatmap_peaks(maps) - places).max() < 0.1
    assert heatmap_peaks(np.zeros((2, 64, 64))).shape == (2, 2), "an empty map has no peak but an answer"


def test_blobs_peak_at_the_points():
    blobs = _blobs(np.array([[10.5, 20.5], [300.0, 20.0]]))
    assert blobs.shape == (2, 256, 256) and blobs[0].argmax() == 20 * 256 + 10
    assert blobs[0].max() == pytest.approx(1) and blobs[1].max() < 1e-3


@pytest.mark.slow
def test_real_architecture_with_random_weights(models):
    """The package's own networks take our crops and weights; only the trained numbers are missing."""
    from face_alignment.models import FAN

    torch.manual_seed(0)
    (models / "face_alignment").mkdir(parents=True)
    torch.save(FAN(4).state_dict(), models / "face_alignment" / "2DFAN4-11f355bf06.pth.tar")
    detector = create_detector("face_alignment", "cpu")
    (found,) = detector.detect(astronaut())
    detector.close()
    assert found.landmarks.shape == (68, 2) and np.isfinite(found.landmarks).all()
