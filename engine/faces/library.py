"""Which face models there are on this machine, and how to get one ready for the fit."""

from __future__ import annotations

import contextlib

import torch

from ..errors import DetectorUnavailable, ModelUnavailable
from ..files.places import engine_models_dir
from .adoption.adopt import adopt
from .adoption.sightings import with_seen_places
from .builtin import load_builtin
from .cache import load_saved, save_model
from .catalogue import ENTRIES
from .model import FaceModel
from .shelf import Found, look, pretenders

CACHE = ".adopted"
"""Folder in the models folder that keeps adopted models."""

_loaded: dict[tuple[str, str], FaceModel] = {}


def list_models() -> tuple[str, ...]:
    """Names that :func:`load_model` knows on this machine, ``builtin`` first."""
    return ("builtin", *(model.name for model in look(engine_models_dir())))


def load_model(name: str, device: torch.device | str = "cpu") -> FaceModel:
    """The model ``name`` on ``device``; loaded once, then shared (models are immutable).

    A published model is adopted the first time (three quarters of a minute) and kept in the models folder, if that can
    be written.

    Raises:
        ModelUnavailable: there is no such model, or its file is missing, damaged or not what it should be.
    """
    key = (name, str(device))
    if key not in _loaded:
        _loaded[key] = (load_builtin() if name == "builtin" else _published(name)).to(device)
    return _loaded[key]


def _published(name: str) -> FaceModel:
    """The adopted model, from the cache where its files have not changed since."""
    found = _find(name)
    kept = engine_models_dir() / CACHE / f"{name}-{found.fingerprint()}.npz"
    saved = load_saved(kept)
    if saved is not None:
        return saved
    model = adopt(found.load(), load_builtin())
    with contextlib.suppress(DetectorUnavailable):  # the points then stay where the correspondence put them
        model = with_seen_places(model)
    with contextlib.suppress(OSError):  # a folder that cannot be written costs time, not the model
        for old in kept.parent.glob(f"{name}-{'?' * 16}.npz"):
            old.unlink()
        save_model(model, kept)
    return model


def _find(name: str) -> Found:
    """The model ``name`` in the models folder. Raises ``ModelUnavailable`` that says what to put there."""
    here = look(engine_models_dir())
    for found in here:
        if found.name == name:
            return found
    for entry in ENTRIES:
        if name.startswith(entry.family) and entry.family != "builtin":
            where = f"put {entry.files} into “{engine_models_dir()}”; its owners give it out at {entry.licence.source}"
            how = f" (licence: {entry.licence.licence})"
            others = pretenders(engine_models_dir(), entry, here)
            why = f"“{others[0]}” is damaged or another file of that name" if others else "its files are not there"
            raise ModelUnavailable(name, why, where + how)
    known = ", ".join(("builtin", *(model.name for model in here)))
    raise ModelUnavailable(name, "there is no model of that name", f"choose one of: {known}")
