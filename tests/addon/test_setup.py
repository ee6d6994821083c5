"""The plan of the engine's environment for every kind of machine, and one real run."""

import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

from blender_addon import door, setup_engine, setup_run
from blender_addon.setup_engine import Gpu, Machine

ROOT = Path(__file__).resolve().parent.parent.parent
REQUIREMENTS = ROOT / "engine" / "requirements.txt"
INDEX = "https://download.pytorch.org/whl/"


def commands(machine, wheels=None):
    return [step.command for step in setup_engine.plan(machine, Path("base"), Path("env"), REQUIREMENTS, wheels)]


@pytest.mark.parametrize(
    ("gpus", "build"),
    [
        ([Gpu(580, 7.5)], "cu130"),
        ([Gpu(580, 12.0)], "cu130"),
        ([Gpu(575, 12.0)], "cu128"),
        ([Gpu(550, 8.6)], "cu126"),
        ([Gpu(580, 6.1)], "cu126"),  # Pascal has no build for CUDA 13
        ([Gpu(470, 8.6)], None),  # the driver is too old for every build
        ([Gpu(580, 8.6), Gpu(580, 6.1)], "cu126"),
        ([], None),
    ],
)
def test_the_cuda_build_fits_driver_and_card(gpus, build):
    assert setup_engine.cuda_build(gpus) == build


def test_cards_are_read_from_the_drivers_own_tool():
    text = "550.54.15, 8.6\n572.16, 12.0\nNo devices were found\n"
    assert setup_engine.parse_gpus(text) == (Gpu(550, 8.6), Gpu(572, 12.0))


def test_windows_with_a_card_takes_torch_from_pytorchs_index_alone():
    create, update, torch, rest = commands(Machine("win32", "AMD64", (Gpu(550, 8.6),)))
    python = str(Path("env/Scripts/python.exe"))
    assert create == ("base", "-m", "venv", "--clear", "env")
    assert update[0] == python and update[-2:] == ("--upgrade", "pip")
    assert torch[:4] == (python, "-m", "pip", "install")
    assert torch[-3:] == ("--index-url", INDEX + "cu126", "torch>=2.6,<2.14")
    assert rest[-2:] == ("-r", str(REQUIREMENTS)) and "--index-url" not in rest


@pytest.mark.parametrize(
    ("machine", "options"),
    [
        (Machine("win32", "AMD64"), ()),
        (Machine("linux", "x86_64"), ("--extra-index-url", INDEX + "cpu")),
        (Machine("linux", "x86_64", (Gpu(580, 8.9),)), ("--index-url", INDEX + "cu130")),
        (Machine("darwin", "arm64"), ()),
    ],
)
def test_every_other_machine_gets_its_own_build(machine, options):
    assert setup_engine.torch_options(machine) == options


def test_offline_nothing_but_the_folder_of_wheels_is_asked():
    plan = commands(Machine("linux", "x86_64", (Gpu(580, 8.9),)), Path("wheels"))
    assert len(plan) == 2
    assert plan[1][-5:] == ("--no-index", "--find-links", "wheels", "-r", str(REQUIREMENTS))
    assert not any("pytorch.org" in part for command in plan for part in command)


def test_an_intel_mac_is_refused_with_a_sentence():
    with pytest.raises(door.errors.SetupFailed, match="Intel Macs"):
        commands(Machine("darwin", "x86_64"))


def test_shares_of_a_plan_add_up_to_one():
    for wheels in (None, Path("wheels")):
        steps = setup_engine.plan(Machine("linux", "x86_64"), Path("base"), Path("env"), REQUIREMENTS, wheels)
        assert sum(step.share for step in steps) == pytest.approx(1.0)


