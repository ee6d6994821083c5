"""Every face model the project can use: what it is for, its licence, where its owners give it out, what to fetch.

Standard library only, because Blender's Python reads it for the preferences page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..contract import Licence


@dataclass(frozen=True)
class Download:
    """Files of a public git repository that anyone may fetch without an account."""

    host: Literal["github", "huggingface"]
    repository: str
    """``owner/name`` there."""
    revision: str
    """Commit, tag or branch."""
    folder: str
    """Path inside the repository."""
    suffixes: tuple[str, ...]
    """Only files that end so."""
    size_mb: int
    """About how much it is."""


@dataclass(frozen=True)
class Entry:
    """One family of face models."""

    family: str
    """Short name, also of its folder below the models folder."""
    title: str
    purpose: str
    """What it is good for, in a few words."""
    files: str
    """Which files the user puts into the models folder."""
    licence: Licence
    """``source`` says where its owners give it out."""
    download: Download | None = None
    """None where an account or a signed agreement is needed."""


def _basel(name: str, licence: str = "BFM licence (research, non-commercial)") -> Licence:
    return Licence(name, licence, False, "https://faces.dmi.unibas.ch/bfm/")


def _flame(name: str, licence: str, commercial: bool) -> Licence:
    return Licence(name, licence, commercial, "https://flame.is.tue.mpg.de")


BUILTIN = Entry(
    "builtin",
    "Built-in Head",
    "animation and likeness, nothing to download",
    "comes with the add-on",
    Licence("builtin head", "CC0-1.0", True),
)

ENTRIES: tuple[Entry, ...] = (
    BUILTIN,
    Entry(
        "ict",
        "ICT-FaceKit Light",
        "animation: 53 expressions by artists, eyes, teeth, lashes",
        "the folder FaceXModel with its OBJ files and vertex_indices.json",
        Licence("ICT-FaceKit Light", "MIT", True, "https://github.com/ICT-VGL/ICT-FaceKit"),
        Download("github", "ICT-VGL/ICT-FaceKit", "master", "FaceXModel", (".obj", ".json"), 395),
    ),
    Entry(
        "gnm",
        "GNM Head v3",
        "animation and research: 253 identity and 383 expression modes, joints",
        "gnm_head.npz",
        Licence("GNM Head v3", "Apache-2.0", True, "https://huggingface.co/google/gnm-v3"),
        Download("huggingface", "google/gnm-v3", "main", "v3_0", ("gnm_head.npz",), 54),
    ),
    Entry(
        "flame",
        "FLAME",
        "research: DECA, EMOCA, SMIRK and their kin speak it",
        "generic_model.pkl (2017-2020) or flame2023.pkl; beside it landmark_embedding.npy and head_template.obj",
        _flame("FLAME", "FLAME licence (research, non-commercial)", False),
    ),
    Entry(
        "flame_open",
        "FLAME 2023 Open",
        "FLAME for commercial work",
        "flame2023_Open.pkl",
        _flame("FLAME 2023 Open", "CC-BY-4.0", True),
    ),
    Entry(
        "bfm2009",
        "Basel Face Model 2009",
        "research: Deep3DFaceReconstruction, MGCNet, Extreme 3D Faces",
        "BFM_model_front.mat, or 01_MorphableModel.mat with Exp_Pca.bin and the index files beside it",
        _basel("Basel Face Model 2009"),
    ),
    Entry(
        "bfm2017",
        "Basel Face Model 2017",
        "research: FOCUS and MoFA",
        "model2017-1_bfm_nomouth.h5, model2017-1_face12_nomouth.h5",
        _basel("Basel Face Model 2017"),
    ),
    Entry(
        "bfm2019",
        "Basel Face Model 2019",
        "research: the whole head in one statistical model",
        "model2019_bfm.h5, model2019_face12.h5, model2019_fullHead.h5",
        _basel("Basel Face Model 2019"),
    ),
)


def entry_of(family: str) -> Entry:
    """The entry of a family. Raises ``KeyError``."""
    return next(entry for entry in ENTRIES if entry.family == family)
