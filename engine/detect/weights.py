"""Network weights that are downloaded once, or placed by hand where there is no connection."""

from __future__ import annotations

import urllib.request
from dataclasses import dataclass
from pathlib import Path

import torch

from ..errors import DetectorUnavailable
from ..files.places import engine_models_dir, find_file

_PATIENCE = 8.0
"""Seconds to wait for a server before calling it unreachable."""


@dataclass(frozen=True)
class Weights:
    """A file of weights and where it is to be had."""

    file: str
    """Its name; what follows the last "-" up to the first "." begins the file's SHA-256."""
    source: str
    """Address of the folder it lies in."""
    megabytes: int

    @property
    def url(self) -> str:
        """Where the file is downloaded from."""
        return self.source + self.file

    @property
    def sha256(self) -> str:
        """The beginning of the file's SHA-256."""
        return self.file.rsplit("-", 1)[1].split(".", 1)[0]


def fetch(detector: str, weights: Weights) -> Path:
    """The path of the weights, downloaded into the models folder if they are nowhere yet.

    Looked for in the folder ``detector`` of :func:`engine.files.places.engine_models_dir`, in that folder itself and
    in torch's own cache. Raises ``DetectorUnavailable``, without a long wait, when they cannot be had.
    """
    cached = Path(torch.hub.get_dir()) / "checkpoints" / weights.file
    present = find_file(weights.file, detector) or (cached if cached.is_file() else None)
    if present:
        return present
    target = engine_models_dir() / detector / weights.file
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with urllib.request.urlopen(urllib.request.Request(weights.url, method="HEAD"), timeout=_PATIENCE):
            torch.hub.download_url_to_file(weights.url, str(target), hash_prefix=weights.sha256)
    except (OSError, RuntimeError) as error:
        reason = (
            f"it needs one download of {weights.megabytes} MB from {weights.url}, which failed "
            f"({getattr(error, 'reason', None) or error})"
        )
        remedy = f"connect to the internet once, or place the file at “{target}”"
        raise DetectorUnavailable(detector, reason, remedy) from error
    return target
