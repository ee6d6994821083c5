"""The default detector on real photos: found, at the right place, the right way up, and nothing else."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageSequence

from engine.detect.crops import Square, cut
from engine.detect.layouts import REGIONS, mirrored, outer_eye_distance, to_68
from engine.detect.library import create_detector
from engine.detect.search import pyramid, pyramid_scales, search_level, suppress
from engine.detect.selection import face_pixels, select_faces
from engine.errors import BadSetting, FaceNotFound, FaceTooSmall

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def hopper():
    from matplotlib.cbook import get_sample_data

    with get_sample_data("grace_hopper.jpg") as file:
        return np.asarray(Image.open(file).convert("RGB"))


def astronaut():
    from skimage.data import astronaut

    return astronaut()


PHOTOS = {"astronaut": astronaut, "hopper": hopper}


@pytest.fixture(scope="module")
def detector():
    detector = create_detector("mediapipe")
    yield detector
    detector.close()


@pytest.fixture(scope="module")
def faces(detector):
    return {name: detector.detect(photo()) for name, photo in PHOTOS.items()}


def error_percent(found, truth):
    """Mean distance of the points in percent of the outer-eye distance."""
    return 100 * np.linalg.norm(found - truth, axis=-1).mean() / outer_eye_distance(truth, "478")


def shared(folder):
    path = DATA / folder
    if not path.exists():
        pytest.skip(f"{path} is not here")
    return path


@pytest.mark.parametrize(
    ("name", "eyes"), [("astronaut", ((203.2, 101.3), (246.3, 103.0))), ("hopper", ((222.5, 190.5), (305.5, 187.0)))]
)
def test_one_face_with_the_pupils_where_they_are_seen(faces, name, eyes):
    """Pupil centres read off enlarged photos by eye."""
    (face,) = faces[name]
    assert face.layout == "478" and face.landmarks.shape == (478, 2) and face.score > 0.9
    away = np.linalg.norm(face.landmarks[[468, 473]] - eyes, axis=1).max()
    assert away < 0.03 * outer_eye_distance(face.landmarks, "478")
    left, top, right, bottom = face.box
    assert ((face.landmarks[:468] >= (left, top)) & (face.landmarks[:468] <= (right, bottom))).all()
    assert face.depth[1] < face.depth[[234, 454]].min(), "the nose is nearer than the ears"
    assert 0.1 < 100 * face.spread.mean() / outer_eye_distance(face.landmarks, "478") < 2


@pytest.mark.parametrize("name", PHOTOS)
def test_flipped_photo_gives_flipped_landmarks(detector, faces, name):
    photo = PHOTOS[name]()
    (face,) = detector.detect(np.ascontiguousarray(photo[:, ::-1]))
    assert error_percent(mirrored(face.landmarks, "478", photo.shape[1]), faces[name][0].landmarks) < 1.0
    direct = to_68(faces[name][0].landmarks)
    back = mirrored(to_68(face.landmarks), "68", photo.shape[1])
    assert np.abs(direct - back).max() < 0.03 * outer_eye_distance(direct, "68")


@pytest.mark.parametrize("name", PHOTOS)
def test_68_points_lie_like_ibugs(faces, name):
    """Order and rough place of the mapped points in an upright face looking at the camera."""
    points = to_68(faces[name][0].landmarks)
    x, y = points[:, 0], points[:, 1]
    assert (np.diff(x[2:15]) > 0).all() and y[:17].argmax() in (7, 8, 9)
    assert (np.diff(x[17:27]) > 0).all() and (np.diff(y[27:31]) > 0).all() and (np.diff(x[31:36]) > 0).all()
    assert y[17:27].max() < y[36:48].min() < y[36:48].max() < y[31:36].min() < y[31:36].max() < y[48:68].min()
    assert y[48:68].max() < y[8]
    closed = 0.01 * outer_eye_distance(points, "68")
    for upper, lower in (
        ((37, 38, 43, 44), (41, 40, 47, 46)),
        ((50, 51, 52), (58, 57, 56)),
        ((61, 62, 63), (67, 66, 65)),
    ):
        assert (y[list(upper)] < y[list(lower)] + closed).all()


def test_same_photo_gives_the_same_points(detector, faces):
    (again,) = detector.detect(hopper())
    np.testing.assert_array_equal(again.landmarks, faces["hopper"][0].landmarks)


def turned(photo, degrees):
    """The photo turned anticlockwise on a larger canvas, and the matrix from old to new pixels."""
    height, width = photo.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2 - 0.5, height / 2 - 0.5), degrees, 1)
    matrix[:, 2] += (400 - width / 2, 400 - height / 2)
    to_new = matrix.copy()
    to_new[:, 2] += 0.5 - matrix[:, :2] @ (0.5, 0.5)  # OpenCV counts from pixel centres
    return cv2.warpAffine(photo, matrix, (800, 800)), to_new


@pytest.mark.parametrize("degrees", [35, -60, 90, 135, 180, -90])
def test_turned_in_the_plane(detector, faces, degrees):
    photo, matrix = turned(hopper(), degrees)
    found = detector.detect(photo)
    assert len(found) == 1
    truth = faces["hopper"][0].landmarks @ matrix[:, :2].T + matrix[:, 2]
    assert error_percent(found[0].landmarks, truth) < 1.5


def scene(height, width):
    """A smooth background without faces but with something for a face search to look at."""
    noise = np.random.default_rng(0).integers(60, 200, (height // 100, width // 100, 3)).astype(np.uint8)
    return cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)


@pytest.mark.parametrize(
    ("name", "left", "top"),
    [("astronaut", 30, 40), ("hopper", 3860, 2860), ("hopper", 1900, 1500), ("astronaut", 700, 2500)],
)
def test_forty_pixels_in_four_thousand(detector, faces, name, left, top):
    photo, face = PHOTOS[name](), faces[name][0]
    scale = 40 / (face.box[2] - face.box[0])
    small = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    canvas = scene(3000, 4000)
    small = small[: 3000 - top, : 4000 - left]
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    found = detector.detect(canvas)
    assert len(found) == 1
    assert error_percent(found[0].landmarks, face.landmarks * scale + (left, top)) < 3


def test_nothing_where_there_is_no_face(detector):
    import skimage.data

    for photo in (scene(600, 900), skimage.data.coffee(), skimage.data.rocket(), np.zeros((40, 30, 3), np.uint8)):
        assert detector.detect(photo) == []


@pytest.mark.parametrize("size", [(1, 1), (3, 700), (700, 3)])
def test_degenerate_sizes(detector, size):
    assert detector.detect(np.full((*size, 3), 90, np.uint8)) == []


def test_face_that_fills_or_leaves_the_frame(detector, faces):
    face = faces["hopper"][0]
    left, top, right, bottom = face.box.astype(int)
    tight = np.ascontiguousarray(hopper()[top + 4 : bottom - 4, left + 4 : right - 4])
    (found,) = detector.detect(tight)
    assert error_percent(found.landmarks, face.landmarks - (left + 4, top + 4)) < 4
    half = np.ascontiguousarray(hopper()[:, : (left + right) // 2 + 25])
    (found,) = detector.detect(half)
    seen = face.landmarks[:, 0] < half.shape[1]
    away = np.linalg.norm(found.landmarks - face.landmarks, axis=1)[seen]
    assert np.median(away) < 0.1 * outer_eye_distance(face.landmarks, "478")


def test_two_people_come_largest_first(detector, faces):
    big, small = cv2.resize(astronaut(), None, fx=2, fy=2), hopper()[:400]
    canvas = np.zeros((1024, 1540, 3), np.uint8)
    canvas[:, :1024], canvas[300:700, 1024:1536] = big, small
    found = detector.detect(canvas)
    assert len(found) == 2 and found[0].size >= found[1].size
    places = sorted(found, key=lambda f: f.box[0])
    assert error_percent(places[0].landmarks, faces["astronaut"][0].landmarks * 2) < 2
    assert error_percent(places[1].landmarks - (1024, 300), faces["hopper"][0].landmarks) < 2


def test_portraits(detector):
    folder = shared("portraits")
    for path in sorted(folder.glob("*.jpg")):
        found = detector.detect(np.asarray(Image.open(path).convert("RGB")))
        assert len(found) == (2 if path.stem == "two_people" else 1), path.name


@pytest.mark.slow
def test_every_frame_of_a_turning_head(detector):
    """Faces of 53-72 px, turned up to 48 degrees; the points move smoothly."""
    for clip in sorted(shared("clips").glob("*.gif")):
        last = None
        for frame in ImageSequence.Iterator(Image.open(clip)):
            found = detector.detect(np.asarray(frame.convert("RGB")))
            assert len(found) == 1, clip.name
            if last is not None:
                assert error_percent(found[0].landmarks, last) < 45
            last = found[0].landmarks


def test_averaged_crops_are_steadier_than_one(detector, faces):
    """The reason for the several looks: less scatter when the same face is cut, scaled and compressed anew."""
    from engine.detect import looks

    photo, truth = hopper(), faces["hopper"][0].landmarks
    scatter = {}
    jitter = looks._JITTER
    try:
        for count in (1, len(jitter)):
            looks._JITTER = jitter[:count]
            runs = [detector.detect(copy)[0].landmarks @ m[:, :2].T + m[:, 2] for copy, m in _copies(photo, 8)]
            scatter[count] = error_percent(np.array(runs), np.mean(runs, 0)) if count else 0
    finally:
        looks._JITTER = jitter
    assert scatter[len(jitter)] < 0.8 * scatter[1]
    assert scatter[len(jitter)] < 1.0
    assert truth.shape == (478, 2)


def _copies(photo, count):
    """Turned, scaled and compressed copies, and the matrix from their pixels back to the photo's."""
    random = np.random.default_rng(0)
    for _ in range(count):
        scale, angle = random.uniform(0.6, 1.0), random.uniform(-10, 10)
        matrix = cv2.getRotationMatrix2D((262, 233), angle, scale)
        matrix[:, 2] += random.uniform(-20, 20, 2)
        copy = cv2.warpAffine(cv2.GaussianBlur(photo, (0, 0), 0.4 / scale), matrix, (500, 460))
        data = cv2.imencode(".jpg", copy, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(60, 95))])[1]
        yield cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.invertAffineTransform(matrix)


