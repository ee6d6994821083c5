"""Basel Face Model 2017 and 2019: statismo's layout against its formulas, and files that are not it."""

import h5py
import numpy as np
import pytest

from engine.errors import ModelUnavailable
from engine.faces.formats import bfm2017
from engine.light.color import srgb_to_linear
from tests.engine.invented_heads import write_h5
from tests.engine.write_statismo import NAMED, statismo

VERTICES, FACES, MODES = 3000, 5800, (12, 10, 8)


@pytest.fixture(scope="module")
def small():
    """A cut of no published size, to be quick."""
    return statismo(VERTICES, FACES, MODES)


def saved(folder, arrays):
    write_h5(folder / "model.h5", arrays)
    return folder / "model.h5"


def vertices(arrays, scaled, identity, expression):
    """The authors' vertices, mm, with the mean expression."""
    total = arrays["shape/model/mean"] + arrays["expression/model/mean"].astype(np.float64)
    for group, values in (("shape", identity), ("expression", expression)):
        deviation = 1 if scaled else np.sqrt(arrays[f"{group}/model/pcaVariance"])
        total = total + arrays[f"{group}/model/pcaBasis"].astype(np.float64) @ (values * deviation)
    return total.reshape(-1, 3)


def agrees(model, arrays, scaled):
    rng = np.random.default_rng(2)
    identity, expression = (rng.standard_normal(len(b)) for b in (model.identity_basis, model.expression_basis[1:]))
    own = model.mean + np.tensordot(identity, model.identity_basis, 1)
    own = own + np.tensordot(np.r_[expression, 1], model.expression_basis, 1)
    assert model.expression_names[-1] == "expression_mean" and model.expression_names[0] == "expression_000"
    assert np.abs(own - vertices(arrays, scaled, identity, expression) / 1000).max() < 5e-7
    assert np.abs(model.mean - arrays["shape/model/mean"].reshape(-1, 3) / 1000).max() < 1e-7
    assert np.abs(model.albedo.mean - srgb_to_linear(arrays["color/model/mean"].reshape(-1, 3))).max() < 1e-6


@pytest.mark.parametrize("scaled", [False, True])
def test_both_versions_of_statismo(tmp_path, scaled):
    arrays, known = statismo(VERTICES, FACES, MODES, scaled)
    model = bfm2017.load(saved(tmp_path, arrays))
    agrees(model, arrays, scaled)
    assert model.expression_range.tolist() == [[-3, 3]] * 8 + [[0, 1]]
    which = model.extra_indices["ibug_subset"]
    assert sorted(which) == sorted(NAMED.values())
    assert np.array_equal(model.extra_points["ibug_subset"][0][:, 0], known[which])


@pytest.mark.parametrize("scaled", [False, True])
def test_columns_decide_where_the_version_lies_or_the_mesh_was_cut(tmp_path, scaled):
    arrays, _ = statismo(VERTICES, FACES, MODES, scaled)
    for group in ("shape", "color", "expression"):
        arrays[f"{group}/model/pcaBasis"] *= np.linspace(0.5, 0.95, len(arrays[f"{group}/model/pcaVariance"]))
    arrays["version/minorVersion"] = np.int32(9 if scaled else 8)
    agrees(bfm2017.load(saved(tmp_path, arrays)), arrays, scaled)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("vertices", "faces", "version"),
    [
        (53149, 105694, "2017-bfm_nomouth"),
        (28588, 56572, "2017-face12_nomouth"),
        (47439, 94464, "2019-bfm"),
        (27657, 55040, "2019-face12"),
        (58203, 116160, "2019-fullHead"),
    ],
)
def test_published_sizes(tmp_path, vertices, faces, version):
    arrays, known = statismo(vertices, faces, scaled=version.startswith("2019"))
    path = saved(tmp_path, arrays)
    assert bfm2017.recognises(path) == version
    model = bfm2017.load(path)
    assert model.version == version and model.family == f"bfm{version[:4]}"
    assert model.identity_basis.shape == (199, vertices, 3) and model.expression_basis.shape == (101, vertices, 3)
    assert model.albedo.basis.shape == (199, vertices, 3) and model.polygons.shape == (faces, 4)
    which, points = model.extra_indices["ibug_subset"], model.extra_points["ibug_subset"][0][:, 0]
    assert np.array_equal(points, known[which]) and len(which) == (26 if vertices == 53149 else 5)
    agrees(model, arrays, version.startswith("2019"))


