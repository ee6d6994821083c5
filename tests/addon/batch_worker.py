"""An engine for the batch's tests: speaks the worker's protocol and gives everybody the synthetic head.

A photo called ``bad...`` fails with a sentence, ``crash...`` ends the process, ``two...`` holds two faces.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from engine.errors import FaceError, FaceNotFound
from tests.addon.synthetic import face_result


def reconstruct(photo: str, output: str) -> list[Path]:
    """Folders of the saved faces."""
    path = Path(photo)
    if path.stem.startswith("crash"):
        os._exit(3)
    if path.stem.startswith("bad"):
        raise FaceNotFound(photo)
    names = [path.stem, f"{path.stem}_2"] if path.stem.startswith("two") else [path.stem]
    return [face_result().save(Path(output) / name).folder for name in names]


def main() -> None:
    for line in sys.stdin:
        message = json.loads(line)
        job, request = message["id"], message["request"]
        answer = {"kind": "progress", "id": job, "stage": "fit", "fraction": 0.5, "text": "Fitting"}
        print(json.dumps(answer), flush=True)
        try:
            folders = reconstruct(request["photos"][0], request["output"])
            answer = {"kind": "result", "id": job, "folders": [str(folder) for folder in folders]}
        except FaceError as error:
            answer = {"kind": "error", "id": job, "code": error.code, "message": str(error)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
