"""The main job, top to bottom: read a photo, find its faces, fit, refine, bake, assemble, save."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from .assemble import assemble
from .config import Detector as DetectorName
from .config import Settings
from .contract import FaceResult, Progress, Request
from .detect.detector import Detection, Detector
from .detect.library import create_detector
from .detect.selection import select_faces
from .errors import Cancelled, DeviceUnavailable, FaceNotFitted
from .faces.library import load_model
from .faces.model import FaceModel
from .files.photo import Photo, read_photo
from .fit.calibration import load_calibration
from .fit.landmarks import fit_landmarks
from .fit.photometric import refine
from .preview import with_preview
from .storage import folder_name, unused_name
from .texture.bake import bake, prepare
from .texture.materials import dress_with

Report = Callable[[Progress], None]

_SHARE = {"detect": 0.15, "fit": 0.05, "photometric": 0.40, "texture": 0.30, "save": 0.10}
"""Roughly how much of the time each stage of one face takes; the progress bar's units."""


def reconstruct(
    request: Request,
    progress: Report = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> list[FaceResult]:
    """Reconstruct the faces of each photo of ``request`` and save each in a folder of its own under ``output``.

    Folders are named after the photo; a second face of a photo gets ``_2``, a second photo of the same name ``-2``.
    Raises ``FaceError`` subclasses; a face that was saved before a later one failed stays. Of several faces in a photo
    one that fails does not stop the others: the first result's warnings tell of it.
    """
    settings = Settings.from_dict(request.settings)
    device = choose_device(settings.device)
    results: list[FaceResult] = []
    used: set[str] = set()
    for number, path in enumerate(request.photos):
        meter = _Meter(progress, cancelled, number / len(request.photos), 1 / len(request.photos))
        results += reconstruct_photo(Path(path), Path(request.output), settings, device, meter, used)
    return results


def reconstruct_photo(
    path: Path, output: Path, settings: Settings, device: torch.device, meter: _Meter, used: set[str]
) -> list[FaceResult]:
    """Every chosen face of one photo, saved under names that are not ``used`` yet."""
    torch.manual_seed(settings.seed)
    with meter.stage("detect", "Reading the photo and looking for faces"):
        photo = read_photo(path)
        found = _detector(settings.detector, str(device)).detect(photo.pixels)
        detections = select_faces(found, settings.faces, settings.face_index, str(path))
    model = load_model(settings.model, device)
    results: list[FaceResult] = []
    failures: list[Exception] = []
    for number, detection in enumerate(detections):
        try:
            face = reconstruct_face(photo, detection, model, settings, meter.part(number, len(detections)))
        except (FaceNotFitted, np.linalg.LinAlgError, torch.linalg.LinAlgError) as failure:
            failures.append(failure)
        else:
            results.append(face.save(output / unused_name(folder_name(path, number), used)))
    if not results:
        raise FaceNotFitted(str(path)) from failures[0]
    if failures:
        results[0] = _warned(results[0], f"{len(failures)} of {len(detections)} faces could not be reconstructed.")
    meter.done()
    return results


def _warned(result: FaceResult, sentence: str) -> FaceResult:
    """``result`` with one more warning, saved again."""
    report = {**result.report, "warnings": [*result.warnings, sentence]}
    return replace(result, report=report).save(result.folder or Path())


def reconstruct_face(
    photo: Photo, detection: Detection, model: FaceModel, settings: Settings, meter: _Meter
) -> FaceResult:
    """One face: landmarks, pixels, texture, result. Raises ``FaceNotFitted``."""
    height, width = photo.pixels.shape[:2]
    focal = (settings.focal_px or photo.focal_px or 0.0) * photo.scale or None
    with meter.stage("fit", "Laying the model over the landmarks"):
        calibration = load_calibration(model, settings.detector)
        fit = fit_landmarks(model, detection, (width, height), focal, calibration)
    with meter.stage("photometric", "Refining against the photo"):
        fit = refine(model, photo.pixels, fit, settings.quality, meter.step, meter.check)
    if not torch.isfinite(model.shape(fit.identity, fit.expression)).all():
        raise FaceNotFitted(str(photo.path))
    # What follows is scipy's and OpenCV's, on the CPU.
    device, model, fit = model.mean.device, load_model(settings.model), fit.to("cpu")
    with meter.stage("texture", "Baking the texture"):
        baked = bake(model, fit, photo.pixels, settings.texture_size)
    with meter.stage("save", "Writing the result"):
        return with_preview(assemble(model, fit, baked, photo, detection, settings, meter.seconds, device))


def choose_device(name: str) -> torch.device:
    """The torch device for a setting; ``auto`` takes CUDA, then MPS, then the CPU. Raises ``DeviceUnavailable``."""
    available = ["cpu"]
    if torch.backends.mps.is_available():
        available.insert(0, "mps")
    if torch.cuda.is_available():
        available.insert(0, "cuda")
    if name == "auto":
        return torch.device(available[0])
    if name not in available:
        raise DeviceUnavailable(name, ", ".join(available))
    return torch.device(name)


def preload(settings: Settings) -> None:
    """Load the model and the detector ahead of the first photo; a warm worker starts faster."""
    device = str(choose_device(settings.device))
    model = load_model(settings.model, device)
    load_calibration(model, settings.detector)
    _detector(settings.detector, device)
    plain = load_model(settings.model)
    prepare(plain, settings.texture_size)
    dress_with(plain)


@lru_cache(maxsize=2)
def _detector(name: DetectorName, device: str) -> Detector:
    return create_detector(name, device)


@dataclass
class _Meter:
    """Turns stages into progress, times them, and stops the job when the user asks."""

    report: Report
    cancelled: Callable[[], bool]
    start: float = 0.0
    share: float = 1.0
    seconds: dict[str, float] = field(default_factory=dict)
    _place: float = 0.0
    _name: str = ""
    _text: str = ""

    @contextmanager
    def stage(self, name: str, text: str) -> Iterator[None]:
        self._name, self._text = name, text
        self.step(0.0)
        began = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - began
        self._place += _SHARE[name]

    def step(self, fraction: float) -> None:
        """Report ``fraction`` 0..1 of the current stage. Raises ``Cancelled``."""
        self.check()
        done = self._place + fraction * _SHARE[self._name]
        self.report(Progress(self._name, min(self.start + self.share * done, 1.0), self._text))

    def check(self) -> None:
        """Raise ``Cancelled`` if the user asked to stop."""
        if self.cancelled():
            raise Cancelled

    def part(self, number: int, count: int) -> _Meter:
        """The meter of one face of several: it shares what is left after detection."""
        left = (1.0 - _SHARE["detect"]) / count
        start = self.start + self.share * (_SHARE["detect"] + number * left)
        scale = self.share * left / (1.0 - _SHARE["detect"])
        return _Meter(self.report, self.cancelled, start, scale, dict(self.seconds))

    def done(self) -> None:
        self.report(Progress("save", self.start + self.share, "Done"))
