"""Photos of every kind are read upright in sRGB, and bad ones are refused with the right reason."""

import io
import os

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from engine.camera.focal import default_focal, focal_bounds, focal_from_exif
from engine.errors import NoPhotos, PhotoUnreadable
from engine.files import photo as photo_module
from engine.files.image import decode_image, encode_jpeg, encode_png, to_bytes
from engine.files.photo import find_photos, read_photo

RED, GREEN, BLUE, WHITE = (220, 30, 20), (20, 200, 40), (30, 40, 210), (250, 250, 250)


@pytest.fixture
def quarters():
    """48 x 32: red top-left, green top-right, blue bottom-left, white bottom-right."""
    pixels = np.zeros((32, 48, 3), np.uint8)
    pixels[:16, :24], pixels[:16, 24:], pixels[16:, :24], pixels[16:, 24:] = RED, GREEN, BLUE, WHITE
    return pixels


def corners(pixels):
    """Colours near the four corners: top-left, top-right, bottom-left, bottom-right."""
    return np.array([pixels[4, 4], pixels[4, -5], pixels[-5, 4], pixels[-5, -5]], int)


def assert_quarters(pixels, tolerance):
    assert np.abs(corners(pixels) - np.array([RED, GREEN, BLUE, WHITE])).max() <= tolerance


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "webp", "bmp", "gif"])
def test_formats(tmp_path, quarters, suffix):
    path = tmp_path / f"photo.{suffix}"
    Image.fromarray(quarters).save(path, **({"quality": 95} if suffix in ("jpg", "webp") else {}))
    photo = read_photo(path)
    assert photo.size == (48, 32) and photo.scale == 1 and photo.pixels.shape == (32, 48, 3)
    assert photo.pixels.dtype == np.uint8 and photo.pixels.flags.c_contiguous and photo.focal_px is None
    assert_quarters(photo.pixels, 12)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_agrees_with_pillow(tmp_path, quarters, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "turned.jpg"
    Image.fromarray(quarters).save(path, exif=exif, quality=100, subsampling=0)
    with Image.open(path) as image:
        expected = np.asarray(ImageOps.exif_transpose(image))
    photo = read_photo(path)
    assert photo.size == expected.shape[1::-1]
    np.testing.assert_array_equal(photo.pixels, expected)


def test_modes(tmp_path, quarters):
    image = Image.fromarray(quarters)
    for mode, tolerance in (("P", 6), ("CMYK", 6), ("RGBA", 0)):
        path = tmp_path / f"{mode}.tif"
        image.convert(mode, palette=Image.Palette.ADAPTIVE).save(path)
        assert_quarters(read_photo(path).pixels, tolerance)


def test_cmyk_jpeg(tmp_path, quarters):
    Image.fromarray(quarters).convert("CMYK").save(tmp_path / "cmyk.jpg", quality=100)
    assert_quarters(read_photo(tmp_path / "cmyk.jpg").pixels, 12)


def test_grey_becomes_three_equal_channels(tmp_path):
    ramp = np.tile(np.arange(256, dtype=np.uint8), (4, 1))
    Image.fromarray(ramp).save(tmp_path / "grey.png")
    np.testing.assert_array_equal(read_photo(tmp_path / "grey.png").pixels, np.repeat(ramp[..., None], 3, 2))


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bit_grey(tmp_path, suffix):
    ramp = np.tile(np.linspace(0, 65535, 256).astype(np.uint16), (4, 1))
    Image.fromarray(ramp).save(tmp_path / f"deep.{suffix}")
    pixels = read_photo(tmp_path / f"deep.{suffix}").pixels
    assert np.abs(pixels[0, :, 1].astype(int) - np.arange(256)).max() <= 1


def test_sixteen_bit_colour(tmp_path, quarters):
    import cv2

    cv2.imwrite(str(tmp_path / "deep.png"), quarters[:, :, ::-1].astype(np.uint16) * 257)
    assert_quarters(read_photo(tmp_path / "deep.png").pixels, 1)


def test_floating_point_tiff(tmp_path):
    ramp = np.tile(np.linspace(0, 1, 256, dtype=np.float32), (4, 1))
    Image.fromarray(ramp).save(tmp_path / "float.tif")
    assert np.abs(read_photo(tmp_path / "float.tif").pixels[0, :, 0].astype(int) - np.arange(256)).max() <= 1


def test_transparency_lies_over_mid_grey(tmp_path, quarters):
    alpha = np.full((32, 48), 255, np.uint8)
    alpha[:16, :24], alpha[16:, :24] = 0, 128
    Image.fromarray(np.dstack([quarters, alpha])).save(tmp_path / "cut out.png")
    found = corners(read_photo(tmp_path / "cut out.png").pixels)
    np.testing.assert_array_equal(found[0], (128, 128, 128))
    np.testing.assert_allclose(found[2], (np.array(BLUE) + 128) / 2, atol=2)
    np.testing.assert_array_equal(found[3], WHITE)


def test_transparent_palette_and_grey(tmp_path):
    grey = Image.fromarray(np.dstack([np.full((8, 8), 200, np.uint8), np.zeros((8, 8), np.uint8)]), "LA")
    grey.save(tmp_path / "la.png")
    image = Image.new("P", (8, 8), 1)
    image.putpalette([0, 0, 0, 10, 200, 30])
    image.save(tmp_path / "p.png", transparency=1)
    for name in ("la.png", "p.png"):
        assert (read_photo(tmp_path / name).pixels == 128).all()


def test_animation_gives_its_first_frame(tmp_path, quarters):
    frames = [Image.fromarray(quarters), Image.fromarray(255 - quarters)]
    for name in ("moving.gif", "moving.webp", "moving.png"):
        options = {"lossless": True} if name.endswith("webp") else {}
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], **options)
        assert_quarters(read_photo(tmp_path / name).pixels, 6)