def test_the_engine_needs_what_the_project_says_it_needs():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    lines = [line for line in REQUIREMENTS.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    assert sorted(lines) == sorted(project)


def test_a_base_python_is_found_and_has_the_right_version():
    python = setup_engine.find_base_python()
    answer = subprocess.run([python, "-c", "import sys; print(sys.version_info[:2])"], capture_output=True, text=True)
    assert answer.stdout.strip() == str(setup_engine.PYTHON)


def test_a_python_of_another_version_or_none_at_all_does_not_fit(monkeypatch, tmp_path):
    setup_engine.ask_python.cache_clear()
    monkeypatch.setattr(setup_engine, "PYTHON", (2, 6))
    assert setup_engine.ask_python((sys.executable,)) is None
    assert setup_engine.ask_python((str(tmp_path / "python"),)) is None
    with pytest.raises(door.errors.SetupFailed, match=r"no Python 2\.6"):
        setup_engine.find_base_python()
    setup_engine.ask_python.cache_clear()


def a_wheel(folder):
    """The smallest package that pip installs, made here so that no network is needed."""
    import zipfile

    folder.mkdir()
    with zipfile.ZipFile(folder / "tiny_face-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny_face.py", "answer = 42\n")
        wheel.writestr("tiny_face-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-face\nVersion: 1.0\n")
        wheel.writestr("tiny_face-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("tiny_face-1.0.dist-info/RECORD", "")
    return folder


def a_setup(tmp_path, requirement):
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(requirement)
    environment = tmp_path / "environment with spaces"
    machine, python = Machine(sys.platform, "x86_64"), setup_engine.find_base_python()
    steps = setup_engine.plan(machine, python, environment, requirements, a_wheel(tmp_path / "wheels"))
    return setup_run.Setup(steps, environment, tmp_path / "setup.log"), environment


def test_a_set_up_ends_with_an_environment_that_the_door_finds(tmp_path, monkeypatch):
    monkeypatch.delenv(door.PYTHON_VARIABLE, raising=False)
    setup, environment = a_setup(tmp_path, "tiny-face\n")
    assert setup.wait() == "done", setup.error
    assert setup.fraction == 1.0
    python = door.engine_python("", environment)
    answer = subprocess.run([python, "-c", "import tiny_face; print(tiny_face.answer)"], capture_output=True, text=True)
    assert answer.stdout.strip() == "42"
    assert "tiny-face" in (tmp_path / "setup.log").read_text("utf-8")


@pytest.mark.slow
def test_a_set_up_that_fails_says_why_and_leaves_nothing(tmp_path):
    setup, environment = a_setup(tmp_path, "nobody-has-this-package\n")
    assert setup.wait() == "failed"
    assert "nobody-has-this-package" in str(setup.error)
    assert not environment.exists()


def test_a_cancelled_set_up_leaves_nothing(tmp_path):
    slow = setup_engine.Step("Waiting", (sys.executable, "-c", "import time; time.sleep(60)"), 1.0)
    environment = tmp_path / "environment"
    environment.mkdir()
    setup = setup_run.Setup([slow], environment, tmp_path / "setup.log")
    assert setup.poll() == "running"
    begin = time.monotonic()
    setup.cancel()
    assert time.monotonic() - begin < 5
    assert setup.poll() == "cancelled"
    assert not environment.exists()


def test_the_bar_tells_which_package_is_being_fetched(tmp_path):
    lines = ["Collecting torch>=2.6", "  Downloading torch-2.13.0-cp311.whl (190 MB)", "Progress 45 of 180"]
    code = f"for line in {lines!r}: print(line)"
    setup = setup_run.Setup(
        [setup_engine.Step("Fetching torch", (sys.executable, "-c", code), 0.5)], tmp_path, tmp_path / "log"
    )
    setup.wait()
    assert setup.text == "Fetching torch: 25%"


def test_a_large_file_moves_the_bar(tmp_path):
    code = "import time; print('Progress 90000000 of 180000000', flush=True); time.sleep(60)"
    fetch = setup_engine.Step("Fetching torch", (sys.executable, "-c", code), 0.5)
    setup = setup_run.Setup([fetch], tmp_path / "environment", tmp_path / "log")
    end = time.monotonic() + 10
    while setup.fraction == 0 and time.monotonic() < end:
        setup.poll()
    setup.cancel()
    assert setup.fraction == pytest.approx(0.2)


def test_a_python_is_asked_what_it_has():
    check = setup_run.Check(Path(sys.executable))
    end = time.monotonic() + 60
    while check.facts() is None and time.monotonic() < end:
        time.sleep(0.05)
    facts = check.facts()
    assert facts["python"] == ".".join(map(str, sys.version_info[:3]))
    assert set(facts) >= {"torch", "mediapipe", "face-alignment", "gpu"}
