"""Where the engine is found, and that nothing heavy comes through the door."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from blender_addon import door

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(autouse=True)
def no_variable(monkeypatch):
    monkeypatch.delenv(door.PYTHON_VARIABLE, raising=False)
    door.missing_packages.cache_clear()
    yield
    door.missing_packages.cache_clear()


def an_environment(folder):
    python = door.environment_python(folder)
    python.parent.mkdir(parents=True)
    python.touch()
    (folder / door.READY_FILE).touch()
    return python


def test_the_preference_wins_over_the_variable_and_that_over_the_managed_environment(tmp_path, monkeypatch):
    managed = an_environment(tmp_path / "managed")
    variable, preferred = tmp_path / "variable", tmp_path / "preferred"
    variable.touch(), preferred.touch()
    assert door.engine_python("", tmp_path / "managed") == managed
    monkeypatch.setenv(door.PYTHON_VARIABLE, str(variable))
    assert door.engine_python("", tmp_path / "managed") == variable
    assert door.engine_python(str(preferred), tmp_path / "managed") == preferred


def test_a_chosen_python_that_is_not_there_is_a_sentence(tmp_path):
    with pytest.raises(door.errors.EngineUnusable, match="there is no such file"):
        door.engine_python(str(tmp_path / "python"))


def test_an_unfinished_environment_does_not_count(tmp_path, monkeypatch):
    an_environment(tmp_path)
    (tmp_path / door.READY_FILE).unlink()
    monkeypatch.setattr(door, "_NEEDED", ("a_package_that_nobody_has",))
    with pytest.raises(door.errors.EngineMissing, match="Set up engine"):
        door.engine_python("", tmp_path)


def test_this_python_serves_if_it_has_the_packages(monkeypatch):
    monkeypatch.setattr(door, "_NEEDED", ("json", "numpy"))
    assert door.engine_python() == Path(sys.executable)


def test_a_python_is_asked_once_and_tells_what_it_lacks(monkeypatch, tmp_path):
    monkeypatch.setattr(door, "_NEEDED", ("json", "a_package_that_nobody_has"))
    assert door.missing_packages(sys.executable) == ("a_package_that_nobody_has",)
    monkeypatch.setattr(subprocess, "run", None)
    assert door.missing_packages(sys.executable) == ("a_package_that_nobody_has",)


def test_something_that_is_no_python_lacks_everything(tmp_path):
    assert door.missing_packages(str(tmp_path / "nothing")) == door._NEEDED


def test_every_setting_has_help_and_a_default():
    help_texts = door.setting_help()
    for field in dataclasses.fields(door.config.Settings):
        assert len(help_texts[field.name]) > 10
        assert not help_texts[field.name].endswith(".")
        assert door.setting_default(field.name) == field.default
    assert door.setting_choices("quality") == ("draft", "standard", "high")
    assert door.setting_choices("model") == ()


def test_the_panels_modules_need_neither_torch_nor_numpy():
    code = (
        "import sys; sys.modules['numpy'] = sys.modules['torch'] = None\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "import importlib.util as u, types\n"
        "p = types.ModuleType('blender_addon'); p.__path__ = ['blender_addon']; sys.modules['blender_addon'] = p\n"
        "import blender_addon.door, blender_addon.job, blender_addon.setup_engine, blender_addon.setup_run"
    )
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr


def test_the_worker_is_found_from_the_engines_root():
    assert (door.engine_root() / "engine" / "worker.py").is_file()
    assert door.worker_command(Path("python"))[-2:] == ["-m", "engine.worker"]
    assert door.requirements_file().is_file()