def _wide_profile():
    """A profile that is sRGB with red and blue exchanged, which no viewer could mistake for sRGB."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, blue = data.index(b"rXYZ"), data.index(b"bXYZ")
    data[red : red + 4], data[blue : blue + 4] = b"bXYZ", b"rXYZ"
    return bytes(data).replace("sRGB built-in".encode("utf-16-be"), "swapped thing".encode("utf-16-be"))


def test_icc_profile_is_applied(tmp_path, quarters):
    Image.fromarray(quarters).save(tmp_path / "profile.png", icc_profile=_wide_profile())
    found = corners(read_photo(tmp_path / "profile.png").pixels)
    assert found[0].argmax() == 2 and found[2].argmax() == 0, "red and blue should have changed places"
    assert np.abs(found[3] - WHITE).max() <= 6


def test_broken_icc_profile_is_ignored(tmp_path, quarters):
    Image.fromarray(quarters).save(tmp_path / "broken.png", icc_profile=b"not a profile" * 20)
    assert_quarters(read_photo(tmp_path / "broken.png").pixels, 0)


def _file(tmp_path, name, data):
    path = tmp_path / name
    path.write_bytes(data)
    return path


def test_refusals_name_the_reason(tmp_path, quarters):
    jpeg, png = encode_jpeg(np.kron(quarters, np.ones((8, 8, 1), np.uint8))), encode_png(quarters)
    cases = {
        "empty": (_file(tmp_path, "zero.jpg", b""), "0 bytes"),
        "text": (_file(tmp_path, "text.jpg", b"Dear reader, this is a letter." * 40), "not an image"),
        "half jpeg": (_file(tmp_path, "half.jpg", jpeg[: len(jpeg) // 2]), "damaged or cut short"),
        "half png": (_file(tmp_path, "half.png", png[: len(png) // 2]), "damaged or cut short"),
        "stub": (_file(tmp_path, "stub.jpg", jpeg[:11]), "damaged or cut short"),
        "folder": (tmp_path, "folder"),
        "missing": (tmp_path / "nowhere.png", "no such file"),
    }
    for case, (path, reason) in cases.items():
        with pytest.raises(PhotoUnreadable, match=reason) as caught:
            read_photo(path)
        assert path.name in str(caught.value), case


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a user whom permissions bind")
def test_forbidden_file(tmp_path, quarters):
    path = _file(tmp_path, "secret.png", encode_png(quarters))
    path.chmod(0)
    with pytest.raises(PhotoUnreadable, match="cannot be opened"):
        read_photo(path)


def test_damaged_exif_does_not_lose_the_photo(tmp_path, quarters):
    path = tmp_path / "exif.jpg"
    Image.fromarray(quarters).save(path, exif=b"Exif\0\0II*\0\xff\xff\xff\x7f junk", quality=95)
    assert_quarters(read_photo(path).pixels, 12)


def test_names_with_spaces_and_other_scripts(tmp_path, quarters):
    folder = tmp_path / "Ordner mit Ümlaut 顔 фото"
    folder.mkdir()
    path = folder / "портрет नमस्ते 写真.png"
    path.write_bytes(encode_png(quarters))
    assert find_photos([folder]) == [path]
    assert_quarters(read_photo(str(path)).pixels, 0)


@pytest.mark.parametrize(
    ("suffix", "mode"), [("jpg", "RGB"), ("png", "RGB"), ("png", "RGBA"), ("png", "P"), ("tif", "L")]
)
def test_long_photo_is_reduced(tmp_path, monkeypatch, quarters, suffix, mode):
    monkeypatch.setattr(photo_module, "LONGEST_SIDE", 100)
    large = Image.fromarray(quarters).resize((48 * 17, 32 * 17), Image.Resampling.NEAREST).convert(mode)
    large.save(tmp_path / f"large.{suffix}")
    photo = read_photo(tmp_path / f"large.{suffix}")
    assert photo.size == (816, 544) and 50 < max(photo.pixels.shape) <= 100
    height, width = photo.pixels.shape[:2]
    assert width == pytest.approx(816 * photo.scale, abs=1) and height == pytest.approx(544 * photo.scale, abs=1)
    if mode != "L":
        assert_quarters(photo.pixels, 12)
    row = photo.pixels[4].astype(int).sum(-1)  # the edge between the quarters stays at its place
    assert np.abs(np.diff(row)).argmax() + 1 == pytest.approx(408 * photo.scale, abs=1)


def test_reduced_sixteen_bit(tmp_path, monkeypatch):
    monkeypatch.setattr(photo_module, "LONGEST_SIDE", 64)
    ramp = np.tile(np.linspace(0, 65535, 256).astype(np.uint16), (256, 1))
    Image.fromarray(ramp).save(tmp_path / "deep.png")
    photo = read_photo(tmp_path / "deep.png")
    assert photo.scale == 0.25
    assert np.abs(photo.pixels[0, :, 0] - (np.arange(64) * 4 + 1.5)).max() <= 1.1


def test_twenty_thousand_pixels(tmp_path):
    Image.new("RGB", (20000, 1200), RED).save(tmp_path / "panorama.jpg")
    photo = read_photo(tmp_path / "panorama.jpg")
    assert photo.size == (20000, 1200) and photo.scale == 0.25 and photo.pixels.shape == (300, 5000, 3)


def test_more_pixels_than_memory_are_refused(tmp_path):
    Image.new("1", (40000, 20000)).save(tmp_path / "bomb.png")
    with pytest.raises(PhotoUnreadable, match="800 million pixels"):
        read_photo(tmp_path / "bomb.png")
    assert Image.MAX_IMAGE_PIXELS, "Pillow's own guard is put back"


def test_find_photos(tmp_path, quarters):
    data = encode_png(quarters)
    for name in ("b.PNG", "a.jpeg", ".hidden.png", "notes.txt", "c.webp"):
        (tmp_path / name).write_bytes(data)
    (tmp_path / "folder.png").mkdir()
    names = [p.name for p in find_photos([tmp_path / "c.webp", tmp_path])]
    assert names == ["c.webp", "a.jpeg", "b.PNG"], "the order given, sorted inside a folder, nothing twice"
    assert find_photos([tmp_path / "notes.txt"]) == [tmp_path / "notes.txt"]
    for place, error in (
        ([tmp_path / "folder.png"], NoPhotos),
        ([], NoPhotos),
        ([tmp_path / "x.jpg"], PhotoUnreadable),
    ):
        with pytest.raises(error):
            find_photos(place)


def test_encoded_images_come_back(quarters):
    deep = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    for pixels in (quarters, quarters[..., 0], np.dstack([quarters, quarters[..., :1]]), deep):
        back = decode_image(encode_png(pixels))
        assert back.dtype == pixels.dtype
        np.testing.assert_array_equal(back, pixels)
    assert_quarters(decode_image(encode_jpeg(quarters, 95)), 12)
    with pytest.raises(OSError):
        decode_image(b"no image")
    np.testing.assert_array_equal(to_bytes(np.array([-1, 0, 0.5, 1, 2, np.nan])), [0, 0, 128, 255, 255, 0])


def _photo_with(tmp_path, tags, size=(600, 400)):
    exif = Image.Exif()
    exif.get_ifd(0x8769).update(tags)
    path = tmp_path / "camera.jpg"
    Image.new("RGB", size).save(path, exif=exif)
    return read_photo(path)


def test_focal_length_of_a_film_camera(tmp_path):
    """A 36 x 24 mm frame of 600 x 400 pixels has 16.667 pixels a millimetre."""
    assert _photo_with(tmp_path, {0xA405: 50}).focal_px == pytest.approx(50 * 600 / 36, rel=1e-3)
    plane = {0x920A: 50.0, 0xA20E: 600 / 36 * 10, 0xA210: 3, 0xA002: 600, 0xA003: 400}
    assert _photo_with(tmp_path, plane).focal_px == pytest.approx(50 * 600 / 36, rel=1e-3)
    halved = {**plane, 0xA20E: 1200 / 36 * 10, 0xA002: 1200, 0xA003: 800}
    assert _photo_with(tmp_path, halved).focal_px == pytest.approx(50 * 600 / 36, rel=1e-3)


def test_focal_length_that_exif_cannot_tell():
    assert focal_from_exif({}, 600, 400) is None
    assert focal_from_exif({0xA405: 50, 0xA002: 600, 0xA003: 600}, 600, 400) is None, "cropped"
    assert focal_from_exif({0xA405: 50, 0xA002: 600, 0xA003: 400}, 400, 600), "turned, not cropped"
    for nonsense in (0, -3, 1, 65535, "fifty", float("nan"), None):
        assert focal_from_exif({0xA405: nonsense}, 600, 400) is None


def test_exif_fraction_over_zero():
    from PIL.TiffImagePlugin import IFDRational

    assert focal_from_exif({0x920A: IFDRational(50, 0), 0xA20E: 100, 0xA002: 600, 0xA003: 400}, 600, 400) is None


def test_default_focal_is_believable():
    low, high = focal_bounds(800, 1200)
    assert low < default_focal(800, 1200) == default_focal(1200, 800) < high
    tight, wide = default_focal(1000, 1000, face_width=600), default_focal(1000, 1000, face_width=60)
    assert tight > default_focal(1000, 1000) > wide, "a photo cropped to the face was taken with a longer lens"
    assert default_focal(1000, 1000, face_width=1e-3) == focal_bounds(1000, 1000)[0]


def test_content_decides_and_not_the_suffix(tmp_path):
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4), RED).save(buffer, "PNG")
    path = _file(tmp_path, "no suffix at all", buffer.getvalue())
    np.testing.assert_array_equal(read_photo(path).pixels[0, 0], RED)
