"""Which face models there are, and how to get one."""

from __future__ import annotations

from collections.abc import Callable

import torch

from ..errors import ModelUnavailable
from .builtin import load_builtin
from .model import FaceModel

LOADERS: dict[str, Callable[[], FaceModel]] = {"builtin": load_builtin}
"""Loader of each family; a new family is one entry."""

_loaded: dict[tuple[str, str], FaceModel] = {}


def list_models() -> tuple[str, ...]:
    """Names that :func:`load_model` knows."""
    return tuple(LOADERS)


def load_model(name: str, device: torch.device | str = "cpu") -> FaceModel:
    """The model ``name`` on ``device``; loaded once, then shared (models are immutable).

    Raises:
        ModelUnavailable: there is no such model, or its file is missing or damaged.
    """
    if name not in LOADERS:
        raise ModelUnavailable(name, "there is no model of that name", "choose one of: " + ", ".join(LOADERS))
    key = (name, str(device))
    if key not in _loaded:
        _loaded[key] = LOADERS[name]().to(device)
    return _loaded[key]