def test_inside_out_cells_are_turned(tmp_path, small):
    arrays = dict(small[0])
    arrays["shape/representer/cells"] = arrays["shape/representer/cells"][::-1]
    model = bfm2017.load(saved(tmp_path, arrays))
    a, b, c = (model.mean[model.polygons[:, k]] for k in range(3))
    assert (np.cross(b - a, c - a)[:, 2] > 0).mean() > 0.99


def test_2009_in_the_same_layout(tmp_path):
    arrays, _ = statismo(VERTICES, FACES, (12, 10, 0))
    for name, factor in (("shape/model/mean", 1000), ("shape/model/pcaVariance", 1e6), ("color/model/mean", 255)):
        arrays[name] = arrays[name] * np.float32(factor)
    arrays["color/model/pcaVariance"] = arrays["color/model/pcaVariance"] * np.float32(255**2)
    model = bfm2017.load(saved(tmp_path, arrays))
    assert model.family == "bfm2009" and model.expression_names == ()
    assert 0.15 < np.ptp(model.mean[:, 1]) < 0.35 and model.albedo.mean.max() < 1


def changed(arrays, **changes):
    made = dict(arrays)
    for name, change in changes.items():
        key = {"mean": "shape/model/mean", "basis": "shape/model/pcaBasis", "cells": "shape/representer/cells"}.get(
            name
        )
        key = key or {"variance": "shape/model/pcaVariance", "colour": "color/model/mean"}[name]
        made[key] = change(made[key].copy())
    return made


DAMAGES = {
    "metres": (lambda a: changed(a, mean=lambda x: x / 1000), "mm tall"),
    "looks back": (lambda a: changed(a, mean=lambda x: (x.reshape(-1, 3) * [-1, 1, -1]).reshape(-1)), "down"),
    "longer columns": (lambda a: changed(a, basis=lambda x: x * 3e4), "unit length"),
    "negative variance": (lambda a: changed(a, variance=lambda x: -x), "variances"),
    "not finite": (lambda a: changed(a, basis=lambda x: x * np.nan), "finite"),
    "other rows": (lambda a: changed(a, basis=lambda x: x[:-3]), "expected"),
    "one variance less": (lambda a: changed(a, variance=lambda x: x[:-1]), "expected"),
    "vertex out of range": (lambda a: changed(a, cells=lambda x: x + 1000), "vertices"),
    "negative vertex": (lambda a: changed(a, cells=lambda x: x - 1000), "vertices"),
    "short colours": (lambda a: changed(a, colour=lambda x: x[:-3]), "expected"),
    "not thirds": (lambda a: changed(a, mean=lambda x: x[:-1]), "expected"),
    "huge offsets": (lambda a: changed(a, variance=lambda x: x * 1e6), "offsets"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damaged_content(tmp_path, small, name):
    damage, says = DAMAGES[name]
    with pytest.raises(ModelUnavailable, match=says) as caught:
        bfm2017.load(saved(tmp_path, damage(small[0])))
    assert "University of Basel" in str(caught.value)


@pytest.mark.parametrize(
    "text", ["", "[", "5", '[{"id": 5}]', '[{"id": "nose.tip", "coordinates": ["a", 1, 2]}]', "[" * 99999]
)
def test_strange_metadata_is_passed_over(tmp_path, small, text):
    model = bfm2017.load(saved(tmp_path, {**small[0], "metadata/landmarks/json": text}))
    assert model.extra_points == {}


def test_truncated_file(tmp_path, small):
    path = saved(tmp_path, small[0])
    whole = path.read_bytes()
    for part in (0.1, 0.5, 0.9, 0.999):
        path.write_bytes(whole[: int(len(whole) * part)])
        with pytest.raises(ModelUnavailable):
            bfm2017.load(path)


def test_other_files(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = 1
    (tmp_path / "b.h5").write_text("hello")
    for name in ("a.h5", "b.h5", "c.h5"):
        assert bfm2017.recognises(tmp_path / name) is None
        with pytest.raises(ModelUnavailable, match="registration"):
            bfm2017.load(tmp_path / name)
