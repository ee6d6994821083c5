"""How good the reconstruction is: real photos, heads of known shape, a real scan with the swap control, the centre.

``python scripts/evaluate.py all`` (or ``photos``, ``synthetic``, ``scan``, ``centre``); ``--quick`` takes a few heads.
Prints tables and writes ``evaluation.json`` into ``--output``. The scan and two of the swapped portraits are test data
that does not come with the repository (``--data``).
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
import tyro
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from engine.contract import Request  # noqa: E402
from engine.detect.detector import Detection  # noqa: E402
from engine.detect.library import create_detector  # noqa: E402
from engine.evaluation.heads import photograph, random_subject  # noqa: E402
from engine.evaluation.likeness import face_region, recovered, shape_error  # noqa: E402
from engine.evaluation.scan import SEVEN, Scan, raw_mesh, scan_distance  # noqa: E402
from engine.evaluation.scanned_head import load_scanned_head  # noqa: E402
from engine.faces.library import load_model  # noqa: E402
from engine.faces.model import FaceModel  # noqa: E402
from engine.files.photo import read_photo  # noqa: E402
from engine.fit.calibration import load_calibration  # noqa: E402
from engine.fit.landmarks import fit_landmarks  # noqa: E402
from engine.fit.photometric import refine  # noqa: E402
from engine.fit.state import Fit  # noqa: E402
from engine.pipeline import reconstruct  # noqa: E402
from scripts.demo import photo as sample_photo  # noqa: E402

HELD_OUT = 2000
"""Seed of the synthetic heads; calibration uses others."""
OTHERS = ("astronaut", "hopper", "obama", "biden")


@dataclass(frozen=True)
class Arguments:
    """What to measure."""

    what: tyro.conf.Positional[Literal["all", "photos", "synthetic", "scan", "centre"]] = "all"
    quick: bool = False
    """A few heads and views, for tests."""
    quality: Literal["standard", "high"] = "standard"
    output: Path = ROOT / "out" / "evaluation"
    data: Path = ROOT.parent / "shared" / "data"
    """Folder with ``leeperrysmith``, ``portraits`` and ``clips``."""


class Bench:
    """The model, the detector and one way to fit, the same for every test."""

    def __init__(self, arguments: Arguments) -> None:
        self.arguments = arguments
        self.model: FaceModel = load_model("builtin")
        self.detector = create_detector("mediapipe")
        self.calibration = load_calibration(self.model, "mediapipe")

    def fit(self, photo: NDArray[np.uint8], detection: Detection) -> Fit:
        """What the pipeline does with a photo whose focal length nobody knows."""
        size = (photo.shape[1], photo.shape[0])
        start = fit_landmarks(self.model, detection, size, None, self.calibration)
        return refine(self.model, photo, start, self.arguments.quality)


def photos(bench: Bench) -> dict[str, Any]:
    """The whole pipeline on the two sample photos: what its own report says."""
    rows = {}
    for name in ("astronaut", "hopper"):
        folder = bench.arguments.output / "photos"
        request = Request((str(sample_photo(name, folder)),), str(folder), {"quality": bench.arguments.quality})
        report = reconstruct(request)[0].report
        rows[name] = {k: report[k] for k in ("reprojection_percent", "psnr_textured", "psnr_relit", "seen_share")}
    table("photos (reprojection % of outer-eye distance, PSNR dB)", rows)
    return rows


def synthetic(bench: Bench) -> dict[str, float]:
    """Random heads of the model, one photo each: error relative to the mean face's, and slope of the deviation."""
    wanted, seed = (4 if bench.arguments.quick else 60), 0
    model, region = bench.model, face_region(bench.model)
    mean = points(model.mean)
    errors: list[tuple[float, float]] = []
    sums: list[tuple[float, float]] = []
    missed = 0
    while len(errors) < wanted:
        random = np.random.default_rng([HELD_OUT, seed])
        seed += 1
        subject = random_subject(model, random)
        picture = photograph(model, subject, random)
        found = bench.detector.detect(picture)
        if not found:
            missed += 1
            continue
        truth, shape = points(model.shape(subject.identity)), points(model.shape(bench.fit(picture, found[0]).identity))
        errors.append((shape_error(shape, truth, region), shape_error(mean, truth, region)))
        sums.append(recovered(shape, truth, mean, region))
    ours, base = np.array(errors).T
    found_sum, true_sum = np.array(sums).sum(0)
    row = {
        "relative_error": float(ours.sum() / base.sum()),
        "slope": float(found_sum / true_sum),
        "error_mm": float(ours.mean()),
        "mean_face_mm": float(base.mean()),
        "worse_than_mean_share": float((ours > base).mean()),
        "faces_not_found": missed,
    }
    table(f"synthetic ({wanted} heads, yaw to 40, neutral shape)", {"own fit": row})
    return row


