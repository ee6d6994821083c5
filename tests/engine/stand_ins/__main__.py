"""Heads in formats of models that are not given out freely: ``python -m tests.engine.stand_ins FOLDER [--ict ICT]``.

They are no copies of those models: their shape is ICT-FaceKit's mean head (``ICT`` is its folder; without it the
built-in head's), cut and meshed as each format wants it. Point ``RECONSTRUCT_FACE_MODELS`` at ``FOLDER`` to use them.
"""

import argparse
from pathlib import Path

from engine.faces.builtin import load_builtin
from tests.engine.stand_ins import bfm, flame, gnm, heads


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--ict", type=Path)
    chosen = parser.parse_args()
    head = heads.ict_head(chosen.ict) if chosen.ict else heads.builtin_head(load_builtin())
    for write in (flame.write, bfm.write_2009, bfm.write_2017, gnm.write):
        write(head, chosen.folder)


if __name__ == "__main__":
    main()
