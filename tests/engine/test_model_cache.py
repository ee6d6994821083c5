"""An adopted model survives the cache to the last bit; what is damaged is not there."""

import dataclasses

import numpy as np
import torch

from engine.contract import Licence
from engine.faces.builtin import load_builtin
from engine.faces.cache import load_saved, save_model
from engine.faces.model import LandmarkMap


def same(a, b):
    if isinstance(a, torch.Tensor):
        return a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b)
    if isinstance(a, LandmarkMap):
        return same(a.vertices, b.vertices) and same(a.weights, b.weights)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    return a == b


def test_a_model_comes_back_the_same(tmp_path):
    model = load_builtin()
    pairs = np.array([[1, 2]], np.int32)
    model = dataclasses.replace(
        model,
        corrective_names=("both",),
        corrective_pairs=pairs,
        corrective_basis=torch.ones(1, *model.mean.shape),
        companions=(Licence("an albedo space", "CC-BY-NC-SA-4.0", False, "its owners"),),
    )
    save_model(model, tmp_path / "cache/m.npz")
    again = load_saved(tmp_path / "cache/m.npz")
    for item in dataclasses.fields(model):
        assert same(getattr(model, item.name), getattr(again, item.name)), item.name
    assert [p.name for p in (tmp_path / "cache").iterdir()] == ["m.npz"]


def test_a_damaged_file_is_not_there(tmp_path):
    path = tmp_path / "m.npz"
    assert load_saved(path) is None
    save_model(load_builtin(), path)
    path.write_bytes(path.read_bytes()[:-100_000])
    assert load_saved(path) is None
    np.savez(path, json=np.array([{"format": 1}], dtype=object))
    assert load_saved(path) is None
