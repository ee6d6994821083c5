"""The face models of this machine as a list for people and panels, and the fetching of those that are open.

Run as ``python -m engine.models list`` or ``... fetch FAMILY`` it answers in JSON, one object a line, which is how
Blender asks; ``scripts/models.py`` says the same to people.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .errors import BadSetting, FaceError
from .faces.catalogue import ENTRIES, entry_of
from .faces.fetch import fetch
from .files.places import engine_models_dir

Report = Callable[[float, str], None]


def overview() -> list[dict[str, Any]]:
    """Every family of the catalogue with the models of it that are there: plain values, ready for JSON.

    Keys: ``family title purpose files licence commercial source download_mb`` (0: cannot be fetched) and ``models``:
    a list of ``name`` (for ``Settings.model``) and ``path``. Where there are none, ``pretenders`` are paths of files
    that only bear the name of one.
    """
    from .faces.shelf import look, pretenders

    here = look(engine_models_dir())
    rows = []
    for entry in ENTRIES:
        models = [{"name": m.name, "path": str(m.path)} for m in here if m.entry.family == entry.family]
        if entry.family == "builtin":
            models = [{"name": "builtin", "path": ""}]
        licence = asdict(entry.licence)
        rows.append(
            {
                "family": entry.family,
                "title": entry.title,
                "purpose": entry.purpose,
                "files": entry.files,
                "licence": licence["licence"],
                "commercial": licence["commercial"],
                "source": licence["source"],
                "download_mb": entry.download.size_mb if entry.download else 0,
                "models": models,
                "pretenders": [] if models else [str(p) for p in pretenders(engine_models_dir(), entry, here)],
            }
        )
    return rows


def fetch_family(family: str, report: Report = lambda _fraction, _text: None) -> list[Path]:
    """Fetch an open model into the models folder. The caller has asked the user.

    Raises:
        BadSetting: the family is not known or cannot be fetched.
        DownloadFailed, OutputUnwritable: see :func:`engine.faces.fetch.fetch`.
    """
    open_ones = {entry.family: entry.download for entry in ENTRIES if entry.download}
    download = open_ones.get(family)
    if download is None:
        raise BadSetting("family", family, f"one of {', '.join(open_ones)}: the others need their owners' consent")
    return fetch(download, engine_models_dir() / entry_of(family).family, report)


def main(arguments: list[str]) -> int:
    """Answer on stdout in JSON lines: ``models``, or ``progress`` and ``done``, or ``error``; return the exit code."""

    def say(**message: Any) -> None:
        print(json.dumps(message), flush=True)

    try:
        if arguments[:1] == ["fetch"] and len(arguments) == 2:
            fetch_family(arguments[1], lambda fraction, text: say(kind="progress", fraction=fraction, text=text))
            say(kind="done")
        else:
            say(kind="models", folder=str(engine_models_dir()), families=overview())
    except FaceError as error:
        say(kind="error", code=error.code, message=str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
