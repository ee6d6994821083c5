"""Coefficients that another tool saved become a head: no photo, no fit, the model's own numbers as they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from .assemble import correctives_of, encode_png, to_numpy
from .coefficients.read import read_coefficients
from .coefficients.vector import Coefficients
from .contract import FaceResult, Floats, Light, Mesh, Progress, Rig, ShapeKeys
from .errors import Cancelled, CoefficientsMismatch, CoefficientsUnreadable, ModelUnavailable
from .faces.blink import expressions_for
from .faces.library import list_models, load_model
from .faces.model import FaceModel
from .light.harmonics import ambient, directional
from .storage import folder_name
from .texture.layout import layout
from .texture.materials import dress_with
from .texture.pixels import encode

OWN = "expression_000"
"""The first of a model's own components among its shape keys."""
EYELIDS = ("eyelid_L", "eyelid_R")
SLIDERS = 10.0
"""Blender keeps a shape key's value between minus this and this."""
NEEDED = {
    "2020-generic": ("FLAME 2020 (generic)", "generic_model.pkl of FLAME 2020, in a folder whose name says 2020"),
    "2023-generic": ("FLAME 2023 (generic)", "flame2023.pkl"),
    "2009-deep3d": ("Basel Face Model 2009 (Deep3D)", "BFM_model_front.mat"),
}
"""Version of a model -> how people call it, and its file."""
_NAMES = {
    "2020-generic": ("flame-2020-generic", "flame-unknown-generic"),
    "2023-generic": ("flame-2023-generic",),
    "2009-deep3d": ("bfm2009-deep3d", "bfm2009-basel"),
}
"""Version -> names of models that may be it, the surest first."""
UNKNOWN = "unknown-generic"
"""Version of a FLAME file whose release its name does not tell."""