def test_selection(faces):
    import dataclasses

    large, other = faces["hopper"][0], faces["astronaut"][0]
    small = dataclasses.replace(other, box=np.array([0, 0, 20, 24], np.float32))
    three = [large, other, small]
    assert select_faces(three, "largest", -1, "p") == [large]
    assert select_faces(three, "all", -1, "p") == [large, other]
    assert select_faces(three, "largest", 1, "p") == [other] == select_faces(three, "all", 1, "p")
    assert face_pixels(small) == pytest.approx(20)
    with pytest.raises(FaceTooSmall, match="only 20 px"):
        select_faces(three, "all", 2, "p")
    with pytest.raises(FaceTooSmall):
        select_faces([small], "all", -1, "p")
    with pytest.raises(FaceNotFound):
        select_faces([], "largest", -1, "p")
    with pytest.raises(BadSetting, match="below 3"):
        select_faces(three, "largest", 3, "p")


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("side", [60.0, 150.0, 900.0])
def test_crop_and_the_way_back(side, mirror):
    """A bright dot in the photo comes out of the crop at its place, to a small part of a pixel."""
    ys, xs = np.mgrid[:1000, :1200] + 0.5
    dot = np.array([611.3, 487.6])
    width = max(2.0, side / 60)
    bell = 255 * np.exp(-((xs - dot[0]) ** 2 + (ys - dot[1]) ** 2) / (2 * width**2))
    photo = np.repeat(bell[..., None], 3, 2).astype(np.uint8)
    square = Square(600.0, 500.0, side, 0.4)
    crop = cut(photo, square, 96, mirror)[..., 0].astype(float)
    grid = np.stack(np.meshgrid(np.arange(96) + 0.5, np.arange(96) + 0.5), -1)
    centre = (crop[..., None] * grid).sum((0, 1)) / crop.sum()
    found = square.to_photo(centre, 96, mirror)
    assert np.linalg.norm(found - dot) < 0.15 * max(1.0, side / 96)