def scan(bench: Bench) -> dict[str, Any]:
    """A real head from known cameras: own fits, the mean face, the raw mesh, and other people's fits."""
    data, model = bench.arguments.data, bench.model
    if not (data / "leeperrysmith").is_dir():
        print(f"scan: skipped, {data / 'leeperrysmith'} is not there")
        return {}
    head = load_scanned_head(data / "leeperrysmith")
    pictures = {yaw: head.photograph(yaw) for yaw in ((0, 40) if bench.arguments.quick else (0, 20, -20, 40, -40))}
    seen = {yaw: bench.detector.detect(picture)[0] for yaw, picture in pictures.items()}
    truth = head.face(seen[0])
    own = {yaw: bench.fit(pictures[yaw], seen[yaw]) for yaw in pictures}
    rows: dict[str, Any] = {
        "mean face": median(bench, truth, model.mean),
        "raw mesh": average([float(np.median(scan_distance(truth, *raw_mesh(d)))) for d in seen.values()]),
        "own fit": average([median(bench, truth, fit.vertices(model)) for fit in own.values()]),
        "own fit, neutral": average([median(bench, truth, model.shape(fit.identity)) for fit in own.values()]),
        "mean face, own expression": average(
            [median(bench, truth, model.shape(fit.identity * 0, fit.expression)) for fit in own.values()]
        ),
    }
    rows["own fit by yaw"] = {str(y): median(bench, truth, fit.vertices(model)) for y, fit in own.items()}
    others = strangers(bench)
    population = torch.stack([fit.identity for fit in others.values()]).mean(0)
    rows["mean of the others' fits, own expression"] = average(
        [median(bench, truth, model.shape(population, fit.expression)) for fit in own.values()]
    )
    for name, fit in others.items():
        rows[f"{name}'s fit"] = median(bench, truth, fit.vertices(model))
        rows[f"{name}'s fit, own expression"] = average(
            [median(bench, truth, model.shape(fit.identity, mine.expression)) for mine in own.values()]
        )
    table("scan (median distance in mm, mean over views)", {k: v for k, v in rows.items() if not isinstance(v, dict)})
    return rows


def strangers(bench: Bench) -> dict[str, Fit]:
    """Fits of other people's photos."""
    fits = {}
    for name in OTHERS[:1] if bench.arguments.quick else OTHERS:
        portrait = bench.arguments.data / "portraits" / f"{name}.jpg"
        if name in OTHERS[2:] and not portrait.exists():
            continue
        path = portrait if name in OTHERS[2:] else sample_photo(name, bench.arguments.output / "photos")
        picture = read_photo(path).pixels
        fits[name] = bench.fit(picture, bench.detector.detect(picture)[0])
    return fits


def centre(bench: Bench) -> dict[str, Any]:
    """Whether real people scatter round the model's mean: the mean of their fits, and how sure that is.

    One vote a person: the mean over that person's photos or frames, turned ones among them, because a frontal photo
    says little about depth.
    """
    people = real_people(bench)
    if len(people) < 3:
        print(f"centre: skipped, {bench.arguments.data} has not the photos")
        return {}
    model = bench.model
    identities = torch.stack([torch.stack([f.identity for f in fits]).mean(0) for fits in people.values()])
    moved = points(model.landmarks["68"].points(model.shape(identities))) - points(
        model.landmarks["68"].points(model.mean)
    )
    rows: dict[str, Any] = {}
    for name, places in CENTRE_REGIONS.items():
        each = moved[:, places].mean(1) * 1e3
        offset, doubt = each.mean(0), each.std(0, ddof=1) / np.sqrt(len(each))
        rows[name] = {
            "up": float(offset[1]),
            "+-": float(doubt[1]),
            "forward": float(offset[2]),
            "+- ": float(doubt[2]),
        }
    length = float(np.linalg.norm(points(identities.mean(0))) * np.sqrt(len(people) / identities.shape[1]))
    table(f"centre ({', '.join(people)}; mean of the people minus the model's mean, standard error)", rows)
    rows["length of the mean, in expected lengths"] = length
    print(f"  mean identity is {length:.2f} times as long as {len(people)} people drawn from the model would make it")
    return rows


