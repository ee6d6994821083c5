"""The built-in head's colours: pigments, the published range of skins, and what varies where."""

from functools import cache

import numpy as np
import pytest
import torch

from engine.faces.builtin import load_builtin
from scripts.head.albedo import DARKEST, FAIREST, REACH
from scripts.head.ita import WAVELENGTHS, ita, lab, skin_class, spectrum_to_rgb
from scripts.head.pigment import skin_reflectance, skin_rgb

BARE = (50, 280, 205, 425, 151, 108, 337)
"""Vertices on cheeks and forehead."""
MEASURED = {
    # Bounds of L*, a*, b* by class, wide round the means that spectrophotometers give for faces (fair 60-66, 10-12,
    # 15-18; dark 37-45, 9-12, 13-17) and reaching lower for the darkest, since gloss is left out here.
    "very light": ((66, 74), (5, 12), (9, 17)),
    "light": ((61, 71), (6, 15), (10, 20)),
    "intermediate": ((57, 67), (7, 16), (12, 22)),
    "tan": ((51, 63), (8, 17), (13, 23)),
    "brown": ((38, 56), (8, 18), (12, 23)),
    "dark": ((18, 46), (5, 18), (7, 20)),
}
UNEQUAL = ("freckles",)


@cache
def model():
    return load_builtin()


def coefficients(**amounts):
    c = torch.zeros(len(model().albedo_basis))
    for name, amount in amounts.items():
        c[model().albedo_names.index(name.replace("_", " "))] = amount
    return c


def skin(c):
    """Mean colour of the bare skin (..., 3)."""
    return model().albedo(c)[..., list(BARE), :].mean(-2).numpy()


def draws(count, seed=3):
    return torch.randn(count, len(model().albedo_basis), generator=torch.Generator().manual_seed(seed))


def test_colorimetry_knows_white_grey_and_the_classes():
    white = spectrum_to_rgb(np.ones(len(WAVELENGTHS)))
    np.testing.assert_allclose(white, 1, atol=2e-3)
    np.testing.assert_allclose(lab(np.full(3, 0.184187)), [50, 0, 0], atol=0.02)
    np.testing.assert_allclose(lab(np.array([1.0, 0, 0])), [53.24, 80.09, 67.20], atol=0.05)
    assert [skin_class(v) for v in (60, 45, 30, 20, 0, -40)] == list(MEASURED)


def test_a_red_light_is_seen_red_and_a_green_one_green():
    red, green = (spectrum_to_rgb(np.exp(-(((WAVELENGTHS - nm) / 15) ** 2))) for nm in (625, 535))
    assert red.argmax() == 0 and green.argmax() == 1


def test_reflectance_has_the_bands_of_blood():
    pale, flushed = (skin_reflectance(np.array(0.01), np.array(b), np.array(0.0)) for b in (0.002, 0.06))
    assert (flushed < pale).all() and (pale < 0.8).all() and (flushed > 0).all()
    absorbed = np.log(pale / flushed)
    at = {nm: absorbed[np.flatnonzero(nm == WAVELENGTHS)[0]] for nm in (540, 560, 580, 650)}
    assert at[540] > at[560] < at[580], "oxyhaemoglobin absorbs in two bands with a gap between"
    assert at[650] < 0.25 * at[540]


def test_table_follows_the_spectra():
    generator = np.random.default_rng(1)
    melanin, blood, pheo = generator.uniform([0.002, 0.004, 0], [0.3, 0.1, 0.6], (200, 3)).T
    exact = spectrum_to_rgb(skin_reflectance(melanin, blood, pheo))
    np.testing.assert_allclose(skin_rgb(melanin, blood, pheo), exact, rtol=0.03, atol=1e-3)


def test_melanin_leads_through_the_whole_published_range():
    steps = torch.linspace(-REACH, REACH, 21)
    tones = np.stack([skin(coefficients(melanin=float(s))) for s in steps])
    angle = ita(tones)
    assert angle[0] < -55 and angle[-1] > 55
    assert (np.diff(angle) > 0).all() and (np.diff(tones, axis=0) > 0).all(), "darker with every step"
    for rgb, degrees in zip(tones, angle, strict=True):
        for value, (low, high) in zip(lab(rgb), MEASURED[skin_class(degrees)], strict=True):
            assert low <= value <= high, (degrees, lab(rgb))


def test_mean_lies_halfway_between_the_ends():
    fair, mean, dark = (float(ita(skin(coefficients(melanin=s)))) for s in (REACH, 0, -REACH))
    assert mean == pytest.approx((fair + dark) / 2, abs=6)
    assert FAIREST.melanin < 0.1 * DARKEST.melanin


