"""Speed and memory, each figure beside its bar and a peer or a plain version measured in the same run.

``python scripts/benchmark.py`` runs every part; ``--parts raster landmarks`` only those. Run it on a quiet machine.
"""

from __future__ import annotations

import argparse
import importlib
import platform
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

PARTS = ("raster", "landmarks", "decode", "engine", "job")


def main() -> int:
    """Run the parts and print one markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    chosen = parser.parse_args().parts
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}\n")
    print("| what | measured | bar | beside it, same run |\n|---|---|---|---|", flush=True)
    for part in chosen:
        for row in importlib.import_module(f"scripts.bench.{part}").run():
            bar = "-" if row.bar is None else f"{row.bar:g} {row.unit}"
            print(f"| {row.name} | {row.value:.2f} {row.unit} | {bar} | {row.peer or '-'} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