CENTRE_REGIONS: dict[str, list[int]] = {
    "chin": [7, 8, 9],
    "brows": list(range(17, 27)),
    "nose bridge": [27, 28],
    "nose tip": [30],
    "nose base": [31, 33, 35],
    "outer eye corners": [36, 45],
    "inner eye corners": [39, 42],
    "upper lip": [50, 51, 52],
    "mouth corners": [48, 54],
    "lower lip": [56, 57, 58],
}
"""Of the 68 landmarks."""


def real_people(bench: Bench) -> dict[str, list[Fit]]:
    """Fits of every photo or frame there is, by person."""
    data, pictures = bench.arguments.data, dict[str, list[NDArray[np.uint8]]]()
    for name in ("astronaut", "hopper"):
        pictures[name] = [read_photo(sample_photo(name, bench.arguments.output / "photos")).pixels]
    for name, files in {"obama": ("obama", "obama2", "obama3"), "biden": ("biden", "biden2")}.items():
        paths = [data / "portraits" / f"{file}.jpg" for file in files]
        pictures[name] = [read_photo(path).pixels for path in paths if path.exists()]
    for name in ("female", "male"):
        clip = data / "clips" / f"head-pose-face-detection-{name}.gif"
        pictures[f"{name} clip"] = frames(clip, 8) if clip.exists() else []
    if (data / "leeperrysmith").is_dir():
        head = load_scanned_head(data / "leeperrysmith")
        pictures["scan"] = [head.photograph(yaw) for yaw in (0, 20, -20, 40, -40)]
    people: dict[str, list[Fit]] = {}
    for name, shots in pictures.items():
        found = [(shot, detected[0]) for shot in shots if (detected := bench.detector.detect(shot))]
        if found:
            people[name] = [bench.fit(*pair) for pair in found]
    return people


def frames(clip: Path, count: int) -> list[NDArray[np.uint8]]:
    """Some frames of an animated picture, evenly spread."""
    with Image.open(clip) as file:
        chosen = np.linspace(0, getattr(file, "n_frames", 1) - 1, count).round().astype(int)
        pictures = []
        for number in chosen:
            file.seek(int(number))
            pictures.append(np.asarray(file.convert("RGB")))
    return pictures


def median(bench: Bench, truth: Scan, vertices: Tensor) -> float:
    """Median scan-to-mesh distance in mm of a shape (V, 3) of the model."""
    model = bench.model
    # Only the front of the head can be near; the rest would slow the search.
    near = (model.mean[:, 2] > -0.02)[model.triangles].any(1)
    seven = points(model.landmarks["68"].points(vertices))[list(SEVEN)]
    return float(np.median(scan_distance(truth, points(vertices), model.triangles[near].numpy(), seven)))


def points(tensor: Tensor) -> NDArray[np.float64]:
    """Float64 numpy."""
    return tensor.detach().cpu().numpy().astype(np.float64)


def average(values: list[float]) -> float:
    """Plain mean."""
    return float(np.mean(values))


def table(title: str, rows: dict[str, Any]) -> None:
    """Print rows of numbers."""
    print(f"\n{title}")
    for name, row in rows.items():
        cells = row if isinstance(row, dict) else {"": row}
        print(f"  {name:42s}" + "  ".join(f"{key} {value:.3f}" for key, value in cells.items()))


def main(arguments: Arguments) -> dict[str, Any]:
    """Run what was asked for; return and write the numbers."""
    bench = Bench(arguments)
    tests = {"photos": photos, "synthetic": synthetic, "scan": scan, "centre": centre}
    chosen = tests if arguments.what == "all" else {arguments.what: tests[arguments.what]}
    results = {name: test(bench) for name, test in chosen.items()}
    arguments.output.mkdir(parents=True, exist_ok=True)
    (arguments.output / "evaluation.json").write_text(json.dumps(results, indent=2))
    return results


if __name__ == "__main__":
    main(tyro.cli(Arguments))
