"""Face models: what is there, what is missing and where to get it, and fetching those that are open.

``python scripts/models.py list`` shows them, ``check NAME`` loads one and says what it holds, ``fetch ict`` or
``fetch gnm`` asks and then downloads (again after a broken connection: it goes on where it stopped).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro
from tqdm import tqdm

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from engine.errors import FaceError  # noqa: E402
from engine.faces.catalogue import entry_of  # noqa: E402
from engine.files.places import MODELS_VARIABLE, engine_models_dir  # noqa: E402
from engine.models import fetch_family, overview  # noqa: E402


@dataclass(frozen=True)
class List:
    """Show every face model the project can use, found or missing."""


@dataclass(frozen=True)
class Check:
    """Load a model and say what it holds."""

    name: tyro.conf.Positional[str]
    """As ``list`` shows it."""


@dataclass(frozen=True)
class Fetch:
    """Download an open model into the models folder."""

    family: tyro.conf.Positional[Literal["ict", "gnm"]]
    """Which one."""

    yes: bool = False
    """Do not ask."""


Command = (
    Annotated[List, tyro.conf.subcommand("list")]
    | Annotated[Check, tyro.conf.subcommand("check")]
    | Annotated[Fetch, tyro.conf.subcommand("fetch")]
)


def main(command: Command) -> int:
    """Run one command; return the exit code."""
    try:
        if isinstance(command, Fetch):
            return download(command)
        if isinstance(command, Check):
            return check(command.name)
        show()
    except FaceError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def show() -> None:
    """The list, for people."""
    print(f"Models folder: {engine_models_dir()} (set {MODELS_VARIABLE} to move it)\n")
    for row in overview():
        names = ", ".join(model["name"] for model in row["models"])
        print(f"{row['title']}: {'found as ' + names if names else 'not there'}")
        print(f"  for {row['purpose']}")
        print(f"  licence: {row['licence']}; commercial use {'allowed' if row['commercial'] else 'not allowed'}")
        if not names:
            fetch = f", or: python scripts/models.py fetch {row['family']}" if row["download_mb"] else ""
            print(f"  put there: {row['files']}; from {row['source']}{fetch}")
        for path in row["pretenders"]:
            print(f"  {path} is damaged or another file of that name")
        for model in row["models"]:
            if model["path"]:
                print(f"  {model['path']}")


def check(name: str) -> int:
    """Load one model and print its sizes."""
    from engine.faces.library import load_model

    model = load_model(name)
    print(f"{model.name} {model.version}: {len(model.mean)} vertices, {len(model.polygons)} polygons")
    own = len(model.expression_names) - 52
    print(f"{len(model.identity_basis)} identity modes, 52 ARKit shapes and {own} expressions of its own")
    print(f"{len(model.albedo_basis)} albedo modes; joints: {', '.join(model.joint_names)}")
    use = "allowed" if model.licence.commercial else "not allowed"
    print(f"licence: {model.licence.licence}; commercial use {use}")
    return 0


def download(command: Fetch) -> int:
    """Ask, then fetch with a progress bar."""
    entry = entry_of(command.family)
    assert entry.download is not None
    print(f"{entry.title}, {entry.licence.licence}, about {entry.download.size_mb} MB from {entry.licence.source}")
    print(f"into {engine_models_dir() / command.family}")
    if not command.yes and input("Download? [y/N] ").strip().lower() not in ("y", "yes"):
        return 1
    with tqdm(total=1000, bar_format="{l_bar}{bar}| {desc}") as bar:

        def report(fraction: float, text: str) -> None:
            bar.set_description_str(text, refresh=False)
            bar.update(round(fraction * 1000) - bar.n)

        paths = fetch_family(command.family, report)
    print(f"{len(paths)} files")
    return 0


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Command, description=__doc__)))  # type: ignore[arg-type]
