"""The one place that knows where the engine is: its torch-free modules, its Python, its worker's command.

Installed as an extension the engine's package is ``bl_ext.<repository>.reconstruct_face.engine``, beside a clone it
is ``engine``; so it is imported by a name made from this package's own.
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import itertools
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any, get_args, get_type_hints

_PARENT = __package__.rpartition("blender_addon")[0] if __package__ else ""

ROOT_PACKAGE = _PARENT.rstrip(".") or "blender_addon"
"""The add-on's name as Blender knows it, e.g. ``bl_ext.user_default.reconstruct_face``."""

PYTHON_VARIABLE = "RECONSTRUCT_FACE_PYTHON"
"""Environment variable that names the engine's Python."""

MODELS_VARIABLE = "RECONSTRUCT_FACE_MODELS"
"""Environment variable that tells the engine where face models are (``engine/files/places.py``)."""

READY_FILE = "ready.json"
"""Written into a managed environment once it is whole."""

NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)
"""Creation flag that keeps Windows from opening a console for a child process; 0 elsewhere."""

_NEEDED = ("torch", "numpy", "cv2", "mediapipe")
_PROBE = "import importlib.util as u, sys; print(','.join(m for m in sys.argv[1:] if not u.find_spec(m)), end='')"


def _engine(module: str) -> ModuleType:
    return importlib.import_module(f"{_PARENT}engine.{module}")


config = _engine("config")
errors = _engine("errors")


def contract() -> ModuleType:
    """``engine.contract``; imported on demand because it needs numpy, which the panel must live without."""
    return _engine("contract")


@functools.cache
def combinations() -> dict[str, dict[str, float]]:
    """Ready expressions by name, visemes first: weights of ARKit's shapes."""
    return {name: dict(weights) for name, weights in _engine("faces.combinations").COMBINATIONS.items()}


def load_result(folder: str | Path) -> Any:
    """The ``FaceResult`` saved in ``folder``. Raises ``ResultUnreadable``."""
    return contract().FaceResult.load(folder)


def engine_root() -> Path:
    """The folder that holds the ``engine`` package: the worker's working directory."""
    return Path(str(_engine("errors").__file__)).resolve().parent.parent


def requirements_file() -> Path:
    """The list of packages the engine needs."""
    return engine_root() / "engine" / "requirements.txt"


def engine_python(preferred: str = "", managed: Path | None = None) -> Path:
    """The interpreter that runs the engine.

    In order: ``preferred`` (the preference), the environment variable ``RECONSTRUCT_FACE_PYTHON``, the environment
    ``managed`` that "Set up engine" built, this process's own Python if it has the engine's packages.

    Raises ``EngineUnusable`` if a chosen one does not exist, ``EngineMissing`` if there is none.
    """
    for chosen in (preferred, os.environ.get(PYTHON_VARIABLE, "")):
        if chosen:
            return _existing(Path(chosen).expanduser())
    if managed is not None and (managed / READY_FILE).is_file():
        return _existing(environment_python(managed))
    own = sys.executable
    if own and Path(own).name.lower().startswith("python") and not missing_packages(own):
        return Path(own)
    raise errors.EngineMissing()


def environment_python(environment: Path, platform: str = sys.platform) -> Path:
    """Where a virtual environment keeps its interpreter."""
    return environment / ("Scripts/python.exe" if platform == "win32" else "bin/python")


@functools.lru_cache(maxsize=8)
def missing_packages(python: str) -> tuple[str, ...]:
    """Packages the engine cannot do without that ``python`` lacks; asked of a child process, then remembered."""
    command = [python, "-c", _PROBE, *_NEEDED]
    try:
        answer = subprocess.run(
            command, capture_output=True, text=True, timeout=30, env=child_environment(), creationflags=NO_WINDOW
        )
    except (OSError, subprocess.SubprocessError):
        return _NEEDED
    return tuple(filter(None, answer.stdout.split(","))) if answer.returncode == 0 else _NEEDED


def worker_command(python: Path) -> list[str]:
    """The command that starts the engine's worker, to be run in :func:`engine_root`."""
    return [str(python), "-u", "-m", "engine.worker"]


def child_environment(cache: Path | None = None, models: Path | None = None) -> dict[str, str]:
    """Environment variables of a child Python that must not inherit Blender's.

    With ``cache``, compiled files go there and never into the add-on's own folder, which may be read-only. ``models``
    is the folder of face models; without it the variable that the user may have set counts.
    """
    blocked = ("PYTHONPATH", "PYTHONHOME", "PYTHONSAFEPATH", "PYTHONSTARTUP", "__PYVENV_LAUNCHER__")
    values = {name: value for name, value in os.environ.items() if name not in blocked}
    values["PYTHONUTF8"] = "1"
    values.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # threads that spin while they wait crawl beside a busy Blender
    if models is not None:
        values[MODELS_VARIABLE] = str(models)
    if cache is not None:
        values["PYTHONPYCACHEPREFIX"] = str(cache / "bytecode")
        values["NUMBA_CACHE_DIR"] = str(cache / "numba")
    return values


def setting_choices(name: str) -> tuple[str, ...]:
    """The allowed values of a setting that is a choice."""
    return get_args(get_type_hints(config.Settings)[name])


def setting_default(name: str) -> Any:
    """A setting's default."""
    return getattr(config.Settings, name)


@functools.cache
def setting_help() -> dict[str, str]:
    """The sentence that ``engine/config.py`` says about each setting, by name, without its final period.

    Blender adds that period to a tooltip itself.
    """
    body = ast.parse(inspect.getsource(config.Settings)).body[0]
    return dict(_documented(body.body)) if isinstance(body, ast.ClassDef) else {}


def _documented(body: list[ast.stmt]) -> Iterable[tuple[str, str]]:
    for field, text in itertools.pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr):
            yield field.target.id, " ".join(str(ast.literal_eval(text.value)).split()).rstrip(".")


def _existing(python: Path) -> Path:
    if not python.is_file():
        raise errors.EngineUnusable(str(python), "there is no such file")
    return python