def test_beyond_the_ends_skin_stays_skin():
    for step in (-4.0, -3.0, 3.0, 3.5):
        red, green, blue = skin(coefficients(melanin=step))
        assert 1 > red > green > blue > 0


def test_haemoglobin_reddens_every_tone():
    for melanin in (-2.0, 0.0, 2.0):
        pale, red = (lab(skin(coefficients(melanin=melanin, haemoglobin=s))) for s in (-2, 2))
        assert red[1] > pale[1] + 2 and red[0] < pale[0]


def test_random_people_have_skin_colours():
    tones = skin(draws(300))
    light, red, yellow = lab(tones).T
    hue = np.degrees(np.arctan2(yellow, red))
    assert (hue > 25).all() and (hue < 80).all(), "between pink and olive"
    assert np.percentile(hue, 5) > 38 and np.percentile(hue, 95) < 70
    assert light.min() > 12 and light.max() < 80
    angle = ita(tones)
    assert np.percentile(angle, 2) < -40 and np.percentile(angle, 98) > 40, "the draws span the classes"


def test_random_colourings_are_colours():
    face = model().albedo(draws(40))[:, model().groups["face"]]
    assert face.min() > 0
    assert (face > 1).float().mean() < 0.01


def test_modes_are_symmetric_but_for_freckles():
    m, part = model(), model().groups["skin"]
    mirrored = m.albedo_basis[:, m.mirror]
    for name, mode, other in zip(m.albedo_names, m.albedo_basis, mirrored, strict=True):
        gap = (mode - other)[part].abs().max()
        assert (gap > 0.015) == (name in UNEQUAL), (name, gap)


def test_modes_act_where_they_are_named_after():
    names, modes = model().albedo_names, model().albedo_basis.abs().mean(-1)

    def at(name, vertices):
        return float(modes[names.index(name), vertices].mean())

    lips, cheeks, brows, forehead = [0, 17 - 3, 15, 12], [50, 280], [105, 334], [151]
    assert at("lip redness", lips) > 20 * at("lip redness", cheeks)
    assert at("brow density", brows) > 20 * at("brow density", forehead)
    assert at("cheek blush", cheeks) > 5 * at("cheek blush", forehead)
    assert at("nose redness", [4]) > 2 * at("nose redness", cheeks)
    assert at("sun tan", forehead) > 2 * at("sun tan", [199])
    assert at("beard shadow", [199]) > 10 * at("beard shadow", forehead)
    assert at("under-eye darkness", [230, 450]) > 3 * at("under-eye darkness", forehead)


@pytest.mark.parametrize("melanin", [-REACH, 0.0, REACH])
def test_features_show_on_every_tone(melanin):
    color = model().albedo(coefficients(melanin=melanin))
    light = color.mean(1)
    assert light[[105, 334]].max() < 0.8 * light[[151, 50]].min(), "brows are darker than skin"
    lips, cheek = color[[0, 15]].mean(0), color[205]
    assert lips[1] / lips[0] < 0.9 * cheek[1] / cheek[0], "lips are redder than cheeks"
    eye, pupil = model().groups["eye_L"], model().groups["pupil_L"]
    assert light[pupil[0]] < 0.03 and light[eye].max() > 0.5


def test_skin_texture_is_detail_and_not_a_colour():
    factors = model().textures["skin"]
    assert factors.shape[0] == factors.shape[1] >= 1024
    assert np.median(factors) == pytest.approx(1, abs=0.02)
    assert 0.01 < factors.std() < 0.15 and factors.min() > 0.1


def test_surface_maps_follow_the_published_tendencies():
    m = model()
    names = [material.name for material in m.materials]
    uv_of = {}
    for polygon in np.flatnonzero(m.polygon_material == names.index("skin")):
        uv_of.update(zip(m.polygons[polygon].tolist(), m.uvs[polygon], strict=True))

    def at(name, vertex):
        image = m.maps[name]
        size = len(image)
        u, v = uv_of[vertex]
        return image[min(int((1 - v) * size), size - 1), min(int(u * size), size - 1)]

    lip, nose, forehead, cheek, ear = 17 - 3, 4, 151, 205, m.groups["ear_L"][40]
    assert at("roughness", lip) < at("roughness", nose) < at("roughness", forehead) < at("roughness", cheek)
    assert min(at("subsurface", v) for v in (lip, nose, ear)) > 1.5 * at("subsurface", cheek)
    for image in m.maps.values():
        assert image.dtype == np.float32 and image.min() >= 0 and image.max() <= 1
