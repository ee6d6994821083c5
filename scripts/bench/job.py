"""The whole job: photo to saved .blend, with the engine warm and from a cold start, and what memory it takes."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from . import Row

ROOT = Path(__file__).resolve().parents[2]


def sample_photo() -> Path:
    """The astronaut that scikit-image ships."""
    import skimage

    return Path(skimage.__file__).parent / "data" / "astronaut.png"


def run() -> list[Row]:
    """Cold: ``scripts/batch.py`` on one photo. Warm: what each further photo of a batch of three adds."""
    with tempfile.TemporaryDirectory() as folder:
        one = _batch(Path(folder) / "one", 1)
        three = _batch(Path(folder) / "three", 3)
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    return [
        Row("photo to .blend, cold start", one, "s", 20.0, "HRN on a GPU: 5-10 s, no Blender asset"),
        Row("photo to .blend, engine warm", (three - one) / 2, "s", 10.0, "HRN on a GPU: 5-10 s, no Blender asset"),
        Row("peak memory of the largest process", memory, "GiB", 3.0),
    ]


def _batch(folder: Path, photos: int) -> float:
    """Seconds that a batch of copies of the sample takes."""
    sources = folder / "photos"
    sources.mkdir(parents=True)
    for number in range(photos):
        (sources / f"photo{number}.png").write_bytes(sample_photo().read_bytes())
    command = [sys.executable, str(ROOT / "scripts" / "batch.py"), str(sources), "-o", str(folder / "heads")]
    began = time.perf_counter()
    subprocess.run([*command, "--format", "blend"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began
