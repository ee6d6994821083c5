"""Things that are worked out once for each model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ..faces.model import FaceModel

T = TypeVar("T")


def memo(model: FaceModel, key: str, build: Callable[[], T]) -> T:
    """``build()`` once for each model object; kept with the object, like its cached properties."""
    store: dict[str, Any] = vars(model)
    name = f"_fit_{key}"
    if name not in store:
        store[name] = build()
    return store[name]
