"""A face model as one npz of our own, quick to read: what is kept once a published model has been adopted.

Nothing is unpickled; a file that does not fit is treated as not there and made again.
"""

from __future__ import annotations

import dataclasses
import json
import os
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..contract import Licence, Material
from .builtin import VERSION
from .model import FaceModel, LandmarkMap

FORMAT = f"5 on built-in head {VERSION}"
"""Raise the number when models are adopted in another way, so that older files are made again."""


def save_model(model: FaceModel, path: Path) -> None:
    """Write ``model`` to ``path``, whole or not at all. Raises ``OSError``."""
    arrays: dict[str, np.ndarray] = {}
    plain: dict[str, Any] = {"format": FORMAT}
    for item in dataclasses.fields(FaceModel):
        _put(item.name, getattr(model, item.name), arrays, plain)
    arrays["json"] = np.array(json.dumps(plain))
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, staging = tempfile.mkstemp(suffix=".npz", prefix=".saving.", dir=path.parent)
    os.close(handle)
    try:
        np.savez(staging, **arrays)  # type: ignore[arg-type]
        os.replace(staging, path)
    except BaseException:
        Path(staging).unlink(missing_ok=True)
        raise


def load_saved(path: Path) -> FaceModel | None:
    """What :func:`save_model` wrote, or None if it is not there, damaged or of another format."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        plain = json.loads(str(arrays.pop("json")))
        return _model(arrays, plain) if plain.pop("format") == FORMAT else None
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
        return None


def _put(name: str, value: Any, arrays: dict[str, np.ndarray], plain: dict[str, Any]) -> None:
    if isinstance(value, Tensor):
        arrays[f"tensor/{name}"] = value.detach().cpu().numpy()
    elif isinstance(value, np.ndarray):
        arrays[f"array/{name}"] = value
    elif isinstance(value, LandmarkMap):
        arrays[f"landmarks/{name}/vertices"] = value.vertices.cpu().numpy()
        arrays[f"landmarks/{name}/weights"] = value.weights.cpu().numpy()
    elif isinstance(value, dict):
        plain[name] = {"dict": sorted(value)}
        for key, part in value.items():
            _put(f"{name}|{key}", part, arrays, plain)
    elif isinstance(value, Licence):
        plain[name] = dataclasses.asdict(value)
    elif name in ("materials", "companions"):
        plain[name] = [dataclasses.asdict(part) for part in value]
    else:
        plain[name] = value


def _model(arrays: dict[str, np.ndarray], plain: dict[str, Any]) -> FaceModel:
    values: dict[str, Any] = {}
    for item in dataclasses.fields(FaceModel):
        if item.name in plain and isinstance(plain[item.name], dict) and "dict" in plain[item.name]:
            values[item.name] = {key: _get(f"{item.name}|{key}", arrays, plain) for key in plain[item.name]["dict"]}
        else:
            values[item.name] = _get(item.name, arrays, plain)
    values["licence"] = Licence(**values["licence"])
    values["companions"] = tuple(Licence(**licence) for licence in values["companions"])
    values["materials"] = tuple(Material(**{**m, "color": tuple(m["color"])}) for m in values["materials"])
    return FaceModel(**values)


def _get(name: str, arrays: dict[str, np.ndarray], plain: dict[str, Any]) -> Any:
    if f"tensor/{name}" in arrays:
        return torch.from_numpy(arrays[f"tensor/{name}"])
    if f"array/{name}" in arrays:
        return arrays[f"array/{name}"]
    if f"landmarks/{name}/vertices" in arrays:
        vertices, weights = (arrays[f"landmarks/{name}/{part}"] for part in ("vertices", "weights"))
        return LandmarkMap(torch.from_numpy(vertices), torch.from_numpy(weights))
    value = plain[name]
    return tuple(value) if isinstance(value, list) and name != "materials" else value