def import_file(
    path: Path,
    output: Path,
    model: str = "",
    texture_size: int = 1024,
    progress: Callable[[Progress], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> FaceResult:
    """Read a coefficient file (or a folder of frames), build its first frame's head and save it below ``output``.

    Args:
        path: of any tool in :mod:`engine.coefficients`.
        output: gets a folder named after the file and the tool.
        model: the face model by name; empty takes the one the coefficients belong to.
        texture_size: side of the skin's texture in pixels.
        progress: told how far it is.
        cancelled: whether to stop.

    Raises:
        CoefficientsUnreadable, FileRefused: see :func:`.coefficients.read.read_coefficients`.
        CoefficientsMismatch: ``model`` is not the one they belong to.
        ModelUnavailable: the model is not there.
        OutputUnwritable: nothing can be saved.
        Cancelled: the user stopped it.
    """

    def step(fraction: float, text: str) -> None:
        if cancelled():
            raise Cancelled
        progress(Progress("import", fraction, text))

    step(0.0, "Reading the coefficients")
    coefficients = read_coefficients(path)
    step(0.1, "Getting the face model ready")
    face = load_model(model or model_for(coefficients, list_models()))
    step(0.7, "Building the head")
    result = head_of(coefficients, face, str(path), texture_size)
    step(0.9, "Writing the result")
    return result.save(output / f"{folder_name(path)}_{coefficients.tool}")


def model_for(coefficients: Coefficients, there: tuple[str, ...]) -> str:
    """The name, of those ``there``, of the model that the coefficients belong to. Raises ``ModelUnavailable``."""
    for name in _NAMES[coefficients.version]:
        if name in there:
            return name
    title, file = NEEDED[coefficients.version]
    raise ModelUnavailable(
        title, f"{coefficients.tool}'s coefficients need it and it is not there", f"put {file} into the models folder"
    )


@torch.no_grad()
def head_of(coefficients: Coefficients, model: FaceModel, source: str = "", texture_size: int = 1024) -> FaceResult:
    """The head of the first frame; the frames of a sequence are kept as ``coefficients["frames_..."]``.

    Neutral mesh: mean, identity and the person's own offsets. Shape keys have the expression as weights of the model's
    own components, unclipped. FLAME's joints lie where this expression moves them, so that keys, correctives and bones
    together give FLAME's equations exactly.

    Args:
        coefficients: of any tool.
        model: the one they belong to, on any device.
        source: their file, for the report and in errors.
        texture_size: side of the skin's texture in pixels.

    Raises:
        CoefficientsMismatch: they belong to another model.
        CoefficientsUnreadable: they are more than the model has modes.
    """
    notes = [*coefficients.notes, *check_model(coefficients, model)]
    weights, more = _weights(coefficients, model, source)
    notes += more
    neutral, shaped = _shapes(coefficients, model, weights[0], source)
    rotations = _rotations(coefficients, model)
    heads = model.joint_regressor @ shaped
    materials, images = dress_with(model)
    images |= _skin(coefficients, model, texture_size)
    return FaceResult(
        model=f"{model.name} {model.version}",
        mesh=Mesh(to_numpy(neutral), model.polygons, model.uvs, model.polygon_material, dict(model.groups)),
        shape_keys=ShapeKeys(
            names=model.expression_names,
            offsets=to_numpy(expressions_for(model, neutral)),
            weights=weights[0],
            minimum=to_numpy(model.expression_range[:, 0]),
            maximum=to_numpy(model.expression_range[:, 1]),
        ),
        rig=Rig(
            names=model.joint_names,
            parents=model.joint_parents,
            heads=to_numpy(heads),
            # Bones lie as in the neutral head: regressors of their directions know of identity alone.
            tails=to_numpy(heads + (model.tail_regressor - model.joint_regressor) @ neutral),
            weights=to_numpy(model.joint_weights),
            pose=rotations[0] if coefficients.rotations else None,
        ),
        materials=materials,
        views=(),
        light=Light(to_numpy(_studio()), "head"),
        coefficients=_kept(coefficients, model, weights, rotations),
        images=images,
        correctives=correctives_of(model),
        report={
            "warnings": notes,
            "imported": {"file": source, "tool": coefficients.tool, "frames": coefficients.frames},
        },
        licences=(*model.licences, coefficients.licence),
    )


def check_model(coefficients: Coefficients, model: FaceModel) -> list[str]:
    """Nothing, or a warning where the model's release is not known. Raises ``CoefficientsMismatch``."""
    title, _ = NEEDED[coefficients.version]
    is_flame = model.name.startswith("FLAME")
    version = model.version.rpartition("-")[0] if is_flame else model.version
    if is_flame == (coefficients.family == "flame"):
        if version == coefficients.version:
            return []
        if is_flame and version == UNKNOWN:
            return [f"Which release of FLAME this is cannot be told; {coefficients.tool} needs {title}."]
    raise CoefficientsMismatch(coefficients.tool, title, f"{model.name} {model.version}")


def _weights(coefficients: Coefficients, model: FaceModel, source: str) -> tuple[Floats, list[str]]:
    """(T, K) weights of the model's shape keys, and what had to be left out."""
    count = coefficients.expression.shape[1]
    own = sum(name.startswith(OWN[:-3]) for name in model.expression_names)
    if count > own:
        raise CoefficientsUnreadable(source, f"it holds {count} expressions and {model.name} has {own}")
    weights = np.zeros((coefficients.frames, len(model.expression_names)), np.float32)
    if count:
        start = model.expression_names.index(OWN)
        weights[:, start : start + count] = coefficients.expression
    notes = []
    if np.abs(coefficients.expression[:1]).max(initial=0) > SLIDERS:
        notes.append(f"Some expressions lie beyond {SLIDERS:.0f}, where Blender's sliders end.")
    if coefficients.eyelids is None:
        return weights, notes
    if not set(EYELIDS) <= set(model.expression_names):
        return weights, [*notes, "Its eyelids were left out; put l_eyelid.npy and r_eyelid.npy beside FLAME's file."]
    weights[:, [model.expression_names.index(name) for name in EYELIDS]] = coefficients.eyelids
    return weights, notes


def _shapes(
    coefficients: Coefficients, model: FaceModel, weights: Floats, source: str
) -> tuple[torch.Tensor, torch.Tensor]:
    """(V, 3) the neutral head, and the head whose vertices place the joints."""
    identity = torch.from_numpy(coefficients.identity).to(model.mean.device)
    if len(identity) > len(model.identity_basis):
        modes = len(model.identity_basis)
        raise CoefficientsUnreadable(source, f"it holds {len(identity)} identity modes and {model.name} has {modes}")
    neutral = model.shape(identity)
    if coefficients.offsets is not None:
        neutral = neutral + torch.from_numpy(coefficients.offsets[: len(neutral)]).to(neutral.device)
    if coefficients.family != "flame":
        return neutral, neutral
    lidless = torch.from_numpy(weights.copy()).to(neutral.device)
    for name in set(EYELIDS) & set(model.expression_names):
        lidless[model.expression_names.index(name)] = 0  # the tools add lids after posing: they move no joint
    return neutral, neutral + torch.tensordot(lidless, model.expression_basis, 1)


def _rotations(coefficients: Coefficients, model: FaceModel) -> Floats:
    """(T, J, 3, 3) of every joint of the model."""
    turned = np.tile(np.eye(3, dtype=np.float32), (coefficients.frames, len(model.joint_names), 1, 1))
    for name, matrices in coefficients.rotations.items():
        turned[:, model.joint_names.index(name)] = matrices
    return turned


def _kept(coefficients: Coefficients, model: FaceModel, weights: Floats, rotations: Floats) -> dict[str, Floats]:
    """The first frame's numbers, and everyone's where there are several; cameras are moved to head space."""
    others = dict(coefficients.others)
    if "camera_translation" in others:
        origin = np.array(model.origin, np.float32)
        others["camera_translation"] = others["camera_translation"] + others["camera_rotation"] @ origin
    albedo = np.zeros(0, np.float32) if coefficients.albedo is None else coefficients.albedo
    kept = {"identity": coefficients.identity, "albedo": albedo, "expression": weights[0]}
    kept |= {name: values[0] for name, values in others.items()}
    if coefficients.frames > 1:
        kept |= {"frames_expression": weights, "frames_pose": rotations}
        kept |= {f"frames_{name}": values for name, values in others.items()}
    return kept


def _skin(coefficients: Coefficients, model: FaceModel, size: int) -> dict[str, bytes]:
    """The skin's texture in the model's colours, and a confidence map that says all of it is a guess."""
    albedo = model.albedo_mean
    if coefficients.albedo is not None:
        used = torch.from_numpy(coefficients.albedo[: len(model.albedo_basis)]).to(albedo.device)
        albedo = model.albedo(used)
    texels = layout(model, size)
    pixels = encode(texels.pad(texels.texels(albedo)))
    return {"albedo.png": encode_png(pixels), "confidence.png": encode_png(np.zeros((size, size), np.uint8))}


def _studio() -> torch.Tensor:
    """(9, 3) soft light from everywhere and a lamp above the viewer."""
    lamp = torch.nn.functional.normalize(torch.tensor([0.3, 0.5, 1.0]), dim=0)
    return ambient(0.55) + directional(lamp, torch.full((3,), 0.55))