def test_crop_outside_the_photo_is_black():
    photo = np.full((50, 50, 3), 200, np.uint8)
    assert (cut(photo, Square(5000, 5000, 2000), 32) == 0).all()
    crop = cut(photo, Square(0, 25, 50), 50)
    assert (crop[:, :24] == 0).all() and (crop[2:-2, 26:] == 200).all()


def test_search_covers_every_place():
    """A finder that sees bright blobs of 14-28 px in a tile finds one anywhere, at its place in the photo."""

    def find(tile):
        ys, xs = np.nonzero(tile[..., 0] > 128)
        if len(xs) == 0 or not 12 <= np.ptp(xs) + 1 <= 30 or np.ptp(ys) + 1 < 12:
            return np.zeros((0, 5))
        return np.array([[xs.min(), ys.min(), xs.max() + 1, ys.max() + 1, 1.0]], float)

    random = np.random.default_rng(0)
    for _ in range(12):
        size = random.uniform(28, 200)
        x, y = random.uniform(0, 1300 - size), random.uniform(0, 900 - size)
        photo = np.zeros((900, 1300, 3), np.uint8)
        photo[round(y) : round(y + size), round(x) : round(x + size)] = 255
        scales = pyramid_scales(1300, 900, 192, 24.0, 12.0)
        levels = pyramid(photo, scales)
        truth = np.array([x, y, x + size, y + size])
        for quarter in range(4):
            rows = np.concatenate([search_level(level, (1300, 900), find, 192, quarter) for level in levels])
            assert len(rows) and np.abs(rows[:, :4] - truth).max(1).min() < 0.12 * size, (x, y, size, quarter)


def test_pyramid_goes_as_fine_as_the_smallest_face_needs():
    scales = pyramid_scales(4000, 3000, 192, 24, 12)
    assert scales == sorted(scales) and scales[1] == pytest.approx(192 / 4000) and 0.5 <= scales[-1] <= 1
    assert pyramid_scales(100, 80, 192, 24, 12) == pytest.approx([0.6 * 1.92, 1.92])


def test_suppression_keeps_the_best_of_each_heap():
    boxes = np.array([[0, 0, 10, 10], [1, 1, 11, 11], [20, 0, 30, 10], [22, 2, 26, 6], [40, 40, 50, 50]], float)
    assert suppress(boxes, np.array([0.5, 0.9, 0.8, 0.7, 0.1])) == [1, 2, 4]
    assert suppress(np.zeros((0, 4)), np.zeros(0)) == []


def test_contour_region_is_the_outline(faces):
    """The convex hull of a frontal face's points consists of the points that are said to be its contour."""
    points = faces["hopper"][0].landmarks[:468]
    hull = cv2.convexHull(points.astype(np.float32), returnPoints=False).ravel()
    assert set(hull.tolist()) <= set(REGIONS["478"]["contour"].tolist())
